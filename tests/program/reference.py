"""The autoencoder written a second time, in NumPy and double precision, straight from the
formulas."""
import sys
from pathlib import Path

import h5py
import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "python"))
from hourglass import ACTIVATIONS  # noqa: E402
from support import read_datasets  # noqa: E402


def read_layers(path, group="/model"):
    """[(weight, bias), ...] of the encoder and of the decoder, in float64."""
    with h5py.File(path, "r") as file:

        def half(name):
            layers = file[f"{group}/{name}"]
            return [
                (layers[f"{i}/weight"][()].astype(float), layers[f"{i}/bias"][()].astype(float))
                for i in range(len(layers))
            ]

        return half("encoder"), half("decoder")


def tensors(path, group="/model"):
    """{name: array} of the parameters (or a moment) in a model or checkpoint."""
    return {
        name[len(group) + 1 :]: values
        for name, values in read_datasets(path).items()
        if name.startswith(group + "/") and not name.startswith("/model/input")
    }


class Convolution:
    """A convolution (or transposed, when `transposed`) over images H x W x C, from its definition:
    every pair of pixels that a window connects, one after the other. `weight` and `bias` as in the
    file, `before` and `after` the shapes of an image; series T x C and volumes D x H x W x C
    alike."""

    def __init__(self, weight, bias, before, after, stride, padding, transposed=False):
        self.weight, self.bias, self.before, self.after, self.transposed = (
            weight,
            bias,
            before,
            after,
            transposed,
        )
        small, large = (before, after) if transposed else (after, before)
        self.pairs = []  # (output, input, place in the kernel)
        for at in np.ndindex(*small[:-1]):
            for place in np.ndindex(*weight.shape[2:]):
                pixel = tuple(a * s - p + k for a, s, p, k in zip(at, stride, padding, place))
                if all(0 <= i < extent for i, extent in zip(pixel, large)):
                    self.pairs.append((pixel, at, place) if transposed else (at, pixel, place))

    def kernel(self, place):
        """Inputs x outputs at one place of the kernel."""
        weight = self.weight[(slice(None), slice(None), *place)]
        return weight if self.transposed else weight.T

    def forward(self, x):
        x = x.reshape(len(x), *self.before)
        y = np.zeros((len(x), *self.after)) + self.bias
        for output, pixel, place in self.pairs:
            y[(slice(None), *output)] += x[(slice(None), *pixel)] @ self.kernel(place)
        return y.reshape(len(x), -1)

    def backward(self, x, delta):
        """dL/dweight, dL/dbias, dL/dx from dL/d(output)."""
        x, delta = x.reshape(len(x), *self.before), delta.reshape(len(x), *self.after)
        weight, dx = np.zeros(self.weight.shape), np.zeros(x.shape)
        for output, pixel, place in self.pairs:
            product = x[(slice(None), *pixel)].T @ delta[(slice(None), *output)]
            weight[(slice(None), slice(None), *place)] += product if self.transposed else product.T
            dx[(slice(None), *pixel)] += delta[(slice(None), *output)] @ self.kernel(place).T
        axes = tuple(range(delta.ndim - 1))
        return weight, delta.sum(axis=axes), dx.reshape(len(x), -1)


class Dense:
    def __init__(self, weight, bias):
        self.weight, self.bias = weight, bias

    def forward(self, x):
        return x @ self.weight.T + self.bias

    def backward(self, x, delta):
        return delta.T @ x, delta.sum(axis=0), delta @ self.weight


class Autoencoder:
    """`encoder` and `decoder` are lists of (weight, bias) of dense layers, or of layers."""

    def __init__(
        self,
        encoder,
        decoder,
        activation="relu",
        code_activation="linear",
        output_activation="sigmoid",
        loss="mse",
        loss_reduction="mean",
    ):
        self.layers = [*encoder, *decoder]
        self.parts = [Dense(*layer) if isinstance(layer, tuple) else layer for layer in self.layers]
        self.code = len(encoder)
        self.loss, self.mean = loss, loss_reduction == "mean"
        self.activations = [activation] * len(self.layers)
        self.activations[self.code - 1] = code_activation
        self.activations[-1] = output_activation

    def forward(self, x):
        """Inputs of every activation function, and the output of every layer; the input is
        outputs[0]."""
        sums, outputs = [], [np.asarray(x, float)]
        for layer, activation in zip(self.parts, self.activations):
            sums.append(layer.forward(outputs[-1]))
            outputs.append(ACTIVATIONS[activation][0](sums[-1]))
        return sums, outputs

    def encode(self, x):
        return self.forward(x)[1][self.code]

    def reconstruct(self, x):
        return self.forward(x)[1][-1]

    def sse(self, x):
        return np.sum((self.reconstruct(x) - x) ** 2) / len(x)

    def scale(self, x, present=None):
        """Factors of the terms of the loss: with `present` (0 where an element is missing), the
        mean over a sample is that over the elements that are there."""
        if present is None:
            return 1 / len(x) / (x.shape[1] if self.mean else 1)
        there = np.maximum(present.sum(axis=1, keepdims=True), 1)
        return present / len(x) / (there if self.mean else 1)

    def mean_loss(self, x, present=None, fed=None):
        """`fed`: what the network sees, when that is not what it is compared with."""
        sums, outputs = self.forward(x if fed is None else fed)
        if self.loss == "bce":
            z = sums[-1]
            terms = np.maximum(z, 0) - z * x + np.log1p(np.exp(-np.abs(z)))
        else:
            terms = (outputs[-1] - x) ** 2
        return np.sum(terms * self.scale(x, present))

    def gradient(self, x, present=None, fed=None):
        """[(dL/dweight, dL/dbias), ...] of the loss averaged over the samples."""
        return [terms[:2] for terms in self.backward(x, present, fed)]

    def backward(self, x, present=None, fed=None):
        """The same with the inputs of each layer, and dL/d(sums) behind it, sample by sample."""
        sums, outputs = self.forward(x if fed is None else fed)
        scale = self.scale(x, present)
        if self.loss == "bce":
            delta = (outputs[-1] - x) * scale
        else:
            delta = 2 * (outputs[-1] - x) * scale * ACTIVATIONS[self.activations[-1]][1](sums[-1])
        gradients = []
        for i in reversed(range(len(self.parts))):
            weight, bias, before = self.parts[i].backward(outputs[i], delta)
            gradients.append((weight, bias, outputs[i], delta))
            delta = before
            if i:
                delta = delta * ACTIVATIONS[self.activations[i - 1]][1](sums[i - 1])
        return gradients[::-1]


def best_quintic(least, largest):
    """(a, b, c) and the error of the odd polynomial a x + b x^3 + c x^5 that approximates 1 best on
    an interval (Remez): the error has one size at both ends and at both extrema between, and
    alternates."""
    points = least + (largest - least) * np.array([0, 0.25, 0.75, 1])
    for _ in range(50):
        odd = np.stack([points, points**3, points**5, [1, -1, 1, -1]], axis=1)
        a, b, c, error = np.linalg.solve(odd, np.ones(4))
        root = np.sqrt(9 * b * b - 20 * a * c)
        points[1:3] = np.sqrt((-3 * b + np.array([-root, root])) / (10 * c))
    return (a, b, c), error


def orthogonalized(m, least=0.003, margin=1.01, iterations=4):
    """U V^T of m = U S V^T, nearly, as Muon takes it: by the Polar Express."""
    gram = m @ m.T
    m = m / (margin * np.linalg.norm(gram @ gram) ** 0.25)
    interval = least, 1
    for _ in range(iterations):
        (a, b, c), error = best_quintic(*interval)
        interval = 1 - error, margin * (1 + error)
        gram = m @ m.T
        m = a * m + (b * gram + c * gram @ gram) @ m
    return m
