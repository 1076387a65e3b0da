"""The base classes of scikit-learn where it is installed, else replacements."""
from __future__ import annotations

import inspect
from typing import Any, Dict

try:
    from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin
    from sklearn.exceptions import NotFittedError
    from sklearn.utils.validation import check_array
except ImportError:
    from . import sklearn_absent
    from .sklearn_absent import (
        BaseEstimator,
        ClassNamePrefixFeaturesOutMixin,
        NotFittedError,
        TransformerMixin,
    )

    check_array = None


def validated(estimator: Any, X: Any, reset: bool, allow_nan: bool, least: int = 1) -> Any:
    """X as rows of finite numbers (CSR if it is sparse); `reset` in fit(), where number and names
    of features are kept, with which transform() compares. `least`: the fewest samples."""
    if check_array is None:
        return sklearn_absent.validated(estimator, X, reset, allow_nan, least)
    finite = "allow-nan" if allow_nan else True
    # Renamed in scikit-learn 1.6.
    parameters = inspect.signature(check_array).parameters
    name = "ensure_all_finite" if "ensure_all_finite" in parameters else "force_all_finite"
    how: Dict[str, Any] = {"accept_sparse": "csr", "dtype": "numeric", name: finite}
    if hasattr(estimator, "_validate_data"):
        return estimator._validate_data(X, reset=reset, ensure_min_samples=least, **how)
    from sklearn.utils.validation import validate_data

    return validate_data(estimator, X, reset=reset, ensure_min_samples=least, **how)


__all__ = [
    "BaseEstimator",
    "ClassNamePrefixFeaturesOutMixin",
    "NotFittedError",
    "TransformerMixin",
    "validated",
]
