"""What `cmake --install` installs; the C++ program of docs/api.md is built with it and run."""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path
from unittest import mock

import h5py
import numpy as np

ROOT = Path(os.environ.get("HOURGLASS_SOURCE", Path(__file__).resolve().parents[2]))
BUILD = Path(os.environ.get("HOURGLASS_BUILD", ROOT / "build/release"))
PACKAGE = ROOT / "tests/package"
VERSION = re.search(r"project\(hourglass VERSION (\S+)", (ROOT / "CMakeLists.txt").read_text())[1]

# The library folder has the name of the architecture on Debian.
INSTALLED = """
bin/hourglass
include/hourglass/hourglass.h
include/hourglass/hourglass.hpp
include/hourglass/comm/communicator.hpp
include/hourglass/comm/environment.hpp
include/hourglass/comm/request.hpp
include/hourglass/config/training_settings.hpp
include/hourglass/core/error.hpp
include/hourglass/core/matrix_view.hpp
include/hourglass/core/owned_matrix.hpp
include/hourglass/core/types.hpp
include/hourglass/data/samples.hpp
include/hourglass/run/trained_model.hpp
include/hourglass/train/train.hpp
LIB/cmake/hourglass/hourglass-config-version.cmake
LIB/cmake/hourglass/hourglass-config.cmake
LIB/cmake/hourglass/hourglass-targets-CONFIG.cmake
LIB/cmake/hourglass/hourglass-targets.cmake
LIB/libhourglass.a
LIB/pkgconfig/hourglass.pc
share/bash-completion/completions/hourglass
share/doc/hourglass/CHANGELOG.md
share/doc/hourglass/LICENSE
share/doc/hourglass/README.md
share/hourglass/example.py
share/hourglass/examples/cells.py
share/hourglass/examples/digits.py
share/hourglass/examples/time_series.py
share/hourglass/slurm/README.md
share/hourglass/slurm/env.sh
share/hourglass/slurm/scaling.sbatch
share/hourglass/slurm/scaling.sh
share/hourglass/slurm/sweep.sbatch
share/hourglass/slurm/train.sbatch
share/man/man1/hourglass.1
share/zsh/site-functions/_hourglass
""".split()


def cache_value(name):
    return re.search(rf"^{name}:\w+=(.*)$", (BUILD / "CMakeCache.txt").read_text(), re.M)[1]


def installed_files():
    library = cache_value("CMAKE_INSTALL_LIBDIR")
    configuration = cache_value("CMAKE_BUILD_TYPE").lower()
    files = {f.replace("LIB/", library + "/").replace("CONFIG", configuration) for f in INSTALLED}
    for folder, kinds in (("docs", (".md", ".svg", ".png")), ("data/experiments", (".cfg",))):
        target = "doc/hourglass/docs" if folder == "docs" else "hourglass/experiments"
        for path in (ROOT / folder).rglob("*"):
            if path.suffix in kinds:
                files.add(f"share/{target}/{path.relative_to(ROOT / folder)}")
    package = ROOT / "python/hourglass"
    for path in [*package.glob("*.py"), package / "py.typed"]:
        files.add(f"lib/python3/dist-packages/hourglass/{path.name}")
    return files


@unittest.skipIf(
    os.environ.get("HOURGLASS_SANITIZE"),
    "a consumer of a sanitized library needs the sanitizer too",
)
class PackageTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = Path(tempfile.mkdtemp(prefix="hourglass-test-"))
        cls.addClassCleanup(shutil.rmtree, cls.folder, ignore_errors=True)
        # A program of one's own takes OpenBLAS's kernel as it finds it, Hourglass a better one on
        # some processors.
        kernel = re.search(r", kernel (\w+)", cls.command(BUILD / "bin/hourglass", "doctor"))[1]
        cls.enterClassContext(mock.patch.dict(os.environ, OPENBLAS_CORETYPE=kernel))
        cls.prefix = cls.folder / "prefix"
        cls.command("cmake", "--install", BUILD, "--prefix", cls.prefix)

    @staticmethod
    def command(*words, folder="/", code=0, **environment):
        done = subprocess.run(
            list(map(str, words)),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=300,
            cwd=folder,
            env={**os.environ, **environment},
            check=False,
        )
        if done.returncode != code:
            raise AssertionError(f"{words} ended with {done.returncode}:\n{done.stdout}")
        return done.stdout

    def configure(self, source, name, code=0):
        return self.command(
            *("cmake", "-G", "Ninja", "-S", source, "-B", self.folder / name),
            f"-DCMAKE_PREFIX_PATH={self.prefix}",
            code=code,
        )

    def run_consumer(self, name, ranks=None):
        folder = self.folder / name
        folder.mkdir()
        launcher = ("mpirun", "--oversubscribe", "--bind-to", "none", "-n", ranks)
        words = (*(launcher if ranks else ()), self.folder / "build/consumer")
        output = self.command(*words, folder=folder)
        return folder, re.search(r"^weights digest (\w{32}) after 160 steps$", output, re.M)[1]

    def test_exactly_these_files_are_installed(self):
        found = {str(p.relative_to(self.prefix)) for p in self.prefix.rglob("*") if p.is_file()}
        self.assertEqual(found, installed_files())

    def test_a_consumer_trains_encodes_and_saves(self):
        self.configure(PACKAGE, "build")
        self.command("cmake", "--build", self.folder / "build")
        alone, digest = self.run_consumer("alone")
        shared, digest_of_two = self.run_consumer("shared", ranks=2)
        self.assertEqual(digest, digest_of_two)
        for folder in (alone, shared):
            model = folder / "waves-model.h5"
            self.assertEqual(model.read_bytes(), (folder / "run/model.h5").read_bytes())
            program = self.prefix / "bin/hourglass"
            self.assertIn(f"weights digest {digest}", self.command(program, "inspect", model))
            arguments = ("--model", model, "--data", folder / "waves.h5", "--output", "program.h5")
            self.command(program, "encode", *arguments, folder=folder)
            with h5py.File(folder / "codes.h5") as ours, h5py.File(folder / "program.h5") as its:
                self.assertEqual(ours["codes"].shape, (512, 2))
                np.testing.assert_array_equal(ours["codes"], its["codes"])
                self.assertGreater(np.std(ours["codes"]), 0)
        self.assertEqual(
            (alone / "codes.h5").read_bytes(),
            (shared / "codes.h5").read_bytes(),
        )
        again = self.command(self.folder / "build/consumer", folder=alone, code=64)
        self.assertRegex(again, r"^consumer: .*waves\.h5.* already exists")

    def test_a_program_in_c_encodes_without_mpi(self):
        """Built by CMake and by pkg-config; its codes are those of `encode`, one sample at a time
        and many. No transport has this name: MPI_Init would fail."""
        folder = self.folder / "c"
        folder.mkdir()
        random = np.random.default_rng(5)
        samples = random.integers(0, 256, (1000, 400), dtype=np.uint8)
        with h5py.File(folder / "data.h5", "w") as file:
            file["x"] = samples
        program, model = self.prefix / "bin/hourglass", folder / "run/model.h5"
        data = ("--data", "data.h5:/x", "--output")
        words = ("--layers", "400,80,9", "--epochs", 1, "--batch", 256)
        self.command(program, "train", *data, "run", *words, folder=folder)
        self.command(program, "encode", "--model", model, *data, "codes.h5", folder=folder)
        with h5py.File(folder / "codes.h5") as file:
            expected = file["codes"][()]
        self.configure(PACKAGE / "c", "c/build")
        self.command("cmake", "--build", folder / "build")
        (flags,) = self.prefix.rglob("hourglass.pc")
        found = ("pkg-config", "--cflags", "--libs", "hourglass")
        flags = self.command(*found, PKG_CONFIG_PATH=str(flags.parent)).split()
        strict = ("-std=c99", "-pedantic", "-Wall", "-Wextra", "-Werror", "-o", folder / "encode")
        self.command("cc", *strict, PACKAGE / "c/encode.c", *flags)

        def encode(file, rows, values, code=0):
            done = subprocess.run(
                [file, model, str(rows)],
                input=values.astype(np.float32).tobytes(),
                capture_output=True,
                timeout=60,
                env={**os.environ, "OMPI_MCA_pml": "none"},
                check=False,
            )
            self.assertEqual(done.returncode, code, done.stderr)
            return np.frombuffer(done.stdout, np.float32).reshape(-1, 9), done.stderr.decode()

        for file in (folder / "build/encode", folder / "encode"):
            found, said = encode(file, 1000, samples)
            np.testing.assert_array_equal(found, expected)
            self.assertIn(f"hourglass {VERSION}, batch invariant: ", said)
            for rows in (1, 77) if said.endswith(": 1\n") else (128,):
                np.testing.assert_array_equal(encode(file, rows, samples)[0], expected)
        _, said = encode(file, 2, np.full((3, 400), np.nan), code=65)
        self.assertIn("encode: row 0 of the samples holds a NaN or infinity (column 0)\n", said)
        with open(model, "r+b") as damaged:
            damaged.truncate(5000)
        self.assertRegex(encode(file, 2, samples[:2], code=65)[1], r"^encode: .*model\.h5: ")

    def test_the_document_shows_the_consumer(self):
        text = (ROOT / "docs/api.md").read_text()
        for language, name in (("cpp", "consumer.cpp"), ("cmake", "CMakeLists.txt")):
            (block,) = re.findall(rf"^```{language}\n(.*?)^```", text, re.M | re.S)
            self.assertEqual(block, (PACKAGE / name).read_text(), f"docs/api.md: {name}")
        text = (ROOT / "docs/serving.md").read_text()
        for language, name in (("c", "encode.c"), ("cmake", "CMakeLists.txt")):
            (block,) = re.findall(rf"^```{language}\n(.*?)^```", text, re.M | re.S)
            self.assertEqual(block, (PACKAGE / "c" / name).read_text(), f"docs/serving.md: {name}")

    def test_the_document_lists_every_header(self):
        table = "\n".join(re.findall(r"^\| `.*$", (ROOT / "docs/api.md").read_text(), re.M))
        umbrella = (ROOT / "include/hourglass/hourglass.hpp").read_text()
        for name in INSTALLED:
            if name.endswith(".hpp") and not name.endswith("/hourglass.hpp"):
                self.assertIn(Path(name).name, table)
                self.assertIn(f'#include "{name.removeprefix("include/")}"', umbrella)

    def test_other_minor_versions_are_refused(self):
        major, minor, _ = map(int, VERSION.split("."))
        for wanted in (f"{major}.{minor + 1}", f"{major}.{minor - 1}", f"{major + 1}.0"):
            source = self.folder / f"source-{wanted}"
            source.mkdir()
            lists = (PACKAGE / "CMakeLists.txt").read_text()
            (source / "CMakeLists.txt").write_text(
                re.sub(r"(?<=hourglass )\d+\.\d+", wanted, lists)
            )
            (source / "consumer.cpp").touch()
            self.assertIn(f"version: {VERSION}", self.configure(source, f"build-{wanted}", code=1))

    def test_the_program_tells_the_version(self):
        self.assertIn(VERSION, self.command(self.prefix / "bin/hourglass", "--version"))

    def test_the_python_package_is_found(self):
        modules = self.prefix / "lib/python3/dist-packages"
        text = "import hourglass; print(hourglass.__file__)"
        found = self.command(sys.executable, "-B", "-c", text, PYTHONPATH=str(modules))
        self.assertEqual(found.strip(), str(modules / "hourglass/__init__.py"))

    def test_installed_jobs_run_the_installed_program(self):
        text = f"source {self.prefix}/share/hourglass/slurm/env.sh; echo $HOURGLASS"
        found = self.command("bash", "-c", text, HOURGLASS="")
        self.assertEqual(Path(found.strip()).resolve(), (self.prefix / "bin/hourglass").resolve())

    def test_no_installed_file_names_the_source_tree(self):
        files = [
            p for p in self.prefix.rglob("*") if p.suffix in (".cmake", ".h", ".hpp", ".pc", ".cfg")
        ]
        self.assertTrue(files)
        for path in files:
            self.assertNotIn(str(ROOT), path.read_text(), path)


if __name__ == "__main__":
    unittest.main()
