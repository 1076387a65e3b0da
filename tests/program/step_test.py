"""One step on any number of ranks is the textbook full-batch step: from one checkpoint to the next, computed again in NumPy."""
import unittest

import h5py
import numpy as np

from reference import ACTIVATIONS, Autoencoder, read_layers
from support import ProgramTest, checkpoints, make_samples, read_metrics, write_file

SAMPLES, FEATURES = 61, 12
WIDTHS = "12,9,7,3"


class StepTest(ProgramTest):
    """The batch holds all samples, so a step is an epoch and the order of the samples does not matter."""

    def setUp(self):
        super().setUp()
        self.x = (make_samples(SAMPLES, FEATURES) / 255).astype(np.float32)
        path = write_file(self.folder / "data.h5", x=self.x)
        self.source = ["--data", f"{path}:/x"]
        self.count = 0

    def steps(self, *settings, ranks=None, steps=2):
        """The run folder of `steps` full-batch steps, with a checkpoint after each. Shards of 8 or 9 samples."""
        self.count += 1
        output = self.folder / f"run{self.count}"
        self.success(
            "train",
            *self.source,
            "--output",
            output,
            "--layers",
            WIDTHS,
            "--batch",
            63,
            "--micro-batch",
            9,
            "--epochs",
            steps,
            "--checkpoint-every",
            "1steps",
            "--keep",
            100,
            "--log-every",
            1,
            "--initialization",
            "pytorch",
            *settings,
            ranks=ranks,
        )
        self.assertEqual(sorted(checkpoints(output)), list(range(steps + 1)))
        return output

    def assert_close(self, expected, actual, what, tolerance=2e-5):
        """Relative to the size of the change, so that a wrong factor cannot hide."""
        scale = np.abs(expected).max()
        self.assertGreater(scale, 0, what)
        self.assertLess(np.abs(actual - expected).max(), tolerance * scale + 1e-7, what)

    def check_sgd(self, *settings, rate=0.5, ranks=None, **model):
        output = self.steps("--optimizer", "sgd", "--learning-rate", rate, *settings, ranks=ranks)
        before, after = (read_layers(checkpoints(output)[step]) for step in (1, 2))
        network = Autoencoder(*before, **model)
        for i, ((weight, bias), (weight_gradient, bias_gradient)) in enumerate(
            zip(after[0] + after[1], network.gradient(self.x))
        ):
            self.assert_close(
                -rate * weight_gradient, weight - network.layers[i][0], f"weight {i}", 1e-4
            )
            self.assert_close(-rate * bias_gradient, bias - network.layers[i][1], f"bias {i}", 1e-4)
        step = read_metrics(output, "step")[1]
        self.assertAlmostEqual(
            step["loss"], network.mean_loss(self.x), delta=1e-5 * network.mean_loss(self.x)
        )
        self.assertAlmostEqual(step["sse"], network.sse(self.x), delta=1e-5 * network.sse(self.x))
        norm = np.sqrt(sum(np.sum(part**2) for pair in network.gradient(self.x) for part in pair))
        self.assertAlmostEqual(step["gradient_norm"], norm, delta=1e-4 * norm)

    def test_ranks(self):
        for ranks in (1, 2, 3):
            with self.subTest(ranks=ranks):
                self.check_sgd(ranks=ranks)

    def test_threads_and_allreduce(self):
        self.check_sgd("--threads", 2, ranks=2)
        self.check_sgd("--reduction", "allreduce", ranks=3)

    def test_every_activation(self):
        for name in ACTIVATIONS:
            with self.subTest(activation=name):
                self.check_sgd(
                    "--activation",
                    name,
                    "--code-activation",
                    name,
                    "--output-activation",
                    name,
                    activation=name,
                    code_activation=name,
                    output_activation=name,
                )

    def test_losses_and_their_reduction(self):
        for loss in ("mse", "bce"):
            for reduction, rate in (("mean", 0.5), ("sum", 0.05)):
                with self.subTest(loss=loss, reduction=reduction):
                    self.check_sgd(
                        "--loss",
                        loss,
                        "--loss-reduction",
                        reduction,
                        rate=rate,
                        loss=loss,
                        loss_reduction=reduction,
                        ranks=2,
                    )

    def test_clipping(self):
        output = self.steps(
            "--optimizer", "sgd", "--learning-rate", 1, "--clip-norm", 1e-3, ranks=2
        )
        before, after = (read_layers(checkpoints(output)[step]) for step in (1, 2))
        change = [
            b - a
            for old, new in zip(before[0] + before[1], after[0] + after[1])
            for a, b in zip(old, new)
        ]
        self.assertAlmostEqual(np.sqrt(sum(np.sum(c**2) for c in change)), 1e-3, delta=1e-6)

    def check_optimizer(self, update, names, *settings, ranks=2):
        """`update(w, g, state, t) -> (new w, new state)` for the third step, with the state of the second checkpoint."""
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

    def test_rates_and_decay_of_groups(self):
        """Encoder, decoder and biases by their own factors: the step of plain descent, multiplied."""
        output = self.steps(
            "--optimizer",
            "sgd",
            "--learning-rate",
            0.5,
            "--weight-decay",
            0.01,
            "--encoder-rate-factor",
            0.5,
            "--decoder-rate-factor",
            2,
            "--bias-rate-factor",
            3,
            "--encoder-decay-factor",
            4,
            "--decoder-decay-factor",
            0.25,
            "--decay-biases",
            "false",
            ranks=3,
        )
        before, after = (read_layers(checkpoints(output)[step]) for step in (1, 2))
        gradients = Autoencoder(*before).gradient(self.x)
        for half, offset, rate, decay in ((0, 0, 0.25, 0.04), (1, len(before[0]), 1.0, 0.0025)):
            for i, (weight, bias) in enumerate(before[half]):
                weight_gradient, bias_gradient = gradients[offset + i]
                self.assert_close(
                    -rate * (weight_gradient + decay * weight),
                    after[half][i][0] - weight,
                    f"weight {half} {i}",
                    1e-4,
                )
                self.assert_close(
                    -3 * rate * bias_gradient, after[half][i][1] - bias, f"bias {half} {i}", 1e-4
                )

    def test_average_of_the_weights(self):
        output = self.steps(
            "--optimizer", "sgd", "--learning-rate", 0.5, "--ema", 0.3, ranks=2, steps=4
        )
        files = checkpoints(output)
        average = read_layers(files[0])
        for step in range(1, 5):
            # Early on the average follows faster: (1 + t) / (10 + t) instead of the decay, where that is less.
            towards = 1 - min(0.3, (1 + step) / (10 + step))
            now = read_layers(files[step])
            average = [
                [tuple(a + towards * (w - a) for a, w in zip(*pairs)) for pairs in zip(*halves)]
                for halves in zip(average, now)
            ]
            stored = read_layers(files[step], "/optimizer/average")
            for expected, found in zip(average, stored):
                for expected_pair, found_pair in zip(expected, found):
                    for a, b in zip(expected_pair, found_pair):
                        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)

    def test_learning_rates_of_the_schedules(self):
        def rates(*settings):
            return [
                record["learning_rate"]
                for record in read_metrics(
                    self.steps("--learning-rate", 0.1, *settings, steps=10), "step"
                )
            ]

        scaled = [0.1 * np.sqrt(63 / 256)] * 10
        np.testing.assert_allclose(rates("--scale-learning-rate", "sqrt"), scaled, rtol=1e-9)
        np.testing.assert_allclose(
            rates("--scale-learning-rate", "linear", "--base-batch", 21), [0.3] * 10, rtol=1e-9
        )
        polynomial = [0.01 + 0.09 * (1 - s / 10) ** 2 for s in range(10)]
        np.testing.assert_allclose(
            rates("--schedule", "polynomial", "--decay-power", 2, "--final-learning-rate", 0.01),
            polynomial,
            rtol=1e-9,
        )
        cosine = [0.05 * (i + 1) for i in range(2)] + [
            0.01 + 0.09 * (1 + np.cos(np.pi * s / 8)) / 2 for s in range(8)
        ]
        step = [0.1 * 0.5 ** (s // 3) for s in range(10)]
        for expected, actual in (
            (
                cosine,
                rates("--schedule", "cosine", "--final-learning-rate", 0.01, "--warmup-epochs", 2),
            ),
            (step, rates("--schedule", "step", "--decay-factor", 0.5, "--decay-epochs", 3)),
            ([0.1] * 10, rates()),
        ):
            np.testing.assert_allclose(actual, expected, rtol=1e-9)


class ReferenceTest(unittest.TestCase):
    """The reference itself, against finite differences."""

    def test_gradients(self):
        random = np.random.default_rng(3)
        x = random.uniform(0, 1, (5, 4))
        for activation in ACTIVATIONS:
            for loss, output in (("mse", activation), ("bce", "sigmoid")):
                layers = [
                    (random.normal(0, 0.6, (b, a)), random.normal(0, 0.3, b))
                    for a, b in ((4, 3), (3, 2), (2, 3), (3, 4))
                ]
                network = Autoencoder(layers[:2], layers[2:], activation, activation, output, loss)
                gradient = network.gradient(x)
                for (weight, bias), (weight_gradient, bias_gradient) in zip(layers, gradient):
                    for values, slope in ((weight, weight_gradient), (bias, bias_gradient)):
                        place = np.unravel_index(random.integers(values.size), values.shape)
                        kept = values[place]
                        values[place] = kept + 1e-6
                        above = network.mean_loss(x)
                        values[place] = kept - 1e-6
                        below = network.mean_loss(x)
                        values[place] = kept
                        self.assertAlmostEqual(
                            (above - below) / 2e-6,
                            slope[place],
                            delta=1e-7,
                            msg=f"{activation} {loss}",
                        )


if __name__ == "__main__":
    unittest.main()
