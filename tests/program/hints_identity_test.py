"""Hints about data that are not those that a model was trained on: each is printed with reason, and
followed literally."""
import unittest

import h5py
import numpy as np

from hints import HintTest
from support import DATA


class IdentityHints(HintTest):
    """Data in other units, in another shape, and with other features."""

    def setUp(self):
        super().setUp()
        random = np.random.default_rng(3)
        self.values = random.integers(0, 256, (64, 6), dtype=np.uint8)
        self.values[0, :2] = 0, 255

    def file(self, name, values, **attributes):
        with h5py.File(self.folder / f"{name}.h5", "w") as file:
            file["x"] = values
            file["x"].attrs.update(attributes)
        return f"{self.folder / name}.h5:/x"

    def model(self, data):
        output = self.folder / "run"
        self.success(
            *("train", "--data", data, "--output", output, "--layers", "6,2", "--epochs", 1),
            *("--batch", 32, "--micro-batch", 16),
        )
        return output / "model.h5"

    def evaluating(self, model, data, *words):
        return ["evaluate", "--model", model, "--data", data, *words]

    def test_values(self):
        model = self.model(self.file("bytes", self.values))
        centred = self.file("centred", self.values / 127.5 - 1)
        text = "; give {}, or {} 1 to take them as they are"
        printed = self.hint(text, *self.evaluating(model, centred), code=DATA)
        self.assertIn("--data-scale F to multiply them by F", printed.advice)
        self.no_hint(text, *self.evaluating(model, centred, "--data-scale", 127.5))
        self.no_hint(text, *self.evaluating(model, centred, "--data-scale", 1))

    def test_values_far_beyond(self):
        values = np.random.default_rng(1).normal(size=(64, 6))
        model = self.model(self.file("deviations", values))
        large = self.file("large", values * 1000)
        text = "; if their units differ, give {}"
        printed = self.hint(text, *self.evaluating(model, large), code=0)
        self.assertIn("--data-scale", printed.advice)
        self.no_hint(text, *self.evaluating(model, large, "--data-scale", 0.001))

    def test_units(self):
        model = self.model(self.file("grams", self.values, units="g"))
        kilograms = self.file("kilograms", self.values / 1000, units="kg")
        text = "; give {} F, by which its values become {}, or convert them"
        printed = self.hint(text, *self.evaluating(model, kilograms), code=DATA)
        self.assertIn("--data-scale F", printed.advice)
        self.no_hint(text, *self.evaluating(model, kilograms, "--data-scale", 1000))
        with h5py.File(self.folder / "kilograms.h5", "r+") as file:
            file["x"][...] *= 1000
            file["x"].attrs["units"] = "g"
        self.no_hint(text, *self.evaluating(model, kilograms))

    def test_features(self):
        names = ["a", "b", "c", "d", "e", "f"]
        model = self.model(self.file("named", self.values, feature_names=names))
        other = self.file("other", self.values, feature_names=[*names[:5], "g"])
        text = (
            "; name the columns as in training, or remove the attribute feature_names to take them "
            "in their order"
        )
        self.hint(text, *self.evaluating(model, other), code=DATA)
        with h5py.File(self.folder / "other.h5", "r+") as file:
            file["x"].attrs["feature_names"] = names
        self.no_hint(text, *self.evaluating(model, other))
        with h5py.File(self.folder / "other.h5", "r+") as file:
            file["x"].attrs["feature_names"] = ["a", "b", "c", "d", "e", "e"]
        text = "; rename one, or remove the attribute feature_names"
        self.hint(text, *self.evaluating(model, other), code=DATA)
        with h5py.File(self.folder / "other.h5", "r+") as file:
            del file["x"].attrs["feature_names"]
        self.no_hint(text, *self.evaluating(model, other))

    def test_table_of_odd_features(self):
        model = self.model(self.file("bytes", self.values))
        words = ["score", "--model", model, "--data", f"{self.folder / 'bytes'}.h5:/x"]
        words += ["--table", self.folder / "odd.csv"]
        text = "--table lists odd features: give --per-feature too"
        self.hint(text, *words)
        self.no_hint(text, *words, "--per-feature")

    def test_double_precision_in_onnx(self):
        clock = np.arange(64.0)[:, None] + 1.7e9 + np.arange(6)
        output = self.folder / "clock"
        self.success(
            *("train", "--data", self.file("clock", clock), "--output", output, "--epochs", 1),
            *("--layers", "6,2", "--batch", 32, "--micro-batch", 16, "--normalize", "standardize"),
            *("--output-activation", "linear"),
        )
        words = ["export", "onnx", "--model", output / "model.h5", "--normalized-input"]
        text = "single precision; leave out --units data"
        self.hint(text, *words, "--units", "data", "--output", self.folder / "a.onnx")
        self.no_hint(text, *words, "--output", self.folder / "a.onnx")

    def test_shape(self):
        """The two ways of the refusal lead to what they say."""
        images = self.values.reshape(-1, 3, 2)
        model = self.model(self.file("images", images))
        turned = images.transpose(0, 2, 1)
        address = self.file("turned", turned)
        text = "; transpose them, or store them as flat rows of {} to take them in their order"
        self.hint(text, *self.evaluating(model, address), code=DATA)
        self.no_hint(text, *self.evaluating(model, self.file("back", turned.transpose(0, 2, 1))))
        self.no_hint(text, *self.evaluating(model, self.file("flat", turned.reshape(-1, 6))))


if __name__ == "__main__":
    unittest.main()
