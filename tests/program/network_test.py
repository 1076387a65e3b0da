"""Convolutions, predictive sparse decomposition, weights of features, noise by layer, bits and samples: through the program, against
references in NumPy."""
import json
import sys
import unittest
from pathlib import Path

import h5py
import numpy as np

from reference import Autoencoder, Convolution, read_layers
from support import (
    DATA,
    USAGE,
    ProgramTest,
    checkpoints,
    make_samples,
    read_config,
    read_datasets,
    read_metrics,
    run,
    write_file,
)

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "python"))
import hourglass  # noqa: E402

BASE = ["--batch", "48", "--micro-batch", "6", "--epochs", "2", "--learning-rate", "3e-3"]
SIGMOID = ["--code-activation", "sigmoid"]


class NetworkTest(ProgramTest):
    def setUp(self):
        super().setUp()
        self.data = self.make_data()
        with h5py.File(self.data, "r") as file:
            self.x = file["/test/samples"][()] / 255.0

    def model(self, name, *settings, data=None, **how):
        self.train(name, "--data", data or f"{self.data}:/train/samples", *BASE, *settings, **how)
        return self.folder / name / "model.h5"

    def evaluate(self, model, data=None):
        return json.loads(
            self.success(
                "evaluate",
                "--model",
                model,
                "--data",
                data or f"{self.data}:/test/samples",
                "--json",
            ).stdout
        )

    def codes(self, model, *arguments, ranks=None):
        output = self.folder / f"codes-{len(list(self.folder.iterdir()))}.h5"
        self.success(
            "encode",
            "--model",
            model,
            "--data",
            f"{self.data}:/test/samples",
            "--output",
            output,
            *arguments,
            ranks=ranks,
        )
        return read_datasets(output)["/codes"]

    # --- convolutions

    def test_a_step_of_a_convolutional_network(self):
        """One full-batch step of gradient descent is that of the reference, whatever the ranks."""
        x = (make_samples(31, 2 * 5 * 2) / 255).astype(np.float32)
        source = write_file(self.folder / "x.h5", x=x)
        shape = [
            "--layers",
            "2x5x2,conv:3x2x3s1x2p0x1,4",
            "--decoder-layers",
            "4,1x3x3,tconv:2x2x3s1x2p0x1o0",
            "--activation",
            "tanh",
        ]
        output = self.folder / "run"
        self.success(
            "train",
            "--data",
            f"{source}:/x",
            "--output",
            output,
            *shape,
            "--batch",
            32,
            "--micro-batch",
            4,
            "--epochs",
            2,
            "--optimizer",
            "sgd",
            "--learning-rate",
            0.5,
            "--checkpoint-every",
            "1steps",
            "--keep",
            9,
            ranks=2,
        )

        def network(path):
            encoder, decoder = read_layers(path)
            first = Convolution(*encoder[0], (2, 5, 2), (1, 3, 3), (1, 2), (0, 1))
            last = Convolution(*decoder[1], (1, 3, 3), (2, 5, 2), (1, 2), (0, 1), transposed=True)
            return Autoencoder([first, encoder[1]], [decoder[0], last], "tanh")

        before, after = (network(checkpoints(output)[step]) for step in (1, 2))
        for i, (weight, bias) in enumerate(before.gradient(x)):
            for name, gradient in (("weight", weight), ("bias", bias)):
                change = getattr(after.parts[i], name) - getattr(before.parts[i], name)
                self.assertEqual(gradient.shape, change.shape)
                self.assertLess(
                    np.abs(change + 0.5 * gradient).max(),
                    2e-4 * np.abs(gradient).max() + 1e-7,
                    f"{name} {i}",
                )
        sse = json.loads(
            self.success(
                "evaluate", "--model", checkpoints(output)[2], "--data", f"{source}:/x", "--json"
            ).stdout
        )["sse"]
        self.assertAlmostEqual(sse, after.sse(x), delta=1e-5 * sse)

    def test_python_module_on_every_kind_of_network(self):
        variants = {
            "conv": ["--layers", "4x5,conv:3x3s2,conv:2x2,3", "--activation", "gelu"],
            "conv-code": [
                "--layers",
                "4x5,conv:3x3s2,conv:2x3s2",
                "--layer-norm",
                "--activation",
                "elu",
            ],
            "conv-tied": ["--layers", "2x5x2,conv:4x2x3s1x2p0x1,3", "--tied"],
            "conv-lopsided": [
                "--layers",
                "4x5,tconv:2x2s2,conv:3x3s2,3",
                "--decoder-layers",
                "3,2x5x3,tconv:1x2x1s2x1",
            ],
            "tied": ["--layers", "20,9,3", "--tied"],
            "layer-norm": ["--layers", "20,9,6,3", "--layer-norm", "--activation", "tanh"],
            "k-sparse": ["--layers", "20,9,6", "--k-sparse", "2", "--k-sparse-alpha", "1.5"],
            "variational": ["--layers", "20,9,3", "--variational"],
        }
        for name, settings in variants.items():
            with self.subTest(name):
                path = self.model(name, *settings)
                model = hourglass.load(path)
                self.assertEqual(model.features, 20)
                codes = self.codes(path)
                self.assertEqual(codes.shape[1], model.code_size)
                np.testing.assert_allclose(model.encode(self.x), codes, rtol=1e-4, atol=1e-5)
                sse = self.evaluate(path)["sse"]
                self.assertAlmostEqual(model.squared_errors(self.x).mean(), sse, delta=1e-4 * sse)
                jacobian = model.jacobian(self.x[:3])
                for c in (0, 7, 19):
                    step = np.zeros(20)
                    step[c] = 1e-6
                    slope = (
                        model.encode(self.x[:3] + step) - model.encode(self.x[:3] - step)
                    ) / 2e-6
                    np.testing.assert_allclose(jacobian[:, :, c], slope, rtol=1e-4, atol=1e-6)

    def test_layers_as_text(self):
        text = "4x5,conv:3x3s2,conv:2x3s1x2p0x1,3"
        printed = self.success(
            "train", "--data", "x.h5", "--layers", text, "--output", "y", "--print-config"
        ).stdout
        self.assertEqual(read_config(printed)["layers"], text)
        refused = {
            "20,conv:3x3,4": ["--layers", "conv:3x3", "20"],
            "4x5,conv:3x9p0,4": ["conv:3x9p0", "4x5"],
            "4x5,convo:3x3": ["convo:3x3"],
            "5x5,conv:3x3,4": ["--layers", "25", "20"],
        }
        for layers, words in refused.items():
            with self.subTest(layers):
                result = run(
                    "train",
                    "--data",
                    f"{self.data}:/train/samples",
                    "--output",
                    self.folder / "no",
                    *BASE,
                    "--layers",
                    layers,
                )
                self.assertEqual(len(result.error_lines), 1, str(result))
                for word in words:
                    self.assertIn(word, result.error_lines[0])
                self.assertFalse((self.folder / "no").exists())

    def test_images_of_another_shape(self):
        path = write_file(self.folder / "images.h5", x=make_samples(40, 20).reshape(40, 4, 5))
        result = run(
            "train",
            "--data",
            f"{path}:/x",
            "--output",
            self.folder / "no",
            *BASE,
            "--layers",
            "5x4,conv:3x3,3",
            ranks=2,
        )
        self.assert_refused(result, USAGE, "--layers", "5x4", "4x5")
        self.model("yes", "--layers", "5x4,conv:3x3,3", "--image-shape", "5x4", data=f"{path}:/x")

    # --- noise and penalties by layer

    def test_noise_and_l1_by_layer(self):
        shape = ["--layers", "20,9,6,3"]
        digests = {}
        for name, settings in {
            "none": [],
            "all": ["--hidden-noise", "dropout:0.3"],
            "first": ["--hidden-noise", "1=dropout:0.3"],
            "last": ["--hidden-noise", "4=gaussian:0.1"],
            "each": ["--hidden-noise", ",".join(f"{i}=dropout:0.3" for i in (1, 2, 3, 4))],
            "l1": ["--hidden-l1", "2=0.1"],
            "l1-all-but-2": ["--hidden-l1", "0.1,2=0"],
            "off": ["--hidden-noise", "none,1=none"],
        }.items():
            digests[name] = self.train(
                name, "--data", f"{self.data}:/train/samples", *BASE, *shape, *settings
            )
        self.assertEqual(digests["all"], digests["each"])
        self.assertEqual(digests["none"], digests["off"])
        self.assertEqual(len(set(digests.values())), len(digests) - 2)
        printed = read_config((self.folder / "l1-all-but-2" / "config.cfg").read_text())
        self.assertEqual((printed["hidden-l1"], printed["hidden-noise"]), ("0.1,2=0", "none"))
        for settings, words in (
            (["--hidden-noise", "5=dropout:0.1"], ["--hidden-noise", "5", "--layers"]),
            (["--hidden-l1", "1=x"], ["--hidden-l1", "x"]),
            (["--hidden-noise", "1=dropout:0.1,1=none"], ["--hidden-noise", "once"]),
        ):
            self.assert_refused(
                run(
                    "train",
                    "--data",
                    f"{self.data}:/train/samples",
                    "--output",
                    self.folder / "no",
                    *BASE,
                    *shape,
                    *settings,
                ),
                USAGE,
                *words,
            )

    # --- weights of features

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

    # --- predictive sparse decomposition

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
        # The test samples lie on another surface: the training samples tell whether the prediction was learned.
        self.assertLess(
            self.evaluate(model, f"{self.data}:/train/samples")["sse"],
            0.1,
            "the prediction does not lead back",
        )

    # --- semantic hashing

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

    # --- variational

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

    # --- what makes no sense

    def test_nonsense_names_both_settings(self):
        beyond = write_file(
            self.folder / "beyond.h5", x=np.linspace(-1, 2, 800).reshape(40, 20).astype(np.float32)
        )
        shape = ["--layers", "20,9,3"]
        cases = [
            (["--loss", "bce"], DATA, ["--loss bce", "row 0", "--normalize"], f"{beyond}:/x"),
            (
                ["--loss", "poisson", "--output-activation", "softplus"],
                DATA,
                ["--loss poisson", "row 0"],
                f"{beyond}:/x",
            ),
            (
                ["--loss", "bce", "--output-activation", "tanh"],
                USAGE,
                ["--loss bce", "--output-activation"],
                None,
            ),
            (["--loss", "ssim"], USAGE, ["--loss ssim", "--image-shape"], None),
            (["--k-sparse", "4"], USAGE, ["--k-sparse", "--layers"], None),
            (["--tied", "--decoder-layers", "3,8,20"], USAGE, ["--tied", "--decoder-layers"], None),
            (
                ["--tied", "--layers", "4x5,conv:2x3,3", "--decoder-layers", "3,20"],
                USAGE,
                ["--tied", "--decoder-layers"],
                None,
            ),
            (
                ["--contractive", "1", "--layer-norm"],
                USAGE,
                ["--contractive", "--layer-norm"],
                None,
            ),
            (
                ["--contractive", "1", "--layers", "4x5,conv:2x3,3"],
                USAGE,
                ["--contractive", "--layers", "convolutions"],
                None,
            ),
            (["--variational", "--k-sparse", "2"], USAGE, ["--variational", "--k-sparse"], None),
            (
                ["--variational", "--layers", "4x5,conv:2x3s2"],
                USAGE,
                ["--variational", "--layers"],
                None,
            ),
            (
                ["--predictive", "--l1", "0.1", "--output-activation", "linear"],
                USAGE,
                ["--predictive", "--decoder-layers 3,20"],
                None,
            ),
            (["--kl-weight", "1"], USAGE, ["--kl-weight", "--code-activation"], None),
            (["--corruption", "block"], USAGE, ["--corruption block", "--image-shape"], None),
        ]
        for settings, code, words, data in cases:
            with self.subTest(settings):
                result = run(
                    "train",
                    "--data",
                    data or f"{self.data}:/train/samples",
                    "--output",
                    self.folder / "no",
                    *BASE,
                    *shape,
                    *settings,
                    ranks=2,
                )
                self.assert_refused(result, code, *words)
                self.assertFalse((self.folder / "no").exists())


if __name__ == "__main__":
    unittest.main()
