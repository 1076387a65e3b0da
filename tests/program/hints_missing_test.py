"""Hints about missing elements: each is printed with reason, and followed literally."""
import unittest

import h5py
import numpy as np

from hints import HintTest
from support import DATA, write_file

QUICK = ["--layers", "20,8", "--epochs", 1, "--batch", 32, "--micro-batch", 16]


class MissingHints(HintTest):
    def setUp(self):
        super().setUp()
        self.runs = 0
        complete = self.make_data()
        with h5py.File(complete, "r") as file:
            self.values = file["/train/samples"][()] / np.float32(255)
        self.values[::3, ::4] = np.nan
        self.integers = f"{complete}:/train/samples"
        self.data = self.written("holes", self.values)

    def written(self, name, values):
        return write_file(self.folder / f"{name}.h5", x=values) + ":/x"

    def training(self, *words, data=None):
        self.runs += 1
        output = self.folder / f"run{self.runs}"
        return ["train", "--data", data or self.data, *QUICK, "--output", output, *words]

    def model(self, *words, data=None):
        words = self.training(*words, data=data)
        self.success(*words)
        return words[words.index("--output") + 1] / "model.h5"

    def test_a_value_that_cannot_occur(self):
        words = ["--missing", "mask", "--missing-value"]
        self.hint("name the value as it is stored", *self.training(*words, -1, data=self.integers))
        self.success(*self.training(*words, 255, data=self.integers))

    def test_a_fill_value_that_nothing_declares(self):
        values = np.nan_to_num(self.values, nan=1e20)
        data = self.written("fill", values)
        text = (
            "it looks like a fill value, which no attribute declares: use --missing mask "
            "--missing-value {}"
        )
        words = ["--normalize", "standardize", "--output-activation", "linear"]
        printed = self.printed(text, self.success(*self.training(*words, data=data)).stdout)
        words += [word for option in printed.options() for word in option]
        self.no_hint(text, *self.training(*words, data=data))

    def test_refused_elements(self):
        text = (
            "; clean the data: drop such rows or replace such values, or train with --missing mask"
        )
        self.hint(text, *self.training(), code=DATA)
        self.success(*self.training("--missing", "mask"))
        rows = self.written("rows", self.values[~np.isnan(self.values).any(axis=1)])
        self.success(*self.training(data=rows))

    def test_a_feature_that_is_nowhere(self):
        self.values[:, 5] = np.nan
        words = self.training("--missing", "mask", data=self.written("nowhere", self.values))
        self.hint("leave them out of the data", *words, code=0)
        left = self.written("left", np.delete(self.values, 5, axis=1))
        self.no_hint(
            "leave them out of the data",
            *self.training("--missing", "mask", "--layers", "19,8", data=left),
        )

    def test_principal_components(self):
        words = ["pca", "--data", self.data, "--components", 2, "--missing"]
        self.hint(
            "principal components need whole samples; use --missing mean",
            *words,
            "mask",
            "--output",
            self.folder / "no.h5",
        )
        self.success(*words, "mean", "--output", self.folder / "pca.h5")

    def test_a_model_of_complete_samples(self):
        words = ["reconstruct", "--only-missing", "--data", self.data]
        words += ["--output", self.folder / "filled.h5", "--model"]
        complete = self.model(data=self.integers)
        self.hint("train with --missing mask", *words, complete)
        self.success(*words, self.model("--missing", "mask"))

    def test_export(self):
        masked = ["--missing", "mask"]
        words = ["export", "onnx", "--output", self.folder / "model.onnx", "--model"]
        indicator = self.model(*masked, "--missing-indicator")
        self.hint("whose inputs exported files do not have; train without it", *words, indicator)
        self.success(*words, self.model(*masked))


if __name__ == "__main__":
    unittest.main()
