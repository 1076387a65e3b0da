"""Twenty steps of the optimizers that make training short, and of Adam, against NumPy in double
precision: the weights, the statistics and the roots, straight from the formulas."""
import unittest

import numpy as np

from extras import missing
from precision_test import ONEDNN
from reference import Autoencoder, orthogonalized, read_layers, tensors
from steps import StepTest
from support import checkpoints

STEPS = 20
RATE = 0.01
SIDES = ("left", "right")


def spectral_norm_of(shape):
    return np.sqrt(min(shape) * max(1, shape[0] / shape[1]))


def power(matrix, damping, exponent, relative_to):
    """(matrix / size + damping I)^exponent; the size is the largest eigenvalue, or the mean."""
    values, vectors = np.linalg.eigh(matrix)
    size = values[-1] if relative_to == "largest" else values.mean()
    return (vectors * (np.maximum(values, 0) / size + damping) ** exponent) @ vectors.T


class Adam:
    """Of every tensor; the other rules update biases so."""

    epsilon = 1e-8

    def __init__(self, shape):
        self.mean, self.variance = np.zeros(shape), np.zeros(shape)

    def step(self, t, terms, _):
        g = terms[0]
        self.mean = 0.9 * self.mean + 0.1 * g
        self.variance = 0.999 * self.variance + 0.001 * g * g
        return (
            self.mean / (1 - 0.9**t) / (np.sqrt(self.variance / (1 - 0.999**t)) + self.epsilon)
        )


class Muon:
    def __init__(self, shape):
        self.momentum = np.zeros(shape)

    def step(self, _, terms, __):
        self.momentum = 0.9 * self.momentum + terms[0]
        m = self.orthogonalize(terms[0] + 0.9 * self.momentum)
        return np.sqrt(max(1, m.shape[0] / m.shape[1])) * m

    def orthogonalize(self, m):
        m = m / np.linalg.norm(m)
        for _ in range(5):
            gram = m @ m.T
            m = 3.4445 * m + (-4.7750 * gram + 2.0315 * gram @ gram) @ m
        return m


class RoundedMuon(Muon):
    """The program rounds the factors of its products, this does not."""

    def orthogonalize(self, m):
        return orthogonalized(m)


class Shampoo:
    """Also K-FAC, which differs in its statistics and in the power of them."""

    damping, exponent, relative_to, root = 1e-3, -0.25, "largest", "root"

    def __init__(self, shape):
        self.momentum = np.zeros(shape)
        self.left, self.right = np.zeros((shape[0],) * 2), np.zeros((shape[1],) * 2)

    def statistics(self, g, _, __):
        return g @ g.T, g.T @ g

    def step(self, _, terms, refreshed):
        g = terms[0]
        left, right = self.statistics(g, *terms[2:])
        self.left = 0.95 * self.left + 0.05 * left
        self.right = 0.95 * self.right + 0.05 * right
        if refreshed:
            self.left_root, self.right_root = (
                power(matrix, self.damping, self.exponent, self.relative_to)
                for matrix in (self.left, self.right)
            )
        self.momentum = 0.9 * self.momentum + g
        direction = self.left_root @ self.momentum @ self.right_root
        return direction * spectral_norm_of(g.shape) / np.linalg.norm(direction)


class Kfac(Shampoo):
    damping, exponent, relative_to, root = 0.02, -1, "mean", "inverse"

    def statistics(self, _, inputs, delta):
        samples = len(inputs)
        of_sample = samples * delta
        return of_sample.T @ of_sample / samples, inputs.T @ inputs / samples


class Model:
    """The quadratic model of the loss that the weights of a run share: its damping and the scale of
    its curvature, both measured, and the momentum that minimises it."""

    def __init__(self, damping, adaptive, decay):
        self.damping, self.scale, self.adaptive, self.decay = damping, 0.0, adaptive, decay

    def curvature(self, t, rule, x, y):
        """x^T C y of one weight."""
        left, right = rule.left, rule.right
        size = np.trace(left) / len(left) * np.trace(right) / len(right)
        image = left @ y @ right + self.damping**2 * size * y
        return np.sum(x * image) / (1 - 0.95**t) ** 2

    def combine(self, t, rules, gradients, loss):
        """Replaces the directions by those with the best weights of them and of the last ones."""

        def bend(a, b):
            pairs = [(rule, getattr(rule, a), getattr(rule, b)) for rule in rules]
            return sum(
                self.scale * self.curvature(t, rule, x, y) + self.decay * np.sum(x * y)
                for rule, x, y in pairs
            )

        slope = sum(np.sum(rule.direction * g) for rule, g in zip(rules, gradients))
        if t == 1:
            weights = [0.2 * loss / slope, 0]
        else:
            both = bend("direction", "last")
            matrix = [[bend("direction", "direction"), both], [both, bend("last", "last")]]
            last_slope = sum(np.sum(rule.last * g) for rule, g in zip(rules, gradients))
            weights = np.linalg.solve(matrix, [slope, last_slope])
        for rule in rules:
            rule.last = weights[0] * rule.direction + weights[1] * rule.last

    def compare(self, t, loss, change, slope, curvature):
        interval = 1 if t < 8 else 2 if t < 16 else 4
        if t % interval:
            return
        bend, expected = change - slope, self.scale / 2 * curvature
        if self.adaptive and self.scale and slope + expected < -1e-6 * loss:
            ratio = change / (slope + expected)
            self.damping *= 0.95 ** (interval / 2 * (int(ratio > 0.75) - int(ratio < 0.25)))
        if max(abs(bend), expected) < 1e-6 * loss:
            return
        measured = 2 * bend / curvature
        self.scale *= np.sqrt(np.clip(measured / (self.scale or measured), 0.25, 4))
        self.scale = self.scale or measured


class AdaptiveKfac(Kfac):
    """With the damping of the model that is `model`."""

    def step(self, t, terms, refreshed):
        self.damping = self.model.damping
        return super().step(t, terms, refreshed)


class QuadraticKfac(AdaptiveKfac):
    """Leaves its direction to be combined."""

    last = 0.0

    def step(self, t, terms, refreshed):
        super().step(t, terms, refreshed)
        size = np.trace(self.left) / len(self.left) * np.trace(self.right) / len(self.right)
        g = terms[0] + self.model.decay * self.weight
        self.direction = self.left_root @ g @ self.right_root * (1 - 0.95**t) ** 2 / size
        return self.direction


class OptimizerReferenceTest(StepTest):
    def run_of(self, *settings):
        files = checkpoints(
            self.steps(
                *("--activation", "tanh", "--learning-rate", RATE, *settings), steps=STEPS, ranks=2
            )
        )
        return [files[step] for step in range(STEPS + 1)]

    def layers_of(self, file, group="/model"):
        encoder, decoder = read_layers(file, group)
        return [list(layer) for layer in encoder + decoder]

    def names(self):
        return [f"{half}/{i}/weight" for half in ("encoder", "decoder") for i in range(3)]

    def compare(self, rule, *settings, state=None, tolerance=0.01):
        """Runs the rule from the first checkpoint on; `state` names a root by which the test sees
        in which steps the program has refreshed one. Returns the rules of the weights."""
        files = self.files = self.run_of(*settings)
        layers = self.layers_of(files[0])
        start = [[part.copy() for part in layer] for layer in layers]
        rules = [(rule(weight.shape), Adam(bias.shape)) for weight, bias in layers]
        for _, of_bias in rules:
            of_bias.epsilon = getattr(rule, "epsilon", Adam.epsilon)
        roots = [tensors(file, f"/optimizer/{state}") for file in files] if state else None
        refreshes = dict.fromkeys(self.names(), 0)
        for t in range(1, STEPS + 1):
            backward = Autoencoder(
                [tuple(layer) for layer in layers[:3]],
                [tuple(layer) for layer in layers[3:]],
                activation="tanh",
            ).backward(self.x)
            before = [list(layer) for layer in layers]
            for name, layer, own, terms in zip(self.names(), layers, rules, backward):
                refreshed = roots and not np.array_equal(roots[t][name], roots[t - 1][name])
                refreshes[name] += bool(refreshed)
                own[0].weight = layer[0]
                layer[0] = layer[0] - RATE * own[0].step(t, terms, refreshed)
                layer[1] = layer[1] - RATE * own[1].step(t, terms[1:2], False)
            if hasattr(rule, "model"):
                self.follow_model(t, rule, [own[0] for own in rules], before, layers, backward)
        for i, (first, ours, theirs) in enumerate(zip(start, layers, self.layers_of(files[-1]))):
            for part in (0, 1):
                self.assert_close(
                    ours[part] - first[part],
                    theirs[part] - first[part],
                    f"layer {i}, part {part}",
                    tolerance,
                )
        return files[-1], [own[0] for own in rules], refreshes

    def loss_of(self, layers):
        parts = [tuple(layer) for layer in layers]
        return Autoencoder(parts[:3], parts[3:], activation="tanh").mean_loss(self.x)

    def follow_model(self, t, rule, rules, before, layers, backward):
        model, loss = rule.model, self.loss_of(before)
        if rule is QuadraticKfac:
            gradients = [terms[0] + model.decay * old[0] for terms, old in zip(backward, before)]
            model.combine(t, rules, gradients, loss)
            for own, layer, old in zip(rules, layers, before):
                layer[0] = old[0] - RATE / 0.03 * own.last
        # The comparison is of the weights alone.
        slope = curvature = 0.0
        moved = [[layer[0], old[1]] for layer, old in zip(layers, before)]
        for own, layer, old, terms in zip(rules, layers, before, backward):
            change = layer[0] - old[0]
            slope += np.sum(terms[0] * change)
            curvature += model.curvature(t, own, change, change)
        model.compare(t, loss, self.loss_of(moved) - loss, slope, curvature)
        stored = tensors(self.files[t], "/position")["kfac_model"]
        for what, ours, theirs in zip(("damping", "scale"), (model.damping, model.scale), stored):
            self.assertLess(abs(theirs / ours - 1), 0.02, f"{what} after step {t}")

    def check_roots(self, rule, *settings):
        file, rules, refreshes = self.compare(
            rule, *settings, "--precondition-every", 4, state=f"left_{rule.root}"
        )
        # In each of the first steps, then every other, then every fourth.
        self.assertTrue(all(8 <= count <= 16 for count in refreshes.values()), refreshes)
        for name, own in zip(self.names(), rules):
            for side, ours, root in (
                ("left", own.left, own.left_root),
                ("right", own.right, own.right_root),
            ):
                if rule is Kfac:
                    ours = np.triu(ours)
                for kind, values in (("statistics", ours), (rule.root, root)):
                    stored = tensors(file, f"/optimizer/{side}_{kind}")[name]
                    self.assert_close(values, stored, f"{side} {kind} of {name}", 0.02)

    def test_adam(self):
        self.compare(Adam, "--optimizer", "adam")

    def test_muon(self):
        self.compare(Muon, "--optimizer", "muon", "--momentum", 0.9)

    @unittest.skipUnless(ONEDNN, missing("program with oneDNN (libdnnl-dev)"))
    def test_rounded_muon(self):
        settings = ("--optimizer-precision", "bf16", "--force-precision")
        self.compare(
            RoundedMuon, "--optimizer", "muon", "--momentum", 0.9, *settings, tolerance=0.1
        )

    def test_shampoo(self):
        self.check_roots(Shampoo, "--optimizer", "shampoo", "--precondition-damping", 1e-3)

    def test_kfac(self):
        self.check_roots(
            Kfac, "--optimizer", "kfac", "--kfac-damping", 0.02, "--statistics-every", 1
        )

    def test_kfac_with_a_quadratic_model(self):
        """Damping that adapts, with the grafted step and with that of the model."""
        settings = ("--optimizer", "kfac", "--statistics-every", 1, "--precondition-every", 4)
        for rule, decay, momentum in (
            (AdaptiveKfac, 0.0, "constant"),
            (QuadraticKfac, 0.001, "quadratic"),
        ):
            with self.subTest(momentum=momentum):
                rule.model = Model(0.5, True, decay)
                self.compare(
                    rule,
                    *settings,
                    *("--kfac-damping-rule", "adaptive", "--kfac-momentum", momentum),
                    *("--weight-decay", decay, "--decay-biases", "false"),
                    state="left_inverse",
                )
                self.assertNotEqual(rule.model.damping, 0.5)

    def test_soap(self):
        """Bases, whose last vectors are arbitrary where a gradient has no full rank, and the second
        moments in them are the program's of the step before; that they follow the statistics is
        tested on their own."""
        test, rules = self, []

        class Soap:
            epsilon = 1e-4

            def __init__(self, shape):
                self.mean, self.name = np.zeros(shape), test.names()[len(rules)]
                rules.append(self)

            def step(self, t, terms, _):
                if t == 1:
                    return 0 * terms[0]
                self.mean = 0.9 * self.mean + 0.1 * terms[0]
                left, right = (test.state(t - 1, f"{side}_basis", self.name) for side in SIDES)
                g = left @ terms[0] @ right.T
                variance = test.state(t - 1, "basis_variance", self.name)
                variance = 0.95 * variance + 0.05 * g * g
                size = np.sqrt(variance / (1 - 0.95 ** (t - 1))) + self.epsilon
                mean = left @ self.mean @ right.T / (1 - 0.9 ** (t - 1))
                return left.T @ (mean / size) @ right

        settings = ("--optimizer", "soap", "--momentum", 0.9, "--precondition-every", 4)
        self.compare(Soap, *settings, "--epsilon", Soap.epsilon)
        for name in self.names():
            for side in SIDES:
                self.check_bases(side, name)

    def state(self, step, kind, name):
        return tensors(self.files[step], f"/optimizer/{kind}")[name].astype(float)

    def check_bases(self, side, name):
        """Eigenvectors at first, then the QR decomposition of one power iteration."""
        moved = 0
        for t in range(1, STEPS + 1):
            basis = self.state(t, f"{side}_basis", name)
            statistics = self.state(t, f"{side}_statistics", name)
            self.assertLess(np.abs(basis @ basis.T - np.eye(len(basis))).max(), 1e-5)
            if t == 1:
                image = basis @ statistics
            else:
                before = self.state(t - 1, f"{side}_basis", name)
                if np.array_equal(before, basis):
                    continue
                moved += 1
                image = before @ statistics
                values = np.sum(image * before, axis=1)
                image = image[np.argsort(-values, kind="stable")]
            triangle = image @ basis.T
            above = np.abs(np.triu(triangle, 1)).max()
            self.assertLess(above, 1e-5 * np.abs(triangle).max(), f"{side} of {name}, step {t}")
        self.assertGreater(moved, 5)


if __name__ == "__main__":
    unittest.main()
