"""hourglass probe: accuracy against a reference, the same figures on any number of ranks and
threads, and bad labels."""
import json
import unittest

import h5py
import numpy as np

from support import DATA, USAGE, ProgramTest, run, write_file

CLASSES = 3
QUICK = ["--epochs", "6", "--batch", "48", "--micro-batch", "6"]


def labelled(samples, seed):
    """Classes around three centres, overlapping a little, with another number of samples each."""
    random = np.random.default_rng(seed)
    centres = np.random.default_rng(5).uniform(60, 200, (CLASSES, 20))
    labels = random.choice(CLASSES, samples, p=[0.5, 0.3, 0.2])
    values = centres[labels] + random.normal(0, 45, (samples, 20))
    return np.clip(values, 0, 255).astype(np.uint8), labels.astype(np.uint8)


class ProbeTest(ProgramTest):
    def setUp(self):
        super().setUp()
        self.x, self.y = labelled(301, 1)
        self.tx, self.ty = labelled(120, 2)
        self.path = write_file(
            self.folder / "d.h5",
            train__samples=self.x,
            train__labels=self.y,
            test__samples=self.tx,
            test__labels=self.ty,
            bad__short=self.y[:-1],
            bad__negative=self.y.astype(np.int16) - 1,
            bad__float=self.y.astype(np.float32) + 0.5,
            bad__large=self.y.astype(np.int64) + 5000,
            bare__samples=self.x,
        )
        self.data = [
            "--data",
            f"{self.path}:/train/samples",
            "--validation",
            f"{self.path}:/test/samples",
        ]

    def model(self, *settings):
        self.train(
            "run",
            "--data",
            f"{self.path}:/train/samples",
            "--layers",
            "20,12,4",
            "--epochs",
            8,
            "--batch",
            48,
            "--micro-batch",
            6,
            "--learning-rate",
            "1e-2",
            *settings,
        )
        return str(self.folder / "run/model.h5")

    def probe(self, *arguments, **how):
        return json.loads(
            self.success("probe", *self.data, *QUICK, "--json", *arguments, **how).stdout
        )

    def test_data_in_other_files(self):
        path = str(self.folder / "virtual.h5")
        with h5py.File(path, "w") as file:
            for name, values in (("samples", self.x), ("labels", self.y)):
                layout = h5py.VirtualLayout(values.shape, values.dtype)
                layout[...] = h5py.VirtualSource(self.path, f"train/{name}", values.shape)
                file.create_virtual_dataset(name, layout)
        elsewhere = ["--data", f"{path}:/samples", "--raw", "--json", *QUICK]
        self.assert_refused(
            run("probe", *self.data, *elsewhere, ranks=2), DATA, "virtual", "--allow-external"
        )
        self.assertEqual(
            json.loads(
                self.success("probe", *self.data, *elsewhere, "--allow-external", ranks=2).stdout
            ),
            self.probe("--raw"),
        )

    def test_same_figures_everywhere(self):
        model = self.model()
        cases = {
            "frozen": ["--model", model],
            "raw": ["--raw"],
            "fine-tuned": ["--model", model, "--fine-tune"],
            "few": ["--model", model, "--fine-tune", "--label-fraction", "0.1", "--epochs", "20"],
            "few raw": ["--raw", "--normalize", "standardize", "--label-fraction", "0.1"],
            "plain": [
                "--model",
                model,
                "--standardize",
                "false",
                "--optimizer",
                "sgd",
                "--momentum",
                "0.9",
                "--schedule",
                "constant",
            ],
        }
        for name, arguments in cases.items():
            with self.subTest(case=name):
                one = self.probe(*arguments)
                self.assertEqual(one, self.probe(*arguments, ranks=2))
                self.assertEqual(one, self.probe(*arguments, "--threads", 2, ranks=3))
                if name in ("raw", "fine-tuned"):
                    self.assertEqual(one, self.probe(*arguments, "--memory", 0, ranks=2))
                confusion = np.array(one["confusion"])
                self.assertEqual(confusion.shape, (CLASSES, CLASSES))
                self.assertEqual(
                    list(confusion.sum(axis=1)), list(np.bincount(self.ty, minlength=CLASSES))
                )
                self.assertAlmostEqual(
                    one["accuracy"], np.trace(confusion) / len(self.ty), places=12
                )
                self.assertEqual(
                    one["training_samples"],
                    301
                    if "few" not in name
                    else int(sum(round(0.1 * n) for n in np.bincount(self.y))),
                )
                self.assertGreater(one["accuracy"], 0.55, "better than always the largest class")

    def test_raw_reaches_the_maximum_of_the_likelihood(self):
        """Softmax regression is convex: many epochs come to where gradient descent in NumPy comes
        to."""
        weights, bias = np.zeros((CLASSES, 20)), np.zeros(CLASSES)
        x, onehot = self.x / 255, np.eye(CLASSES)[self.y]
        decay = 1e-2
        for _ in range(5000):
            logits = x @ weights.T + bias
            p = np.exp(logits - logits.max(axis=1, keepdims=True))
            p /= p.sum(axis=1, keepdims=True)
            weights -= 0.5 * ((p - onehot).T @ x / len(x) + decay * weights)
            bias -= 0.5 * (p - onehot).mean(axis=0)
        loss = -np.log(p[np.arange(len(x)), self.y]).mean()
        prediction = (self.tx / 255 @ weights.T + bias).argmax(axis=1)
        found = self.probe(
            "--raw", "--epochs", 300, "--weight-decay", decay, "--learning-rate", 0.02
        )
        self.assertAlmostEqual(found["loss"], loss, delta=2e-3)
        self.assertAlmostEqual(found["accuracy"], np.mean(prediction == self.ty), delta=0.02)

    def test_text_report(self):
        text = self.success("probe", *self.data, *QUICK, "--raw", ranks=2).stdout
        self.assertIn("confusion matrix", text)
        self.assertRegex(
            text, r"accuracy 0\.\d{4} on 120 validation samples; 301 labels used, 3 classes"
        )
        self.assertEqual(text.count("epoch "), 6)

    def test_labels_by_name(self):
        bare = ["--data", f"{self.path}:/bare/samples"]
        self.assertEqual(
            self.probe("--raw"),
            self.probe(*bare, "--labels", f"{self.path}:/train/labels", "--raw"),
        )
        self.assert_refused(
            run("probe", *self.data[2:], *bare, "--raw"), DATA, "labels", "--labels"
        )

    def test_fine_tuning_an_untrained_encoder_differs(self):
        trained = self.probe("--model", self.model(), "--fine-tune")
        with h5py.File(self.path, "r"):
            pass
        self.train(
            "none", "--data", f"{self.path}:/train/samples", "--layers", "20,12,4", "--epochs", 0
        )
        untrained = self.probe("--model", self.folder / "none/model.h5", "--fine-tune")
        self.assertNotEqual(trained["loss"], untrained["loss"])

    def test_variants_of_encoders(self):
        for settings in (
            ["--tied", "--hidden-noise", "dropout:0.1"],
            ["--variational"],
            ["--layer-norm", "--k-sparse", "2"],
        ):
            with self.subTest(settings=settings):
                self.train(
                    "v",
                    "--data",
                    f"{self.path}:/train/samples",
                    "--layers",
                    "20,12,4",
                    "--epochs",
                    2,
                    "--batch",
                    48,
                    "--micro-batch",
                    6,
                    *settings,
                )
                model = ["--model", self.folder / "v/model.h5", "--fine-tune"]
                self.assertEqual(self.probe(*model), self.probe(*model, ranks=3))
                import shutil

                shutil.rmtree(self.folder / "v")

    def test_refused(self):
        for name, *words in (
            ("short", "300 labels", "301"),
            ("negative", "label -1", "row"),
            ("float", "row 0", "whole number"),
            ("large", "row 0", "4095"),
            ("absent", "absent"),
        ):
            result = run(
                "probe",
                *self.data,
                *QUICK,
                "--raw",
                "--labels",
                f"{self.path}:/bad/{name}",
                ranks=2,
            )
            self.assert_refused(result, DATA, *words)
        for arguments, *words in (
            ([], "--model", "--raw"),
            (["--raw", "--model", "x"], "--model", "--raw"),
            (["--raw", "--fine-tune"], "--fine-tune"),
            (["--raw", "--label-fraction", "0"], "--label-fraction"),
            (["--raw", "--label-fraction", "2"], "--label-fraction"),
            (["--raw", "--batch", "7"], "--batch", "--micro-batch"),
            (["--raw", "--learning-rate", "-1"], "--learning-rate"),
            (["--raw", "--schedule", "step"], "--schedule"),
            (["--raw", "--optimizer", "lbfgs"], "--optimizer"),
        ):
            self.assert_refused(run("probe", *self.data, *QUICK, *arguments), USAGE, *words)
        result = run("probe", "--raw", *self.data[:2])
        self.assert_refused(result, USAGE, "--validation")


if __name__ == "__main__":
    unittest.main()
