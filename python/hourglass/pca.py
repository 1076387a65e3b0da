"""Principal component analysis as a scikit-learn estimator."""
from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any, Optional

import numpy as np

from .activations import Array
from .autoencoder import _features
from .estimator import Estimator
from .files import PathLike
from .launch import Launcher, Program, run_program, setting_words
from .settings import Flag, Number, Text
from .stored import Files, is_address

_OWN = ("n_components", "ranks", "launcher", "program", "part")


class PCA(Estimator):
    """Principal component analysis by `hourglass pca`: a linear autoencoder, a baseline.

    The same bits on any number of ranks and threads, also of data that do not fit into memory.

    Parameters
    ----------
    n_components
        Number of components; None: all, the smaller one of the numbers of samples and features.
    ranks, launcher, program
        How the program is started, as for hourglass.start().
    others
        As for Autoencoder, and `part` ("all", "training", "validation") of the rows as
        validation_fraction or folds split them.

    Attributes
    ----------
    components_
        n_components x D, orthonormal rows, in the units of the network.
    mean_
        Means of the features, in the units of the data.
    explained_variance_, explained_variance_ratio_
        Of each component, in the units of the network.
    model_, n_features_in_, feature_names_in_, sample_shape_
        As those of Estimator.
    """

    components_: Array
    mean_: Array
    explained_variance_: Array
    explained_variance_ratio_: Array

    def __init__(
        self,
        n_components: Optional[int] = None,
        *,
        ranks: int = 1,
        launcher: Launcher = None,
        program: Program = None,
        threads: Number = None,
        normalize: Text = None,
        missing: Text = None,
        missing_value: Number = None,
        allow_external: Flag = None,
        accept_fill: Flag = None,
        select_rows: Text = None,
        select_columns: Text = None,
        window: Number = None,
        stride: Number = None,
        validation_fraction: Number = None,
        folds: Number = None,
        fold: Number = None,
        validation_group: Text = None,
        split_seed: Number = None,
        part: Text = None,
    ) -> None:
        given = dict(locals())
        for name, value in given.items():
            if name not in ("self", "__class__"):
                setattr(self, name, value)

    def fit(self, X: Any, y: Any = None) -> PCA:
        """Computes the components of X, N x D, a sparse matrix, or an address FILE.h5:/path; y is
        ignored."""
        self._forget()
        data = X if is_address(X) else self._rows(X, reset=True, least=2)
        given = self.get_params(deep=False)
        components = given["n_components"]
        if components is None:
            components = _features(data)
            components = components if is_address(data) else min(components, data.shape[0])
        files = Files()
        with tempfile.TemporaryDirectory(prefix="hourglass-") as folder:
            model = Path(folder) / "pca.h5"
            names = getattr(self, "feature_names_in_", None)
            address = files.address("samples", data, None if names is None else list(names))
            words = ["pca", "--json", "--data", address, "--output", str(model)]
            words += ["--components", str(components)]
            words += [] if given["part"] is None else ["--part", str(given["part"])]
            words += setting_words({n: value for n, value in given.items() if n not in _OWN})
            output, _ = run_program(words, given["program"], given["ranks"], given["launcher"])
            self._adopt(model.read_bytes())
        files.close()
        result = json.loads(output)
        self.explained_variance_ = np.array(result["variance"])
        total = result["total_variance"]
        self.explained_variance_ratio_ = self.explained_variance_ / (total if total > 0 else 1)
        return self

    def _adopt(self, content: bytes) -> None:
        super()._adopt(content)
        self.components_ = self.model_.encoder[0].weight  # type: ignore[union-attr]
        zero = np.zeros((1, self.model_.code_size))
        self.mean_ = self._in_units(self.model_.decode(zero))[0]

    @classmethod
    def load(cls, path: PathLike) -> PCA:
        """A fitted estimator of a model file that `hourglass pca` or save() wrote."""
        found = cls()
        found._adopt(Path(path).read_bytes())
        found.n_components = found.model_.code_size
        if names := found.model_.data.get("feature_names"):
            found.feature_names_in_ = np.array(names, dtype=object)
        return found
