"""One step on any number of ranks is the textbook full-batch step: from one checkpoint to the next,
computed again in NumPy."""
import unittest

import numpy as np

from reference import ACTIVATIONS, Autoencoder, read_layers
from steps import StepTest
from support import checkpoints, read_metrics


class FullBatchStepTest(StepTest):
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

    def test_rates_and_decay_of_groups(self):
        """Encoder, decoder and biases by their own factors: the step of plain descent,
        multiplied."""
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
            # Early on the average follows faster: (1 + t) / (10 + t) instead of the decay, where
            # that is less.
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
