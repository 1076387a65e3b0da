"""An autoencoder as a scikit-learn estimator."""
from __future__ import annotations

from pathlib import Path
from typing import Any, Dict, List, Optional

import h5py
import numpy as np

from .activations import Array
from .errors import Stopped
from .estimator import Estimator
from .files import PathLike
from .launch import text_of
from .run import Run, start
from .settings import SETTINGS, TrainingParameters
from .stored import is_address

# Parameters that are not settings of the program.
_OWN = ("layers", "ranks", "launcher", "sbatch", "program", "config", "run_folder", "verbose")


def _value(text: str) -> Any:
    """A setting of a model file as Python's value."""
    if text in ("true", "false"):
        return text == "true"
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text


def _features(data: Any) -> int:
    """The number of features of samples: an array, or an address of one data set."""
    if not is_address(data):
        return int(np.prod(data.shape[1:]))
    file, _, path = str(data).rpartition(":")
    try:
        with h5py.File(file, "r") as source:
            return int(np.prod(source[path].shape[1:]))
    except (OSError, KeyError, AttributeError):
        raise ValueError(
            f"the number of features of {data} is not known here: begin layers with it"
        ) from None


class Autoencoder(TrainingParameters, Estimator):
    """An autoencoder that the program trains, as a scikit-learn estimator.

    fit() writes its samples to a temporary HDF5 file, or leaves them where an address
    FILE.h5:/path says, and starts the program; transform() and the other methods compute with
    NumPy. Bytes (uint8) are pixels, which are divided by 255; other numbers are taken as they are.
    The parameters are those of TrainingParameters: every setting of the program.

    Attributes
    ----------
    history_
        {"epoch": ..., "loss": ..., "sse": ..., "validation_sse": ...}, one number per epoch.
    run_
        The hourglass.Run, if it has a folder of its own, or was interrupted.
    model_, n_features_in_, feature_names_in_, sample_shape_
        As those of Estimator.
    """

    run_: Optional[Run]

    def _inputs(self, data: Any) -> int:
        window = int(self.window or 0)
        return _features(data) * max(1, window)

    def _layers(self, data: Any) -> Optional[str]:
        if self.layers is None:
            if self.config is not None:
                return None
            features = self._inputs(data)
            return f"{features},{max(1, features // 2)},{max(1, features // 4)}"
        layers = self.layers
        if not isinstance(layers, str):
            layers = list(layers)
            if layers and layers[0] is None:
                layers[0] = self._inputs(data)
            layers = text_of(layers)
        return str(layers)

    def fit(
        self,
        X: Any,
        y: Any = None,
        *,
        sample_weight: Any = None,
        validation: Any = None,
        conditions: Any = None,
        validation_conditions: Any = None,
        resume: bool = False,
        extend: bool = False,
    ) -> Autoencoder:
        """Trains on X, N x D (or N x H x W, ...), a sparse matrix, or an address FILE.h5:/path.

        y is ignored. `validation` are samples like X; conditions {name: category of each sample}.
        Ctrl-C stops the training with a checkpoint; `resume` continues that of this object, or the
        one in run_folder, if there is any; with `extend` X may hold more samples than before,
        appended.
        """
        stopped = getattr(self, "run_", None)
        self._forget()
        self.__dict__.pop("run_", None)
        data = X if is_address(X) else self._rows(X, reset=True)
        if validation is not None and not is_address(validation):
            validation = self._rows(validation)
        if sample_weight is not None and not is_address(sample_weight):
            sample_weight = self._weights(sample_weight, data)
        names = getattr(self, "feature_names_in_", None)
        given = self.get_params(deep=False)
        for name in ("select_columns", "highly_variable"):
            if not is_address(X) and given.get(name):
                raise ValueError(
                    f"{name} is for an address: choose the columns of the array itself"
                )
        output, files = given["run_folder"], None
        if resume and output is None and stopped is not None:
            output, files = stopped.folder, stopped._files
        self.run_ = run = start(
            data,
            self._layers(data),
            output=output,
            validation=validation,
            sample_weights=sample_weight,
            conditions=conditions,
            validation_conditions=validation_conditions,
            feature_names=None if names is None else list(names),
            resume=resume,
            extend=extend,
            _files=files,
            **{name: given[name] for name in ("ranks", "launcher", "sbatch", "program", "config")},
            **{name: value for name, value in given.items() if name not in _OWN},
        )
        if given["verbose"]:
            for _ in run.watch(progress=True):
                pass
        else:
            run.wait()
        if run.state != "finished":
            raise Stopped(
                "the run was stopped, with a checkpoint: fit(..., resume=True)", 75, run.log
            )
        self._adopt((run.folder / "model.h5").read_bytes())
        self.history_ = self.model_.history
        if given["run_folder"] is None:
            del self.run_  # and with it the temporary folder
        return self

    @staticmethod
    def _weights(weights: Any, data: Any) -> Array:
        values = np.asarray(weights, dtype=float)
        if values.ndim != 1 or (not is_address(data) and len(values) != data.shape[0]):
            raise ValueError(f"sample_weight has shape {values.shape}, expected one of each sample")
        return values

    @classmethod
    def load(cls, path: PathLike) -> Autoencoder:
        """A fitted estimator of a model file or checkpoint, with the settings of its training."""
        content = Path(path).read_bytes()
        found = cls()
        found._adopt(content)
        settings, values = found.model_.settings, {}
        layers: List[Any] = [_value(item) for item in settings["layers"].split(",")]
        parameters: Dict[str, Any] = found.get_params(deep=False)
        for name, text in settings.items():
            keyword = name.replace("-", "_")
            _, default, affects_weights = SETTINGS.get(name, ("", "", False))
            if affects_weights and keyword in parameters and name != "layers" and text != default:
                values[keyword] = _value(text)
        found.set_params(layers=layers, **values)
        found.history_ = found.model_.history
        if names := found.model_.data.get("feature_names"):
            found.feature_names_in_ = np.array(names, dtype=object)
        return found
