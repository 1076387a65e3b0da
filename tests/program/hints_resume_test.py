"""Hints of resumed runs: each is printed by a run with reason for it, and followed literally."""

import os
import re
import resource
import shutil
import unittest

import h5py
import numpy as np

from hints import HintTest
from support import DATA, IO, MPIRUN, PROGRAM, checkpoints, execute, last_wins, write_file

QUICK = ["--epochs", 1, "--batch", 32, "--micro-batch", 16, "--progress", "plain"]
CORES = len(os.sched_getaffinity(0))


class ResumeHints(HintTest):
    def setUp(self):
        super().setUp()
        self.file = self.make_data()
        self.output = self.folder / "run"
        validation = ["--validation", f"{self.file}:/test/samples", "--keep-best"]
        self.words = ["train", "--data", f"{self.file}:/train/samples", "--layers", "20,8"]
        self.words += [*QUICK, *validation, "--output", self.output]
        self.success(*self.words)
        self.resume = ["train", "--resume", self.output, "--epochs", 2]

    def test_another_setting(self):
        changed = ["--learning-rate", 0.5]
        self.hint(
            "cannot resume with --{} {}: the run was started with {}; leave the setting out or "
            "start a new run in another --output",
            *self.resume,
            *changed,
        )
        self.success(*self.words, *changed, "--output", self.folder / "other")
        self.success(*self.resume)

    def test_other_data(self):
        saved = self.folder / "saved.h5"
        shutil.copy(self.file, saved)
        for name, option, text in [
            (
                "train/samples",
                "--data",
                "cannot resume with --data {}: its content is not what {} was trained on; give the"
                " original data, add --extend where samples were appended, or start a new run",
            ),
            (
                "test/samples",
                "--validation",
                "cannot resume with --validation {}: its content is not what {} was validated on, "
                "and its errors decide what becomes of the run (--keep-best, --early-stopping or "
                "--schedule plateau); give the original data or start a new run",
            ),
        ]:
            with h5py.File(self.file, "a") as file:
                file[name][0, 0] += 1
            self.hint(text, *self.resume)
            self.success(*self.words, "--output", self.folder / f"new{option}")
            self.success(*self.resume, option, f"{saved}:/{name}")
            shutil.copy(saved, self.file)

    def test_other_feature_weights(self):
        weights = self.folder / "weights.h5"
        write_file(weights, w=np.ones(20, np.float32))
        words = [*self.words, "--feature-weights", f"{weights}:/w", "--output"]
        self.success(*words, self.folder / "weighted")
        write_file(weights, w=np.full(20, 2, np.float32))
        resume = ["train", "--resume", self.folder / "weighted", "--epochs", 2]
        text = (
            "cannot resume with --feature-weights {}: its numbers are not those that {} was "
            "trained with; restore them or start a new run"
        )
        self.hint(text, *resume)
        self.success(*words, self.folder / "new")
        write_file(weights, w=np.ones(20, np.float32))
        self.success(*resume)

    def test_output_beside_resume(self):
        self.hint(
            "--output {} with --resume {}: a resumed run stays in its folder; leave "
            "--output out (to branch off, copy the folder and resume the copy)",
            *self.resume,
            "--output",
            self.folder / "branch",
        )
        shutil.copytree(self.output, self.folder / "copy")
        self.success("train", "--resume", self.folder / "copy", "--epochs", 2)
        self.success(*self.resume)

    def test_another_blas_kernel(self):
        kernels = [{"OPENBLAS_CORETYPE": name} for name in ("Nehalem", "Prescott")]
        other = self.folder / "kernel"
        self.success(*self.words, "--output", other, environment=kernels[0])
        resume = ["train", "--resume", other, "--epochs", 2]
        text = (
            "cannot resume {} here: it was trained with {} and this machine uses {}, which would "
            "change the bits; resume on the same CPU type (or set OPENBLAS_CORETYPE to the one "
            "before)"
        )
        printed = self.hint(text, *resume, environment=kernels[1])
        before = re.search(r"was trained with .*? (\w+) and this", printed.message).group(1)
        self.no_hint(text, *resume, environment={"OPENBLAS_CORETYPE": before})

    def test_places(self):
        """The folder or file that was named is not the run, or belongs to another."""
        newest = str(max(checkpoints(self.output).values()))
        printed = self.hint(
            "cannot resume {}: it is a file; name the run's folder{}", "train", "--resume", newest
        )
        (option,) = printed.options()[-1:]
        self.success("train", *option)
        words = ["train", "--resume", self.output / "checkpoints"]
        printed = self.hint(
            "cannot resume {}: it holds no run (config.cfg is missing){}", *words, code=IO
        )
        self.success("train", *printed.options()[-1])
        printed = self.hint("; did you mean '", "train", "--resume", f"{self.output}s", code=IO)
        named = re.search(r"did you mean '(.*?)'", printed.message).group(1)
        self.success("train", "--resume", named)
        printed = self.hint(
            "{} already holds a run: continue it with --resume {}, or choose another --output",
            *self.words,
        )
        self.success("train", *printed.options()[0])
        self.success(*self.words, "--output", self.folder / "another")

    def test_an_edited_configuration(self):
        config = self.output / "config.cfg"
        saved = config.read_text()
        edited = saved.replace("learning-rate = 0.001", "learning-rate = 0.5")
        self.assertNotEqual(edited, saved)
        text = (
            "{} is of another run: its {} is '{}', and config.cfg says '{}' (if that was edited, "
            "undo it or delete config.cfg: checkpoints hold all settings)"
        )
        for mend in (lambda: config.write_text(saved), config.unlink):
            config.write_text(edited)
            self.hint(text, *self.resume, code=DATA)
            mend()
            self.no_hint(text, *self.resume)

    def test_data_named_relative_to_another_folder(self):
        words = [*self.words, "--data", "data.h5:/train/samples", "--output", self.folder / "near"]
        self.success(*words, folder=self.folder)
        resume = ["train", "--resume", self.folder / "near", "--epochs", 2]
        text = (
            "{}: no such file in this folder; resume the run from the folder in which it was "
            "started, or give the absolute path of the data"
        )
        self.hint(text, *resume, code=IO)
        self.no_hint(text, *resume, "--data", f"{self.folder}/data.h5:/train/samples")
        self.no_hint(text, *resume, folder=self.folder)

    def test_ranks_that_differ(self):
        one = [PROGRAM, *last_wins([*self.words, "--output", self.folder / "two"])]
        result = execute([*MPIRUN, "-n", "1", *one, ":", "-n", "1", *one, "--keep", "9"])
        self.assertEqual(result.code, 64, str(result))
        self.printed("start all ranks with the same settings", result.stderr)
        self.assertEqual(execute([*MPIRUN, "-n", "2", *one]).code, 0)


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    unittest.main()
