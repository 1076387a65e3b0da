"""The memory that a run announces is what it takes, but for at most 100 MiB of libraries."""
import os
import re
import subprocess
import unittest

import h5py
import numpy as np

from support import ENVIRONMENT, ProgramTest, command_line, read_metrics

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

    def peak(self, *arguments):
        """Announced and highest MiB of a training that streams all of its data."""
        output = self.folder / f"run{len(os.listdir(self.folder))}"
        words = ["train", "--output", output, *BASE, "--memory", 0, *arguments]
        # Memory of more than one arena of the allocator is not what is measured.
        environment = {**ENVIRONMENT, "MALLOC_ARENA_MAX": "1"}
        with subprocess.Popen(
            command_line(words), stdout=subprocess.PIPE, text=True, env=environment
        ) as process:
            printed = process.stdout.read()
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
        self.assertEqual(process.returncode, 0, printed)
        announced = float(re.search(r"memory of a rank: ([0-9.]+) MiB", printed)[1])
        return announced, usage.ru_maxrss / 1024, printed

    def test_streaming_over_layouts(self):
        """240 MB of data, of which a few MB are held, however they are stored."""
        rows, features = 60000, 1000
        block = np.random.default_rng(1).integers(0, 5, (rows // 60, features)).astype(np.float32)
        gzip = {"compression": "gzip", "compression_opts": 1}
        layouts = {
            "contiguous": {},
            "chunks": {"chunks": (1000, features)},
            "deflate": {"chunks": (1000, features), "shuffle": True, **gzip},
            "lzf": {"chunks": (1000, features), "compression": "lzf"},
            "narrow": {"chunks": (1000, 50), **gzip},
            "tall": {"chunks": (rows // 2, 10), **gzip},
        }
        data = self.folder / "data.h5"
        for name, storage in layouts.items():
            with self.subTest(name), h5py.File(data, "w") as file:
                made = file.create_dataset("x", (rows, features), "f4", **storage)
                if name == "tall":
                    # By columns: what this process holds counts as held by its child.
                    for begin in range(0, features, 10):
                        made[:, begin : begin + 10] = np.tile(block[:, begin : begin + 10], (60, 1))
                else:
                    for begin in range(0, rows, len(block)):
                        made[begin : begin + len(block)] = block
            words = ["--data", f"{data}:/x", "--layers", f"{features},4", "--batch", 256]
            windows = ["--shuffle-block", 32, "--shuffle-window", 16]
            announced, peak, printed = self.peak(*words, *windows)
            self.assertLess(peak, announced + 100, f"{name}: {printed}")
            self.assertLess(announced, 100, f"{name}: {printed}")
            self.assertEqual("is compressed in chunks of" in printed, "compression" in storage)

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
