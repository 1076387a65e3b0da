"""--ema: what the run reports, what it calls best and what it leaves behind are one set of weights,
also across a resume."""
import json
import unittest

import h5py
import numpy as np

from support import ProgramTest, checkpoints, read_datasets, read_metrics

BASE = [
    "--layers",
    "20,12,3",
    "--batch",
    "48",
    "--micro-batch",
    "3",
    "--epochs",
    "4",
    "--ema",
    "0.99",
    "--optimizer",
    "sgd",
    "--momentum",
    "0.9",
    "--learning-rate",
    "0.5",
    "--keep",
    "1000",
]


class AverageTest(ProgramTest):
    def setUp(self):
        super().setUp()
        self.data = self.make_data()
        self.source = [
            "--data",
            f"{self.data}:/train/samples",
            "--validation",
            f"{self.data}:/test/samples",
        ]

    def sse(self, model):
        report = self.success(
            "evaluate",
            "--json",
            "--model",
            model,
            "--data",
            f"{self.data}:/test/samples",
            "--micro-batch",
            3,
        )
        return json.loads(report.stdout)["sse"]

    def errors(self, name):
        return [record["validation_sse"] for record in read_metrics(self.folder / name, "epoch")]

    def test_the_reported_error_is_that_of_the_model_left_behind(self):
        self.train("run", *self.source, *BASE, ranks=2)
        self.assertEqual(self.errors("run")[-1], self.sse(self.folder / "run/model.h5"))
        # The weights in training are other ones: they stand in the checkpoint.
        last = checkpoints(self.folder / "run")
        self.assertNotEqual(self.errors("run")[-1], self.sse(last[max(last)]))

    def test_the_model_is_the_average_of_the_last_checkpoint(self):
        self.train("run", *self.source, *BASE)
        files = checkpoints(self.folder / "run")
        model = read_datasets(self.folder / "run/model.h5")
        with h5py.File(files[max(files)], "r") as file:
            for half in ("encoder", "decoder"):
                for layer in ("0", "1"):
                    for part in ("weight", "bias"):
                        np.testing.assert_array_equal(
                            file[f"/optimizer/average/{half}/{layer}/{part}"][()],
                            model[f"/model/{half}/{layer}/{part}"],
                        )

    def test_the_best_epoch_is_the_averages_best(self):
        self.train(
            "run",
            *self.source,
            *BASE,
            "--keep-best",
            "--learning-rate",
            "8",
            "--epochs",
            "6",
            "--ema",
            "0.5",
            ranks=2,
        )
        self.assertNotEqual(
            min(self.errors("run")),
            self.errors("run")[-1],
            "the last epoch must not be the best here",
        )
        self.assertEqual(min(self.errors("run")), self.sse(self.folder / "run/model.h5"))

    def test_errors_survive_a_resume(self):
        settings = [*self.source, *BASE, "--keep-best", "--checkpoint-every", "2steps"]
        whole = self.train("whole", *settings)
        self.train("cut", *settings, ranks=2)
        for step, path in checkpoints(self.folder / "cut").items():
            if step > 6:
                path.unlink()
        (self.folder / "cut/model.h5").unlink()
        self.success("train", "--resume", self.folder / "cut", ranks=3)
        self.assertEqual(self.errors("whole"), self.errors("cut"))
        self.assertEqual(whole, self.digest(self.folder / "cut/model.h5"))


if __name__ == "__main__":
    unittest.main()
