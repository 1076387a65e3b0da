"""Weights of features: the loss that the program minimises and reports."""
import unittest

import h5py
import numpy as np

from networks import BASE, NetworkTest
from support import DATA, USAGE, run, write_file

import hourglass  # networks knows where it is


class FeatureWeightsTest(NetworkTest):
    def test_weights_of_features(self):
        weights = np.linspace(0, 2, 20)
        path = write_file(
            self.folder / "weights.h5",
            w=weights,
            w2=weights.reshape(4, 5),
            short=weights[:19],
            negative=-weights,
        )
        shape = ["--layers", "20,9,3"]
        model = self.model("weighted", *shape, "--feature-weights", f"{path}:/w")
        self.assertEqual(
            self.digest(model),
            self.train(
                "square",
                "--data",
                f"{self.data}:/train/samples",
                *BASE,
                *shape,
                "--feature-weights",
                f"{path}:/w2",
                "--threads",
                2,
                ranks=3,
            ),
        )
        network = hourglass.load(model)
        report = self.evaluate(model)
        errors = (network.reconstruct(self.x) - self.x) ** 2
        self.assertAlmostEqual(report["sse"], errors.sum(axis=1).mean(), delta=1e-4 * report["sse"])
        self.assertAlmostEqual(
            report["loss"], (errors * weights).mean(), delta=1e-4 * report["loss"]
        )
        for name, code, words in (
            ("short", DATA, ["19", "20", "--feature-weights"]),
            ("negative", USAGE, ["--feature-weights", "feature 1"]),
        ):
            result = run(
                "train",
                "--data",
                f"{self.data}:/train/samples",
                "--output",
                self.folder / "no",
                *BASE,
                *shape,
                "--feature-weights",
                f"{path}:/{name}",
                ranks=2,
            )
            self.assert_refused(result, code, *words)
        # Other numbers under the same name: the run would go on as something else.
        with h5py.File(path, "r+") as file:
            file["w"][3] = 9
        self.assert_refused(
            run("train", "--resume", self.folder / "weighted", "--epochs", 3),
            USAGE,
            "--feature-weights",
        )

    def test_weights_by_inverse_variance(self):
        model = self.model("inverse", "--layers", "20,9,3", "--feature-weights", "inverse-variance")
        with h5py.File(self.data, "r") as file:
            variance = file["/train/samples"][()].astype(float).var(axis=0)
        expected = 1 / (variance + variance.mean() / 100)
        with h5py.File(model, "r") as file:
            np.testing.assert_allclose(
                file["/model/loss/feature_weights"][()], expected / expected.mean(), rtol=1e-5
            )
        result = run(
            "train",
            "--data",
            f"{self.data}:/train/samples",
            "--output",
            self.folder / "no",
            *BASE,
            "--layers",
            "20,9,3",
            "--feature-weights",
            "inverse-variance",
            "--normalize",
            "standardize",
        )
        self.assert_refused(result, USAGE, "--feature-weights", "--normalize")


if __name__ == "__main__":
    unittest.main()
