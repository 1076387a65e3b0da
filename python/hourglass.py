"""Reads what Hourglass writes, with h5py and NumPy only.

    import hourglass
    model = hourglass.load("run/model.h5")            # or a checkpoint
    codes = model.encode(model.normalize(samples))    # N x d
    images = model.decode(codes)                      # N x D
    for record in hourglass.read_metrics("run/", kind="epoch"):
        print(record["epoch"], record["validation_sse"])

`samples` are as stored in the data set (e.g. uint8 images); normalize() turns them into the network's inputs as training did. Figures agree
with the program's to about 1e-5: it computes in single precision, this module in double unless told otherwise.
"""
import json
import math
from pathlib import Path

import h5py
import numpy as np

__all__ = ["ACTIVATIONS", "Model", "load", "parse_configuration", "read_metrics", "read_rows"]

_SELU_SCALE, _SELU_ALPHA = 1.0507009873554805, 1.6732632423543772
_erf = np.vectorize(math.erf, otypes=[float])


def _sigmoid(z):
    return 0.5 * (1 + np.tanh(0.5 * z))


def _normal_cdf(z):
    return 0.5 * (1 + _erf(z / math.sqrt(2)))


def _elu(z, alpha=1.0):
    return np.where(z > 0, z, alpha * np.expm1(np.minimum(z, 0)))


# name -> (s(z), s'(z))
ACTIVATIONS = {
    "linear": (lambda z: z, np.ones_like),
    "sigmoid": (_sigmoid, lambda z: _sigmoid(z) * (1 - _sigmoid(z))),
    "tanh": (np.tanh, lambda z: 1 - np.tanh(z) ** 2),
    "relu": (lambda z: np.maximum(z, 0), lambda z: (z > 0).astype(z.dtype)),
    "leaky-relu": (lambda z: np.where(z > 0, z, 0.01 * z), lambda z: np.where(z > 0, 1.0, 0.01)),
    "elu": (_elu, lambda z: np.where(z > 0, 1.0, np.exp(np.minimum(z, 0)))),
    "selu": (lambda z: _SELU_SCALE * _elu(z, _SELU_ALPHA),
             lambda z: _SELU_SCALE * np.where(z > 0, 1.0, _SELU_ALPHA * np.exp(np.minimum(z, 0)))),
    "gelu": (lambda z: z * _normal_cdf(z), lambda z: _normal_cdf(z) + z * np.exp(-z * z / 2) / math.sqrt(2 * math.pi)),
    "softplus": (lambda z: np.logaddexp(0, z), _sigmoid),
    "silu": (lambda z: z * _sigmoid(z), lambda z: _sigmoid(z) * (1 + z * (1 - _sigmoid(z)))),
}


def parse_configuration(text):
    """The settings of a configuration text or config.cfg as a dict from name to text; names are unique over all sections."""
    settings = {}
    for line in text.splitlines():
        line = line.strip()
        if line and line[0] not in "#;[":
            name, _, value = line.partition("=")
            settings[name.strip()] = value.strip()
    return settings


def read_metrics(run, kind=None):
    """The records of a run's metrics.jsonl, all or of one kind ("step", "epoch"). A last line still being written is left out."""
    lines = (Path(run) / "metrics.jsonl").read_text().split("\n")[:-1]
    records = [json.loads(line) for line in lines]
    return [record for record in records if kind is None or record["kind"] == kind]


def read_rows(address, rows=slice(None)):
    """Rows of the data set FILE.h5:/path as they are stored."""
    file, _, path = address.rpartition(":")
    with h5py.File(file, "r") as source:
        return source[path][rows]


class Layer:
    """y = s(x W^T + b), with layer normalisation before s where `gain` and `shift` are given, and all but the `keep` largest units at 0
    where that is."""

    def __init__(self, weight, bias, activation, gain=None, shift=None, keep=None):
        self.weight, self.bias, self.activation = weight, bias, activation
        self.gain, self.shift, self.keep = gain, shift, keep

    @property
    def is_plain(self):
        return self.gain is None and self.keep is None

    def __call__(self, x):
        z = x @ self.weight.T + self.bias
        if self.gain is not None:
            centred = z - z.mean(axis=1, keepdims=True)
            z = self.gain * centred / np.sqrt(np.mean(centred ** 2, axis=1, keepdims=True) + 1e-5) + self.shift
        y = ACTIVATIONS[self.activation][0](z)
        if self.keep is not None:
            order = np.argsort(-y, axis=1, kind="stable")[:, self.keep:]
            np.put_along_axis(y, order, 0, axis=1)
        return y

    def slope(self, x):
        """s'(x W^T + b)."""
        return ACTIVATIONS[self.activation][1](x @ self.weight.T + self.bias)


class Model:
    """A trained autoencoder of dense layers: `encoder` and `decoder` are lists of layers. A variational code is its mean."""

    def __init__(self, path, dtype=float):
        with h5py.File(path, "r") as file:
            group = file["model"]
            text = group.attrs["configuration"]
            self.settings = parse_configuration(text.decode() if isinstance(text, bytes) else text)
            self.divisor = float(group["input/divisor"][0]) if "input/divisor" in group else 1.0
            self.mean = group["input/mean"][()] if "input/mean" in group else None
            self.inverse_deviation = group["input/inverse_deviation"][()] if "input/mean" in group else None
            self.history = {name: values[()] for name, values in file.get("history", {}).items()}
            self.encoder = self._layers(group, "encoder", dtype)
            self.decoder = self._layers(group, "decoder", dtype)

    def _layers(self, model, part, dtype):
        group = model[part]
        numbers = sorted(map(int, group))
        last = self.settings["code-activation" if part == "encoder" else "output-activation"]
        names = [self.settings["activation"]] * (len(numbers) - 1) + [last]
        layers = []
        for number, activation in zip(numbers, names):
            stored = group[str(number)]
            if not set(stored) <= {"weight", "bias", "norm"} or ("weight" in stored and stored["weight"].ndim != 2):
                raise NotImplementedError(f"layer {part}/{number} is not a dense layer: use the program's encode and reconstruct")
            if "weight" in stored:
                weight = stored["weight"][()].astype(dtype)
            else:  # tied: that of the encoder's layer, transposed
                weight = model[f"encoder/{len(numbers) - 1 - number}/weight"][()].astype(dtype).T
            norm = stored.get("norm")
            layers.append(Layer(weight, stored["bias"][()].astype(dtype), activation, *((norm["gain"][()], norm["shift"][()]) if norm else ())))
        if part == "encoder":
            self._finish_code(layers[-1])
        return layers

    def _finish_code(self, layer):
        if self.settings.get("variational") == "true":
            mean = len(layer.bias) // 2  # the rest is the logarithm of the variance
            layer.weight, layer.bias, layer.activation = layer.weight[:mean], layer.bias[:mean], "linear"
        sparse = int(self.settings.get("k-sparse", 0))
        if sparse:
            # Rounded half away from zero, as the program does.
            layer.keep = int(math.floor(float(self.settings.get("k-sparse-alpha", 1)) * sparse + 0.5))

    @property
    def features(self):
        return self.encoder[0].weight.shape[1]

    @property
    def code_size(self):
        return self.encoder[-1].weight.shape[0]

    def normalize(self, samples):
        """Stored samples, N x anything, as the network's inputs, N x D."""
        x = np.asarray(samples, float).reshape(len(samples), -1) / self.divisor
        return x if self.mean is None else (x - self.mean) * self.inverse_deviation

    def encode(self, x):
        """Codes h = f(x), N x d, of normalised samples."""
        for layer in self.encoder:
            x = layer(x)
        return x

    def decode(self, codes):
        """Reconstructions r(h), N x D."""
        for layer in self.decoder:
            codes = layer(codes)
        return codes

    def reconstruct(self, x):
        return self.decode(self.encode(x))

    def squared_errors(self, x):
        """Squared error of each sample, summed over its features; their mean is the `sse` of `hourglass evaluate`."""
        return np.sum((self.reconstruct(x) - x) ** 2, axis=1)

    def jacobian(self, x):
        """dh/dx of each sample, N x d x D, exactly."""
        if not all(layer.is_plain for layer in self.encoder):
            raise NotImplementedError("the Jacobian is for encoders of plain dense layers")
        product = None
        for layer in self.encoder:
            scaled = layer.slope(x)[:, :, None] * layer.weight[None]
            product = scaled if product is None else scaled @ product
            x = layer(x)
        return product


def load(path, dtype=float):
    """The model in a model file or checkpoint."""
    return Model(path, dtype)
