"""Hints of sweeps and scaling studies: each is printed with reason, and followed literally."""

import os
import re
import resource
import signal
import subprocess
import unittest

import numpy as np

from hints import HintTest
from support import (
    DATA,
    ENVIRONMENT,
    IO,
    MPIRUN,
    PROGRAM,
    STOPPED,
    checkpoints,
    run,
    wait_until,
    write_file,
)

QUICK = ["--epochs", 1, "--batch", 32, "--micro-batch", 16, "--progress", "none"]


class SweepHints(HintTest):
    def setUp(self):
        super().setUp()
        self.data = f"{self.make_data()}:/train/samples"
        self.output = self.folder / "sweep"
        self.rate = ["--set", "learning-rate=0.01"]
        self.train_words = ["--", "--data", self.data, "--layers", "20,8", *QUICK]

    def sweep(self, *words, train=(), output=None):
        output = ["--output", output or self.output]
        return ["sweep", *words, *output, *self.train_words, *train]

    def test_what_to_vary(self):
        text = "nothing to vary: give --set NAME=a,b,c, or --random N --range NAME=log:LOW:HIGH"
        self.hint(text, *self.sweep())
        self.success(*self.sweep("--set", "learning-rate=0.1,0.01"))
        random = ["--random", 2, "--range", "learning-rate=log:0.001:0.1"]
        self.success(*self.sweep(*random, output=self.folder / "random"))
        self.hint("--set {}: no value; give them as {}=a,b,c", *self.sweep("--set", "seed="))
        self.success(*self.sweep("--set", "seed=1,2", output=self.folder / "seeds"))
        text = "--range {} needs --random N: a range has no finite set of values for a grid"
        self.hint(text, *self.sweep(*random[2:]))
        many = [word for _ in range(3) for word in ("--set", None)]
        numbers = ",".join(map(str, range(1, 400)))
        for place, name in enumerate(("seed", "log-every", "keep")):
            many[2 * place + 1] = f"{name}={numbers}"
        few = self.folder / "few"
        text = "the sweep has more than {} trials: use --random N"
        printed = self.hint(text, *self.sweep(*many, output=few))
        (option,) = re.findall(r"use (--\S+) N", printed.advice)
        many = [word.replace(numbers, "1,2") for word in many]
        self.success(*self.sweep(*many, option, 2, output=few))

    def test_what_contradicts(self):
        both = ["--ranks", 1, "--launcher", "env"]
        self.hint(
            "--ranks and --launcher contradict each other: name the number of ranks in --launcher",
            *self.sweep(*self.rate, *both),
        )
        launcher = " ".join([*MPIRUN, "-n", "1"])
        self.success(*self.sweep(*self.rate, "--launcher", launcher))
        text = "--task and --tasks must be given together, e.g. --task 0 --tasks 4"
        printed = self.hint(text, *self.sweep(*self.rate, "--task", 0))
        options = [word for pair in printed.options() for word in pair]
        self.success(*self.sweep(*self.rate, *options, output=self.folder / "tasks"))
        self.hint(
            "{} is varied and also set by --{} after --: leave one of them out",
            *self.sweep(*self.rate, train=["--learning-rate", 0.1]),
        )
        other = self.folder / "seeds"
        self.success(*self.sweep("--set", "seed=1", train=["--learning-rate", 0.1], output=other))

    def test_folders(self):
        words = self.sweep(*self.rate)
        self.success(*words)
        text = (
            "{} holds another sweep (see {}): repeat its options to continue it, or choose "
            "another --output"
        )
        self.hint(text, *self.sweep("--set", "seed=1"))
        self.success(*words)
        self.success(*self.sweep("--set", "seed=1", output=self.folder / "seed"))
        text = "{} holds a single run, not a sweep: choose another --output"
        self.hint(text, *self.sweep(*self.rate, output=self.output / "trial-0001"))
        description = self.output / "sweep.json"
        description.write_text("{")
        text = "{} is damaged: delete it and repeat the command with all options; trials are kept"
        self.hint(text, *words, code=DATA)
        description.unlink()
        self.assertNotIn("trial 0001 of", self.success(*words).stdout)

    def test_trials_that_fail_or_stop(self):
        words = self.sweep(*self.rate)
        failing = self.sweep(*self.rate, "--launcher", "false")
        text = "trial {:04} failed with exit code {} (see {}); the same command retries it"
        printed = self.hint(text, *failing, code=69)
        log = re.search(r"see (\S+)\)", printed.message).group(1)
        self.assertTrue(os.path.exists(log))
        self.hint(text, *failing, code=69)
        self.success(*words)
        words = self.sweep(*self.rate, train=["--epochs", 10**6], output=self.folder / "long")
        words = words[: words.index("--epochs")] + words[words.index("--epochs") + 2 :]
        process = subprocess.Popen(
            [PROGRAM, *map(str, words)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=ENVIRONMENT,
        )
        self.addCleanup(process.kill)
        wait_until(lambda: checkpoints(self.folder / "long/trial-0001"))
        process.send_signal(signal.SIGUSR1)
        _, errors = process.communicate(timeout=60)
        self.assertEqual(process.returncode, STOPPED, errors)
        self.assertIn("; the same command continues it", errors)


class HalvingHints(HintTest):
    def setUp(self):
        super().setUp()
        self.file = self.make_data()
        self.data = ["--data", f"{self.file}:/train/samples", "--layers", "20,8"]
        self.validation = ["--validation", f"{self.file}:/test/samples"]
        self.fraction = ["--validation-fraction", 0.2]
        self.rates = ["--set", "learning-rate=0.1,0.01"]
        self.output = self.folder / "sweep"

    def sweep(self, *words, train=(), search=None, output="sweep"):
        search = self.rates if search is None else search
        output = ["--output", self.folder / output]
        return ["sweep", *words, *search, *output, "--", *self.data, *QUICK, *train]

    def test_halving(self):
        halving, two = ["--halving", 2], ["--epochs", 2]
        text = "--halving and --asha contradict each other: leave one of them out"
        self.hint(text, *self.sweep(*halving, "--asha"))
        text = "--min-epochs needs --halving or --asha"
        self.hint(text, *self.sweep("--min-epochs", 1))
        text = (
            "successive halving compares validation errors: give --validation or "
            "--validation-fraction after --"
        )
        self.hint(text, *self.sweep(*halving, train=two))
        for number, held_out in enumerate((self.validation, self.fraction)):
            words = self.sweep(*halving, train=[*two, *held_out], output=f"halving-{number}")
            self.success(*words)
        text = (
            "--{} {} has no rung below --epochs {}: use more epochs or trials, or a smaller "
            "--min-epochs"
        )
        self.hint(text, *self.sweep(*halving, train=self.fraction))
        self.hint(text, *self.sweep("--halving", 3, train=[*self.fraction, "--epochs", 3]))
        few = ["--halving", 2, "--min-epochs"]
        self.hint(text, *self.sweep(*few, 2, train=[*self.fraction, *two]))
        self.success(*self.sweep(*few, 1, train=[*self.fraction, *two], output="few"))
        settings = self.folder / "settings.cfg"
        settings.write_text("seed = 2\n")
        files = ["--set", f"config={settings},{settings}"]
        text = "--{} needs one number of epochs for all files of settings: give --epochs after --"
        words = self.sweep(*halving, search=files, train=self.fraction)
        at = words.index("--epochs")
        self.hint(text, *words[:at], *words[at + 2 :])
        self.success(*self.sweep(*halving, search=files, train=[*self.fraction, *two]))

    def test_winner(self):
        retrain = "--retrain-winner"
        text = (
            "--retrain-winner trains on the validation samples too: give --validation or "
            "--validation-fraction after --"
        )
        self.hint(text, *self.sweep(retrain))
        self.success(*self.sweep(retrain, train=self.validation))
        text = (
            "--retrain-winner leaves no validation samples for --schedule plateau: use another "
            "schedule, or leave --retrain-winner out"
        )
        plateau = ["--schedule", "plateau", *self.fraction]
        self.hint(text, *self.sweep(retrain, train=plateau, output="plateau"))
        self.success(*self.sweep(train=plateau, output="plateau"))
        text = (
            "--retrain-winner cannot append --validation to --data with --{}: use "
            "--validation-fraction, which holds out rows of --data"
        )
        rows = ["--select-rows", "0:100"]
        self.hint(text, *self.sweep(retrain, train=[*rows, *self.validation], output="rows"))
        words = self.sweep(train=[*rows, *self.fraction], output="rows")
        self.success(*words)
        # Where only the winner's training fails.
        text = (
            "the winner's training failed with exit code {} (see {}); the same command retries it"
        )
        words[1:1] = [retrain]
        self.hint(text, *words[:1], "--launcher", "false", *words[1:], code=69)
        self.success(*words)
        text = (
            "--retrain-winner joins --data and --validation: name the data set in {}, as in "
            "FILE.h5:/samples"
        )
        alone = write_file(self.folder / "alone.h5", samples=np.ones((40, 20), np.uint8))
        unnamed = ["--validation", alone]
        self.hint(text, *self.sweep(retrain, train=unnamed, output="named"))
        named = ["--validation", f"{alone}:/samples"]
        self.success(*self.sweep(retrain, train=named, output="named"))

    def test_pause(self):
        words = ["train", *self.data, *QUICK, "--epochs", 2, "--output", self.folder / "run"]
        printed = self.success(*words, "--pause-after", 1).stdout
        command = self.printed("next: hourglass train --resume {}", printed).command()
        self.success(*command)
        self.assertTrue((self.folder / "run/model.h5").exists())


class ScaleHints(HintTest):
    def setUp(self):
        super().setUp()
        self.output = self.folder / "results.jsonl"

    def scale(self, *words, train=("--layers", "20,8"), ranks=1):
        quick = ["--repetitions", 1, "--steps", 2, "--warm-up", 0, "--network", "false"]
        ranks = ["--ranks", ranks] if ranks else []
        return ["scale", *words, *ranks, *quick, "--output", self.output, "--", *train]

    def test_options(self):
        text = "choose --strong (constant global batch) or --weak (constant batch per rank)"
        self.hint(text, *self.scale())
        self.success(*self.scale("--weak"))
        os.unlink(self.output)
        self.success(*self.scale("--strong"))
        text = "--{} {}: '{}' is not a positive number; give a list like 1,2,4"
        printed = self.hint(text, *self.scale("--weak", ranks="two"))
        self.hint("--{} is empty; give a list like 1,2,4", *self.scale("--weak", ranks=" "))
        counts = re.search(r"like (\S+)", printed.advice).group(1)
        os.unlink(self.output)
        self.success(*self.scale("--weak", ranks=counts))
        for given, text in [
            ("ring", "--reduction {}: choose tree, allreduce or tree,allreduce"),
            (" ", "--reduction is empty: choose tree, allreduce or tree,allreduce"),
        ]:
            self.hint(text, *self.scale("--weak", "--reduction", given))
        for reduction in ("tree", "allreduce", "tree,allreduce"):
            self.success(*self.scale("--weak", "--reduction", reduction))
        text = "--launcher {}: choose auto, mpirun or srun"
        self.hint(text, *self.scale("--weak", "--launcher", "ssh"))
        self.success(*self.scale("--weak", "--launcher", "mpirun", ranks=counts))

    def test_training(self):
        text = "give --{0} before --, to hourglass scale itself, where it may be a list"
        text = text.replace("{0}", "{}")
        self.hint(text, *self.scale("--weak", train=["--layers", "20,8", "--micro-batch", 8]))
        self.success(*self.scale("--weak", "--micro-batch", "8,16"))
        os.unlink(self.output)
        text = (
            "name a model after --, e.g. hourglass scale --weak --ranks 1,2 --output "
            "results.jsonl -- --layers 784,1000,500,250,30"
        )
        printed = self.hint(text, *self.scale("--weak", train=[]))
        words = printed.command()
        split = words.index("--")
        quick = ["--repetitions", 1, "--steps", 1, "--warm-up", 0]
        self.success(*words[:split], *quick, *words[split:], folder=self.folder)
        os.unlink(self.output)
        text = "measure the layers separately, e.g. --layers 784,1000"
        train = ["--layers", "784,1000,30", "--pretrain", "rbm"]
        printed = self.hint(text, *self.scale("--weak", train=train))
        self.success(*self.scale("--weak", train=printed.options()[0]))
        os.unlink(self.output)
        text = "passes over the data; use another optimizer"
        train = ["--layers", "20,8", "--optimizer"]
        self.hint(text, *self.scale("--weak", train=[*train, "lbfgs"]))
        self.success(*self.scale("--weak", train=[*train, "adam"]))
        os.unlink(self.output)
        strong = ["--strong", "--micro-batch"]
        train = ["--layers", "20,8", "--batch"]
        text = "; use a larger --batch or a smaller --micro-batch"
        self.hint(text, *self.scale(*strong, 32, train=[*train, 32], ranks=2))
        self.success(*self.scale(*strong, 32, train=[*train, 64], ranks=2))
        os.unlink(self.output)
        self.success(*self.scale(*strong, 16, train=[*train, 32], ranks=2))

    def test_results(self):
        result = self.success(*self.scale("--weak"))
        text = "next: hourglass report scaling {} --output scaling.html"
        words = self.printed(text, result.stdout).command()
        words[-1] = str(self.folder / words[-1])
        self.success(*words)
        text = "{} holds a study that differs in {}: choose another --output"
        words = self.scale("--strong")
        self.hint(text, *words)
        self.output = self.folder / "other.jsonl"
        self.success(*self.scale("--strong"))
        text = "name results files: hourglass report scaling results.jsonl --output scaling.html"
        printed = self.hint(text, "report", "scaling", "--output", self.folder / "x.html")
        words = printed.command()
        words[words.index("--output") + 1] = str(self.folder / "y.html")
        self.success(*words, folder=self.folder)
        text = "cannot read {}: it is a folder; give the results.jsonl in it"
        report = ["report", "scaling", "--output", self.folder / "z.html"]
        self.hint(text, *report, self.folder, code=IO)
        self.success(*report, self.folder / "results.jsonl")
        self.output = "/dev/null"
        text = "{}: is not a regular file; choose another --output"
        self.hint(text, *self.scale("--weak"))

    def test_a_study_that_is_cut(self):
        self.success(*self.scale("--weak", ranks="1,2"))
        whole = self.output.read_text()
        self.output.write_text(whole[: whole.rindex("{") + 20])
        text = " (cut short: continue the study, or remove the line)"
        report = ["report", "scaling", self.output, "--output", self.folder / "x.html"]
        self.hint(text, *report, code=DATA)
        cut = self.output.read_text()
        self.output.write_text(cut[: cut.rindex("\n") + 1])
        self.success(*report)
        self.output.write_text(cut)
        self.success(*self.scale("--weak", ranks="1,2"))
        self.success(*report)
        # A job that fails ends the study, which the same command continues.
        data = self.folder / "late.h5"
        words = self.scale("--weak", train=["--layers", "20,8", "--data", f"{data}:/x"])
        self.output.unlink()
        result = run(*words)
        self.assertEqual(result.code, IO, str(result))
        write_file(data, x=np.zeros((512, 20), np.float32))
        self.success(*words)


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    unittest.main()
