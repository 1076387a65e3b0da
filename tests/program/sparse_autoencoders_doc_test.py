"""The commands of docs/sparse-autoencoders.md, in their order, on fewer samples."""
import os
import shlex
import unittest
from pathlib import Path

import h5py
import numpy as np

from activations_test import brain, write_safetensors
from docs_test import commands_of
from support import PROGRAM, ProgramTest, execute

# Sizes of the document, and those of the test.
SMALLER = {
    "--samples 200000": "--samples 2000 --atoms 128 --dimension 32 --active 4",
    "--layers 512,4096": "--layers 32,128 --batch 128",
    "topk:20": "topk:4",
    "--layers 16,64": "--layers 16,64 --batch 128",
    "--layers 32,64": "--layers 32,64 --batch 128",
}


class SparseAutoencodersDocTest(ProgramTest):
    def test_every_command(self):
        random = np.random.default_rng(1)
        acts = {f"layer.{i}": ("BF16", brain(random.normal(size=(300, 16)))) for i in (6, 7)}
        write_safetensors(self.folder / "acts.safetensors", **acts)
        for part in range(2):
            np.save(self.folder / f"acts-{part}.npy", random.normal(size=(40, 16)))
        path = f"{Path(PROGRAM).parent}:{os.environ['PATH']}"
        for command in commands_of("docs/sparse-autoencoders.md"):
            for large, small in SMALLER.items():
                command = command.replace(large, small)
            with self.subTest(command=command):
                result = execute(
                    shlex.split(command), environment={"PATH": path}, folder=self.folder
                )
                self.assertEqual(result.code, 0, f"{command}\n{result}")
        units = (self.folder / "units.csv").read_text().splitlines()
        self.assertEqual(len(units), 129)
        with h5py.File(self.folder / "runs/topk/model.h5") as file:
            self.assertEqual(file["model/decoder/0/weight"].shape, (128, 32))


if __name__ == "__main__":
    unittest.main()
