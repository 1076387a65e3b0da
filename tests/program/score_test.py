"""score: the errors, thresholds and figures of NumPy, the same on any number of ranks."""
import json
import unittest

import h5py
import numpy as np

from reference import Autoencoder, read_layers
from support import DATA, IO, USAGE, ProgramTest, make_samples, read_datasets, run, write_file


def auroc(scores, positive):
    """The share of pairs in the right order, counted one by one."""
    above = (scores[positive][:, None] > scores[~positive][None]).mean()
    return above + 0.5 * (scores[positive][:, None] == scores[~positive][None]).mean()


def average_precision(scores, positive):
    total, last = 0.0, 0.0
    for threshold in sorted(set(scores), reverse=True):
        flagged = scores >= threshold
        recall = (flagged & positive).sum() / positive.sum()
        total += (recall - last) * (flagged & positive).sum() / flagged.sum()
        last = recall
    return total


class ScoreTest(ProgramTest):
    def setUp(self):
        super().setUp()
        random = np.random.default_rng(3)
        normal, strange = make_samples(200, 20, 0), random.integers(
            0, 256, (23, 20), dtype=np.uint8
        )
        order = random.permutation(223)
        self.values = np.vstack([normal, strange])[order]
        self.values[7] = self.values[6]  # a tie
        self.labels = np.where(order < 200, order % 3, 7 + order % 2)
        self.data = write_file(
            self.folder / "data.h5",
            train__samples=normal,
            validation__samples=make_samples(77, 20, 0),
            test__samples=self.values,
            test__labels=self.labels,
            odd__labels=self.labels[:5],
            test__real=self.labels + 0.5,
        )
        self.train(
            "run",
            "--data",
            f"{self.data}:/train/samples",
            "--validation",
            f"{self.data}:/validation/samples",
            "--layers",
            "20,16,3",
            "--batch",
            32,
            "--micro-batch",
            8,
            "--epochs",
            10,
            "--learning-rate",
            "1e-2",
        )
        self.model = self.folder / "run/model.h5"

    def score(self, *arguments, ranks=None):
        return self.success(
            "score",
            "--model",
            self.model,
            "--data",
            f"{self.data}:/test/samples",
            *arguments,
            ranks=ranks,
        )

    def errors(self, values):
        x = (values / np.float32(255)).astype(float)
        return ((Autoencoder(*read_layers(self.model)).reconstruct(x) - x) ** 2).sum(axis=1)

    def test_everything_against_numpy_on_any_number_of_ranks(self):
        reports, files = [], []
        for ranks in (None, 3):
            output = self.folder / f"scores-{ranks}.h5"
            reports.append(
                self.score(
                    "--json",
                    "--output",
                    f"{output}:/a",
                    "--threshold-quantile",
                    0.9,
                    "--anomaly-label",
                    "7,8",
                    ranks=ranks,
                ).stdout
            )
            files.append(read_datasets(output))
        self.assertEqual(len(set(reports)), 1)
        for name in files[0]:
            np.testing.assert_array_equal(files[0][name], files[1][name])
        report, scores = json.loads(reports[0]), files[0]["/a/scores"]
        np.testing.assert_allclose(scores, self.errors(self.values), rtol=1e-4, atol=1e-5)
        self.assertEqual(scores.dtype, np.float64)
        threshold = np.quantile(self.errors(make_samples(77, 20, 0)), 0.9)
        self.assertAlmostEqual(report["threshold"], threshold, delta=1e-4 * threshold)
        flagged, positive = scores > report["threshold"], self.labels >= 7
        np.testing.assert_array_equal(files[0]["/a/anomalous"], flagged)
        self.assertEqual(
            (report["samples"], report["flagged"], report["anomalies"]), (223, flagged.sum(), 23)
        )
        self.assertEqual(report["flagged_anomalies"], (flagged & positive).sum())
        self.assertAlmostEqual(report["auroc"], auroc(scores, positive), places=12)
        self.assertAlmostEqual(
            report["average_precision"], average_precision(scores, positive), places=12
        )
        self.assertEqual(report["highest"][0]["row"], scores.argmax())
        self.assertGreater(report["auroc"], 0.8)
        with h5py.File(self.folder / "scores-3.h5") as file:
            self.assertEqual(float(file["a/scores"].attrs["threshold"]), report["threshold"])
        evaluation = json.loads(
            self.success(
                "evaluate", "--json", "--model", self.model, "--data", f"{self.data}:/test/samples"
            ).stdout
        )
        self.assertAlmostEqual(report["mean"], evaluation["sse"], delta=1e-6 * evaluation["sse"])

    def test_quantiles_from_end_to_end(self):
        train = self.errors(make_samples(200, 20, 0))
        for q in (0, 0.37, 1):
            report = json.loads(
                self.score(
                    "--json",
                    "--threshold-quantile",
                    q,
                    "--fit",
                    f"{self.data}:/train/samples",
                    ranks=2 if q == 1 else None,
                ).stdout
            )
            self.assertAlmostEqual(
                report["threshold"], np.quantile(train, q), delta=1e-4 * train.max()
            )

    def test_what_a_person_reads(self):
        text = self.score("--threshold-quantile", 0.95, "--anomaly-label", 7).stdout
        for word in ("auroc", "threshold", "flagged", "recall", "precision", "row"):
            self.assertIn(word, text)
        self.assertNotIn("auroc", self.score().stdout)
        output = self.folder / "said.h5"
        self.assertIn(f"{output}:/scores holds ", self.score("--output", output).stdout)

    def test_what_cannot_be_scored_is_refused(self):
        def refused(code, words, *arguments):
            self.assert_refused(
                run(
                    "score",
                    "--model",
                    self.model,
                    "--data",
                    f"{self.data}:/test/samples",
                    *arguments,
                ),
                code,
                *words,
            )

        refused(USAGE, ["--threshold-quantile", "0 to 1"], "--threshold-quantile", 1.5)
        refused(USAGE, ["--anomaly-label", "whole numbers"], "--anomaly-label", "cat")
        refused(USAGE, ["--labels needs --anomaly-label"], "--labels", f"{self.data}:/test/labels")
        refused(DATA, ["no sample has the label"], "--anomaly-label", 99)
        refused(DATA, ["odd/labels"], "--anomaly-label", 7, "--labels", f"{self.data}:/odd/labels")
        refused(DATA, ["test/real"], "--anomaly-label", 7, "--labels", f"{self.data}:/test/real")
        refused(
            DATA,
            ["no labels beside"],
            "--anomaly-label",
            7,
            "--data",
            f"{self.data}:/train/samples",
        )
        refused(IO, ["absent.h5"], "--fit", self.folder / "absent.h5")


if __name__ == "__main__":
    unittest.main()
