"""Hints about choices of rows, columns, parts, windows and weights: each is printed with reason,
and followed literally."""

import unittest

import h5py
import numpy as np

from hints import HintTest
from support import DATA, write_file
from training import SETTINGS


class ViewHints(HintTest):
    def setUp(self):
        super().setUp()
        self.path = self.make_data()
        with h5py.File(self.path, "r") as file:
            self.x = file["/train/samples"][()]
        self.data = ["--data", f"{self.path}:/train/samples"]
        self.held_out = f"{self.path}:/test/samples"
        self.number = 0

    def training(self, *words):
        self.number += 1
        output = self.folder / f"run{self.number}"
        return ["train", *self.data, *SETTINGS, "--epochs", 1, "--output", output, *words]

    def model(self, *words):
        command = self.training(*words)
        self.success(*command)
        return ["--model", self.folder / f"run{self.number}/model.h5"]

    def test_split(self):
        for text, given, offers in (
            (
                "--validation-fraction and --folds both hold out rows: give one of them",
                ["--validation-fraction", "0.2", "--folds", 3, "--fold", 1],
                [["--validation-fraction", "0.2"], ["--folds", 3, "--fold", 1]],
            ),
            (
                "--folds {} needs --fold 1 to {}, the fold that is held out, not {}",
                ["--folds", 3],
                [["--folds", 3, "--fold", 1], ["--folds", 3, "--fold", 3]],
            ),
            (
                "--fold needs --folds, the number of folds",
                ["--fold", 2],
                [["--fold", 2, "--folds", 3]],
            ),
            (
                "{} holds out rows of --data for validation: leave out --validation",
                ["--validation-fraction", "0.2", "--validation", self.held_out],
                [["--validation-fraction", "0.2"]],
            ),
            (
                "; use a shorter window",
                ["--window", 151],
                [["--window", 2, "--layers", "40,5"]],
            ),
            (
                " twice: name each once",
                ["--select-columns", "1,0:4", "--layers", "5,2"],
                [["--select-columns", "1,0,2,3", "--layers", "4,2"]],
            ),
        ):
            with self.subTest(text):
                self.hint(text, *self.training(*given))
                for offer in offers:
                    self.success(*self.training(*offer))
        for given, offers in (
            ("1e-9", [["--validation-fraction", "0.1"]]),
            ("0.999999", [["--validation-fraction", "0.9"]]),
        ):
            self.hint(
                "fraction or another --split-seed", *self.training("--validation-fraction", given)
            )
            for offer in offers:
                self.success(*self.training(*offer))

    def test_part(self):
        plain = self.model()
        split = self.model("--validation-fraction", "0.2")
        evaluate = ["evaluate", *plain, *self.data]
        self.hint(
            "--{} splits the rows: say which ones with --part training or --part validation",
            *evaluate,
            "--validation-fraction",
            "0.2",
        )
        for part in ("training", "validation"):
            self.success(*evaluate, "--validation-fraction", "0.2", "--part", part)
        self.hint(
            "--part needs rows held out: give --validation-fraction or --folds, or a model that "
            "was trained with one of them",
            *evaluate,
            "--part",
            "validation",
        )
        self.success(*evaluate, "--part", "validation", "--folds", 3, "--fold", 1)
        self.success("evaluate", *split, *self.data, "--part", "validation")
        probe = ["probe", *plain, *self.data, "--epochs", 1]
        self.hint(
            "no samples to validate on: give --validation FILE.h5:/path, or hold out rows of "
            "--data with --validation-fraction",
            *probe,
        )
        self.success(*probe, "--validation", self.held_out)
        self.success(*probe, "--validation-fraction", "0.2")

    def test_weights(self):
        one = np.zeros(150)
        some = np.zeros(150)
        one[140] = some[::5] = 1
        path = write_file(self.folder / "w.h5", none=np.zeros(150), one=one, some=some)
        text = (
            "{}: the weights of {} samples add up to {}; give at least one sample a weight above 0"
        )
        self.hint(text, *self.training("--sample-weights", f"{path}:/none"), code=DATA)
        self.success(*self.training("--sample-weights", f"{path}:/one"))
        text = "--sample-weights cannot be combined with --{}: leave out one of them"
        both = ["--sample-weights", f"{path}:/some", "--contractive", "0.1"]
        self.hint(text, *self.training(*both))
        self.success(*self.training(*both[:2]))
        self.success(*self.training(*both[2:]))
        probe = ["probe", *self.model(), *self.data, "--validation", self.held_out]
        probe += ["--epochs", 1, "--sample-weights", f"{path}:/one"]
        text = "the labelled samples all have weight 0: use a larger --label-fraction"
        self.hint(text, *probe, "--label-fraction", "0.1", code=DATA)
        self.success(*probe, "--label-fraction", "1")


if __name__ == "__main__":
    unittest.main()
