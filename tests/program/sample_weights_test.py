"""Weights of samples: in the loss, the statistics, the evaluation and the probe."""
import json
import unittest

import h5py
import numpy as np

from support import DATA, USAGE, ProgramTest, read_metrics, run, write_file
from training import SETTINGS

# One step is the whole data set.
FULL = ["--layers", "20,12,3", "--batch", 160, "--micro-batch", 20, "--epochs", 25]
FULL += ["--optimizer", "sgd", "--learning-rate", "0.5", "--normalize", "unit"]


class SampleWeightsTest(ProgramTest):
    def setUp(self):
        super().setUp()
        self.path = self.make_data()
        with h5py.File(self.path, "r") as file:
            self.x = file["/train/samples"][()]
        self.data = ["--data", f"{self.path}:/train/samples"]
        random = np.random.default_rng(2)
        self.w = random.uniform(0, 2, 150)
        self.w[::7] = 0
        self.weights = write_file(
            self.folder / "weights.h5",
            w=self.w,
            counts=random.integers(0, 4, 150).astype("u1"),
            ones=np.full(150, 0.1),
            short=self.w[1:],
            negative=-self.w,
            zero=0 * self.w,
        )

    def weighted(self, name):
        return ["--sample-weights", f"{self.weights}:/{name}"]

    def reconstructed(self, name):
        path = self.folder / f"{name}-out.h5"
        model = self.folder / name / "model.h5"
        self.success("reconstruct", "--model", model, *self.data, "--output", path)
        with h5py.File(path, "r") as file:
            return file["reconstructions"][()]

    def test_a_whole_number_is_that_many_rows(self):
        with h5py.File(self.weights, "r") as file:
            counts = file["counts"][()]
        rows = np.repeat(self.x, counts, axis=0)
        repeated = write_file(self.folder / "repeated.h5", x=rows)
        for name, more in (
            ("plain", []),
            ("l1", ["--l1", "0.01"]),
            ("variational", ["--variational", "--learning-rate", "0.01"]),
            ("bce", ["--loss", "bce", "--output-activation", "sigmoid"]),
            ("standardize", ["--normalize", "standardize", "--learning-rate", "0.02"]),
        ):
            if name == "variational":
                continue  # the noise of a sample depends on its row
            with self.subTest(name):
                batch = ["--batch", len(rows) // 20 * 20 + 20]
                self.train(f"{name}-rows", "--data", f"{repeated}:/x", *FULL, *batch, *more)
                self.train(f"{name}-weights", *self.data, *FULL, *more, *self.weighted("counts"))
                ours, theirs = (
                    self.reconstructed(f"{name}-{kind}") for kind in ("weights", "rows")
                )
                np.testing.assert_allclose(ours, theirs, atol=2e-4 * np.abs(theirs).max())
                ours, theirs = (
                    read_metrics(self.folder / f"{name}-{kind}", "epoch")[-1]
                    for kind in ("weights", "rows")
                )
                for value in ("loss", "sse"):
                    self.assertAlmostEqual(ours[value] / theirs[value], 1, delta=1e-4)

    def test_equal_weights_are_none_and_ranks_do_not_matter(self):
        self.assertEqual(
            self.train("none", *self.data, *SETTINGS),
            self.train("ones", *self.data, *SETTINGS, *self.weighted("ones")),
        )
        for normalize in ("unit", "standardize"):
            settings = [*self.data, *SETTINGS, *self.weighted("w"), "--normalize", normalize]
            digests = {
                self.train(f"{normalize}-{ranks}", *settings, *more, ranks=ranks)
                for ranks, more in ((1, []), (2, ["--memory", 0]), (3, ["--threads", 2]), (4, []))
            }
            self.assertEqual(len(digests), 1)
        found = self.stopped_and_resumed("cut", *self.data, *SETTINGS, *self.weighted("w"))
        self.assertEqual(found["two"], found["resumed"])
        output = self.folder / "cut-cut"
        self.assert_refused(
            run("train", "--resume", output, *self.weighted("counts")), USAGE, "cannot resume"
        )
        self.success("train", "--resume", output)

    def test_means_are_weighted(self):
        self.train("run", *self.data, *SETTINGS)
        model = ["--model", self.folder / "run/model.h5"]
        errors = ((self.reconstructed("run") - self.x / 255.0) ** 2).sum(axis=1)
        for name, weights in (("w", self.w), ("ones", np.ones(150))):
            report = json.loads(
                self.success("evaluate", *model, *self.data, *self.weighted(name), "--json").stdout
            )
            expected = np.average(errors, weights=weights)
            self.assertAlmostEqual(report["sse"] / expected, 1, delta=1e-5)
            self.assertAlmostEqual(report["loss"] / expected * 20, 1, delta=1e-5)
        chosen = json.loads(
            self.success(
                "evaluate",
                *model,
                *self.data,
                *self.weighted("w"),
                "--select-rows",
                "10:90",
                "--json",
                ranks=3,
            ).stdout
        )
        expected = np.average(errors[10:90], weights=self.w[10:90])
        self.assertAlmostEqual(chosen["sse"] / expected, 1, delta=1e-5)

    def test_rows_held_out_are_weighted_too(self):
        split = ["--validation-fraction", "0.3"]
        self.train("run", *self.data, *SETTINGS, *split, *self.weighted("w"))
        found = json.loads(
            self.success(
                "evaluate",
                "--model",
                self.folder / "run/model.h5",
                *self.data,
                "--part",
                "validation",
                *self.weighted("w"),
                "--json",
            ).stdout
        )
        self.assertEqual(
            found["sse"], read_metrics(self.folder / "run", "epoch")[-1]["validation_sse"]
        )

    def test_probe_ignores_samples_of_weight_0(self):
        labels = np.arange(150) % 3
        wrong = labels.copy()
        wrong[::7] = 2 - labels[::7]
        path = write_file(self.folder / "labels.h5", right=labels, wrong=wrong)
        self.train("run", *self.data, *SETTINGS)
        found = [
            json.loads(
                self.success(
                    "probe",
                    "--model",
                    self.folder / "run/model.h5",
                    *self.data,
                    "--validation",
                    f"{self.path}:/train/samples",
                    "--labels",
                    f"{path}:/{name}",
                    "--validation-labels",
                    f"{path}:/right",
                    *self.weighted("w"),
                    "--epochs",
                    3,
                    "--json",
                    ranks=2,
                ).stdout
            )
            for name in ("right", "wrong")
        ]
        self.assertEqual(found[0]["confusion"], found[1]["confusion"])
        self.assertEqual(found[0]["loss"], found[1]["loss"])

    def test_refusals(self):
        for name, words in (
            ("short", ["149 weights for 150 rows"]),
            ("negative", ["but a sample's weight is a number of at least 0"]),
            ("zero", ["give at least one sample a weight above 0"]),
        ):
            arguments = [*self.data, *SETTINGS, "--output", self.folder / "no"]
            self.assert_refused(run("train", *arguments, *self.weighted(name)), DATA, *words)
        for more in (["--kl-weight", "0.1"], ["--contractive", "0.1"], ["--pretrain", "rbm"]):
            self.assert_refused(
                run("train", *arguments, *self.weighted("w"), *more),
                USAGE,
                f"--sample-weights cannot be combined with {more[0]}",
            )


if __name__ == "__main__":
    unittest.main()
