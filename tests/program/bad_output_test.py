"""Outputs that cannot be written: one line, and no partial file."""
import unittest

from bad_input import SMALL, BadInputTest
from support import IO, PROGRAM, USAGE, execute, run


class BadOutputTest(BadInputTest):
    def test_unwritable_output(self):
        (self.folder / "file").write_text("in the way")
        for place in (self.folder / "file" / "run", "/proc/hourglass-run"):
            for ranks in (None, 2):
                result = run(
                    "train",
                    "--data",
                    f"{self.data}:/train/samples",
                    "--output",
                    place,
                    *SMALL,
                    ranks=ranks,
                )
                self.assert_refused(result, IO, place)
        self.assertEqual((self.folder / "file").read_text(), "in the way")

    def test_output_that_holds_a_run(self):
        arguments = [
            "train",
            "--data",
            f"{self.data}:/train/samples",
            "--output",
            self.output,
            *SMALL,
        ]
        self.success(*arguments)
        before = {path: path.read_bytes() for path in self.output.rglob("*") if path.is_file()}
        for ranks in (None, 2):
            self.assert_refused(run(*arguments, ranks=ranks), USAGE, self.output, "resume")
        self.assertEqual(
            before, {path: path.read_bytes() for path in self.output.rglob("*") if path.is_file()}
        )

    def on_small_disk(self, *arguments):
        """Runs the program beside an empty file system of 200 kB at self.folder / "disk", then
        lists its files on standard error."""
        disk = self.folder / "disk"
        disk.mkdir(exist_ok=True)
        script = (
            'mount -t tmpfs -o size=200k small "$0" && "$@"; code=$?; find "$0" -type f ! -name '
            '"*.cfg" ! -name "*.jsonl" ! -name "metrics.csv" >&2; exit $code'
        )
        if execute(["unshare", "-Urm", "sh", "-c", script, str(disk), "true"]).code != 0:
            self.skipTest("no private mounts here")
        result = execute(
            ["unshare", "-Urm", "sh", "-c", script, str(disk), PROGRAM, *map(str, arguments)]
        )
        self.assert_refused(result, IO, str(disk))
        self.assertEqual(
            len(result.stderr.splitlines()), 1, f"a partial file is left behind: {result}"
        )

    def test_disk_full_of_a_run(self):
        """The model has 1 MB."""
        self.on_small_disk(
            "train",
            "--data",
            f"{self.data}:/train/samples",
            "--output",
            self.folder / "disk" / "run",
            "--layers",
            "20,1000,100",
            "--batch",
            16,
            "--micro-batch",
            8,
            "--epochs",
            1,
        )

    def test_disk_full_of_an_output(self):
        """Codes and reconstructions of 20000 samples have more than 200 kB."""
        data = self.make_data(samples=20000, name="many.h5")
        self.train(
            "model",
            "--data",
            f"{data}:/train/samples",
            "--layers",
            "20,5",
            "--batch",
            2000,
            "--micro-batch",
            1000,
            "--epochs",
            1,
        )
        for command in ("encode", "reconstruct"):
            self.on_small_disk(
                command,
                "--model",
                self.folder / "model" / "model.h5",
                "--data",
                f"{data}:/train/samples",
                "--output",
                self.folder / "disk" / f"{command}.h5",
            )


if __name__ == "__main__":
    unittest.main()
