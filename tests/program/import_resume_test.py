"""An import that is killed or stopped continues where it was, and throws away what another left."""
import gzip
import os
import re
import signal
import struct
import unittest

import numpy as np

from importing import ImporterTest
from support import STOPPED, USAGE, rank_processes, read_datasets, run, start, wait_until


class ImportResumeTest(ImporterTest):
    def long_csv(self, seed=1):
        """Enough rows that an import can be interrupted; and what an import that nobody disturbs
        makes of them."""
        block = "".join(
            f"{','.join(map(str, row))}\n"
            for row in np.random.default_rng(seed).integers(0, 99, (2000, 8))
        )
        path = self.write("long.csv", block * 500)
        (self.folder / "whole.h5").unlink(missing_ok=True)
        self.success(
            "import",
            path,
            "--type",
            "float64",
            "--label-column",
            8,
            "--output",
            self.folder / "whole.h5",
        )
        return path, (self.folder / "whole.h5").read_bytes()

    def hidden(self):
        return sorted(name for name in os.listdir(self.folder) if name.startswith("."))

    def killed(self, *arguments, ranks=None, rank=0):
        """An import of which one rank dies after its second round, as by kill -9."""
        result = run(
            "import",
            *arguments,
            "--output",
            self.output,
            ranks=ranks,
            environment={"HOURGLASS_FAULT": f"kill,rank={rank},step=2"},
        )
        self.assertNotEqual(result.code, 0)
        self.assertFalse(self.output.exists())
        self.assertEqual(self.hidden(), [".out.h5.unfinished", ".out.h5.unfinished.rows"])

    def test_a_killed_import_continues_where_it_was(self):
        path, whole = self.long_csv()
        wanted = (path, "--type", "float64", "--label-column", 8)
        self.killed(*wanted)
        self.killed(*wanted, ranks=2, rank=1)
        result = self.success("import", *wanted, "--output", self.output, ranks=3)
        there = re.search(r"interrupted: (\d+) of 1000000 samples are there", result.stdout)
        self.assertTrue(there and int(there.group(1)) > 0, result)
        self.assertEqual(self.output.read_bytes(), whole)
        self.assertEqual(self.hidden(), [])

    def test_an_import_that_is_asked_to_stop_continues(self):
        path, whole = self.long_csv()
        journal = self.folder / ".out.h5.unfinished.rows"
        for ranks, number in ((2, signal.SIGTERM), (None, signal.SIGINT)):
            process = start(
                "import",
                path,
                "--type",
                "float64",
                "--label-column",
                8,
                "--output",
                self.output,
                ranks=ranks,
                environment={"HOURGLASS_FAULT": "slow,step=2"},
            )
            # Two rows beyond the heading, since the last one is torn below.
            wait_until(
                lambda: journal.exists() and journal.read_bytes().count(b"\n") >= 3,
                what="rows in the journal",
            )
            for rank in rank_processes(process.pid):
                os.kill(rank, number)
            self.assertEqual(process.wait(), STOPPED)
            self.assertFalse(self.output.exists())
            # With its last line torn it counts as far as it is whole.
            journal.write_bytes(journal.read_bytes()[:-7])
            self.assertIn(
                "continuing",
                self.success(
                    "import",
                    path,
                    "--type",
                    "float64",
                    "--label-column",
                    8,
                    "--output",
                    self.output,
                ).stdout,
            )
            self.assertEqual(self.output.read_bytes(), whole)
            self.assertEqual(self.hidden(), [])
            self.output.unlink()

    def test_what_another_import_left_is_thrown_away(self):
        path, _ = self.long_csv()
        self.killed(path, "--type", "float64", "--label-column", 8)
        _, whole = self.long_csv(seed=2)
        result = self.success(
            "import",
            path,
            "--type",
            "float64",
            "--label-column",
            8,
            "--output",
            self.output,
            ranks=2,
        )
        self.assertIn("beginning again", result.stdout)
        self.assertEqual(self.output.read_bytes(), whole)
        self.output.unlink()
        # Other options.
        self.killed(path, "--type", "float64")
        self.assertIn(
            "beginning again",
            self.success(
                "import",
                path,
                "--type",
                "float64",
                "--drop-columns",
                "1,2",
                "--output",
                self.output,
            ).stdout,
        )
        self.assertEqual(read_datasets(self.output)["/samples"].shape, (1000000, 6))
        self.output.unlink()
        # Compressed, it is not continued, and takes away what was left.
        self.killed(path, "--type", "float64")
        short = self.write("short.csv", "1,2\n3,4\n")
        self.success("import", short, "--compress", "--output", self.output)
        self.assertEqual(self.hidden(), [])
        self.output.unlink()
        result = run(
            "import",
            path,
            "--compress",
            "--output",
            self.output,
            environment={"HOURGLASS_FAULT": "kill,step=1"},
        )
        self.assertNotEqual(result.code, 0)
        self.assertEqual(len(self.hidden()), 1)
        self.success("import", short, "--compress", "--output", self.output)
        np.testing.assert_array_equal(read_datasets(self.output)["/samples"], [[1, 2], [3, 4]])
        self.assertEqual(self.hidden(), [])

    def test_formats_without_random_access_continue_too(self):
        random = np.random.default_rng(4)
        values = random.integers(0, 99, (20000, 1500), dtype=np.uint8)
        np.savez_compressed(self.folder / "x.npz", x=values, y=np.arange(20000) % 10)
        header = struct.pack(">IIII", 0x803, 20000, 30, 50)
        (self.folder / "x.idx.gz").write_bytes(gzip.compress(header + values.tobytes(), 1))
        np.save(self.folder / "x.npy", values)
        for name in ("x.npz:x", "x.idx.gz", "x.npy"):
            self.output.unlink(missing_ok=True)
            self.killed(self.folder / name)
            result = self.success("import", self.folder / name, "--output", self.output, ranks=2)
            self.assertIn("continuing", result.stdout)
            np.testing.assert_array_equal(
                read_datasets(self.output)["/samples"].reshape(values.shape), values
            )

    def test_two_imports_into_one_file_do_not_meet(self):
        path, _ = self.long_csv()
        process = start(
            "import", path, "--output", self.output, environment={"HOURGLASS_FAULT": "slow,step=1"}
        )
        wait_until(lambda: self.hidden(), what="a temporary file")
        self.assert_refused(
            run("import", path, "--output", f"{self.output}:/other"),
            USAGE,
            "another import",
            "wait",
        )
        self.assertEqual(process.wait(), 0)


if __name__ == "__main__":
    unittest.main()
