"""The installed library is found by find_package(hourglass), links and runs; the installed program runs."""
import os
import subprocess
import tempfile
import unittest
from pathlib import Path

ROOT = Path(os.environ.get("HOURGLASS_SOURCE", Path(__file__).resolve().parents[2]))
BUILD = os.environ.get("HOURGLASS_BUILD", str(ROOT / "build/release"))


@unittest.skipIf(
    os.environ.get("HOURGLASS_SANITIZE"),
    "a consumer of a sanitized library needs the sanitizer too",
)
class PackageTest(unittest.TestCase):
    def command(self, *arguments):
        done = subprocess.run(
            arguments, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=300
        )
        self.assertEqual(done.returncode, 0, done.stdout)
        return done.stdout

    def test_a_consumer_of_the_installed_package_builds_and_runs(self):
        with tempfile.TemporaryDirectory() as folder:
            prefix, build = f"{folder}/prefix", f"{folder}/build"
            self.command("cmake", "--install", BUILD, "--prefix", prefix)
            self.command(
                "cmake",
                "-G",
                "Ninja",
                "-S",
                str(ROOT / "tests/package"),
                "-B",
                build,
                f"-DCMAKE_PREFIX_PATH={prefix}",
            )
            self.command("cmake", "--build", build)
            output = self.command(f"{build}/consumer")
            self.assertIn("MPI", output)
            self.assertIn("0.1.0", self.command(f"{prefix}/bin/hourglass", "--version"))

    def test_no_installed_file_names_the_build_folder(self):
        with tempfile.TemporaryDirectory() as prefix:
            self.command("cmake", "--install", BUILD, "--prefix", prefix)
            files = [p for p in Path(prefix).rglob("*") if p.suffix in (".cmake", ".hpp")]
            self.assertTrue(files)
            for path in files:
                self.assertNotIn(str(ROOT), path.read_text(), path)


if __name__ == "__main__":
    unittest.main()
