"""Codes of special kinds: predicted sparse ones, bits, samples of the prior."""
import unittest

import numpy as np

from networks import NetworkTest
from reference import read_layers
from support import USAGE, read_datasets, read_metrics, run

import hourglass  # networks knows where it is

SIGMOID = ["--code-activation", "sigmoid"]


class CodeTest(NetworkTest):
    def test_predictive_sparse_decomposition(self):
        settings = [
            "--layers",
            "20,30",
            "--predictive",
            "--l1",
            "0.02",
            "--loss-reduction",
            "sum",
            "--output-activation",
            "linear",
            "--code-activation",
            "tanh",
            "--epochs",
            60,
            "--learning-rate",
            "1e-2",
        ]
        model = self.model("predictive", *settings, ranks=2)
        dictionary = read_layers(model)[1][0][0]
        np.testing.assert_allclose((dictionary**2).sum(axis=0), 1, rtol=1e-5)
        records = read_metrics(self.folder / "predictive", "epoch")
        self.assertLess(records[-1]["loss"], 0.5 * records[0]["loss"])
        codes = self.codes(model)
        ((weight, bias),) = read_layers(model)[0]
        np.testing.assert_allclose(codes, np.tanh(self.x @ weight.T + bias), atol=1e-5)
        # The test samples lie on another surface: the training samples tell whether the prediction
        # was learned.
        self.assertLess(
            self.evaluate(model, f"{self.data}:/train/samples")["sse"],
            0.1,
            "the prediction does not lead back",
        )

    def test_bits(self):
        model = self.model(
            "hashing",
            "--layers",
            "20,16,11",
            "--code-noise",
            "gaussian:2",
            "--code-noise-before",
            *SIGMOID,
            "--epochs",
            20,
        )
        codes, bits = self.codes(model), self.codes(model, "--binarize")
        self.assertEqual((bits.shape, bits.dtype), ((len(codes), 2), np.uint8))
        unpacked = np.unpackbits(bits, axis=1, bitorder="little")
        np.testing.assert_array_equal(unpacked[:, :11], codes > 0.5)
        self.assertFalse(unpacked[:, 11:].any(), "bits beyond the code")
        np.testing.assert_array_equal(bits, self.codes(model, "--binarize", ranks=3))
        self.assertEqual(codes.shape[1], 11)
        # Noise before the sigmoid is what drives codes to its ends.
        quiet = self.codes(self.model("quiet", "--layers", "20,16,11", *SIGMOID, "--epochs", 20))
        self.assertLess(np.minimum(codes, 1 - codes).mean(), np.minimum(quiet, 1 - quiet).mean())

    def test_samples_of_both_decoders(self):
        for name, settings in {
            "bernoulli": ["--loss", "bce", "--loss-reduction", "sum"],
            "gaussian": [
                "--loss",
                "mse",
                "--loss-reduction",
                "sum",
                "--output-activation",
                "linear",
            ],
        }.items():
            with self.subTest(name):
                model = self.model(
                    name, "--layers", "20,16,3", "--variational", *settings, "--epochs", 10
                )
                network = hourglass.load(model)
                found = {}
                for ranks in (None, 3):
                    output = self.folder / f"{name}{ranks}.h5"
                    self.success(
                        "sample",
                        "--model",
                        model,
                        "--samples",
                        700,
                        "--seed",
                        5,
                        "--output",
                        output,
                        ranks=ranks,
                    )
                    found[ranks] = read_datasets(output)
                for part in ("/codes", "/samples"):
                    np.testing.assert_array_equal(found[None][part], found[3][part])
                codes, samples = found[None]["/codes"], found[None]["/samples"]
                self.assertEqual((codes.shape, samples.shape), ((700, 3), (700, 20)))
                np.testing.assert_allclose(samples, network.decode(codes.astype(float)), atol=2e-5)
                # 700 draws of N(0, I): five standard errors.
                self.assertLess(np.abs(codes.mean(axis=0)).max(), 5 / np.sqrt(700))
                self.assertLess(np.abs(codes.std(axis=0) - 1).max(), 5 / np.sqrt(1400))
                self.assertLess(np.abs(np.corrcoef(codes.T) - np.eye(3)).max(), 5 / np.sqrt(700))
                self.success(
                    "sample",
                    "--model",
                    model,
                    "--samples",
                    9,
                    "--seed",
                    6,
                    "--output",
                    self.folder / f"{name}-other.h5",
                )
                self.assertFalse(
                    np.array_equal(
                        read_datasets(self.folder / f"{name}-other.h5")["/codes"], codes[:9]
                    )
                )
        plain = self.model("plain", "--layers", "20,3")
        result = run(
            "sample", "--model", plain, "--samples", 3, "--output", self.folder / "no.h5", ranks=2
        )
        self.assert_refused(result, USAGE, "--variational")
        self.assertFalse((self.folder / "no.h5").exists())


if __name__ == "__main__":
    unittest.main()
