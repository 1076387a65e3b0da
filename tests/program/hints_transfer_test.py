"""Hints of training from trained models: each is printed by a run that gives reason for it, and
followed literally."""
import unittest

import h5py
import numpy as np

from hints import HintTest
from support import write_file

QUICK = ["--epochs", 1, "--batch", 32, "--micro-batch", 16, "--progress", "none"]


class TransferHints(HintTest):
    def setUp(self):
        super().setUp()
        self.file = self.make_data()
        self.data = ["--data", f"{self.file}:/train/samples"]
        self.runs = 0
        self.model = self.trained()

    def words(self, *given):
        """The words of a short training into a new folder; the last of each option counts."""
        self.runs += 1
        output = ["--output", self.folder / f"run{self.runs}"]
        return ["train", *self.data, "--layers", "20,9,4", *QUICK, *output, *given]

    def trained(self, *given):
        words = self.words(*given)
        self.success(*words)
        return self.folder / f"run{self.runs}/model.h5"

    def test_layers_of_another_function(self):
        init = ["--init-from", self.model]
        text = (
            "--init-from {}: its layer {} was trained with --{} {}, not {}: give --{} {}, or leave "
            "the layer out of --init-layers"
        )
        for other, without in (
            (["--activation", "tanh"], "2,4"),
            (["--layer-norm", "true"], "2,4"),
            (["--code-activation", "sigmoid"], "1,decoder"),
            (["--output-activation", "linear"], "encoder,3"),
            (["--loss", "poisson", "--output-activation", "linear"], "encoder,3"),
        ):
            with self.subTest(other=other):
                printed = self.hint(text, *self.words(*init, *other))
                (name, value) = printed.options()[-1]
                more = [] if name != "--loss" else ["--output-activation", "sigmoid"]
                self.success(*self.words(*init, *other, name, value, *more))
                self.success(*self.words(*init, *other, "--init-layers", without))

    def test_layers_of_another_kind(self):
        convolutions = ["--init-from", self.model, "--layers", "4x5,conv:2x3s2,4"]
        self.hint(
            "dense layers and convolutions cannot take each other's weights; leave the layer out "
            "of --init-layers",
            *self.words(*convolutions),
        )
        self.success(*self.words(*convolutions, "--init-layers", "2"))

    def test_frozen_layers_that_start_anew(self):
        given = ["--init-from", self.model, "--layers", "20,9,6", "--freeze"]
        self.hint("leave the layer out of --freeze", *self.words(*given, "1,2"))
        self.success(*self.words(*given, "1"))

    def test_teachers_that_do_not_fit(self):
        teacher = ["--teacher", self.model]
        printed = self.hint(
            "give --layers with a code of {}, or use --distill outputs",
            *self.words(*teacher, "--layers", "20,9,5"),
        )
        self.assertIn("a code of 4", printed.advice)
        self.success(*self.words(*teacher, "--layers", "20,9,4"))
        self.success(*self.words(*teacher, "--layers", "20,9,5", "--distill", "outputs"))
        other = ["--normalize", "standardize", "--output-activation", "linear"]
        self.hint(
            "use its --data, --normalize and --missing, or a teacher of these samples",
            *self.words(*teacher, *other),
        )
        self.success(*self.words(*teacher))
        self.success(*self.words("--teacher", self.trained(*other), *other))

    def test_another_teacher_of_a_resumed_run(self):
        given = ["--teacher", self.model]
        folder = self.trained(*given).parent
        with h5py.File(self.model, "r") as file:
            kept = file.id.get_file_image()
        self.model.write_bytes(self.trained("--seed", 2).read_bytes())
        resume = ["train", "--resume", folder, "--epochs", 2]
        self.hint(
            "cannot resume with --teacher {}: its weights are not those that {} was trained with; "
            "restore them or start a new run",
            *resume,
        )
        self.success(*self.words(*given))
        self.model.write_bytes(kept)
        self.success(*resume)

    def test_appended_samples(self):
        folder = self.trained("--epochs", 2).parent
        with h5py.File(self.file, "r") as file:
            samples = file["train/samples"][()]
        grown = write_file(self.folder / "g.h5", x=np.concatenate([samples, samples[:9]]))
        words = ["--resume", folder, "--data", f"{grown}:/x", "--epochs", 3]
        self.hint("add --extend where samples were appended", "train", *words)
        self.hint(
            "--extend goes on with a run on more samples: give its folder with --resume",
            *self.words("--extend"),
        )
        self.success("train", *words, "--extend")

    def test_averages(self):
        two = [self.model, self.trained("--seed", 2)]
        output = ["--output", self.folder / "average.h5"]
        self.hint(
            "name two or more models: hourglass average a.h5 b.h5 --output average.h5",
            *("average", two[0], *output),
        )
        weights = ["--weights", "1,2,3"]
        self.hint(
            "--weights {} has {} numbers, but there are {} models: give one for each",
            *("average", *two, *weights, *output),
        )
        self.success("average", *two, "--weights", "1,2", *output)


if __name__ == "__main__":
    unittest.main()
