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
        self.success("train", *self.source, "--output", output, "--layers", WIDTHS, "--batch", 63, "--micro-batch", 9, "--epochs", steps,
                     "--checkpoint-every", "1steps", "--keep", 100, "--log-every", 1, "--initialization", "pytorch", *settings, ranks=ranks)
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
        for i, ((weight, bias), (weight_gradient, bias_gradient)) in enumerate(zip(after[0] + after[1], network.gradient(self.x))):
            self.assert_close(-rate * weight_gradient, weight - network.layers[i][0], f"weight {i}", 1e-4)
            self.assert_close(-rate * bias_gradient, bias - network.layers[i][1], f"bias {i}", 1e-4)
        step = read_metrics(output, "step")[1]
        self.assertAlmostEqual(step["loss"], network.mean_loss(self.x), delta=1e-5 * network.mean_loss(self.x))
        self.assertAlmostEqual(step["sse"], network.sse(self.x), delta=1e-5 * network.sse(self.x))
        norm = np.sqrt(sum(np.sum(part ** 2) for pair in network.gradient(self.x) for part in pair))
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
                self.check_sgd("--activation", name, "--code-activation", name, "--output-activation", name, activation=name,
                               code_activation=name, output_activation=name)

    def test_losses_and_their_reduction(self):
        for loss in ("mse", "bce"):
            for reduction, rate in (("mean", 0.5), ("sum", 0.05)):
                with self.subTest(loss=loss, reduction=reduction):
                    self.check_sgd("--loss", loss, "--loss-reduction", reduction, rate=rate, loss=loss, loss_reduction=reduction, ranks=2)

    def test_clipping(self):
        output = self.steps("--optimizer", "sgd", "--learning-rate", 1, "--clip-norm", 1e-3, ranks=2)
        before, after = (read_layers(checkpoints(output)[step]) for step in (1, 2))
        change = [b - a for old, new in zip(before[0] + before[1], after[0] + after[1]) for a, b in zip(old, new)]
        self.assertAlmostEqual(np.sqrt(sum(np.sum(c ** 2) for c in change)), 1e-3, delta=1e-6)

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
                    expected, state = update(before[half][i][part], gradients[offset + i][part], old, 3)
                    where = f"half {half}, layer {i}, part {part}"
                    self.assert_close(expected - before[half][i][part], after[half][i][part] - before[half][i][part], where, 2e-3)
                    for name in names:
                        self.assert_close(state[name], later[name][half][i][part], f"{name} of {where}", 1e-4)

    def test_momentum(self):
        def update(w, g, state, _):
            velocity = 0.9 * state["momentum"] + g
            return w - 0.1 * velocity, {"momentum": velocity}
        self.check_optimizer(update, ["momentum"], "--optimizer", "sgd", "--momentum", 0.9, "--learning-rate", 0.1)

    def test_nesterov(self):
        def update(w, g, state, _):
            velocity = 0.9 * state["momentum"] + g
            return w - 0.1 * (g + 0.9 * velocity), {"momentum": velocity}
        self.check_optimizer(update, ["momentum"], "--optimizer", "sgd", "--momentum", 0.9, "--nesterov", "--learning-rate", 0.1)

    @staticmethod
    def adam(w, g, state, t, rate=0.01, decay=0.0):
        mean = 0.9 * state["mean"] + 0.1 * g
        variance = 0.999 * state["variance"] + 0.001 * g * g
        corrected = mean / (1 - 0.9 ** t), variance / (1 - 0.999 ** t)
        return w - rate * (corrected[0] / (np.sqrt(corrected[1]) + 1e-8) + decay * w), {"mean": mean, "variance": variance}

    def test_adam(self):
        self.check_optimizer(self.adam, ["mean", "variance"], "--optimizer", "adam", "--learning-rate", 0.01)

    def test_adam_with_weight_decay(self):
        def update(w, g, state, t):
            return self.adam(w, g + 0.01 * w, state, t)
        self.check_optimizer(update, ["mean", "variance"], "--optimizer", "adam", "--learning-rate", 0.01, "--weight-decay", 0.01)

    def test_adamw(self):
        def update(w, g, state, t):
            return self.adam(w, g, state, t, decay=0.1)
        self.check_optimizer(update, ["mean", "variance"], "--optimizer", "adamw", "--learning-rate", 0.01, "--weight-decay", 0.1, ranks=3)

    def test_learning_rates_of_the_schedules(self):
        def rates(*settings):
            return [record["learning_rate"] for record in read_metrics(self.steps("--learning-rate", 0.1, *settings, steps=10), "step")]
        cosine = [0.05 * (i + 1) for i in range(2)] + [0.01 + 0.09 * (1 + np.cos(np.pi * s / 8)) / 2 for s in range(8)]
        step = [0.1 * 0.5 ** (s // 3) for s in range(10)]
        for expected, actual in ((cosine, rates("--schedule", "cosine", "--final-learning-rate", 0.01, "--warmup-epochs", 2)),
                                 (step, rates("--schedule", "step", "--decay-factor", 0.5, "--decay-epochs", 3)), ([0.1] * 10, rates())):
            np.testing.assert_allclose(actual, expected, rtol=1e-9)


class ReferenceTest(unittest.TestCase):
    """The reference itself, against finite differences."""

    def test_gradients(self):
        random = np.random.default_rng(3)
        x = random.uniform(0, 1, (5, 4))
        for activation in ACTIVATIONS:
            for loss, output in (("mse", activation), ("bce", "sigmoid")):
                layers = [(random.normal(0, 0.6, (b, a)), random.normal(0, 0.3, b)) for a, b in ((4, 3), (3, 2), (2, 3), (3, 4))]
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
                        self.assertAlmostEqual((above - below) / 2e-6, slope[place], delta=1e-7, msg=f"{activation} {loss}")


if __name__ == "__main__":
    unittest.main()
