"""Convolutions, noise by layer and settings that make no sense together: through the program,
against references in NumPy."""
import json
import unittest

import numpy as np

from networks import BASE, NetworkTest
from reference import Autoencoder, Convolution, read_layers
from support import DATA, USAGE, checkpoints, make_samples, read_config, run, write_file

import hourglass  # networks knows where it is

SIGMOID = ["--code-activation", "sigmoid"]


class LayersTest(NetworkTest):
    def test_a_step_of_a_convolutional_network(self):
        """One full-batch step of gradient descent is that of the reference, whatever the ranks: of
        an image, a series and a volume."""
        # --layers, --decoder-layers, the shapes on both sides of the convolution, stride, padding
        for layers, decoder, large, small, stride, padding in (
            (
                "2x5x2,conv:3x2x3s1x2p0x1,4",
                "4,1x3x3,tconv:2x2x3s1x2p0x1o0",
                (2, 5, 2),
                (1, 3, 3),
                (1, 2),
                (0, 1),
            ),
            ("10x2,conv1d:3x3s2,4", "4,5x3,tconv1d:2x3s2", (10, 2), (5, 3), (2,), (1,)),
            (
                "2x5x2,conv3d:3x2x3x1s1x2x1p0x1x0,4",
                "4,1x3x2x3,tconv3d:1x2x3x1s1x2x1p0x1x0o0",
                (2, 5, 2, 1),
                (1, 3, 2, 3),
                (1, 2, 1),
                (0, 1, 0),
            ),
        ):
            with self.subTest(layers):

                def network(path, large=large, small=small, windows=(stride, padding)):
                    encoder, decoder = read_layers(path)
                    first = Convolution(*encoder[0], large, small, *windows)
                    last = Convolution(*decoder[1], small, large, *windows, transposed=True)
                    return Autoencoder([first, encoder[1]], [decoder[0], last], "tanh")

                self.check_step(["--layers", layers, "--decoder-layers", decoder], network)

    def check_step(self, shape, network):
        x = (make_samples(31, 2 * 5 * 2) / 255).astype(np.float32)
        source = write_file(self.folder / "x.h5", x=x)
        output = self.folder / f"run-{len(list(self.folder.iterdir()))}"
        self.success(
            "train",
            "--data",
            f"{source}:/x",
            "--output",
            output,
            *shape,
            "--activation",
            "tanh",
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
            "conv1d": ["--layers", "10x2,conv1d:4x3s2,conv1d:3x4,3", "--activation", "gelu"],
            "conv1d-one-channel": ["--layers", "20,conv1d:4x5s2,conv1d:2x3s2", "--layer-norm"],
            "conv1d-lopsided": [
                "--layers",
                "10x2,conv1d:4x3s2,3",
                "--decoder-layers",
                "3,5x3,tconv1d:2x3s2o1",
            ],
            "conv3d": ["--layers", "2x2x5,conv3d:4x2x2x3s1x1x2,3", "--activation", "elu"],
            "conv3d-tied": ["--layers", "5x1x2x2,conv3d:4x3x1x2s2x1x1p1x0x0,3", "--tied"],
            "conv3d-lopsided": [
                "--layers",
                "1x4x5,tconv3d:2x2s2,conv3d:3x3s2,3",
                "--decoder-layers",
                "3,1x2x5x3,tconv3d:1x1x2x1s1x2x1",
            ],
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
        for text in (
            "4x5,conv:3x3s2,conv:2x3s1x2p0x1,3",
            "10x2,conv1d:3x3s2,conv1d:2x3s2p0,3",
            "1x4x5,conv3d:3x3s2,conv3d:2x1x2x3s1x1x2p0,3",
        ):
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
