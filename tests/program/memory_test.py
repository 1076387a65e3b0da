"""The memory that a run announces is what it takes, but for at most 100 MiB of libraries."""
import re
import unittest

from support import ProgramTest, read_metrics

MIB = 1 << 20
# Sanitizers keep memory of their own.
BASE = [
    "--micro-batch",
    64,
    "--epochs",
    1,
    "--progress",
    "plain",
    "--log-every",
    0,
    "--checkpoint-every",
    0,
]


class MemoryTest(ProgramTest):
    def check(self, name, *arguments, ranks=None):
        output = self.folder / name
        result = self.success("train", "--output", output, *BASE, *arguments, ranks=ranks)
        announced = float(re.search(r"memory of a rank: ([0-9.]+) MiB", result.stdout)[1])
        resident = read_metrics(output, "epoch")[-1]["resident_bytes"] / MIB
        self.assertLess(resident, announced + 100, result.stdout)
        return announced

    def test_prediction_and_measurement(self):
        data = self.make_data(samples=2000, features=500)
        large = ["--data", f"{data}:/train/samples", "--layers", "500,2000,1000,20"]
        one = self.check("one", *large, "--batch", 256)
        two = self.check("two", *large, "--batch", 256, ranks=2)
        self.assertLess(two, one)  # the optimizer's state is divided
        background = self.check(
            "background",
            *large,
            "--batch",
            256,
            "--checkpoint-async",
            "--checkpoint-every",
            "3steps",
            ranks=2,
        )
        self.assertGreater(background, two)  # the copy that is being written
        self.check("threads", *large, "--batch", 256, "--threads", 2)
        self.check("wire", *large, "--batch", 256, "--gradient-wire", "bf16", ranks=2)

    def test_placement_advice_when_workers_share_cores(self):
        data = self.make_data()
        result = self.success(
            "train",
            "--output",
            self.folder / "run",
            "--data",
            f"{data}:/train/samples",
            "--layers",
            "20,8",
            "--batch",
            640,
            *BASE,
            "--micro-batch",
            1,
            "--threads",
            600,
        )
        self.assertRegex(result.stdout, r"advice: .* 600 (threads|workers)")


if __name__ == "__main__":
    unittest.main()
