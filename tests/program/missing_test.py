"""Missing elements: trainings against NumPy, the same bits on any number of ranks, and every
command with a model of incomplete samples."""
import json
import unittest

import h5py
import numpy as np

from networks import BASE, NetworkTest
from reference import Autoencoder, read_layers
from support import DATA, USAGE, read_datasets, run, write_file

import hourglass  # networks knows where it is

SGD = ["--optimizer", "sgd", "--learning-rate", "0.5", "--batch", 60, "--micro-batch", 10]


def with_holes(values, share=0.3, seed=5):
    """The values as float32 with NaN in a share of them; one sample has nothing, one feature is
    nowhere."""
    holes = np.random.default_rng(seed).random(values.shape) < share
    holes[3] = True
    holes[:, 7] = True
    return np.where(holes, np.nan, values).astype(np.float32)


class MissingTest(NetworkTest):
    def setUp(self):
        super().setUp()
        with h5py.File(self.data, "r") as file:
            self.train_values = file["/train/samples"][()] / 255.0
            self.test_values = file["/test/samples"][()] / 255.0
        self.samples = with_holes(self.train_values)
        self.held_out = with_holes(self.test_values, seed=6)
        self.file = write_file(self.folder / "holes.h5", train=self.samples, test=self.held_out)
        self.source = ["--data", f"{self.file}:/train", "--validation", f"{self.file}:/test"]

    def trained(self, name, *settings, **how):
        return self.train(name, *self.source, *BASE, *settings, **how)

    def assert_training_equals_numpy(self, *settings, fed, target, present, rate=0.5, **network):
        """Five updates of all samples at once, from the program's own initial weights."""
        data = write_file(self.folder / "sixty.h5", x=self.samples[:60])
        common = ["--data", f"{data}:/x", "--layers", "20,9,3", *SGD, "--activation", "tanh"]
        common += ["--learning-rate", rate]
        self.number = getattr(self, "number", 0) + 1
        start, end = f"start{self.number}", f"end{self.number}"
        self.train(start, *common, *settings, "--epochs", 0)
        self.train(end, *common, *settings, "--epochs", 5)
        encoder, decoder = read_layers(self.folder / start / "model.h5")
        for _ in range(5):
            reference = Autoencoder(encoder, decoder, activation="tanh", **network)
            gradient = reference.gradient(target, present, fed)
            layers = [
                (weight - rate * dw, bias - rate * db)
                for (weight, bias), (dw, db) in zip(encoder + decoder, gradient)
            ]
            encoder, decoder = layers[: len(encoder)], layers[len(encoder) :]
        for half, expected in zip(read_layers(self.folder / end / "model.h5"), (encoder, decoder)):
            for (weight, bias), (w, b) in zip(half, expected):
                np.testing.assert_allclose(weight, w, atol=2e-6)
                np.testing.assert_allclose(bias, b, atol=2e-6)

    def test_training_equals_numpy(self):
        x = self.samples[:60].astype(float)
        present = ~np.isnan(x)
        counts = np.maximum(present.sum(axis=0), 1)
        means = np.where(present, x, 0).sum(axis=0) / counts
        filled = np.where(present, x, means)
        for loss in ("mse", "bce"):
            for reduction, rate in (("mean", 0.5), ("sum", 0.02)):
                self.assert_training_equals_numpy(
                    "--loss",
                    loss,
                    "--loss-reduction",
                    reduction,
                    "--missing",
                    "mask",
                    rate=rate,
                    fed=filled,
                    target=filled,
                    present=present.astype(float),
                    loss=loss,
                    loss_reduction=reduction,
                )
        self.assert_training_equals_numpy(
            "--missing", "mean", fed=filled, target=filled, present=np.ones(x.shape)
        )
        self.assert_training_equals_numpy(
            "--missing",
            "mask",
            "--missing-indicator",
            fed=np.hstack([filled, ~present]),
            target=filled,
            present=present.astype(float),
        )
        deviations = np.sqrt((np.where(present, x - means, 0) ** 2).sum(axis=0) / counts)
        deviations[deviations == 0] = 1
        standardized = np.where(present, (x - means) / deviations, 0)
        self.assert_training_equals_numpy(
            "--missing",
            "mask",
            "--normalize",
            "standardize",
            "--output-activation",
            "linear",
            fed=standardized,
            target=standardized,
            present=present.astype(float),
            output_activation="linear",
        )

    def test_same_bits_everywhere(self):
        for name, settings in {
            "mask": ["--missing", "mask"],
            "mean": ["--missing", "mean", "--normalize", "standardize"],
            "indicator": ["--missing", "mask", "--missing-indicator", "--corruption", "masking"],
        }.items():
            settings = ["--layers", "20,12,3", *settings]
            with self.subTest(settings=name):
                digests = {
                    ranks: self.trained(f"{name}{ranks}", *settings, ranks=ranks)
                    for ranks in (1, 2, 3, 4)
                }
                digests["threads"] = self.trained(f"{name}t", *settings, "--threads", 3)
                digests["streamed"] = self.trained(f"{name}s", *settings, "--memory", 0, ranks=2)
                digests |= self.stopped_and_resumed(name, *self.source, *BASE, *settings)
                self.assertEqual(len(set(digests.values())), 1, digests)

    def test_nothing_missing_gives_the_bits_of_today(self):
        for settings in ([], ["--normalize", "standardize", "--output-activation", "linear"]):
            words = ["--data", f"{self.data}:/train/samples", *BASE, "--layers", "20,12,3"]
            name = "s" if settings else "p"
            plain = self.train(name, *words, *settings)
            for treatment in ("mask", "mean"):
                self.assertEqual(
                    plain,
                    self.train(name + treatment, *words, *settings, "--missing", treatment),
                )

    def test_values_that_stand_for_missing_ones(self):
        expected = self.trained("nan", "--layers", "20,8", "--missing", "mask")
        marked = np.where(np.isnan(self.samples), -999, self.samples)
        marked[::2] = np.where(np.isnan(self.samples[::2]), 1e30, marked[::2])
        data = write_file(self.folder / "marked.h5", x=marked.astype(np.float32))
        words = [*BASE, "--layers", "20,8", "--data", f"{data}:/x"]
        settings = ["--missing", "mask", "--missing-value=-999,1e30"]
        self.assertEqual(expected, self.train("marked", *words, *settings))
        # Without --missing they are refused, like NaN.
        self.assert_refused(
            run("train", "--output", self.folder / "no", *words, "--missing-value=-999,1e30"),
            DATA,
            "row 0",
            "1e+30",
            "--missing-value",
        )
        # Integers keep their normalisation.
        integers = np.where(np.isnan(self.samples), 255, np.minimum(self.samples * 255, 254))
        data = write_file(self.folder / "integers.h5", x=integers.astype(np.uint8))
        words = ["--missing", "mask", "--missing-value", 255]
        self.train("integers", *BASE, "--data", f"{data}:/x", "--layers", "20,8", *words)
        floats = np.where(integers == 255, np.nan, integers.astype(np.uint8) / np.float32(255))
        data = write_file(self.folder / "floats.h5", x=floats.astype(np.float32))
        self.train("floats", *BASE, "--data", f"{data}:/x", "--layers", "20,8", "--missing", "mask")
        # The means round differently.
        models = [read_layers(self.folder / name / "model.h5") for name in ("integers", "floats")]
        for half, other in zip(*models):
            for (weight, bias), (w, b) in zip(half, other):
                np.testing.assert_allclose(weight, w, atol=1e-6)
                np.testing.assert_allclose(bias, b, atol=1e-6)

    def test_refused(self):
        def training(*words, data=None):
            data = ["--data", data or f"{self.file}:/train"]
            words = [*data, *BASE, "--layers", "20,8", *words]
            return run("train", "--output", self.folder / "no", *words, ranks=2)

        self.assert_refused(training(), DATA, "NaN", "row 0")
        infinite = self.samples.copy()
        infinite[5, 2] = np.inf
        data = write_file(self.folder / "infinite.h5", x=infinite)
        self.assert_refused(
            training("--missing", "mask", data=f"{data}:/x"), DATA, "infinity", "row 5", "feature 2"
        )
        for words, named in (
            (["--missing", "drop"], "refuse, mask, mean"),
            (["--missing", "mask", "--missing-value", "none"], "--missing-value"),
            (["--missing-indicator"], "--missing mask"),
            (["--missing", "mask", "--missing-indicator", "--tied"], "--tied"),
            (["--missing", "mask", "--loss", "ssim", "--image-shape", "4x5"], "--loss mse"),
            (["--missing", "mask", "--pretrain", "rbm", "--activation", "sigmoid"], "mean"),
        ):
            self.assert_refused(training(*words), USAGE, named)
        values = ["--missing", "mask", "--missing-value=-999"]
        self.assert_refused(
            training(*values, data=f"{self.data}:/train/samples"), USAGE, "uint8", "-999"
        )

    def test_every_variant_trains(self):
        for name, words in {
            "denoising": [
                "--corruption",
                "masking",
                "--corrupted-weight",
                2,
                "--code-noise",
                "dropout:0.1",
            ],
            "gaussian": [
                "--corruption",
                "gaussian",
                "--kl-weight",
                0.1,
                "--code-activation",
                "sigmoid",
            ],
            "contractive": ["--contractive", 0.01],
            "variational": ["--variational"],
            "tied": ["--tied"],
            "lbfgs": ["--optimizer", "lbfgs", "--learning-rate", 1],
            "weights": ["--feature-weights", "inverse-variance"],
            "pretrained": ["--pretrain", "denoising", "--layers", "20,8,3"],
            "conv": ["--layers", "4x5,conv:3x3s2,4"],
            "conv2": ["--layers", "4x5,conv:3x3s2,4", "--missing-indicator"],
            "pretrained2": [
                "--pretrain",
                "autoencoder",
                "--layers",
                "20,8,3",
                "--missing-indicator",
            ],
            "best": ["--keep-best", "--early-stopping", 2],
            "board": ["--tensorboard"],
        }.items():
            with self.subTest(variant=name):
                settings = ["--layers", "20,8", "--missing", "mask", *words]
                one = self.trained(f"{name}1", *settings)
                self.assertEqual(one, self.trained(f"{name}3", *settings, ranks=3))

    def test_errors_count_what_is_there(self):
        settings = ["--layers", "20,12,3", "--missing", "mask"]
        self.trained("model", *settings)
        model = self.folder / "model/model.h5"
        report = self.evaluate(model, f"{self.file}:/test")
        x = self.held_out.astype(float)
        present = ~np.isnan(x)
        there = present.sum(axis=1)
        with h5py.File(model, "r") as file:
            means = file["/model/input/missing_means"][()]
        np.testing.assert_allclose(
            means[:7], np.nanmean(self.samples.astype(float)[:, :7], axis=0), rtol=1e-6
        )
        self.assertEqual(means[7], 0)
        encoder, decoder = read_layers(model)
        y = Autoencoder(encoder, decoder).reconstruct(np.where(present, x, means))
        squares = np.where(present, (y - x) ** 2, 0).sum(axis=1)
        errors = squares * 20 / np.maximum(there, 1)
        self.assertAlmostEqual(report["sse"], errors.mean(), delta=1e-5)
        self.assertAlmostEqual(report["mse"], errors.mean() / 20, delta=1e-6)
        self.assertAlmostEqual(report["loss"], errors.mean() / 20, delta=1e-6)
        words = ["--model", model, "--data", f"{self.file}:/test"]
        self.success("score", *words, "--output", self.folder / "scores.h5", ranks=2)
        np.testing.assert_allclose(
            read_datasets(self.folder / "scores.h5")["/scores"], errors, atol=1e-5
        )

    def test_python_gives_the_same_numbers(self):
        stored = np.where(np.isnan(self.held_out), -9.5, self.held_out).astype(np.float32)
        data = write_file(self.folder / "marked.h5", x=stored)
        for name, settings in {
            "mask": ["--layers", "20,12,3", "--missing", "mask"],
            "mean": ["--layers", "20,12,3", "--missing", "mean", "--normalize", "standardize"],
            "image": ["--layers", "4x5,conv:3x3s2,4", "--missing", "mask", "--missing-indicator"],
        }.items():
            with self.subTest(model=name):
                self.trained(name, *settings, "--missing-value=-9.5,-7")
                path = self.folder / name / "model.h5"
                words = ["--model", path, "--data", f"{data}:/x", "--output"]
                self.success("encode", *words, self.folder / f"{name}-codes.h5")
                self.success("score", *words, self.folder / f"{name}-scores.h5")
                model = hourglass.load(path)
                x = model.normalize(stored)
                codes = read_datasets(self.folder / f"{name}-codes.h5")["/codes"]
                np.testing.assert_allclose(model.encode(x), codes, atol=1e-5)
                scores = read_datasets(self.folder / f"{name}-scores.h5")["/scores"]
                np.testing.assert_allclose(model.squared_errors(x), scores, rtol=1e-4, atol=1e-5)

    def test_imputation(self):
        for name, settings in {
            "mask": ["--missing", "mask"],
            "indicator": ["--missing", "mask", "--missing-indicator"],
            "mean": ["--missing", "mean"],
        }.items():
            with self.subTest(model=name):
                self.trained(name, "--layers", "20,12,3", *settings)
                words = ["--model", self.folder / name / "model.h5"]
                words += ["--data", f"{self.file}:/test"]
                for ranks in (1, 3):
                    output = self.folder / f"{name}-filled{ranks}.h5"
                    self.success(
                        "reconstruct", *words, "--output", output, "--only-missing", ranks=ranks
                    )
                output = self.folder / f"{name}-all.h5"
                self.success("reconstruct", *words, "--output", output)
                whole = read_datasets(output)["/reconstructions"]
                filled = read_datasets(self.folder / f"{name}-filled1.h5")["/reconstructions"]
                other = read_datasets(self.folder / f"{name}-filled3.h5")["/reconstructions"]
                np.testing.assert_array_equal(filled, other)
                self.assertFalse(np.isnan(whole).any())
                np.testing.assert_array_equal(
                    filled, np.where(np.isnan(self.held_out), whole, self.held_out)
                )

    def test_every_command_takes_the_model(self):
        settings = ["--layers", "20,12,3", "--missing", "mask", "--missing-indicator"]
        self.trained("model", *settings)
        model = self.folder / "model/model.h5"
        words = ["--model", model, "--data", f"{self.file}:/test"]
        self.success("evaluate", *words, "--code", "--jacobian", "--corruption", "gaussian")
        self.success("encode", *words, "--output", self.folder / "codes.h5")
        codes = read_datasets(self.folder / "codes.h5")["/codes"]
        self.assertFalse(np.isnan(codes).any())
        labels = np.arange(len(self.samples), dtype=np.uint8) % 3
        labelled = write_file(self.folder / "labels.h5", train=labels, test=labels[:47])
        probe = ["--model", model, "--data", f"{self.file}:/train", "--epochs", 2]
        probe += ["--labels", f"{labelled}:/train", "--validation", f"{self.file}:/test"]
        probe += ["--validation-labels", f"{labelled}:/test"]
        self.success("probe", *probe)
        self.success("probe", *probe, "--fine-tune")
        self.success(
            *("report", self.folder / "model", "--data", f"{self.file}:/test"),
            *("--output", self.folder / "report.html"),
        )
        result = run("export", "onnx", "--model", model, "--output", self.folder / "model.onnx")
        self.assert_refused(result, USAGE, "--missing-indicator")

    def test_notes(self):
        words = [*self.source, *BASE, "--layers", "20,8", "--missing", "mask"]
        printed = self.success("train", "--output", self.folder / "run", *words)
        text = printed.stdout + printed.stderr
        share = 100 * np.isnan(self.samples).mean()
        self.assertIn(f"missing: {share:.3g} % of the elements", text)
        self.assertIn("1 of 20 features are missing in every sample (the first: 7)", text)

    def test_principal_components(self):
        words = ["pca", "--data", f"{self.file}:/train", "--components", 3]
        self.assert_refused(run(*words, "--output", self.folder / "no.h5"), DATA, "NaN")
        self.assert_refused(
            run(*words, "--output", self.folder / "no.h5", "--missing", "mask"),
            USAGE,
            "--missing mean",
        )
        output = self.folder / "pca.h5"
        got = self.success(*words, "--output", output, "--missing", "mean", "--json")
        x = self.samples.astype(float)
        present = ~np.isnan(x)
        means = np.where(present, x, 0).sum(axis=0) / np.maximum(present.sum(axis=0), 1)
        centred = np.where(present, x, means)
        variance = np.linalg.svd(centred - centred.mean(axis=0))[1][:3] ** 2 / len(x)
        np.testing.assert_allclose(json.loads(got.stdout)["variance"], variance, rtol=1e-4)
        words = ["--model", output, "--data", f"{self.file}:/test", "--only-missing"]
        self.success("reconstruct", *words, "--output", self.folder / "filled.h5")


if __name__ == "__main__":
    unittest.main()
