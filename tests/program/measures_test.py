"""What evaluate measures besides the error: how sparse and smooth the codes are, and how well noise
is removed."""
import json
import sys
import unittest

import h5py
import numpy as np

from support import ROOT, DATA, USAGE, ProgramTest, run, write_file

sys.path.insert(0, str(ROOT / "python"))
import hourglass  # noqa: E402


class MeasuresTest(ProgramTest):
    def setUp(self):
        super().setUp()
        self.data = self.make_data()
        self.base = [
            "--data",
            f"{self.data}:/train/samples",
            "--batch",
            48,
            "--micro-batch",
            16,
            "--epochs",
            2,
            "--learning-rate",
            "1e-2",
        ]
        with h5py.File(self.data, "r") as file:
            self.x = file["/test/samples"][()] / 255

    def evaluated(self, model, *arguments, ranks=None):
        return json.loads(
            self.success(
                "evaluate",
                "--json",
                "--model",
                model,
                "--data",
                f"{self.data}:/test/samples",
                *arguments,
                ranks=ranks,
            ).stdout
        )

    def trained(self, name, *settings):
        self.train(name, *self.base, *settings)
        return self.folder / name / "model.h5"

    def test_codes_and_jacobians_are_those_of_numpy(self):
        variants = {
            "one-layer": ["--layers", "20,9", "--code-activation", "sigmoid"],
            "deep": ["--layers", "20,12,5", "--activation", "gelu", "--code-activation", "tanh"],
            "sparse": ["--layers", "20,30", "--code-activation", "relu", "--l1", "1e-2"],
        }
        for name, settings in variants.items():
            with self.subTest(model=name):
                path = self.trained(name, *settings)
                model = hourglass.load(path)
                codes = np.abs(model.encode(self.x))
                report = self.evaluated(path, "--jacobian", "--active-above", "0.3")
                self.assertAlmostEqual(report["code_mean_absolute"], codes.mean(), delta=1e-5)
                self.assertAlmostEqual(
                    report["code_active_units"], (codes > 0.3).sum(axis=1).mean(), delta=0.05
                )
                self.assertAlmostEqual(
                    report["code_units_used"], (codes > 0.3).any(axis=0).sum(), delta=1
                )
                norms = np.sqrt((model.jacobian(self.x) ** 2).sum(axis=(1, 2)))
                self.assertAlmostEqual(
                    report["code_jacobian_norm"], norms.mean(), delta=1e-5 * norms.mean()
                )
                self.assertEqual(
                    report, self.evaluated(path, "--jacobian", "--active-above", "0.3", ranks=3)
                )
                self.assertNotIn("code_active_units", self.evaluated(path))

    def test_every_activation_is_that_of_numpy(self):
        text = self.success("train", "--help").stdout
        listed = text.split("Activation function of the hidden layers:")[1].split("[")[0]
        self.assertEqual(
            {name.strip() for name in listed.replace("\n", " ").split(",")},
            set(hourglass.ACTIVATIONS),
        )
        for name in hourglass.ACTIVATIONS:
            with self.subTest(activation=name):
                path = self.trained(
                    name,
                    "--layers",
                    "20,8,3",
                    "--activation",
                    name,
                    "--code-activation",
                    name,
                    "--epochs",
                    1,
                )
                model = hourglass.load(path)
                report = self.evaluated(path, "--jacobian")
                self.assertAlmostEqual(
                    report["sse"], model.squared_errors(self.x).mean(), delta=1e-5 * report["sse"]
                )
                norm = np.sqrt((model.jacobian(self.x) ** 2).sum(axis=(1, 2))).mean()
                self.assertAlmostEqual(report["code_jacobian_norm"], norm, delta=1e-5 * norm)

    def test_noise(self):
        path = self.trained("plain", "--layers", "20,12,3")
        report = self.evaluated(path, "--corruption", "gaussian", "--corruption-strength", 0)
        self.assertAlmostEqual(report["corrupted_sse"], report["sse"], delta=1e-12)
        everything = self.evaluated(path, "--corruption", "masking", "--corruption-strength", 1)
        blank = hourglass.load(path).reconstruct(np.zeros_like(self.x))
        self.assertAlmostEqual(
            everything["corrupted_sse"], np.sum((blank - self.x) ** 2) / len(self.x), delta=1e-4
        )
        some = ["--corruption", "salt-pepper", "--corruption-strength", 0.2]
        texts = {str(self.evaluated(path, *some, ranks=ranks)) for ranks in (None, 2, 3)}
        self.assertEqual(len(texts), 1)
        self.assertNotEqual(self.evaluated(path, *some), self.evaluated(path, *some, "--seed", 2))

    def test_people_read_it_too(self):
        path = self.trained("plain", "--layers", "20,12,3")
        text = self.success(
            "evaluate",
            "--model",
            path,
            "--data",
            f"{self.data}:/test/samples",
            "--jacobian",
            "--corruption",
            "masking",
        ).stdout
        for word in ("active", "jacobian", "noisy"):
            self.assertIn(word, text)

    def test_bad_input(self):
        path = self.trained("plain", "--layers", "20,12,3")
        where = ["--model", path, "--data", f"{self.data}:/test/samples"]
        for ranks in (None, 2):

            def refused(words, *arguments):
                self.assert_refused(run("evaluate", *where, *arguments, ranks=ranks), USAGE, *words)

            refused(["--active-above"], "--code", "--active-above", -1)
            refused(["corruption", "masking"], "--corruption", "rain")
            refused(
                ["--corruption-strength"], "--corruption", "masking", "--corruption-strength", 2
            )
            refused(["block", "images"], "--corruption", "block")
        vae = self.trained("vae", "--layers", "20,12,3", "--variational")
        self.assert_refused(
            run("evaluate", "--model", vae, "--data", f"{self.data}:/test/samples", "--jacobian"),
            USAGE,
            "--jacobian",
        )
        narrow = write_file(self.folder / "narrow.h5", samples=np.ones((4, 7), np.float32))
        self.assert_refused(
            run("evaluate", "--model", path, "--data", narrow, "--code"), DATA, "7 features"
        )


if __name__ == "__main__":
    unittest.main()
