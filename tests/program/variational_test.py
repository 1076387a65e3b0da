"""Variational autoencoders: defaults that train, warm-ups, divergences of units, bounds."""

import csv
import json
import unittest

import numpy as np

from support import USAGE, ProgramTest, checkpoints, read_config, read_metrics, run, write_file

BASE = ["--layers", "20,12,3", "--variational", "--batch", 48, "--micro-batch", 6]
BASE += ["--epochs", 4, "--learning-rate", "3e-3", "--log-every", 1]


def numbers(record):
    """What a record says of the training, without its times."""
    return {key: value for key, value in record.items() if "kl" in key or "units" in key} | {
        key: record[key] for key in ("kind", "step", "loss", "penalty", "sse", "validation_sse")
    }


class VariationalTest(ProgramTest):
    def setUp(self):
        super().setUp()
        self.data = self.make_data()
        self.source = ["--data", f"{self.data}:/train/samples"]
        self.source += ["--validation", f"{self.data}:/test/samples"]

    def settings(self, *words):
        """The configuration that is printed."""
        printed = self.success("train", *words, "--print-config").stdout
        return read_config(printed[printed.index("[") :])  # behind the name of the checkpoint

    def test_defaults(self):
        def values(*words):
            printed = self.settings(*words)
            return printed["loss-reduction"], printed["beta-warmup"]

        self.assertEqual(values(), ("mean", "0"))
        self.assertEqual(values("--variational"), ("sum", "5epochs"))
        self.assertEqual(values("--variational", "--epochs", 100), ("sum", "10epochs"))
        self.assertEqual(values("--variational", "--beta", 1), ("sum", "0"))
        given = ["--loss-reduction", "mean", "--beta-warmup", "7steps"]
        self.assertEqual(values(*given, "--variational"), ("mean", "7steps"))
        # A file of a version without warm-ups means what it meant.
        old = self.folder / "old.cfg"
        old.write_text("loss-reduction = mean\nvariational = true\nbeta = 1\n")
        self.assertEqual(values("--config", old), ("mean", "0"))
        # A resumed run keeps its warm-up, whatever its length becomes.
        output = self.folder / "run"
        self.success("train", *self.source, *BASE, "--output", output)
        again = self.settings("--resume", output, "--epochs", 40)
        self.assertEqual(again["beta-warmup"], "2epochs")

    def test_weights_and_divergences_by_update(self):
        words = [*BASE, "--beta", 2, "--beta-warmup", "3steps", "--beta-cycles", 2]
        output = self.folder / "run"
        self.success("train", *self.source, *words, "--output", output)
        steps = read_metrics(output, "step")
        self.assertEqual(len(steps), 16)
        for record in steps:
            s = record["step"] - 1
            factor = 1 if s >= 9 else min(1, s % 6 / 3)
            self.assertAlmostEqual(record["kl"], sum(record["unit_kl"]), places=9)
            self.assertAlmostEqual(record["penalty"], 2 * factor * record["kl"], delta=1e-5)
        for epoch, record in enumerate(read_metrics(output, "epoch")):
            own = steps[4 * epoch : 4 * epoch + 4]
            weights = [48, 48, 48, 6]
            mean = np.average([r["unit_kl"] for r in own], axis=0, weights=weights)
            np.testing.assert_allclose(record["unit_kl"], mean, atol=1e-6)
            used = sum(value > 0.01 for value in record["validation_unit_kl"])
            self.assertEqual(record["validation_units_used"], used)
        with open(output / "metrics.csv", encoding="utf-8") as file:
            table = list(csv.DictReader(file))
        self.assertEqual(len(table), 20)
        self.assertEqual(float(table[0]["unit_kl_2"]), steps[0]["unit_kl"][2])
        self.assertEqual(table[0]["validation_unit_kl_0"], "")
        self.assertNotEqual(table[4]["validation_unit_kl_0"], "")
        report = self.folder / "page.html"
        self.success("report", output, "--output", report)
        for text in ("Used units of the code", "KL divergence, nats", "used units"):
            self.assertIn(text, report.read_text())

    def test_metrics_do_not_depend_on_ranks_and_resumes(self):
        words = [*self.source, *BASE, "--checkpoint-every", "1steps", "--keep", 100]
        found = {}
        for ranks in (None, 2, 3):
            output = self.folder / f"ranks{ranks}"
            self.success("train", *words, "--output", output, ranks=ranks)
            found[ranks] = [numbers(record) for record in read_metrics(output)]
        self.assertEqual(found[None], found[2])
        self.assertEqual(found[None], found[3])
        for step, path in checkpoints(output).items():
            if step > 6:
                path.unlink()
        (output / "model.h5").unlink()
        self.success("train", "--resume", output, "--threads", 2, ranks=2)
        self.assertEqual([numbers(record) for record in read_metrics(output)], found[None])

    def test_evaluation(self):
        output = self.folder / "run"
        self.success("train", *self.source, *BASE, "--loss", "bce", "--output", output)
        where = ["evaluate", "--model", output / "model.h5"]
        where += ["--data", f"{self.data}:/test/samples", "--code", "--elbo"]
        texts = {
            self.success(*where, "--samples", 20, "--json", *threads, ranks=ranks).stdout
            for ranks, threads in ((None, []), (2, []), (3, ["--threads", 2]))
        }
        self.assertEqual(len(texts), 1, texts)
        found = json.loads(texts.pop())
        last = read_metrics(output, "epoch")[-1]
        self.assertEqual(found["code_unit_kl"], last["validation_unit_kl"])
        self.assertEqual(found["code_kl_units_used"], last["validation_units_used"])
        self.assertAlmostEqual(
            found["elbo"], found["elbo_reconstruction"] - found["elbo_divergence"], places=9
        )
        self.assertAlmostEqual(found["elbo_divergence"], found["code_kl"], delta=1e-5)
        self.assertGreater(found["importance_weighted_bound"], found["elbo"])
        self.assertEqual(found["elbo_samples"], 20)
        text = self.success(*where, "--seed", 2).stdout
        self.assertRegex(text, r"elbo +-\d+\.\d+ nats")
        self.assertRegex(text, r"bound +-\d+\.\d+ nats   importance-weighted, 100 draws")
        self.assertRegex(text, r"kl +\d+\.\d+ nats from the prior; \d of 3 units used")
        self.assertRegex(text, r"units +0 to +2  +\d\.\d{5}  +\d\.\d{5}  +\d\.\d{5}\n")
        self.assert_refused(run(*where, "--samples", 0), USAGE, "--samples")

    def test_a_collapsed_code_is_said_once(self):
        words = ["train", *self.source, *BASE, "--epochs", 6, "--free-bits", 0.01]
        words += ["--learning-rate", 0.02, "--beta", 50]
        result = self.success(*words, "--output", self.folder / "a")
        self.assertEqual(result.stdout.count("the code has collapsed"), 1, result.stdout)
        self.assertIn("kl ", result.stdout)

    def test_wild_samples_stay_finite(self):
        rng = np.random.default_rng(1)
        wild = rng.normal(0, 1, (96, 20)).astype(np.float32)
        wild[::7] *= 1e4
        data = write_file(self.folder / "wild.h5", x=wild)
        words = ["--data", f"{data}:/x", *BASE, "--output-activation", "linear", "--normalize"]
        result = run("train", *words, "none", "--clip-norm", 1, "--output", self.folder / "wild")
        self.assertEqual(result.code, 0, str(result))


if __name__ == "__main__":
    unittest.main()
