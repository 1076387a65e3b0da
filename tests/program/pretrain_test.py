"""Layer-wise pretraining: the same bits on any number of ranks and threads, streamed and across a
resume in the middle of it; what it writes down; that it helps where networks are deep; what is
refused."""
import unittest

import h5py
import numpy as np

from support import USAGE, ProgramTest, checkpoints, read_metrics, run

# 4 updates an epoch, 8 a layer: steps 1-8 are layer 1, 9-16 layer 2.
BASE = [
    "--layers",
    "20,12,3",
    "--activation",
    "sigmoid",
    "--batch",
    "48",
    "--micro-batch",
    "3",
    "--epochs",
    "2",
    "--learning-rate",
    "3e-3",
    "--pretrain-epochs",
    "2",
    "--shuffle-block",
    "2",
    "--shuffle-window",
    "2",
]
KINDS = {
    "autoencoder": ["--pretrain", "autoencoder"],
    "tied": ["--pretrain", "autoencoder", "--tied", "--loss", "bce"],
    "denoising": [
        "--pretrain",
        "denoising",
        "--pretrain-corruption-strength",
        "0.2,0.4",
        "--pretrain-learning-rate",
        "1e-2,1e-3",
    ],
    "rbm": ["--pretrain", "rbm", "--pretrain-batch", "24"],
    "rbm-tied": [
        "--pretrain",
        "rbm",
        "--tied",
        "--code-activation",
        "sigmoid",
        "--rbm-steps",
        "3",
        "--rbm-sample-visible",
    ],
    "rbm-gaussian": [
        "--pretrain",
        "rbm",
        "--output-activation",
        "linear",
        "--pretrain-optimizer",
        "adam",
        "--ema",
        "0.9",
    ],
}


class PretrainTest(ProgramTest):
    def setUp(self):
        super().setUp()
        data = self.make_data()
        self.source = ["--data", f"{data}:/train/samples", "--validation", f"{data}:/test/samples"]

    def resumed_at(self, name, step, *arguments):
        """The digest of a run that was cut back to `step` and resumed on three ranks."""
        output = self.folder / name
        self.train(name, *arguments, "--checkpoint-every", "1steps", "--keep", 1000, ranks=2)
        for found, path in checkpoints(output).items():
            if found > step:
                path.unlink()
        (output / "model.h5").unlink()
        self.success("train", "--resume", output, ranks=3)
        return self.digest(output / "model.h5")

    def test_same_bits_everywhere(self):
        seen = set()
        for name, settings in KINDS.items():
            with self.subTest(kind=name):
                arguments = [*self.source, *BASE, *settings]
                digests = {
                    "one": self.train(name, *arguments),
                    "streamed": self.train(
                        f"{name}-3", *arguments, "--threads", 2, "--memory", 0, ranks=3
                    ),
                }
                digests.update(self.stopped_and_resumed(name, *arguments))
                self.assertEqual(len(set(digests.values())), 1, digests)
                seen.update(digests.values())
        self.assertEqual(len(seen), len(KINDS))

    def test_resume_in_every_phase(self):
        arguments = [*self.source, *BASE, *KINDS["rbm-tied"]]
        whole = self.train("whole", *arguments)
        for step in (
            8,
            11,
            16,
            18,
        ):  # the end of layer 1, inside layer 2, its end, inside the whole
            self.assertEqual(whole, self.resumed_at(f"cut{step}", step, *arguments), step)
        self.assertEqual(
            [
                (r["phase"], r["layer"], r["epoch"], r["sse"])
                for r in read_metrics(self.folder / "whole", "epoch")
            ],
            [
                (r["phase"], r["layer"], r["epoch"], r["sse"])
                for r in read_metrics(self.folder / "cut11", "epoch")
            ],
        )

    def test_killed_while_pretraining(self):
        """SIGKILL in the middle of a layer, and again in the whole network: resumed each time, onto
        other ranks, to the same weights."""
        arguments = [*self.source, *BASE, *KINDS["denoising"]]
        whole = self.train("whole", *arguments)
        output = self.folder / "killed"
        words = [*arguments, "--checkpoint-every", "3steps", "--output", output]
        for ranks, step, newest in ((2, 5, 3), (3, 11, 9), (1, 22, 21)):
            result = run(
                "train",
                *words,
                ranks=ranks,
                environment={"HOURGLASS_FAULT": f"kill,rank={ranks - 1},step={step}"},
            )
            self.assertNotEqual(result.code, 0)
            self.assertEqual(max(checkpoints(output)), newest)
            words = ["--resume", output]
        self.success("train", *words, ranks=2)
        self.assertEqual(whole, self.digest(output / "model.h5"))

    def test_what_is_written_down(self):
        self.train(
            "run",
            *self.source,
            *BASE,
            "--pretrain",
            "rbm",
            "--pretrain-epochs",
            "3,1",
            "--checkpoint-every",
            "1epochs",
            "--keep",
            100,
        )
        epochs = read_metrics(self.folder / "run", "epoch")
        self.assertEqual(
            [(r["phase"], r["layer"], r["epoch"], r["step"]) for r in epochs],
            [
                ("pretrain", 1, 1, 4),
                ("pretrain", 1, 2, 8),
                ("pretrain", 1, 3, 12),
                ("pretrain", 2, 1, 16),
                ("train", None, 1, 20),
                ("train", None, 2, 24),
            ],
        )
        self.assertTrue(all(r["validation_sse"] > 0 for r in epochs))
        with h5py.File(self.folder / "run/model.h5", "r") as file:
            self.assertEqual(list(file["/history/epoch"]), [1, 2])
            self.assertEqual(list(file["/history/pretraining/layer"]), [1, 1, 1, 2])
        # After the last epoch of a layer the checkpoint holds it unrolled: the mirror's weight is
        # the transpose.
        with h5py.File(checkpoints(self.folder / "run")[12], "r") as file:
            np.testing.assert_array_equal(
                file["/model/decoder/1/weight"][()], file["/model/encoder/0/weight"][()].T
            )
            self.assertEqual(sorted(file["/optimizer/momentum"]), ["decoder", "encoder"])
            self.assertEqual(file["/position"].attrs["stage"], 0)

    def test_layers_below_stay_as_they_are(self):
        self.train(
            "run",
            *self.source,
            *BASE,
            "--pretrain",
            "denoising",
            "--checkpoint-every",
            "1epochs",
            "--keep",
            100,
        )
        files = checkpoints(self.folder / "run")
        with h5py.File(files[8], "r") as first, h5py.File(files[16], "r") as second, h5py.File(
            files[0], "r"
        ) as start:
            for name in ("encoder/0/weight", "decoder/1/bias"):
                np.testing.assert_array_equal(
                    first[f"/model/{name}"][()], second[f"/model/{name}"][()]
                )
            np.testing.assert_array_equal(
                first["/model/encoder/1/weight"][()], start["/model/encoder/1/weight"][()]
            )
            self.assertFalse(
                np.array_equal(
                    second["/model/encoder/1/weight"][()], start["/model/encoder/1/weight"][()]
                )
            )

    def test_reconstruction_error_falls(self):
        for kind in ("autoencoder", "denoising", "rbm"):
            self.train(
                kind,
                *self.source,
                *BASE,
                "--pretrain",
                kind,
                "--pretrain-epochs",
                "10",
                "--epochs",
                "0",
            )
            for layer in (1, 2):
                errors = [
                    r["sse"]
                    for r in read_metrics(self.folder / kind, "epoch")
                    if r["layer"] == layer
                ]
                self.assertLess(errors[-1], errors[0], f"{kind}, layer {layer}")

    def test_helps_a_deep_network(self):
        """120 epochs in all, with and without 20 for each of 4 layers: without, a deep sigmoid
        network only learns the mean."""
        deep = [
            *self.source,
            *BASE,
            "--layers",
            "20,24,16,8,3",
            "--optimizer",
            "sgd",
            "--momentum",
            "0.9",
            "--learning-rate",
            "0.5",
            "--loss-reduction",
            "sum",
            "--micro-batch",
            "12",
            "--pretrain-epochs",
            "20",
        ]
        kinds = {
            "none": ["--epochs", 120],
            "autoencoder": ["--epochs", 40, "--pretrain-learning-rate", "0.5"],
            "rbm": ["--epochs", 40, "--pretrain-learning-rate", "0.3,0.3,0.3,0.01"],
        }
        errors = {}
        for kind, settings in kinds.items():
            self.train(kind, *deep, "--pretrain", kind, *settings)
            epochs = read_metrics(self.folder / kind, "epoch")
            self.assertEqual(len(epochs), 120)
            errors[kind] = epochs[-1]["sse"]
        self.assertLess(errors["autoencoder"], 0.5 * errors["none"], errors)
        self.assertLess(errors["rbm"], 0.5 * errors["none"], errors)

    def test_refused(self):
        for settings, *words in (
            (["--pretrain", "rmb"], "rmb", "rbm"),
            (["--pretrain", "rbm", "--activation", "relu"], "--activation", "relu", "sigmoid"),
            (["--pretrain", "rbm", "--rbm-steps", "0"], "--rbm-steps"),
            (
                ["--pretrain", "autoencoder", "--pretrain-epochs", "1,2,3"],
                "--pretrain-epochs",
                "3 values",
                "2 layers",
            ),
            (["--pretrain", "autoencoder", "--pretrain-epochs", "1.5"], "--pretrain-epochs"),
            (
                ["--pretrain", "autoencoder", "--pretrain-learning-rate", "0"],
                "--pretrain-learning-rate",
            ),
            (
                [
                    "--pretrain",
                    "denoising",
                    "--pretrain-corruption",
                    "block",
                    "--image-shape",
                    "4x5",
                ],
                "block",
                "masking",
            ),
            (
                ["--pretrain", "denoising", "--pretrain-corruption-strength", "1.5"],
                "--pretrain-corruption-strength",
            ),
            (["--pretrain", "autoencoder", "--layer-norm"], "--layer-norm"),
            (["--pretrain", "autoencoder", "--variational"], "--variational"),
            (
                ["--pretrain", "autoencoder", "--pretrain-batch", "10"],
                "--pretrain-batch",
                "--micro-batch",
            ),
            (
                ["--pretrain", "autoencoder", "--decoder-layers", "3,20"],
                "--decoder-layers",
                "mirror",
            ),
        ):
            result = run("train", *self.source, *BASE, *settings, "--output", self.folder / "bad")
            self.assert_refused(result, USAGE, *words)
            self.assertFalse((self.folder / "bad").exists())
        few = run(
            "train",
            *self.source,
            *BASE,
            "--pretrain",
            "rbm",
            "--pretrain-batch",
            "3",
            "--output",
            self.folder / "bad",
            ranks=2,
        )
        self.assert_refused(few, USAGE, "rank")

    def test_resume_keeps_the_settings(self):
        self.train("run", *self.source, *BASE, "--pretrain", "rbm")
        result = run("train", "--resume", self.folder / "run", "--pretrain-epochs", "3")
        self.assert_refused(result, USAGE, "--pretrain-epochs")


if __name__ == "__main__":
    unittest.main()
