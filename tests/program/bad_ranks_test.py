"""Ranks that were started with different settings, see different files or die: the job ends, with
one line."""
import shutil
import unittest

from bad_input import SMALL, BadInputTest
from support import (
    IO,
    MPIRUN,
    PROGRAM,
    USAGE,
    execute,
    kill_tree,
    rank_processes,
    read_metrics,
    start,
    wait_until,
)


class BadRanksTest(BadInputTest):
    def mismatched(self, first, second, folders=(None, None)):
        command = list(MPIRUN)
        for number, (arguments, folder) in enumerate(zip((first, second), folders)):
            command += (
                ([":"] if number else [])
                + ["-n", "1"]
                + (["--wdir", str(folder)] if folder else [])
                + [PROGRAM, *map(str, arguments)]
            )
        return execute(command, timeout=60)

    def test_configuration_differs_across_ranks(self):
        common = ["train", "--data", f"{self.data}:/train/samples", "--output", self.output, *SMALL]
        result = self.mismatched(
            [*common, "--learning-rate", "0.1"], [*common, "--learning-rate", "0.2"]
        )
        self.assert_refused(result, USAGE, "learning-rate")
        self.assertFalse(self.output.exists())

    def test_one_rank_does_not_see_the_file(self):
        here, there = self.folder / "here", self.folder / "there"
        for place in (here, there):
            place.mkdir()
        shutil.copy(self.data, here / "data.h5")
        common = ["train", "--data", "data.h5:/train/samples", "--output", self.output, *SMALL]
        for folders in ((here, there), (there, here)):
            self.assert_refused(self.mismatched(common, common, folders), IO, "data.h5")
            self.assertFalse((self.output / "model.h5").exists())
            shutil.rmtree(self.output, ignore_errors=True)

    def test_one_rank_is_killed(self):
        process = start(
            "train",
            "--data",
            f"{self.data}:/train/samples",
            "--output",
            self.output,
            "--layers",
            "20,300,300,4",
            "--batch",
            16,
            "--micro-batch",
            8,
            "--epochs",
            100000,
            "--log-every",
            1,
            ranks=2,
        )
        try:
            wait_until(lambda: len(read_metrics(self.output, "step")) > 3, what="training")
            kill_tree(rank_processes(process.pid)[0])
            self.assertNotEqual(process.wait(timeout=30), 0)
        finally:
            kill_tree(process.pid)


if __name__ == "__main__":
    unittest.main()
