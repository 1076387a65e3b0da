"""Reads what Hourglass writes, with h5py and NumPy only.

    import hourglass
    model = hourglass.load("run/model.h5")            # or a checkpoint
    codes = model.encode(model.normalize(samples))    # N x d
    images = model.decode(codes)                      # N x D
    for record in hourglass.read_metrics("run/", kind="epoch"):
        print(record["epoch"], record["validation_sse"])

`samples` are as stored in the data set (e.g. uint8 images); normalize() turns them into the
network's inputs as training did. Figures agree with the program's to about 1e-5: it computes in
single precision, this module in double unless told otherwise.
"""
import json
import math
import re
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
    "selu": (
        lambda z: _SELU_SCALE * _elu(z, _SELU_ALPHA),
        lambda z: _SELU_SCALE * np.where(z > 0, 1.0, _SELU_ALPHA * np.exp(np.minimum(z, 0))),
    ),
    "gelu": (
        lambda z: z * _normal_cdf(z),
        lambda z: _normal_cdf(z) + z * np.exp(-z * z / 2) / math.sqrt(2 * math.pi),
    ),
    "softplus": (lambda z: np.logaddexp(0, z), _sigmoid),
    "silu": (lambda z: z * _sigmoid(z), lambda z: _sigmoid(z) * (1 + z * (1 - _sigmoid(z)))),
}


def parse_configuration(text):
    """The settings of a configuration text or config.cfg as a dict from name to text; names are
    unique over all sections."""
    settings = {}
    for line in text.splitlines():
        line = line.strip()
        if line and line[0] not in "#;[":
            name, _, value = line.partition("=")
            settings[name.strip()] = value.strip()
    return settings


def read_metrics(run, kind=None):
    """The records of a run's metrics.jsonl, all or of one kind ("step", "epoch"). A last line still
    being written is left out."""
    lines = (Path(run) / "metrics.jsonl").read_text().split("\n")[:-1]
    records = [json.loads(line) for line in lines]
    return [record for record in records if kind is None or record["kind"] == kind]


def read_rows(address, rows=slice(None)):
    """Rows of the data set FILE.h5:/path as they are stored."""
    file, _, path = address.rpartition(":")
    with h5py.File(file, "r") as source:
        return source[path][rows]


def _text(group, name):
    """A text of a model file: an attribute, or a data set when it is long."""
    value = group.attrs[name] if name in group.attrs else group[name][()]
    return value.decode() if isinstance(value, bytes) else str(value)


def _identity(group):
    """What the model remembers of its training data: {} for files written before 0.2."""

    def text(name):
        return _text(group, name)

    if "data_version" not in group.attrs:
        return {}
    shape = text("data_shape") if "data_shape" in group.attrs else ""
    data = {
        "type": text("data_type"),
        "shape": tuple(int(extent) for extent in shape.split("x") if extent),
        "normalize": text("data_normalize"),
        "units": text("data_units") if "data_units" in group.attrs else "",
        "feature_names": [],
    }
    if "data_range" in group.attrs:
        data["range"] = tuple(map(float, text("data_range").split()))
        data["whole"] = text("data_whole_numbers") == "true"
    if "feature_names" in group.attrs or "feature_names" in group:
        data["feature_names"] = text("feature_names").split("\n")
    return data


# Steps of a network: each maps N x inputs to N x outputs, and tangent(x, t) maps directions t (N x
# D x inputs) at x to those of its output, so that a product of them is a Jacobian.


class Dense:
    """y = x W^T + b, W outputs x inputs."""

    def __init__(self, weight, bias):
        self.weight, self.bias = weight, bias

    def linear(self, x):
        return x @ self.weight.T

    def __call__(self, x):
        return self.linear(x) + self.bias

    def tangent(self, x, t):
        return self.linear(t)


class ConditionBias:
    """y = x + the rows of the weights (categories x outputs) of a sample's categories."""

    def __init__(self, weight):
        self.weight = weight

    def __call__(self, x, categories=None):
        return x if categories is None else x + categories @ self.weight

    def tangent(self, x, t):
        return t


class _Windows:
    """A convolution or its transposed form over series T x C, images H x W x C or volumes D x H x W
    x C: `weight` is small x large channels x kernel, `large` the shape of the larger side, `grid`
    that of the smaller one without its channels."""

    def __init__(self, weight, bias, layer, large, grid):
        self.weight, self.bias, self.large, self.grid = weight, bias, large, grid
        self.stride, self.padding = layer["stride"], layer["padding"]

    def _view(self, padded):
        """The patches under the windows as a view: N x grid x kernel x channels."""
        n, s = len(padded), padded.strides
        steps = s[1:-1]
        return np.lib.stride_tricks.as_strided(
            padded,
            (n, *self.grid, *self.weight.shape[2:], self.large[-1]),
            (s[0], *(a * b for a, b in zip(steps, self.stride)), *steps, s[-1]),
        )

    def _padded(self, n, dtype):
        """Zeros for the large side with its padding, and at least what the windows reach; and the
        slices of the large side within them."""
        extents = [
            max(size + 2 * p, (g - 1) * st + k)
            for size, p, g, st, k in zip(
                self.large, self.padding, self.grid, self.stride, self.weight.shape[2:]
            )
        ]
        inside = (slice(None), *(slice(p, p + e) for p, e in zip(self.padding, self.large[:-1])))
        return np.zeros((n, *extents, self.large[-1]), dtype), inside

    def to_small(self, x):
        padded, inside = self._padded(len(x), x.dtype)
        padded[inside] = x.reshape(len(x), *self.large)
        d = len(self.grid)
        kernel = range(d + 2, 2 * d + 2)  # the axes of _view() after N, the grid
        return np.einsum(
            self._view(padded),
            [0, *range(1, d + 1), *kernel, d + 1],
            self.weight,
            [2 * d + 2, d + 1, *kernel],
            [0, *range(1, d + 1), 2 * d + 2],
            optimize=True,
        ).reshape(len(x), -1)

    def to_large(self, x):
        small = x.reshape(len(x), *self.grid, self.weight.shape[0])
        padded, inside = self._padded(len(x), x.dtype)
        for place in np.ndindex(*self.weight.shape[2:]):
            under = (
                slice(i, i + (g - 1) * st + 1, st)
                for i, g, st in zip(place, self.grid, self.stride)
            )
            padded[(slice(None), *under)] += small @ self.weight[(..., *place)]
        return padded[inside].reshape(len(x), -1)

    def __call__(self, x):
        y = self.linear(x)
        return (y.reshape(-1, len(self.bias)) + self.bias).reshape(y.shape)

    def tangent(self, x, t):
        return self.linear(t.reshape(-1, t.shape[-1])).reshape(*t.shape[:2], -1)


class Convolution(_Windows):
    linear = _Windows.to_small


class TransposedConvolution(_Windows):
    linear = _Windows.to_large


class LayerNorm:
    """gain (x - mean) / sqrt(variance + 1e-5) + shift over the units of a sample; a gain a unit, or
    a channel of images."""

    def __init__(self, gain, shift, width):
        self.gain, self.shift = np.tile(gain, width // len(gain)), np.tile(
            shift, width // len(shift)
        )

    def _unit(self, x):
        centred = x - x.mean(axis=1, keepdims=True)
        deviation = np.sqrt(np.mean(centred**2, axis=1, keepdims=True) + 1e-5)
        return centred / deviation, deviation

    def __call__(self, x):
        return self.gain * self._unit(x)[0] + self.shift

    def tangent(self, x, t):
        unit, deviation = self._unit(x)
        centred = t - t.mean(axis=2, keepdims=True)
        along = np.mean(centred * unit[:, None], axis=2, keepdims=True)
        return self.gain * (centred - along * unit[:, None]) / deviation[:, None]


class Activation:
    def __init__(self, name):
        self.name = name

    def __call__(self, x):
        return ACTIVATIONS[self.name][0](x)

    def tangent(self, x, t):
        return t * ACTIVATIONS[self.name][1](x)[:, None]


class KSparse:
    """Keeps the k largest units of a sample, of equal ones the first."""

    def __init__(self, k):
        self.k = k

    def _kept(self, x):
        order = np.argsort(-x, axis=1, kind="stable")
        kept = np.zeros(x.shape, bool)
        np.put_along_axis(kept, order[:, : self.k], True, axis=1)
        return kept

    def __call__(self, x):
        return np.where(self._kept(x), x, 0)

    def tangent(self, x, t):
        return t * self._kept(x)[:, None]


class PosteriorMean:
    """A variational code without sampling: the first units of (mu, ln sigma^2), without a latent
    library, which stands behind them."""

    def __init__(self, units):
        self.units = units

    def __call__(self, x):
        return x[:, : self.units]

    def tangent(self, x, t):
        return t[:, :, : self.units]


def parse_layers(text):
    """The items of `--layers` or `--decoder-layers`: {"kind": "dense", "shape": (784,) or (28, 28,
    1)} or {"kind": "conv" or "tconv", "channels", "kernel", "stride", "padding", "output_padding"},
    a number for each axis of a series, an image or a volume."""
    number = r"(\d+(?:x\d+)*)"
    form = rf"(t?conv)(?:([123])d)?:(\d+)x{number}(?:s{number})?(?:p{number})?(?:o{number})?"
    items = [(item, re.fullmatch(form, item)) for item in text.split(",")]
    layers = []
    for (item, match), following in zip(items, [match for _, match in items[1:]] + [None]):
        if not match:
            # A convolution tells what the shape before it means.
            axes = int(following.group(2) or 2) if following else 2
            shape = tuple(map(int, item.split("x")))
            is_grid = len(shape) > 1 or (following and axes == 1)
            layers.append(
                {
                    "kind": "dense",
                    "shape": (*shape, 1) if is_grid and len(shape) == axes else shape,
                }
            )
            continue
        kind, axes, channels, kernel, stride, padding, output_padding = match.groups()
        axes = int(axes or 2)

        def by_axis(words, axes=axes):
            numbers = tuple(map(int, words.split("x")))
            return numbers * axes if len(numbers) == 1 else numbers

        kernel, stride = by_axis(kernel), by_axis(stride or "1")
        padding = by_axis(padding) if padding else tuple((k - 1) // 2 for k in kernel)
        if output_padding:
            output_padding = by_axis(output_padding)
        else:
            output_padding = tuple(
                min(max(s + 2 * p - k, 0), s - 1) for k, s, p in zip(kernel, stride, padding)
            )
        layers.append(
            {
                "kind": kind,
                "channels": int(channels),
                "kernel": kernel,
                "stride": stride,
                "padding": padding,
                "output_padding": output_padding,
            }
        )
    return layers


def layer_shapes(layers):
    """What enters and what each layer gives: (units,) or (height, width, channels), and (length,
    channels) and (depth, height, width, channels) alike."""
    shapes = []
    for layer in layers:
        if layer["kind"] == "dense":
            shapes.append(layer["shape"])
            continue
        windows = zip(
            shapes[-1], layer["kernel"], layer["stride"], layer["padding"], layer["output_padding"]
        )
        if layer["kind"] == "conv":
            extents = [(size + 2 * p - k) // s + 1 for size, k, s, p, _ in windows]
        else:
            extents = [(size - 1) * s - 2 * p + k + o for size, k, s, p, o in windows]
        shapes.append((*extents, layer["channels"]))
    return shapes


def mirror_layers(layers):
    """The decoder that an empty `--decoder-layers` stands for."""
    shapes = layer_shapes(layers)
    mirror = [{"kind": "dense", "shape": shapes[-1]}]
    for layer, target, source in zip(reversed(layers), reversed(shapes[:-1]), reversed(shapes)):
        if layer["kind"] == "dense":
            mirror.append({"kind": "dense", "shape": target})
            continue
        reached = [
            (size - 1) * s - 2 * p + k
            for size, k, s, p in zip(source, layer["kernel"], layer["stride"], layer["padding"])
        ]
        mirror.append(
            {
                **layer,
                "kind": {"conv": "tconv", "tconv": "conv"}[layer["kind"]],
                "channels": target[-1],
                "output_padding": tuple(t - r for t, r in zip(target, reached)),
            }
        )
    return mirror


def _parse_conditions(text):
    """Conditions as a model file holds them: [(name, [category, ...]), ...]."""
    data, place, found = text.encode(), 0, []

    def number(end):
        nonlocal place
        stop = data.index(end, place)
        value, place = int(data[place:stop]), stop + 1
        return value

    def item():
        nonlocal place
        size = number(b":")
        place += size + 1
        return data[place - size - 1 : place - 1].decode()

    while place < len(data):
        name = item()
        found.append((name, [item() for _ in range(number(b"\n"))]))
    return found


def _swapped(x, rows):
    """N x (rows x columns) as N x (columns x rows)."""
    return np.swapaxes(x.reshape(len(x), rows, -1), 1, 2).reshape(len(x), -1)


class Model:
    """A trained autoencoder: `encoder` and `decoder` are lists of steps, applied one after the
    other."""

    def __init__(self, path, dtype=float):
        with h5py.File(path, "r") as file:
            group = file["model"]
            self.settings = parse_configuration(_text(group, "configuration"))
            self.divisor = float(group["input/divisor"][0]) if "input/divisor" in group else 1.0
            self.mean = group["input/mean"][()] if "input/mean" in group else None
            self.inverse_deviation = (
                group["input/inverse_deviation"][()] if "input/mean" in group else None
            )
            self.data = _identity(group)
            mixed = self.settings.get("loss") == "mixed"
            self.columns = json.loads(_text(group, "columns")) if mixed else []
            self.missing = self.settings.get("missing", "refuse")
            self.indicator = self.settings.get("missing-indicator") == "true"
            stored = "input/missing_means" in group
            self.missing_means = group["input/missing_means"][()] if stored else 0.0
            # Of counts: the sum of a sample with size factor 1.
            stored = "input/library" in group
            self.library = float(group["input/library"][0]) if stored else None
            # (name, categories) of each condition, in the order of their weights.
            stored = "conditions" in group.attrs or "conditions" in group
            self.conditions = _parse_conditions(_text(group, "conditions")) if stored else []
            # --library latent: mean and deviation of the logarithm of the size factor.
            stored = "input/library_prior" in group
            self.library_prior = group["input/library_prior"][()] if stored else None
            self.history = {name: values[()] for name, values in file.get("history", {}).items()}
            layers = parse_layers(self.settings["layers"])
            text = self.settings.get("decoder-layers", "")
            self.encoder = self._steps(
                group["encoder"], layers, self.settings["code-activation"], dtype
            )
            # Tied weights are stored once, with the encoder.
            self.decoder = self._steps(
                group["decoder"],
                parse_layers(text) if text else mirror_layers(layers),
                self.settings["output-activation"],
                dtype,
                group["encoder"],
            )
            shapes = layer_shapes(layers)
            self.features, self.code_size = int(np.prod(shapes[0])), int(np.prod(shapes[-1]))
            self.leading_channels = 0
            if self.settings.get("channels") == "first":
                self.leading_channels = self._channels(layers, parse_layers(text) if text else None)

    def _channels(self, layers, decoder):
        """The channels of a sample: of the first layer, if that is a convolution, of the last one,
        or of `--image-shape`."""
        if layers[1]["kind"] != "dense":
            return layers[0]["shape"][-1]
        if decoder and decoder[-1]["kind"] != "dense":
            return decoder[-1]["channels"]
        image = self.settings.get("image-shape", "").split("x")
        return int(image[2]) if len(image) == 3 else 1

    def _steps(self, group, layers, last_activation, dtype, mirrored=None):
        shapes = layer_shapes(layers)
        count = len(layers) - 1
        is_encoder = mirrored is None
        if is_encoder and self.indicator and len(shapes[0]) == 3:
            shapes[0] = (*shapes[0][:2], 2 * shapes[0][2])
        steps = []
        for i, layer in enumerate(layers[1:]):
            stored = {
                name: values[()].astype(dtype)
                for name, values in group[str(i)].items()
                if isinstance(values, h5py.Dataset)
            }
            tied = "weight" not in stored
            weight = (
                mirrored[f"{count - 1 - i}/weight"][()].astype(dtype) if tied else stored["weight"]
            )
            before, after = shapes[i], shapes[i + 1]
            if layer["kind"] == "dense":
                steps.append(Dense(weight.T if tied else weight, stored["bias"]))
                if "condition" in stored:
                    steps.append(ConditionBias(stored["condition"]))
            elif layer["kind"] == "conv":
                steps.append(Convolution(weight, stored["bias"], layer, before, after[:-1]))
            else:
                steps.append(
                    TransposedConvolution(weight, stored["bias"], layer, after, before[:-1])
                )
            if i + 1 < count:
                if "norm" in group[str(i)]:
                    norm = group[f"{i}/norm"]
                    steps.append(
                        LayerNorm(
                            norm["gain"][()].astype(dtype),
                            norm["shift"][()].astype(dtype),
                            int(np.prod(after)),
                        )
                    )
                steps.append(Activation(self.settings["activation"]))
            elif is_encoder and self.settings.get("variational") == "true":
                steps.append(PosteriorMean(int(np.prod(after))))
            else:
                steps.append(Activation(last_activation))
        k = int(self.settings.get("k-sparse", 0))
        if is_encoder and k > 0:
            steps.append(KSparse(int(math.floor(float(self.settings["k-sparse-alpha"]) * k + 0.5))))
        return steps

    def normalize(self, samples, scale=None, names=None):
        """Stored samples, N x anything, as the network's inputs, N x D: with the channels last.
        Samples that are stored in another way than those of the training are converted or refused
        as by the program; `scale` is its --data-scale. Features are compared by their `names`, or
        those of a pandas data frame, and put into the model's order. Missing elements are NaN, or
        their means when the model was trained with --missing mean."""
        names = getattr(samples, "columns", None) if names is None else names
        samples = np.asarray(samples)
        if names is not None:
            samples = self._by_name(samples, [str(name) for name in names])
        if self.leading_channels <= 1:
            samples = self._in_order(samples)
        missing = self._is_missing(samples)
        if scale is None:
            scale = self._scale_of(samples[~missing])
        values = np.where(missing, np.nan, samples).astype(float)
        x = values.reshape(len(samples), -1) * scale / self.divisor
        if self.leading_channels > 1:
            x = _swapped(x, self.leading_channels)
        if self.mean is not None:
            # As hourglass cuts values that no training data have.
            x = np.clip((x - self.mean) * self.inverse_deviation, -1e6, 1e6)
        return self.filled(x) if self.missing == "mean" else x

    def _is_missing(self, samples):
        """Where stored samples are NaN or what --missing-value names; floats are compared as they
        are stored."""
        missing = np.isnan(samples) if samples.dtype.kind == "f" else np.zeros(samples.shape, bool)
        values = self.settings.get("missing-value", "")
        for value in values.split(",") if values else []:
            exact = samples.dtype.type(value) if samples.dtype.kind == "f" else float(value)
            missing |= samples == exact
        return missing

    def as_stored(self, x):
        """Inputs or outputs of the network, N x D, in the order of the data of the training: with
        the channels first if theirs are."""
        channels = self.leading_channels
        return _swapped(x, x.shape[1] // channels) if channels > 1 else x

    def denormalize(self, x):
        """Values of the network, such as reconstructions, in the units of the training data."""
        x = np.asarray(x, float)
        if self.mean is not None:
            x = x / self.inverse_deviation + self.mean
        return x * self.divisor

    def _by_name(self, samples, names):
        """The columns of rows that have the names of the model's features, in its order."""
        wanted = self.data.get("feature_names", [])
        if not wanted or names == wanted:
            return samples
        if len(set(names)) < len(names):
            raise ValueError("two columns have the same name")
        places = {name: place for place, name in enumerate(names)}
        missing = [name for name in wanted if name not in places]
        if missing:
            raise ValueError(f"no column {', '.join(missing)}, which the model was trained on")
        return samples[:, [places[name] for name in wanted]]

    def _in_order(self, samples):
        """Images in the order of channels of the training."""
        shape = self.data.get("shape", ())
        if samples[0].size != self.features:
            raise ValueError(
                f"samples of {samples[0].size} features for a model of {self.features}"
            )
        given = samples.shape[1:]
        if len(given) != 3 or len(shape) != 3 or given == shape:
            return samples
        if given == (shape[2], shape[0], shape[1]) and shape[2] <= 4:
            return np.moveaxis(samples, 1, -1)
        if given == (shape[1], shape[2], shape[0]) and shape[0] <= 4:
            return np.moveaxis(samples, -1, 1)
        if 1 in given or 1 in shape:
            return samples
        raise ValueError(f"samples of {given} for a model of {shape}; give flat rows")

    def _scale_of(self, samples):
        """1, or what images of whole numbers and their fractions differ by."""
        if "range" not in self.data or samples.size == 0:
            return 1.0
        lowest, highest = np.min(samples), np.max(samples)
        least, most = self.data["range"]
        whole = bool(np.all(samples == np.rint(samples)))
        fractions = lowest >= 0 and highest <= 1 and not whole
        if self.data["whole"] and least >= 0 and most > 1 and fractions:
            if self.data["type"] == "uint8" and most > 127:
                return 255.0
        elif not self.data["whole"] and least >= 0 and 0.5 < most <= 1 and whole and highest > 1:
            if samples.dtype == np.uint8 and highest > 127:
                return 1 / 255
        else:
            return 1.0
        raise ValueError(
            f"values from {lowest} to {highest} for a model of values from {least} to {most}; "
            "give scale, the factor by which they become like those, or scale=1"
        )

    def filled(self, x):
        """Normalised samples with the features' means in place of missing elements."""
        return np.where(np.isnan(x), self.missing_means, x)

    def network_input(self, x):
        """What enters the first layer: means in place of missing elements, and with
        --missing-indicator the mask behind the sample, or as further channels of its pixels."""
        if self.library is not None:
            sizes = self._observed_sizes(x)
            return np.log1p(x / np.where(sizes > 0, sizes, 1)[:, None])
        if self.missing != "mask":
            return x
        if not self.indicator:
            return self.filled(x)
        first = parse_layers(self.settings["layers"])[:2]
        group = layer_shapes(first)[0][2] if first[1]["kind"] != "dense" else x.shape[1]
        pair = [
            part.reshape(len(x), -1, group) for part in (self.filled(x), np.isnan(x).astype(float))
        ]
        return np.concatenate(pair, axis=2).reshape(len(x), -1)

    def _observed_sizes(self, x):
        return x.sum(axis=1) / self.library

    def size_factors(self, x, conditions=None):
        """Of counts, N x D: their sums over that of a typical sample (--counts log1p), or with
        --library latent the means of their posteriors; else 1."""
        if self.library is None:
            return np.ones(len(x))
        if self.library_prior is None:
            return self._observed_sizes(x)
        x = self._forward(self.encoder[:-1], self.network_input(x), conditions)
        mean, deviation = self.library_prior
        return np.exp(mean + np.clip(deviation * x[:, self.code_size], -10, 10))

    def categories(self, conditions, samples):
        """N x (categories of all conditions), 1 where a sample is of a category, of `conditions`
        {name: category of all samples, or a list of one for each}. None, and a condition that is
        left out, is unknown."""
        if unexpected := set(conditions) - {name for name, _ in self.conditions}:
            raise ValueError(f"the model has no condition {', '.join(sorted(unexpected))}")
        blocks = []
        for name, known in self.conditions:
            given = conditions.get(name)
            given = [given] * samples if given is None or isinstance(given, str) else list(given)
            if len(given) != samples:
                raise ValueError(f"condition {name}: {len(given)} categories of {samples} samples")
            if unseen := {str(one) for one in given if one is not None} - set(known):
                raise ValueError(
                    f"condition {name}: the model has not seen {', '.join(sorted(unseen))}; "
                    "None is unknown"
                )
            blocks.append([[one is not None and str(one) == k for k in known] for one in given])
        return np.concatenate([np.array(block, float) for block in blocks], axis=1)

    def _forward(self, steps, x, conditions):
        known = self.categories(conditions, len(x)) if conditions else None
        for step in steps:
            x = step(x, known) if isinstance(step, ConditionBias) else step(x)
        return x

    def encode(self, x, conditions=None):
        """Codes h = f(x), N x d, of normalised samples. `conditions` as for categories(); without
        them all are unknown."""
        return self._forward(self.encoder, self.network_input(x), conditions)

    def decode(self, codes, conditions=None):
        """Reconstructions r(h), N x D; of counts, the means for a sample with size factor 1; with
        --loss mixed, booleans and categories have probabilities."""
        codes = self._forward(self.decoder, codes, conditions)
        loss, activation = (self.settings.get(name) for name in ("loss", "output-activation"))
        if loss in ("nb", "zinb") or (loss == "poisson" and activation == "linear"):
            return np.clip(np.exp(codes[:, : self.features]), 1e-5, 1e6)
        for column in self.columns:
            features = slice(column["first"], column["first"] + column["count"])
            if column["kind"] == "boolean":
                codes[:, features] = 1 / (1 + np.exp(-codes[:, features]))
            elif column["kind"] == "category":
                z = np.exp(codes[:, features] - codes[:, features].max(axis=1, keepdims=True))
                codes[:, features] = z / z.sum(axis=1, keepdims=True)
        return codes

    def reconstruct(self, x, conditions=None):
        codes = self.encode(x, conditions)
        return self.decode(codes, conditions) * self.size_factors(x, conditions)[:, None]

    def squared_errors(self, x, conditions=None):
        """Squared error of each sample, summed over the features that are there and scaled to all;
        their mean is the `sse` of `hourglass evaluate`."""
        present = ~np.isnan(x)
        difference = self.reconstruct(x, conditions) - np.where(present, x, 0)
        squares = np.where(present, difference, 0) ** 2
        return squares.sum(axis=1) * x.shape[1] / np.maximum(present.sum(axis=1), 1)

    def jacobian(self, x):
        """dh/dx of each sample, N x d x D (2 D with --missing-indicator), exactly."""
        x = self.network_input(x)
        t = np.broadcast_to(np.eye(x.shape[1]), (len(x), x.shape[1], x.shape[1]))
        for step in self.encoder:
            t = step.tangent(x, t)
            x = step(x)
        return np.swapaxes(t, 1, 2)


def load(path, dtype=float):
    """The model in a model file or checkpoint."""
    return Model(path, dtype)
