"""Hints about counts: each is printed with reason, and followed literally."""
import unittest

import numpy as np

from hints import HintTest
from support import DATA, write_file

QUICK = ["--layers", "20,8", "--output-activation", "linear", "--epochs", 1, "--batch", 32]
QUICK += ["--micro-batch", 16]


class CountHints(HintTest):
    def setUp(self):
        super().setUp()
        self.runs = 0
        self.values = np.random.default_rng(1).poisson(2, (64, 20)).astype(np.float32)
        self.data = self.written("counts", self.values)

    def written(self, name, values):
        return write_file(self.folder / f"{name}.h5", x=values) + ":/x"

    def training(self, *words, data=None):
        self.runs += 1
        output = self.folder / f"run{self.runs}"
        return ["train", "--data", data or self.data, *QUICK, "--output", output, *words]

    def test_numbers_that_are_not_counts(self):
        words = ["--loss", "nb", "--counts", "log1p"]
        scaled = self.written("scaled", self.values * np.float32(0.3))
        self.hint(
            "name the data set of raw counts, or use --loss mse without --counts",
            *self.training(*words, data=scaled),
            code=DATA,
        )
        self.success(*self.training(*words))
        self.success(*self.training("--loss", "mse", data=scaled))

    def test_features_without_counts(self):
        text = "; leave them out of the data"
        some = self.values.copy()
        some[:, 3] = 0
        words = ["--loss", "nb"]
        data = self.written("empty", some)
        text = (
            "{}: {}{}{}: leave them out with --empty-counts drop{}, or keep them with "
            "--empty-counts keep"
        )
        printed = self.hint(text, *self.training(*words, data=data), code=DATA)
        self.assertIn(" (then --layers begins with 19)", printed.advice)
        drop = ["--empty-counts", "drop"]
        for follow in ([*drop, "--layers", "19,8"], ["--empty-counts", "keep"]):
            self.no_hint(text, *self.training(*words, *follow, data=data))
        reason = "--empty-counts drop cannot be combined with --{}: leave out one of them"
        window = ["--window", 2, "--layers", "40,8"]
        self.hint(reason, *self.training(*words, *drop, *window))
        self.no_hint(reason, *self.training(*words, *window))
        reason = "--empty-counts {} needs --loss nb or zinb, or --counts"
        self.hint(reason, *self.training(*drop))
        self.no_hint(reason, *self.training(*drop, *words))
        words += ["--empty-counts", "keep"]
        self.printed(
            "advice: {}: their means become the least possible; leave them out of the data",
            self.success(*self.training(*words, data=self.written("some", some))).stdout,
        )
        self.no_hint(text, *self.training(*words))


if __name__ == "__main__":
    unittest.main()
