"""Hints of training: each is printed by a run that gives reason for it, and followed literally."""

import os
import re
import resource
import unittest

import h5py
import numpy as np

from hints import HintTest
from support import (
    DATA,
    DIVERGED,
    IO,
    MPIRUN,
    PROGRAM,
    STOPPED,
    checkpoints,
    execute,
    last_wins,
    write_file,
)

QUICK = ["--epochs", 1, "--batch", 32, "--micro-batch", 16, "--progress", "plain"]
CORES = len(os.sched_getaffinity(0))


class TrainHints(HintTest):
    def setUp(self):
        super().setUp()
        self.runs = 0
        self.data = self.make_data() + ":/train/samples"

    def training(self, *words, data=None, layers="20,8"):
        """The words of a short training into a new folder; the last of each option counts."""
        self.runs += 1
        output = self.folder / f"run{self.runs}"
        data = ["--data", data or self.data, "--layers", layers]
        return ["train", *data, *QUICK, "--output", output, *words]

    def test_divergence(self):
        rate = ["--optimizer", "sgd", "--learning-rate", 20, "--output-activation", "linear"]
        rate += ["--loss-reduction", "sum", "--epochs", 30]
        printed = self.hint(
            "try a --learning-rate below {:g}{}", *self.training(*rate), code=DIVERGED
        )
        self.assertIn("below 20 or --clip-norm 1", printed.advice)
        self.no_hint("diverged", *self.training(*rate, "--learning-rate", 0.001))
        self.no_hint("diverged", *self.training(*rate, "--clip-norm", 1))
        # It is not proposed again when it was given.
        clipped = [*rate, "--learning-rate", "1e30", "--clip-norm", 1]
        printed = self.hint(
            "try a --learning-rate below {:g}{}", *self.training(*clipped), code=DIVERGED
        )
        self.assertIn("below 1e+30 or a --clip-norm below 1", printed.advice)
        self.no_hint("diverged", *self.training(*clipped, "--clip-norm", "1e-32"))

    def test_groups_without_samples(self):
        data = f"{write_file(self.folder / 'few.h5', x=np.zeros((3, 20), np.float32))}:/x"
        local = ["--batch", 64, "--sync-every", 2, "--sync-groups", 4]
        self.hint(
            "{} of training data cannot feed {}: use --sync-groups 1",
            *self.training(*local, data=data),
        )
        self.no_hint("cannot feed", *self.training(*local, "--sync-groups", 1, data=data))

    def test_divergence_before_any_update(self):
        data = write_file(self.folder / "huge.h5", x=np.full((64, 20), 1e30, np.float32))
        words = ["--output-activation", "linear", "--learning-rate", "1e-9", "--clip-norm", 1]
        printed = self.hint(
            "no update was made before, so the samples are too large: use --normalize standardize",
            *self.training(*words, data=data),
            code=DIVERGED,
        )
        self.assertNotIn("learning-rate", printed.advice)
        self.no_hint("diverged", *self.training(*words, "--normalize", "standardize", data=data))

    def test_divergence_while_pretraining(self):
        words = ["--pretrain", "autoencoder", "--pretrain-learning-rate", "1e9"]
        words += ["--pretrain-optimizer", "sgd", "--pretrain-epochs", 3, "--activation", "linear"]
        words += ["--output-activation", "linear", "--code-activation", "linear"]
        layers = "20,12,8"
        self.hint(
            "try a --pretrain-learning-rate below {:g}",
            *self.training(*words, layers=layers),
            code=DIVERGED,
        )
        followed = [*words, "--pretrain-learning-rate", "1e-3"]
        self.no_hint("diverged", *self.training(*followed, layers=layers))

    def test_out_of_memory(self):
        """With the address space limited to what a small run takes and half a GiB more."""

        def limited(*words, ranks=1):
            command = ["bash", "-c", f'ulimit -v {1 << 20}; exec "$@"', "-", PROGRAM]
            launcher = [] if ranks == 1 else [*MPIRUN, "-n", ranks]
            # With one thread OpenBLAS asks for its buffers again and again when there are none.
            threads = {"OPENBLAS_NUM_THREADS": "2"}
            command = [*launcher, *command, *last_wins(words)]
            return execute([str(word) for word in command], environment=threads)

        wide = np.zeros((4200, 4000), np.uint8)
        data = write_file(self.folder / "wide.h5", x=wide)
        pca = ["pca", "--data", data, "--components", 2, "--output"]
        result = limited(*pca, self.folder / "eight.h5", "--threads", 8)
        self.assert_refused(result, IO, "out of memory", "; use fewer --threads")
        self.assertNotIn("--micro-batch", result.stderr)
        self.assertEqual(limited(*pca, self.folder / "one.h5", "--threads", 1).code, 0)
        words = ["--batch", 1 << 22, "--micro-batch", 1 << 22, "--memory", 0, "--threads", 1]
        result = limited(*self.training(*words))
        self.assert_refused(result, IO, "out of memory", "; use a smaller --micro-batch")
        for word in ("ranks", "--memory", "--threads"):
            self.assertNotIn(word, result.error_lines[0])
        followed = limited(*self.training(*words, "--micro-batch", 1 << 16))
        self.assertEqual(followed.code, 0, str(followed))

    @unittest.skipIf(CORES < 2, "needs two cores")
    def test_placement(self):
        bound = ["mpirun", "--oversubscribe", "--bind-to", "core", "-n", 1, PROGRAM]

        def advice(launcher, *words):
            command = [*launcher, *last_wins(self.training("--progress", "line", *words))]
            result = execute([str(word) for word in command])
            self.assertEqual(result.code, 0, str(result))
            output = (result.stdout + result.stderr).splitlines()
            return [line for line in output if line.startswith("advice: ")]

        (line,) = advice(bound, "--threads", 2)
        text = "advice: rank {} on {} may use {} but has {} threads: use --threads {}{}"
        self.printed(text, line)
        self.printed(
            ", or bind more cores: mpirun --map-by slot:PE={}, or mpirun --bind-to none", line
        )
        offers = re.findall(r"--threads (\d+)|mpirun (--[-a-z]+ \S+?)(?:,|$)", line)
        self.assertEqual(
            offers, [("1", ""), ("", "--map-by slot:PE=2"), ("", "--bind-to none")], line
        )
        self.assertEqual(advice(bound, "--threads", 1), [])
        for _, binding in offers[1:]:
            launcher = ["mpirun", "--oversubscribe", *binding.split(), "-n", 1, PROGRAM]
            self.assertEqual(advice(launcher, "--threads", 2), [], binding)
        # More threads than the machine has cores: no binding helps, and none is proposed.
        (line,) = advice(bound, "--threads", 4 * CORES)
        self.assertRegex(line, r"use --threads \d+$")
        # More ranks than cores.
        shared = ["mpirun", "--oversubscribe", "--bind-to", "none", "-n"]
        batch = ["--batch", 64 * CORES]
        (line,) = advice([*shared, CORES + 1, PROGRAM], *batch)
        text = (
            "advice: {} on {} have {} workers for {}: use {}, or let ranks that share cores yield: "
            "mpirun --bind-to none --mca mpi_yield_when_idle 1"
        )
        self.printed(text, line)
        fewer, binding = re.search(
            r"use at most (\d+) ranks? per node, or .*: mpirun (--.*)$", line
        ).groups()
        self.assertEqual(advice([*shared, fewer, PROGRAM], *batch), [])
        launcher = ["mpirun", "--oversubscribe", *binding.split(), "-n", CORES + 1, PROGRAM]
        self.assertEqual(advice(launcher, *batch), [])

    def test_ranks_and_shards(self):
        """What is proposed on a new run, with a batch for pretraining, and on a resume."""
        printed = self.hint(": use at most ", *self.training("--batch", 16), ranks=2)
        self.assertIn("1 rank, a larger --batch or a smaller --micro-batch", printed.advice)
        self.no_hint("use at most", *self.training("--batch", 32), ranks=2)
        self.no_hint("use at most", *self.training("--batch", 16, "--micro-batch", 8), ranks=2)
        words = ["--pretrain", "autoencoder", "--pretrain-batch", 16, "--pretrain-epochs", 1]
        printed = self.hint(
            "{} has {} micro-batches, too few for {} ranks: use at most {}{}",
            *self.training(*words),
            ranks=2,
        )
        self.assertIn("a larger --pretrain-batch or a smaller --micro-batch", printed.message)
        self.no_hint("use at most", *self.training(*words, "--pretrain-batch", 32), ranks=2)
        self.no_hint("use at most", *self.training(*words, "--micro-batch", 8), ranks=2)
        words = self.training("--batch", 16)
        self.success(*words)
        output = words[words.index("--output") + 1]
        resume = ["train", "--resume", output, "--epochs", 2]
        printed = self.hint(": use at most ", *resume, ranks=2)
        self.assertRegex(printed.advice, r"^: use at most 1 rank\S*$")
        self.no_hint("use at most", *resume, ranks=1)

    def test_images(self):
        flat = write_file(self.folder / "flat.h5", x=np.zeros((32, 784), np.uint8))
        images = write_file(self.folder / "images.h5", x=np.zeros((32, 28, 28), np.uint8))
        for text, words, others in [
            (
                "--loss ssim compares images: give --image-shape, e.g. 28x28, or data of shape N x"
                " H x W; or use --loss mse",
                ["--loss", "ssim"],
                ["--loss", "mse"],
            ),
            (
                "--corruption {} works on images: give --image-shape, e.g. 28x28, or data of shape"
                " N x H x W",
                ["--corruption", "block"],
                None,
            ),
        ]:
            words = self.training(*words, data=flat, layers="784,30")
            printed = self.hint(text, *words)
            self.assertIn("--image-shape, e.g. 28x28", printed.message)
            self.success(*words, "--image-shape", "28x28")
            output = self.folder / f"{words[-1]}-images"
            self.success(*words, "--data", images, "--output", output)
            if others:
                self.success(*words, *others, "--output", self.folder / "others")
        words = self.training(data=images, layers="14x56,conv:4x3s2,30")
        printed = self.hint(
            "--layers begins with {}, but the samples of --data {} are {}: begin with that, or say"
            " --image-shape {}",
            *words,
        )
        self.success(*words, "--layers", "28x28,conv:4x3s2,30")
        (option,) = printed.options()[-1:]
        self.assertEqual(option, ("--image-shape", "14x56"))
        self.success(*self.training(*option, data=images, layers="14x56,conv:4x3s2,30"))

    def test_values_of_the_samples(self):
        # Only standardizing makes them negative.
        values = np.linspace(0, 3, 64 * 20).astype(np.float32).reshape(64, 20)
        data = write_file(self.folder / "values.h5", x=values)
        words = ["--loss", "poisson", "--output-activation", "softplus"]
        words += ["--normalize", "standardize"]
        self.hint(
            "use another --normalize or --loss mse",
            *self.training(*words, data=data),
            code=DATA,
        )
        for normalize in ("none", "unit"):
            self.success(*self.training(*words, "--normalize", normalize, data=data))
        self.success(*self.training(*words, "--loss", "mse", data=data))
        negative = write_file(self.folder / "negative.h5", x=values - 9)
        words = words[:-2]
        self.hint(
            "scale the samples to that range, or use --loss mse",
            *self.training(*words, data=negative),
            code=DATA,
        )
        self.success(*self.training(*words, data=data))
        self.success(*self.training(*words, "--loss", "mse", data=negative))
        whole = write_file(self.folder / "whole.h5", x=(values * 10 + 40).astype(np.uint8))
        words = ["--loss", "bce", "--output-activation", "sigmoid", "--normalize", "none"]
        printed = self.hint(
            "use --normalize unit or --loss mse", *self.training(*words, data=whole), code=DATA
        )
        for option in (printed.options()[0], ("--loss", "mse")):
            self.success(*self.training(*words, *option, data=whole))
        with h5py.File(data, "a") as file:
            file["x"][3, 4] = np.nan
        advice = "; clean the data: drop such rows or replace such values"
        self.hint(f"){advice}", *self.training(data=data), code=DATA)
        with h5py.File(data, "a") as file:
            rows = file["x"][()]
            file["dropped"] = rows[np.isfinite(rows).all(axis=1)]
            file["replaced"] = np.nan_to_num(rows)
        for name in ("dropped", "replaced"):
            self.success(*self.training(data=f"{data}:/{name}"))

    def test_range_of_the_output(self):
        def advised(text, values, *words):
            data = write_file(self.folder / f"range{self.runs}.h5", x=values)
            words = [*words, "--progress", "line"]
            printed = self.hint(text, *self.training(*words, data=data), code=0)
            options = [word for pair in printed.options() for word in pair]
            self.no_hint(text, *self.training(*words, *options, data=data))
            return printed, data, words

        random = np.random.default_rng(3)
        advised(
            "advice: samples are 0 and 1, and were divided by {:g}, the largest of their type: use"
            " --normalize none",
            random.integers(0, 2, (64, 20)).astype(np.uint8),
        )
        text = (
            "advice: integers were divided by {:g}, the largest of their type, and reach only from"
            " {:.3g} to {:.3g}: use --normalize standardize --output-activation linear, or store"
            " them as a smaller type"
        )
        values = random.integers(0, 255, (64, 20)).astype(np.uint16)
        advised(text, values)
        smaller = write_file(self.folder / "smaller.h5", x=values.astype(np.uint8))
        self.no_hint(text, *self.training("--progress", "line", data=smaller))
        advised(
            "advice: samples reach from {:.3g} to {:.3g}, but --output-activation {} only gives"
            " values from {} to {}: use --normalize standardize --output-activation linear",
            random.normal(0, 3, (64, 20)).astype(np.float32),
            "--output-activation",
            "sigmoid",
        )

    def test_feature_weights(self):
        weights = write_file(
            self.folder / "weights.h5", short=np.ones(7, np.float32), whole=np.ones(20, np.float32)
        )
        words = self.training("--feature-weights", f"{weights}:/short")
        self.hint("--feature-weights needs one per feature, {}", *words, code=DATA)
        self.success(*self.training("--feature-weights", f"{weights}:/whole"))
        both = ["--feature-weights", "inverse-variance", "--normalize", "standardize"]
        self.hint(
            "--feature-weights inverse-variance has no effect with --normalize standardize: "
            "leave out one of them",
            *self.training(*both),
        )
        self.success(*self.training(*both[:2]))
        self.success(*self.training(*both[2:]))

    def test_ineffective_settings(self):
        text = "advice: --{} has no effect without --{}"
        words = ["--beta", 2, "--progress", "line", "--code-activation", "linear"]
        self.hint(text, *self.training(*words), code=0)
        self.no_hint(text, *self.training(*words, "--variational"))

    def test_warmups_that_do_not_end(self):
        text = (
            "advice: --{}-warmup {}{} does not end within the {} steps of the training, so that "
            "--{} stays below its value; use --{}-warmup {}{}"
        )
        for name, words in {
            "--beta-warmup": ["--variational", "--beta-warmup", "400epochs", "--epochs", 2],
            "--l1-warmup": ["--l1", "0.1", "--l1-warmup", "2000steps"],
        }.items():
            printed = self.hint(text, *self.training(*words), code=0)
            better = [value for option, value in printed.options() if option == name][-1]
            self.no_hint(text, *self.training(*words, name, better))

    def test_collapsed_codes(self):
        words = ["--variational", "--layers", "20,16,8", "--epochs", 6, "--learning-rate", 0.02]
        words += ["--normalize", "standardize", "--output-activation", "linear"]
        text = (
            "use --loss-reduction sum: a mean over features is outweighed by the KL divergence, a "
            "sum over units"
        )
        collapsed = [*words, "--loss-reduction", "mean", "--beta", 10]
        self.hint(text, *self.training(*collapsed), code=0)
        text = "the code has collapsed to the prior: {} of {} units are used"
        self.no_hint(text, *self.training(*words, "--loss-reduction", "sum"))
        strong = [*words, "--beta", 50]
        printed = self.hint("use {}{}a --beta below {:g}", *self.training(*strong), code=0)
        self.assertIn("a --beta below 50", printed.advice)
        options = dict(printed.options())
        self.assertIn("--beta-warmup", options)
        self.no_hint(text, *self.training(*strong, "--free-bits", options["--free-bits"]))
        self.no_hint(text, *self.training(*words, "--beta", 0.1))

    def test_precision(self):
        """Which of these is printed depends on the CPU and the build."""
        words = ["--precision", "bf16"]
        result = execute([PROGRAM, *map(str, self.training(*words))])
        if result.code == 0:
            self.skipTest("this CPU computes in bf16")
        hints = {
            "this CPU has no bfloat16 instructions (AVX512-BF16 or AMX; {} here), so fp32 is "
            "faster; leave it out, or add --force-precision": ["--force-precision"],
            "it is slower than fp32 here ({:.0f} us against {:.0f} us for a layer of {} x {}); "
            "leave it out, use wider layers or a larger --micro-batch, or add --force-precision": [
                "--force-precision"
            ],
        }
        for text, option in hints.items():
            if text.split("(")[0] in result.stderr:
                printed = self.hint(text, *self.training(*words))
                self.success(*self.training())
                self.assertIn(option[0], printed.message)
                self.success(*self.training(*words, *option))
                return
        self.skipTest(f"needs oneDNN: {result.error_lines}")

    def test_stop_and_next_commands(self):
        words = self.training("--epochs", 10**6, "--time-limit", "3s", "--checkpoint-every", 0)
        printed = self.hint(
            "stopped {} at step {}; checkpoint {}; continue with: hourglass train --resume {}",
            *words,
            code=STOPPED,
        )
        output = words[words.index("--output") + 1]
        before = max(checkpoints(output))
        self.hint("continue with: hourglass train --resume {}", *printed.command(), code=STOPPED)
        self.assertGreater(max(checkpoints(output)), before)
        result = self.success(*self.training())
        text = (
            "next: hourglass inspect {}   or: hourglass evaluate --model {} --data "
            "FILE.h5:/path/to/samples"
        )
        self.printed(text, result.stdout)
        commands = re.findall(r"hourglass ((?:\S+ ?)+?)(?:   or:|\n)", result.stdout)
        self.assertEqual(len(commands), 2, str(result))
        for command in commands:
            words = command.replace("FILE.h5:/path/to/samples", self.data).split()
            self.success(*words)


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    unittest.main()
