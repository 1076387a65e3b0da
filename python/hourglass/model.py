"""Trained models."""
from __future__ import annotations

import json
import math
from typing import IO, Any, Iterable, List, Mapping, Optional, Sequence, Union

import h5py
import numpy as np

from .activations import Array
from .architecture import Layer, layer_shapes, mirror_layers, parse_layers
from .files import (
    PathLike,
    data_identity,
    parse_configuration,
    parse_conditions,
    stored_text,
)
from .layers import (
    Activation,
    ConditionBias,
    Convolution,
    Dense,
    KSparse,
    LayerNorm,
    PosteriorMean,
    SparseUnits,
    Step,
    TransposedConvolution,
)

# {name: category of all samples, or one of each sample}
Conditions = Optional[Mapping[str, Union[None, str, Iterable[Any]]]]


def _swapped(x: Array, rows: int) -> Array:
    """N x (rows x columns) as N x (columns x rows)."""
    return np.swapaxes(x.reshape(len(x), rows, -1), 1, 2).reshape(len(x), -1)


class Model:
    """A trained autoencoder: `encoder` and `decoder` are lists of steps, applied one after the
    other."""

    def __init__(self, path: Union[PathLike, IO[bytes]], dtype: Any = float) -> None:
        with h5py.File(path, "r") as file:
            group = file["model"]
            self.settings = parse_configuration(stored_text(group, "configuration"))
            self.divisor = float(group["input/divisor"][0]) if "input/divisor" in group else 1.0
            self.mean = group["input/mean"][()] if "input/mean" in group else None
            self.inverse_deviation = (
                group["input/inverse_deviation"][()] if "input/mean" in group else None
            )
            self.data = data_identity(group)
            mixed = self.settings.get("loss") == "mixed"
            self.columns = json.loads(stored_text(group, "columns")) if mixed else []
            self.missing = self.settings.get("missing", "refuse")
            self.indicator = self.settings.get("missing-indicator") == "true"
            stored = "input/missing_means" in group
            self.missing_means = group["input/missing_means"][()] if stored else 0.0
            # Of counts: the sum of a sample with size factor 1.
            stored = "input/library" in group
            self.library = float(group["input/library"][0]) if stored else None
            # --library latent: mean and deviation of the logarithm of the size factor.
            stored = "input/library_prior" in group
            self.library_prior = group["input/library_prior"][()] if stored else None
            # (name, categories) of each condition, in the order of their weights.
            stored = "conditions" in group.attrs or "conditions" in group
            self.conditions = parse_conditions(stored_text(group, "conditions")) if stored else []
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

    def _channels(self, layers: List[Layer], decoder: Optional[List[Layer]]) -> int:
        """The channels of a sample: of the first layer, if that is a convolution, of the last one,
        or of `--image-shape`."""
        if layers[1]["kind"] != "dense":
            return layers[0]["shape"][-1]
        if decoder and decoder[-1]["kind"] != "dense":
            return decoder[-1]["channels"]
        image = self.settings.get("image-shape", "").split("x")
        return int(image[2]) if len(image) == 3 else 1

    def _steps(
        self,
        group: Any,
        layers: List[Layer],
        last_activation: str,
        dtype: Any,
        mirrored: Any = None,
    ) -> List[Step]:
        shapes = layer_shapes(layers)
        count = len(layers) - 1
        is_encoder = mirrored is None
        if is_encoder and self.indicator and len(shapes[0]) == 3:
            shapes[0] = (*shapes[0][:2], 2 * shapes[0][2])
        steps: List[Step] = []
        sparsity, _, number = self.settings.get("sparsity", "none").partition(":")
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
                # The decoder of sparse codes stores a row for each unit.
                atoms = sparsity != "none" and not is_encoder and i == 0
                steps.append(Dense(weight.T if tied or atoms else weight, stored["bias"]))
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
            elif is_encoder and sparsity != "none":
                steps.append(SparseUnits(sparsity, int(number) if number.isdigit() else 0, stored))
            else:
                steps.append(Activation(last_activation))
        k = int(self.settings.get("k-sparse", 0))
        if is_encoder and k > 0:
            steps.append(KSparse(int(math.floor(float(self.settings["k-sparse-alpha"]) * k + 0.5))))
        return steps

    def normalize(
        self,
        samples: Any,
        scale: Optional[float] = None,
        names: Optional[Iterable[str]] = None,
    ) -> Array:
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

    def _is_missing(self, samples: Array) -> Array:
        """Where stored samples are NaN or what --missing-value names; floats are compared as they
        are stored."""
        missing = np.isnan(samples) if samples.dtype.kind == "f" else np.zeros(samples.shape, bool)
        values = self.settings.get("missing-value", "")
        for value in values.split(",") if values else []:
            exact = samples.dtype.type(value) if samples.dtype.kind == "f" else float(value)
            missing |= samples == exact
        return missing

    def as_stored(self, x: Array) -> Array:
        """Inputs or outputs of the network, N x D, in the order of the data of the training: with
        the channels first if theirs are."""
        channels = self.leading_channels
        return _swapped(x, x.shape[1] // channels) if channels > 1 else x

    def denormalize(self, x: Any) -> Array:
        """Values of the network, such as reconstructions, in the units of the training data."""
        x = np.asarray(x, float)
        if self.mean is not None:
            x = x / self.inverse_deviation + self.mean
        return x * self.divisor

    def _by_name(self, samples: Array, names: List[str]) -> Array:
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

    def _in_order(self, samples: Array) -> Array:
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

    def _scale_of(self, samples: Array) -> float:
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

    def filled(self, x: Array) -> Array:
        """Normalised samples with the features' means in place of missing elements."""
        return np.where(np.isnan(x), self.missing_means, x)

    def network_input(self, x: Array) -> Array:
        """What enters the first layer: means in place of missing elements, and with
        --missing-indicator the mask behind the sample, or as further channels of its pixels.
        """
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

    def _observed_sizes(self, x: Array) -> Array:
        return x.sum(axis=1) / (self.library or 1)

    def size_factors(self, x: Array, conditions: Conditions = None) -> Array:
        """Of counts, N x D: their sums over that of a typical sample (--counts log1p), or with
        --library latent the means of their posteriors; else 1."""
        if self.library is None:
            return np.ones(len(x))
        if self.library_prior is None:
            return self._observed_sizes(x)
        x = self._forward(self.encoder[:-1], self.network_input(x), conditions)
        mean, deviation = self.library_prior
        return np.exp(mean + np.clip(deviation * x[:, self.code_size], -10, 10))

    def categories(
        self, conditions: Mapping[str, Union[None, str, Iterable[Any]]], samples: int
    ) -> Array:
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

    def _forward(self, steps: Sequence[Step], x: Array, conditions: Conditions) -> Array:
        known = self.categories(conditions, len(x)) if conditions else None
        for step in steps:
            x = step(x, known) if isinstance(step, ConditionBias) else step(x)
        return x

    def encode(self, x: Array, conditions: Conditions = None) -> Array:
        """Codes h = f(x), N x d, of normalised samples. `conditions` as for categories(); without
        them all are unknown."""
        return self._forward(self.encoder, self.network_input(x), conditions)

    def decode(self, codes: Array, conditions: Conditions = None) -> Array:
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

    def reconstruct(self, x: Array, conditions: Conditions = None) -> Array:
        codes = self.encode(x, conditions)
        return self.decode(codes, conditions) * self.size_factors(x, conditions)[:, None]

    def squared_errors(self, x: Array, conditions: Conditions = None) -> Array:
        """Squared error of each sample, summed over the features that are there and scaled to all;
        their mean is the `sse` of `hourglass evaluate`."""
        present = ~np.isnan(x)
        difference = self.reconstruct(x, conditions) - np.where(present, x, 0)
        squares = np.where(present, difference, 0) ** 2
        return squares.sum(axis=1) * x.shape[1] / np.maximum(present.sum(axis=1), 1)

    def jacobian(self, x: Array) -> Array:
        """dh/dx of each sample, N x d x D (2 D with --missing-indicator), exactly."""
        x = self.network_input(x)
        t = np.broadcast_to(np.eye(x.shape[1]), (len(x), x.shape[1], x.shape[1]))
        for step in self.encoder:
            t = step.tangent(x, t)
            x = step(x)
        return np.swapaxes(t, 1, 2)


def load(path: Union[PathLike, IO[bytes]], dtype: Any = float) -> Model:
    """The model in a model file or checkpoint."""
    return Model(path, dtype)
