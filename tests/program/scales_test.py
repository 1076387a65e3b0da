"""Columns on different scales under --normalize standardize: clocks, constants, what is left of
constants, fill values that nothing declares; and samples whose neighbours are alike."""
import json
import re
import unittest

import h5py
import numpy as np

from reference import read_layers
from support import ProgramTest, write_file

ROWS = 400
STANDARDIZE = ["--normalize", "standardize", "--output-activation", "linear", "--loss", "mse"]


class ScalesTest(ProgramTest):
    def setUp(self):
        super().setUp()
        self.random = np.random.default_rng(7)

    def table(self, name, **columns):
        x = np.stack(list(columns.values()), axis=1)
        return write_file(self.folder / name, samples=x), x

    def trained(self, name, data, *arguments, **how):
        run = self.folder / name
        command = ["train", "--data", data, "--layers", "3,2", "--epochs", 2, "--batch", 100]
        command += ["--micro-batch", 25, *STANDARDIZE, "--output", run, "--shuffle-block", 1]
        return self.success(*command, *arguments, **how).stdout, run / "model.h5"

    def test_a_clock_and_a_constant(self):
        """Refused before: "subtract an offset when making the file"."""
        data, x = self.table(
            "clock.h5",
            constant=np.full(ROWS, 0.1),
            time=1.7e9 + self.random.normal(0, 10, ROWS),
            value=self.random.normal(2, 0.5, ROWS),
        )
        text, model = self.trained("one", data)
        self.assertIn("advice: --normalize standardize makes feature 0 0 in all samples", text)
        with h5py.File(model) as file:
            mean = file["model/input/mean"][()]
            inverse = file["model/input/inverse_deviation"][()]
        np.testing.assert_allclose(mean, x.mean(axis=0), rtol=1e-13)
        # scikit-learn's StandardScaler: the deviation of a constant is 1.
        deviation = x.std(axis=0)
        deviation[0] = 1
        np.testing.assert_allclose(inverse, 1 / deviation, rtol=1e-6)
        z = (x - x.mean(axis=0)) / deviation
        z[:, 0] = 0  # NumPy's mean of a constant is off by a rounding error
        codes = self.folder / "codes.h5"
        self.success("encode", "--model", model, "--data", data, "--output", codes)
        ((weight, bias),) = read_layers(model)[0]
        with h5py.File(codes) as file:
            np.testing.assert_allclose(file["codes"][()], z @ weight.T + bias, atol=2e-6)
        digests = {self.digest(model)}
        for ranks in (2, 3, 4):
            digests.add(self.digest(self.trained(f"on-{ranks}", data, ranks=ranks)[1]))
        digests.add(self.digest(self.trained("streamed", data, "--memory", 0)[1]))
        self.assertEqual(len(digests), 1)
        back = self.folder / "back.h5"
        units = ["--units", "data", "--output", back]
        self.success("reconstruct", "--model", model, "--data", data, *units)
        with h5py.File(back) as file:
            self.assertLess(np.abs(file["reconstructions"][:, 1] - 1.7e9).max(), 60)
            self.assertEqual(file["reconstructions"].dtype, np.float64)
        pca = self.folder / "pca.h5"
        found = json.loads(
            self.success(
                "pca",
                "--json",
                "--data",
                data,
                "--components",
                2,
                "--normalize",
                "standardize",
                "--output",
                pca,
            ).stdout
        )
        self.assertAlmostEqual(found["total_variance"], 2, places=5)

    def test_what_is_left_of_a_constant(self):
        """A deviation of 1e-12 gave weights of 1e12, and a validation error of 1e24 without a
        word."""
        columns = {
            "value": self.random.normal(2, 0.5, ROWS),
            "left": self.random.normal(0, 1e-12, ROWS),
            "constant": np.full(ROWS, 3.0),
        }
        data, _ = self.table("left.h5", **columns)
        columns["left"] = columns["left"] + 50
        columns["constant"] = np.full(ROWS, 53.0)
        validation, _ = self.table("validation.h5", **columns)
        text, model = self.trained("left", data, "--validation", validation)
        self.assertRegex(text, r"feature 1 nearly 0: a deviation of \S*e-1[23] counts as rounding")
        self.assertIn(
            f"{validation}:/samples: features 1, 2 varied too little in the training data", text
        )
        with h5py.File(model) as file:
            inverse = file["model/input/inverse_deviation"][()]
            np.testing.assert_array_equal(inverse[1:], 1)
            errors = file["history/validation_sse"][()]
        self.assertLess(errors[-1], 20000, "of the order of two times 50 squared")

    def test_values_far_out_are_cut(self):
        data, _ = self.table(
            "near.h5", **{name: self.random.normal(0, 1, ROWS) for name in ("a", "b", "c")}
        )
        x = self.random.normal(0, 1, (ROWS, 3))
        x[5::10, 1] = 1e20
        far = write_file(self.folder / "far.h5", samples=x)
        text, model = self.trained("near", data, "--validation", far)
        self.assertIn("feature 1 lies beyond 1e+06 deviations of the training data", text)
        command = ["evaluate", "--json", "--model", model, "--data", far]
        sse = json.loads(self.success(*command).stdout)["sse"]
        self.assertLess(sse, 1e12)
        self.assertGreater(sse, 5e10)
        for name in ("evaluate", "score"):
            text = self.success(name, "--model", model, "--data", far, ranks=2).stderr
            self.assertEqual(text.count("feature 1 lies beyond 1e+06 deviations"), 1, text)

    def test_a_fill_value_that_nothing_declares(self):
        x = self.random.normal(280, 10, (ROWS, 3)).astype(np.float32)
        x[::20, 2] = 1e20
        data = write_file(self.folder / "fill.h5", samples=x)
        text, _ = self.trained("fill", data)
        self.assertRegex(text, r"advice: feature 2 of \S+: 1e\+20 in \d+ of \d+ rows looked at")
        self.assertIn("looks like a fill value", text)
        (found,) = re.findall(r"use (--missing) (mask) (--missing-value) (\S+)", text)
        text, model = self.trained("masked", data, *found)
        self.assertNotIn("looks like a fill value", text)
        with h5py.File(model) as file:
            np.testing.assert_allclose(1 / file["model/input/inverse_deviation"][()], 10, rtol=0.15)

    def test_runs_of_samples_that_are_alike(self):
        """1024 near-duplicates in a row: the error was 1.5 times that of a full shuffle."""
        centres = self.random.normal(0, 1, (400, 8))
        x = np.repeat(centres, 256, axis=0) + self.random.normal(0, 0.01, (400 * 256, 8))
        data = write_file(self.folder / "runs.h5", samples=x.astype(np.float32))
        command = ["train", "--data", data, "--layers", "8,2", "--epochs", 0]
        command += ["--output-activation", "linear", "--batch", 128]

        def advice(name, *arguments, **how):
            text = self.success(*command, "--output", self.folder / name, *arguments, **how).stdout
            return [line for line in text.splitlines() if "samples are alike" in line]

        (line,) = advice("memory")
        self.assertEqual([line], advice("ranks", "--micro-batch", 128, ranks=1))
        found = re.search(r"use (--shuffle-block) (\d+) (--shuffle-window) (\d+)", line)
        self.assertEqual(advice("followed", *found.groups()), [])
        (line,) = advice("streamed", "--memory", 0)
        found = re.search(r"use (--shuffle-window) (\d+)", line)
        self.assertEqual(advice("larger", "--memory", 0, *found.groups()), [])
        shuffled = write_file(
            self.folder / "shuffled.h5", samples=self.random.permutation(x).astype(np.float32)
        )
        command[2] = shuffled
        self.assertEqual(advice("shuffled"), [])


if __name__ == "__main__":
    unittest.main()
