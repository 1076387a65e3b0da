"""--optimizer lbfgs: one function of the whole data set, the same bits on any number of ranks and
across a resume, and what it reaches."""
import signal
import time
import unittest

import h5py
import numpy as np

from reference import Autoencoder, read_layers
from support import (
    STOPPED,
    USAGE,
    ProgramTest,
    checkpoints,
    kill_tree,
    read_metrics,
    run,
    start,
    wait_until,
)

# 16 shards of 8 or 9 samples, 4 steps a pass.
BASE = [
    "--layers",
    "20,12,3",
    "--activation",
    "tanh",
    "--batch",
    "48",
    "--micro-batch",
    "3",
    "--epochs",
    "10",
    "--shuffle-block",
    "2",
    "--shuffle-window",
    "2",
    "--optimizer",
    "lbfgs",
]
VARIANTS = {
    "wolfe": ["--lbfgs-history", "3"],
    "armijo": ["--line-search", "armijo", "--weight-decay", "1e-3", "--decay-biases", "false"],
    "noisy": ["--corruption", "masking", "--kl-weight", "0.01", "--code-activation", "sigmoid"],
    "pretrained": [
        "--pretrain",
        "rbm",
        "--activation",
        "sigmoid",
        "--pretrain-epochs",
        "1",
        "--epochs",
        "4",
    ],
}


class LbfgsTest(ProgramTest):
    def setUp(self):
        super().setUp()
        data = self.make_data()
        self.source = ["--data", f"{data}:/train/samples", "--validation", f"{data}:/test/samples"]

    def test_same_bits_everywhere(self):
        seen = set()
        for name, settings in VARIANTS.items():
            with self.subTest(variant=name):
                arguments = [*self.source, *BASE, *settings]
                digests = {
                    "one": self.train(name, *arguments),
                    "streamed": self.train(
                        f"{name}-3", *arguments, "--threads", 2, "--memory", 0, ranks=3
                    ),
                    "small buckets": self.train(
                        f"{name}-b", *arguments, "--bucket-bytes", 1024, ranks=2
                    ),
                }
                digests.update(self.stopped_and_resumed(name, *arguments))
                self.assertEqual(len(set(digests.values())), 1, digests)
                seen.update(digests.values())
                whole, cut = (
                    read_metrics(self.folder / folder, "epoch")[-1]
                    for folder in (name, f"{name}-cut")
                )
                self.assertEqual(
                    [whole[key] for key in ("loss", "sse", "learning_rate", "gradient_norm")],
                    [cut[key] for key in ("loss", "sse", "learning_rate", "gradient_norm")],
                )
        self.assertEqual(len(seen), len(VARIANTS))

    def test_loss_and_gradient_are_those_of_the_whole_data_set(self):
        self.train(
            "run",
            *self.source,
            *BASE,
            "--checkpoint-every",
            "1steps",
            "--keep",
            100,
            "--log-every",
            1,
            "--normalize",
            "auto",
            ranks=2,
        )
        with h5py.File(self.source[1].split(":")[0], "r") as file:
            x = file["/train/samples"][()] / 255
        records = read_metrics(self.folder / "run", "step")
        losses = [record["loss"] for record in records]
        self.assertEqual(losses, sorted(losses, reverse=True), "a line search never goes up")
        for step in (1, 5, 10):
            network = Autoencoder(
                *read_layers(checkpoints(self.folder / "run")[step]),
                activation="tanh",
                code_activation="linear",
                output_activation="sigmoid",
            )
            self.assertAlmostEqual(
                records[step - 1]["loss"], network.mean_loss(x), delta=1e-5 * network.mean_loss(x)
            )
            norm = np.sqrt(sum(np.sum(part**2) for pair in network.gradient(x) for part in pair))
            self.assertAlmostEqual(records[step - 1]["gradient_norm"], norm, delta=2e-3 * norm)

    def test_a_linear_autoencoder_reaches_the_principal_components(self):
        data = self.source[1].split(":")[0]
        linear = [
            "--activation",
            "linear",
            "--code-activation",
            "linear",
            "--output-activation",
            "linear",
            "--loss-reduction",
            "sum",
        ]
        self.train("run", *self.source, *BASE, "--layers", "20,3", *linear, "--epochs", 100)
        with h5py.File(data, "r") as file:
            x = file["/train/samples"][()] / 255
        values = np.linalg.svd(x - x.mean(axis=0), compute_uv=False)
        best = np.sum(values[3:] ** 2) / len(x)
        sse = read_metrics(self.folder / "run", "epoch")[-1]["sse"]
        self.assertGreater(sse, best * (1 - 1e-5))
        self.assertLess(sse, best * 1.01)

    def test_stopped_in_the_middle_of_an_iteration(self):
        arguments = [
            *self.source,
            *BASE,
            "--epochs",
            200000,
            "--checkpoint-every",
            "0",
            "--log-every",
            1,
        ]
        output = self.folder / "run"
        process = start("train", *arguments, "--output", output, ranks=2)
        try:
            wait_until(
                lambda: len(read_metrics(output, "step")) > 3 or process.poll() is not None,
                what="step 3",
            )
            self.assertIsNone(process.poll(), "the run ended before it could be stopped")
            time.sleep(0.05)
            process.send_signal(signal.SIGUSR1)
            self.assertEqual(process.wait(timeout=30), STOPPED)
        finally:
            kill_tree(process.pid)
        step = max(checkpoints(output))
        self.success("train", "--resume", output, "--epochs", step + 3, ranks=3)
        self.assertEqual(
            self.digest(output / "model.h5"), self.train("whole", *arguments, "--epochs", step + 3)
        )

    def test_refused(self):
        for settings, *words in (
            (["--schedule", "cosine"], "lbfgs", "--schedule"),
            (["--clip-norm", "1"], "--clip-norm"),
            (["--ema", "0.9"], "--ema"),
            (
                [
                    "--layers",
                    "20,30",
                    "--predictive",
                    "--l1",
                    "0.1",
                    "--output-activation",
                    "linear",
                ],
                "lbfgs",
                "--predictive",
            ),
            (["--lbfgs-history", "0"], "--lbfgs-history"),
            (["--line-search", "wolf"], "wolfe", "armijo"),
            (["--bias-rate-factor", "2"], "--bias-rate-factor"),
            (["--line-search-evaluations", "0"], "--line-search-evaluations"),
        ):
            self.assert_refused(
                run("train", *self.source, *BASE, *settings, "--output", self.folder / "bad"),
                USAGE,
                *words,
            )


if __name__ == "__main__":
    unittest.main()
