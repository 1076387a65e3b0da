"""What Autoencoder and PCA have in common: a model file, and its use with NumPy."""
from __future__ import annotations

import io
import os
import tempfile
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, Optional, Tuple

import h5py
import numpy as np

from .activations import Array
from .architecture import layer_shapes, mirror_layers, parse_layers
from .files import PathLike
from .launch import run_program
from .model import Conditions, Model
from .sklearn_base import (
    BaseEstimator,
    ClassNamePrefixFeaturesOutMixin,
    NotFittedError,
    TransformerMixin,
    validated,
)
from .stored import Files, condition_addresses, is_address, is_sparse, stored_type

# Numbers of the widest layer that are computed at once: 64 MiB.
_NUMBERS_AT_ONCE = 1 << 23


class Estimator(ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):  # type: ignore
    """Attributes after fit() or load():

    model_
        The hourglass.Model.
    n_features_in_, feature_names_in_
        As in scikit-learn.
    sample_shape_
        The shape of a sample: (784,) or (28, 28).
    """

    model_: Model
    n_features_in_: int
    sample_shape_: Tuple[int, ...]

    # Data

    def _allows_nan(self) -> bool:
        model = getattr(self, "model_", None)
        missing = model.missing if model is not None else getattr(self, "missing", None)
        return missing in ("mask", "mean")

    def _rows(self, X: Any, reset: bool = False, least: int = 1) -> Any:
        """X as it is stored: N x D or N x anything, or CSR."""
        if not is_sparse(X) and not hasattr(X, "columns"):
            X = np.asarray(X)
        shape = X.shape
        if len(shape) > 2:  # images and the like: rows to scikit-learn
            rows = validated(self, X.reshape(len(X), -1), reset, self._allows_nan(), least)
        else:
            rows = validated(self, X, reset, self._allows_nan(), least)
        if is_sparse(rows):
            rows.data = stored_type(rows.data)
        else:
            rows = stored_type(rows)
        if reset:
            self.sample_shape_ = tuple(shape[1:])
        return rows.reshape(shape) if len(shape) > 2 else rows

    def _blocks(self, rows: Any) -> Iterator[Tuple[slice, Array]]:
        """Rows in blocks whose activations fit into memory, as inputs of the network."""
        text = self.model_.settings.get("decoder-layers", "")
        layers = parse_layers(self.model_.settings["layers"])
        shapes = layer_shapes(layers) + layer_shapes(
            parse_layers(text) if text else mirror_layers(layers)
        )
        widest = max(int(np.prod(shape)) for shape in shapes)
        step = max(1, min(4096, _NUMBERS_AT_ONCE // widest))
        rows = self._windows(rows)
        for begin in range(0, rows.shape[0], step):
            block = rows[begin : begin + step]
            block = block.toarray() if is_sparse(block) else block.reshape(len(block), -1)
            # Values as they are, and not compared: a row has one code, whatever stands beside it.
            yield slice(begin, begin + step), self.model_.normalize(block, scale=1.0)

    def _windows(self, rows: Any) -> Any:
        """A series, T x C, as its windows for a model of windows."""
        width = int(self.model_.settings.get("window", 0))
        if width == 0 or rows.ndim != 2 or rows.shape[1] == self.model_.features:
            return rows
        if is_sparse(rows) or len(rows) < width:
            raise ValueError(f"{rows.shape[0]} time steps for a model of windows of {width}")
        windows = np.lib.stride_tricks.sliding_window_view(rows, width, axis=0)
        return np.moveaxis(windows, 1, 2)[:: int(self.model_.settings["stride"])]

    def _computed(
        self,
        X: Any,
        function: Callable[..., Array],
        width: Optional[int],
        conditions: Conditions,
    ) -> Array:
        """function(x, conditions) of all rows, N x width, or N if that is None."""
        if is_address(conditions):
            raise ValueError("conditions of an array are {name: category of each sample}")
        rows = self._rows(X)
        count = self._windows(rows).shape[0]
        given = {} if conditions is None else dict(conditions)
        kind = np.float32 if rows.dtype == np.float32 else np.float64
        result = np.empty(count if width is None else (count, width), kind)
        for part, x in self._blocks(rows):
            of_part = {
                name: value if value is None or isinstance(value, str) else list(value)[part]
                for name, value in given.items()
            }
            result[part] = function(x, of_part or None)
        return result

    # Fitted state

    def _adopt(self, content: bytes) -> None:
        """Takes a model file as the result of fit()."""
        self._model_file = content
        self.model_ = Model(io.BytesIO(content))
        width = int(self.model_.settings.get("window", 0))
        if not hasattr(self, "n_features_in_"):
            self.n_features_in_ = self.model_.features // max(1, width)
        if width > 0:
            self.sample_shape_ = (width, self.model_.features // width)
        elif not hasattr(self, "sample_shape_"):
            shape = tuple(self.model_.data.get("shape", ()))
            whole = int(np.prod(shape)) == self.model_.features
            self.sample_shape_ = shape if whole else (self.model_.features,)

    def _forget(self) -> None:
        """Before a fit(): what the last one has left."""
        names = ("model_", "_model_file", "n_features_in_", "feature_names_in_", "sample_shape_")
        for name in names:
            self.__dict__.pop(name, None)

    def _check_fitted(self) -> None:
        if not hasattr(self, "model_"):
            raise NotFittedError(
                f"This {type(self).__name__} instance is not fitted yet. Call 'fit' with "
                "appropriate arguments before using this estimator."
            )

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "model_")

    def __getstate__(self) -> Dict[str, Any]:
        parent = getattr(super(), "__getstate__", None)
        state = dict(self.__dict__ if parent is None else parent())
        state.pop("model_", None)  # made of the file
        state.pop("run_", None)
        return state

    def __setstate__(self, state: Dict[str, Any]) -> None:
        parent = getattr(super(), "__setstate__", None)
        if parent is None:
            self.__dict__.update(state)
        else:
            parent(state)
        if "_model_file" in state:
            self.model_ = Model(io.BytesIO(state["_model_file"]))

    def save(self, path: PathLike) -> None:
        """Writes the model file, which every command of the program and load() read."""
        self._check_fitted()
        target = Path(path)
        descriptor, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
        try:
            with open(descriptor, "wb") as file:
                file.write(self._model_file)
            mask = os.umask(0)
            os.umask(mask)
            os.chmod(name, 0o666 & ~mask)
            os.replace(name, target)
        except BaseException:
            os.unlink(name)
            raise

    # Use

    @property
    def _n_features_out(self) -> int:
        return self.model_.code_size

    def transform(self, X: Any, conditions: Conditions = None) -> Array:
        """Codes of the samples, N x d: float32 of float32, else float64. Of an address
        FILE.h5:/path the program computes them. With `window` the samples are the windows of X."""
        self._check_fitted()
        if is_address(X):
            return self._by_program("encode", X, "codes", conditions)
        return self._computed(X, self.model_.encode, self.model_.code_size, conditions)

    def inverse_transform(self, X: Any, conditions: Conditions = None) -> Array:
        """Reconstructions of codes, in the units and the shape of the training data."""
        self._check_fitted()
        codes = np.asarray(X)
        if codes.ndim != 2 or codes.shape[1] != self.model_.code_size:
            raise ValueError(f"codes of shape {codes.shape}, expected N x {self.model_.code_size}")
        kind = np.float32 if codes.dtype == np.float32 else np.float64
        decoded = self.model_.decode(codes.astype(float), conditions)
        return self._in_units(decoded).astype(kind).reshape(-1, *self.sample_shape_)

    def _in_units(self, outputs: Array) -> Array:
        return self.model_.as_stored(self.model_.denormalize(outputs))

    def reconstruct(self, X: Any, conditions: Conditions = None) -> Array:
        """inverse_transform(transform(X)); of counts, for the samples' own size factors."""
        self._check_fitted()

        def reconstructions(x: Array, of_part: Conditions) -> Array:
            return self._in_units(self.model_.reconstruct(x, of_part))

        found = self._computed(X, reconstructions, self.model_.features, conditions)
        return found.reshape(-1, *self.sample_shape_)

    def score_samples(self, X: Any, conditions: Conditions = None) -> Array:
        """Minus the squared error of each sample, summed over its features in the units of the
        network: the lower, the more anomalous."""
        self._check_fitted()
        if is_address(X):
            return -self._by_program("score", X, "scores", conditions)
        return -self._computed(X, self.model_.squared_errors, None, conditions)

    def score(
        self, X: Any, y: Any = None, sample_weight: Any = None, conditions: Conditions = None
    ) -> float:
        """The (weighted) mean of score_samples(): the higher, the better."""
        scores = self.score_samples(X, conditions)
        return float(np.average(scores.astype(float), weights=sample_weight))

    def _by_program(self, command: str, address: Any, dataset: str, conditions: Any) -> Array:
        with tempfile.TemporaryDirectory(prefix="hourglass-") as folder:
            model, output = f"{folder}/model.h5", f"{folder}/output.h5"
            Path(model).write_bytes(self._model_file)
            words = [command, "--model", model, "--data", os.fspath(address), "--output", output]
            condition = condition_addresses(Files(folder), "condition", conditions)
            words += [] if condition is None else ["--condition", condition]
            run_program(words, getattr(self, "program", None))
            with h5py.File(output) as file:
                return np.asarray(file[dataset][()], np.float64)

    # scikit-learn's description of the estimator, before and since 1.6

    def _more_tags(self) -> Dict[str, Any]:
        return {"allow_nan": self._allows_nan(), "preserves_dtype": [np.float64, np.float32]}

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = self._allows_nan()
        tags.input_tags.sparse = True
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags
