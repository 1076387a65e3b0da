"""Layers of a network as functions of NumPy arrays.

Each maps N x inputs to N x outputs, and tangent(x, t) maps directions t (N x D x inputs) at x to
those of its output, so that a product of them is a Jacobian.
"""
from __future__ import annotations

from typing import Any, Dict, Optional, Sequence, Tuple, Union

import numpy as np

from .activations import ACTIVATIONS, Array


class Dense:
    """y = x W^T + b, W outputs x inputs."""

    def __init__(self, weight: Array, bias: Array) -> None:
        self.weight, self.bias = weight, bias

    def linear(self, x: Array) -> Array:
        return x @ self.weight.T

    def __call__(self, x: Array) -> Array:
        return self.linear(x) + self.bias

    def tangent(self, x: Array, t: Array) -> Array:
        return self.linear(t)


class ConditionBias:
    """y = x + the rows of the weights (categories x outputs) of a sample's categories."""

    def __init__(self, weight: Array) -> None:
        self.weight = weight

    def __call__(self, x: Array, categories: Optional[Array] = None) -> Array:
        return x if categories is None else x + categories @ self.weight

    def tangent(self, x: Array, t: Array) -> Array:
        return t


class _Windows:
    """A convolution or its transposed form over series T x C, images H x W x C or volumes D x H x W
    x C: `weight` is small x large channels x kernel, `large` the shape of the larger side, `grid`
    that of the smaller one without its channels."""

    def __init__(
        self,
        weight: Array,
        bias: Array,
        layer: Dict[str, Any],
        large: Sequence[int],
        grid: Sequence[int],
    ) -> None:
        self.weight, self.bias, self.large, self.grid = weight, bias, large, grid
        self.stride, self.padding = layer["stride"], layer["padding"]

    def _view(self, padded: Array) -> Array:
        """The patches under the windows as a view: N x grid x kernel x channels."""
        n, s = len(padded), padded.strides
        steps = s[1:-1]
        return np.lib.stride_tricks.as_strided(
            padded,
            (n, *self.grid, *self.weight.shape[2:], self.large[-1]),
            (s[0], *(a * b for a, b in zip(steps, self.stride)), *steps, s[-1]),
        )

    def _padded(self, n: int, dtype: Any) -> Tuple[Array, Tuple[slice, ...]]:
        """Zeros for the large side with its padding, and at least what the windows reach; and the
        slices of the large side within them."""
        extents = [
            max(size + 2 * p, (g - 1) * st + k)
            for size, p, g, st, k in zip(
                self.large, self.padding, self.grid, self.stride, self.weight.shape[2:]
            )
        ]
        inside = (
            slice(None),
            *(slice(p, p + e) for p, e in zip(self.padding, self.large[:-1])),
        )
        return np.zeros((n, *extents, self.large[-1]), dtype), inside

    def linear(self, x: Array) -> Array:
        raise NotImplementedError

    def to_small(self, x: Array) -> Array:
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

    def to_large(self, x: Array) -> Array:
        small = x.reshape(len(x), *self.grid, self.weight.shape[0])
        padded, inside = self._padded(len(x), x.dtype)
        for place in np.ndindex(*self.weight.shape[2:]):
            under: Tuple[Any, ...] = tuple(
                slice(i, i + (g - 1) * st + 1, st)
                for i, g, st in zip(place, self.grid, self.stride)
            )
            at: Any = (..., *place)
            padded[(slice(None), *under)] += small @ self.weight[at]
        return padded[inside].reshape(len(x), -1)

    def __call__(self, x: Array) -> Array:
        y = self.linear(x)
        return (y.reshape(-1, len(self.bias)) + self.bias).reshape(y.shape)

    def tangent(self, x: Array, t: Array) -> Array:
        return self.linear(t.reshape(-1, t.shape[-1])).reshape(*t.shape[:2], -1)


class Convolution(_Windows):
    linear = _Windows.to_small


class TransposedConvolution(_Windows):
    linear = _Windows.to_large


class LayerNorm:
    """gain (x - mean) / sqrt(variance + 1e-5) + shift over the units of a sample; a gain a unit, or
    a channel of images."""

    def __init__(self, gain: Array, shift: Array, width: int) -> None:
        self.gain, self.shift = np.tile(gain, width // len(gain)), np.tile(
            shift, width // len(shift)
        )

    def _unit(self, x: Array) -> Tuple[Array, Array]:
        centred = x - x.mean(axis=1, keepdims=True)
        deviation = np.sqrt(np.mean(centred**2, axis=1, keepdims=True) + 1e-5)
        return centred / deviation, deviation

    def __call__(self, x: Array) -> Array:
        return self.gain * self._unit(x)[0] + self.shift

    def tangent(self, x: Array, t: Array) -> Array:
        unit, deviation = self._unit(x)
        centred = t - t.mean(axis=2, keepdims=True)
        along = np.mean(centred * unit[:, None], axis=2, keepdims=True)
        return self.gain * (centred - along * unit[:, None]) / deviation[:, None]


class Activation:
    def __init__(self, name: str) -> None:
        self.name = name

    def __call__(self, x: Array) -> Array:
        return ACTIVATIONS[self.name][0](x)

    def tangent(self, x: Array, t: Array) -> Array:
        return t * ACTIVATIONS[self.name][1](x)[:, None]


class KSparse:
    """Keeps the k largest units of a sample, of equal ones the first."""

    def __init__(self, k: int) -> None:
        self.k = k

    def _kept(self, x: Array) -> Array:
        order = np.argsort(-x, axis=1, kind="stable")
        kept = np.zeros(x.shape, bool)
        np.put_along_axis(kept, order[:, : self.k], True, axis=1)
        return kept

    def __call__(self, x: Array) -> Array:
        return np.where(self._kept(x), x, 0)

    def tangent(self, x: Array, t: Array) -> Array:
        return t * self._kept(x)[:, None]


class SparseUnits:
    """The active units of pre-activations z = x W^T + b (--sparsity): the k largest above 0, those
    above a threshold, or relu(exp(r) x W^T + c) of those whose gate z is above 0."""

    def __init__(self, kind: str, k: int, stored: Dict[str, Array]) -> None:
        self.kind, self.stored, self.largest = kind, stored, KSparse(k)

    def _slopes(self, z: Array) -> Array:
        """dh/dz: 0 of units that are not active."""
        if self.kind == "topk":
            return (self.largest._kept(z) & (z > 0)).astype(z.dtype)
        if self.kind == "batch-topk":
            return (z > self.stored["threshold"]).astype(z.dtype)
        if self.kind == "jumprelu":
            return (z > np.exp(self.stored["log_threshold"])).astype(z.dtype)
        if self.kind == "gated":
            return np.exp(self.stored["log_magnitude"]) * ((z > 0) & (self._magnitude(z) > 0))
        return (z > 0).astype(z.dtype)

    def _magnitude(self, z: Array) -> Array:
        scale = np.exp(self.stored["log_magnitude"])
        return scale * (z - self.stored["bias"]) + self.stored["magnitude_bias"]

    def __call__(self, z: Array) -> Array:
        if self.kind == "gated":
            return np.where(z > 0, np.maximum(self._magnitude(z), 0), 0)
        return np.where(self._slopes(z) > 0, z, 0)

    def tangent(self, z: Array, t: Array) -> Array:
        return t * self._slopes(z)[:, None]


class PosteriorMean:
    """A variational code without sampling: the first units of (mu, ln sigma^2), without a latent
    library, which stands behind them."""

    def __init__(self, units: int) -> None:
        self.units = units

    def __call__(self, x: Array) -> Array:
        return x[:, : self.units]

    def tangent(self, x: Array, t: Array) -> Array:
        return t[:, :, : self.units]


Step = Union[
    Dense,
    ConditionBias,
    Convolution,
    TransposedConvolution,
    LayerNorm,
    Activation,
    KSparse,
    SparseUnits,
    PosteriorMean,
]
