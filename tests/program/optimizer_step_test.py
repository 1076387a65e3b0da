"""One step of each optimizer is its textbook formula, computed again in NumPy from the checkpoint
before."""
import unittest

import h5py
import numpy as np

from reference import Autoencoder, read_layers
from steps import StepTest
from support import checkpoints


class OptimizerStepTest(StepTest):
    def check_optimizer(self, update, names, *settings, ranks=2):
        """`update(w, g, state, t) -> (new w, new state)` for the third step, with the state of the
        second checkpoint."""
        output = self.steps(*settings, ranks=ranks, steps=3)
        files = checkpoints(output)
        before, after = read_layers(files[2]), read_layers(files[3])
        with h5py.File(files[2], "r") as file:
            self.assertEqual(sorted(file["/optimizer"]), sorted(names))
        states = {name: read_layers(files[2], f"/optimizer/{name}") for name in names}
        later = {name: read_layers(files[3], f"/optimizer/{name}") for name in names}
        gradients = Autoencoder(*before).gradient(self.x)
        for half, offset in ((0, 0), (1, len(before[0]))):
            for i in range(len(before[half])):
                for part in (0, 1):
                    old = {name: states[name][half][i][part] for name in names}
                    expected, state = update(
                        before[half][i][part], gradients[offset + i][part], old, 3
                    )
                    where = f"half {half}, layer {i}, part {part}"
                    self.assert_close(
                        expected - before[half][i][part],
                        after[half][i][part] - before[half][i][part],
                        where,
                        2e-3,
                    )
                    for name in names:
                        if not np.any(state[name]):  # not of this tensor
                            self.assertFalse(np.any(later[name][half][i][part]))
                            continue
                        self.assert_close(
                            state[name], later[name][half][i][part], f"{name} of {where}", 1e-4
                        )

    def test_momentum(self):
        def update(w, g, state, _):
            velocity = 0.9 * state["momentum"] + g
            return w - 0.1 * velocity, {"momentum": velocity}

        self.check_optimizer(
            update, ["momentum"], "--optimizer", "sgd", "--momentum", 0.9, "--learning-rate", 0.1
        )

    def test_nesterov(self):
        def update(w, g, state, _):
            velocity = 0.9 * state["momentum"] + g
            return w - 0.1 * (g + 0.9 * velocity), {"momentum": velocity}

        self.check_optimizer(
            update,
            ["momentum"],
            "--optimizer",
            "sgd",
            "--momentum",
            0.9,
            "--nesterov",
            "--learning-rate",
            0.1,
        )

    @staticmethod
    def adam(w, g, state, t, rate=0.01, decay=0.0):
        mean = 0.9 * state["mean"] + 0.1 * g
        variance = 0.999 * state["variance"] + 0.001 * g * g
        corrected = mean / (1 - 0.9**t), variance / (1 - 0.999**t)
        return w - rate * (corrected[0] / (np.sqrt(corrected[1]) + 1e-8) + decay * w), {
            "mean": mean,
            "variance": variance,
        }

    def test_adam(self):
        self.check_optimizer(
            self.adam, ["mean", "variance"], "--optimizer", "adam", "--learning-rate", 0.01
        )

    def test_adam_with_weight_decay(self):
        def update(w, g, state, t):
            return self.adam(w, g + 0.01 * w, state, t)

        self.check_optimizer(
            update,
            ["mean", "variance"],
            "--optimizer",
            "adam",
            "--learning-rate",
            0.01,
            "--weight-decay",
            0.01,
        )

    def test_adamw(self):
        def update(w, g, state, t):
            return self.adam(w, g, state, t, decay=0.1)

        self.check_optimizer(
            update,
            ["mean", "variance"],
            "--optimizer",
            "adamw",
            "--learning-rate",
            0.01,
            "--weight-decay",
            0.1,
            ranks=3,
        )

    def test_lars(self):
        def update(w, g, state, _):
            # Only matrices are scaled; a norm is of the whole tensor, whoever owns its parts.
            ratio = (
                0.1 * np.linalg.norm(w) / (np.linalg.norm(g) + 0.01 * np.linalg.norm(w))
                if w.ndim == 2
                else 1
            )
            velocity = 0.9 * state["momentum"] + 0.5 * ratio * (g + 0.01 * w)
            return w - velocity, {"momentum": velocity}

        self.check_optimizer(
            update,
            ["momentum"],
            "--optimizer",
            "lars",
            "--momentum",
            0.9,
            "--learning-rate",
            0.5,
            "--weight-decay",
            0.01,
            "--trust-coefficient",
            0.1,
            "--bucket-bytes",
            256,
            ranks=3,
        )

    def test_lamb(self):
        def update(w, g, state, t):
            mean = 0.9 * state["mean"] + 0.1 * g
            variance = 0.999 * state["variance"] + 0.001 * g * g
            direction = (
                mean / (1 - 0.9**t) / (np.sqrt(variance / (1 - 0.999**t)) + 1e-8) + 0.1 * w
            )
            ratio = np.linalg.norm(w) / np.linalg.norm(direction) if w.ndim == 2 else 1
            return w - 0.01 * ratio * direction, {"mean": mean, "variance": variance}

        self.check_optimizer(
            update,
            ["mean", "variance"],
            "--optimizer",
            "lamb",
            "--learning-rate",
            0.01,
            "--weight-decay",
            0.1,
            "--bucket-bytes",
            256,
            ranks=3,
        )

    def test_muon(self):
        def orthogonal(m):
            m = m / np.linalg.norm(m)
            for _ in range(5):
                gram = m @ m.T
                m = 3.4445 * m + (-4.7750 * gram + 2.0315 * gram @ gram) @ m
            return m

        def update(w, g, state, t):
            if w.ndim == 1:
                return self.adam(w, g, state, t)
            mean = 0.9 * state["mean"] + g
            stretch = np.sqrt(max(1, w.shape[0] / w.shape[1]))
            return w - 0.01 * stretch * orthogonal(g + 0.9 * mean), {
                "mean": mean,
                "variance": state["variance"],
            }

        self.check_optimizer(
            update,
            ["mean", "variance"],
            "--optimizer",
            "muon",
            "--momentum",
            0.9,
            "--learning-rate",
            0.01,
            "--bucket-bytes",
            256,
            ranks=3,
        )


if __name__ == "__main__":
    unittest.main()
