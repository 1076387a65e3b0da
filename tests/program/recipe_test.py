"""The recipe of docs/formats.md for PyTorch gives the codes of `hourglass encode`, whatever the
normalisation."""
import os
import re
import unittest

import numpy as np

from extras import need
from support import ROOT, ProgramTest, read_datasets, write_file

(torch,) = need("torch")
ROWS = 200


def recipe():
    """The one block of Python that loads torch.safetensors."""
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / "docs/formats.md").read_text(), re.S)
    (found,) = [block for block in blocks if 'load("torch.safetensors")' in block]
    return found


class RecipeTest(ProgramTest):
    def codes(self, samples, *options):
        """Codes by the recipe, and by the program."""
        data = write_file(self.folder / "data.h5", x=samples)
        self.success(
            *("train", "--data", f"{data}:/x", "--output", self.folder / "run", "--epochs", 1),
            *("--batch", 64, "--micro-batch", 32, "--layers", "6,4,3", *options),
        )
        model = self.folder / "run/model.h5"
        codes = self.folder / "codes.h5"
        self.success("encode", "--model", model, "--data", f"{data}:/x", "--output", codes)
        exported = self.folder / "torch.safetensors"
        self.success("export", "torch", "--model", model, "--output", exported)
        names = {"samples": torch.from_numpy(samples)}
        before = os.getcwd()
        os.chdir(self.folder)
        try:
            exec(recipe(), names)
        finally:
            os.chdir(before)
        return names["codes"].numpy(), read_datasets(codes)["/codes"]

    def assert_alike(self, samples, *options):
        found, expected = self.codes(samples, *options)
        scale = max(1.0, float(np.abs(expected).max()))
        self.assertLess(float(np.abs(found - expected).max()) / scale, 1e-5)

    def setUp(self):
        super().setUp()
        random = np.random.default_rng(4)
        self.bytes = random.integers(0, 256, (ROWS, 6), dtype=np.uint8)
        self.reals = (random.normal(size=(ROWS, 6)) * [1, 10, 1e-3, 5, 2, 1] + 3).astype(np.float32)
        self.bytes[:, 5] = 7  # constant
        self.reals[:, 5] = 0.1

    def test_unit(self):
        self.assert_alike(self.bytes)

    def test_none(self):
        self.assert_alike(self.reals, "--output-activation", "linear")

    def test_standardized_bytes(self):
        self.assert_alike(self.bytes, "--normalize", "standardize", "--output-activation", "linear")

    def test_standardized_reals(self):
        self.assert_alike(self.reals, "--normalize", "standardize", "--output-activation", "linear")

    def test_standardized_doubles(self):
        values = self.reals.astype(np.float64)
        self.assert_alike(values, "--normalize", "standardize", "--output-activation", "linear")

    def test_colour_images(self):
        images = np.random.default_rng(5).integers(0, 256, (ROWS, 8, 6, 3), dtype=np.uint8)
        for options in ([], ["--normalize", "standardize", "--output-activation", "linear"]):
            with self.subTest(options):
                (self.folder / "torch.safetensors").unlink(missing_ok=True)
                (self.folder / "codes.h5").unlink(missing_ok=True)
                for run in self.folder.glob("run"):
                    run.rename(self.folder / "earlier")
                self.assert_alike(images, "--layers", "8x6x3,conv:4x3s2,5", *options)


if __name__ == "__main__":
    unittest.main()
