"""Local steps: groups of shards that update weights of their own, and the outer step from these."""
import unittest

import h5py
import numpy as np

from reference import Autoencoder, read_layers
from support import USAGE, ProgramTest, checkpoints, make_samples, read_metrics, run, write_file

SHARDS, ROWS, MICRO_BATCH, FEATURES = 8, 14, 4, 12


class LocalStepsTest(ProgramTest):
    def setUp(self):
        super().setUp()
        # All samples of a shard are the same, so that their order does not matter: 4 steps an
        # epoch, the last with half of the samples.
        self.x = (make_samples(SHARDS, FEATURES) / 255).astype(np.float32)
        path = write_file(self.folder / "data.h5", x=np.repeat(self.x, ROWS, axis=0))
        self.base = ["--data", f"{path}:/x", "--layers", "12,9,3", "--micro-batch", MICRO_BATCH]
        self.base += ["--batch", SHARDS * MICRO_BATCH, "--sync-every", 3, "--epochs", 2]

    def reference(self, output, groups, rate, outer_rate, outer_momentum):
        """The weights after the epochs, from those at the start, in double precision."""
        outer = [list(map(np.array, pair)) for half in read_layers(output) for pair in half]
        halves = len(outer) // 2
        momentum = [[np.zeros_like(part) for part in pair] for pair in outer]
        local = [[[part.copy() for part in pair] for pair in outer] for _ in range(groups)]
        samples = np.split(self.x.astype(float), groups)
        for step in range(8):
            for weights, x in zip(local, samples):
                gradient = Autoencoder(
                    *(list(map(tuple, half)) for half in (weights[:halves], weights[halves:]))
                ).gradient(x)
                for pair, slope in zip(weights, gradient):
                    for part, d in zip(pair, slope):
                        part -= rate * d
            if step % 4 not in (2, 3):  # after the third, and at the end of the epoch
                continue
            for i, pair in enumerate(outer):
                for j in range(2):
                    mean = np.mean([pair[j] - weights[i][j] for weights in local], axis=0)
                    momentum[i][j] = outer_momentum * momentum[i][j] + mean
                    pair[j] -= outer_rate * (mean + outer_momentum * momentum[i][j])
                    for weights in local:
                        weights[i][j] = pair[j].copy()
        return outer

    def test_weights_are_those_of_the_formula(self):
        for groups, outer in ((2, []), (4, ["--outer-rate", 1.5, "--outer-momentum", 0])):
            with self.subTest(groups=groups):
                output = self.folder / f"groups{groups}"
                self.success(
                    "train", *self.base, "--output", output, "--sync-groups", groups, *outer,
                    "--optimizer", "sgd", "--learning-rate", 0.5, "--checkpoint-every", "8steps",
                    ranks=2,
                )  # fmt: skip
                start = checkpoints(output)[0]
                rates = (1.5, 0) if outer else (0.7, 0.9)
                expected = self.reference(start, groups, 0.5, *rates)
                before = [pair for half in read_layers(start) for pair in half]
                after = [pair for half in read_layers(output / "model.h5") for pair in half]
                for old, new, wanted in zip(before, after, expected):
                    for part in range(2):
                        change = wanted[part] - old[part]
                        error = np.abs(new[part] - wanted[part]).max()
                        self.assertLess(error, 2e-4 * np.abs(change).max() + 1e-7)

    def test_ranks_threads_and_resuming_do_not_change_a_bit(self):
        arguments = [*self.base, "--sync-groups", 4, "--clip-norm", 0.05, "--log-every", 1]
        # All groups on one rank, one on each, two ranks on some; below two, with threads, and
        # three, one of which has two groups.
        digests = {
            ranks: self.train(f"ranks{ranks}", *arguments, ranks=ranks) for ranks in (1, 4, 7)
        }
        digests["threads"] = self.train("threads", *arguments, "--threads", 2, ranks=2)
        # Cut at step 6: in the middle of an interval of epoch 2.
        digests.update(self.stopped_and_resumed("cut", *arguments))
        self.assertEqual(len(set(digests.values())), 1, digests)
        with h5py.File(checkpoints(self.folder / "cut-cut")[6], "r") as file:
            self.assertIn("group3_weights", file["/optimizer"])
            self.assertIn("outer_momentum", file["/optimizer"])
        with h5py.File(checkpoints(self.folder / "cut-cut")[8], "r") as file:
            self.assertNotIn("group3_weights", file["/optimizer"], "all groups have the same")
        records = read_metrics(self.folder / "ranks4")
        spreads = [record.get("group_spread") for record in records if record["kind"] == "epoch"]
        self.assertTrue(all(0 < spread < 1 for spread in spreads), spreads)
        # Another number of groups is another training, in whatever number of ranks.
        with self.subTest("three groups"):
            arguments = [*self.base, "--sync-groups", 3, "--batch", 48, "--optimizer", "kfac"]
            three = {self.train(f"three{ranks}", *arguments, ranks=ranks) for ranks in (1, 3)}
            self.assertEqual(len(three), 1)
            self.assertFalse(three & set(digests.values()))

    def test_refusals(self):
        output = ["--output", self.folder / "refused"]
        self.assert_refused(
            run("train", *self.base, *output, "--sync-groups", 3, ranks=2),
            USAGE,
            "--sync-groups 3 does not divide the 8 shards",
        )
        self.train("done", *self.base, "--sync-groups", 4)
        self.assert_refused(
            run("train", "--resume", self.folder / "done", "--sync-groups", 2, "--epochs", 3),
            USAGE,
            "--sync-groups",
        )


if __name__ == "__main__":
    unittest.main()
