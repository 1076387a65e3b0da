"""What estimators use of scikit-learn, for where it is not installed."""
from __future__ import annotations

import inspect
from typing import Any, Dict, List

import numpy as np


class NotFittedError(ValueError, AttributeError):
    """An estimator is used before fit()."""


class BaseEstimator:
    """Parameters of __init__ as attributes, as in scikit-learn."""

    @classmethod
    def _names(cls) -> List[str]:
        return sorted(set(inspect.signature(cls).parameters) - {"self"})

    def get_params(self, deep: bool = True) -> Dict[str, Any]:
        return {name: getattr(self, name) for name in self._names()}

    def set_params(self, **values: Any) -> Any:
        for name, value in values.items():
            if name not in self._names():
                raise ValueError(f"Invalid parameter {name!r} for estimator {self}.")
            setattr(self, name, value)
        return self

    def __repr__(self) -> str:
        given = {n: v for n, v in self.get_params().items() if v is not None}
        return f"{type(self).__name__}({', '.join(f'{n}={v!r}' for n, v in given.items())})"


class TransformerMixin:
    def fit_transform(self, X: Any, y: Any = None, **how: Any) -> Any:
        return self.fit(X, y, **how).transform(X)  # type: ignore[attr-defined]


class ClassNamePrefixFeaturesOutMixin:
    def get_feature_names_out(self, input_features: Any = None) -> Any:
        name, count = type(self).__name__.lower(), self._n_features_out  # type: ignore
        return np.array([f"{name}{i}" for i in range(count)], dtype=object)


def validated(estimator: Any, X: Any, reset: bool, allow_nan: bool, least: int = 1) -> Any:
    names = [str(name) for name in X.columns] if hasattr(X, "columns") else None
    if hasattr(X, "tocsr"):
        X = X.tocsr()
        values = X.data
    else:
        X = values = np.asarray(X)
        if X.dtype.kind == "O":
            X = values = X.astype(float)
    if X.ndim != 2 or X.dtype.kind not in "biuf":
        raise ValueError(f"expected rows of numbers, got {X.ndim} dimensions of {X.dtype}")
    if X.shape[0] < least or X.shape[1] < 1:
        raise ValueError(f"{X.shape[0]} samples of {X.shape[1]} features are too few")
    if not np.all(np.isfinite(values) | (allow_nan & np.isnan(values))):
        raise ValueError("Input contains NaN or infinity.")
    if reset:
        estimator.n_features_in_ = X.shape[1]
        if names is not None:
            estimator.feature_names_in_ = np.array(names, dtype=object)
    elif X.shape[1] != estimator.n_features_in_:
        raise ValueError(
            f"X has {X.shape[1]} features, but {type(estimator).__name__} is expecting "
            f"{estimator.n_features_in_} features as input"
        )
    elif names is not None and names != list(getattr(estimator, "feature_names_in_", names)):
        raise ValueError("The feature names should match those that were passed during fit.")
    return X
