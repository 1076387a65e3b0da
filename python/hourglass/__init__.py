"""Hourglass from Python: trains autoencoders with the program, uses and reads what it writes.

    import hourglass
    autoencoder = hourglass.Autoencoder(layers=[784, 256, 30], epochs=20)
    codes = autoencoder.fit_transform(images)         # N x 784 to N x 30

    run = hourglass.start("data.h5:/train/samples", layers=[784, 256, 30], output="run/", ranks=4)
    for epoch in run.watch():
        print(epoch["epoch"], epoch["loss"])

    model = hourglass.load("run/model.h5")            # or a checkpoint
    codes = model.encode(model.normalize(samples))    # N x d
    images = model.decode(codes)                      # N x D
    for record in hourglass.read_metrics("run/", kind="epoch"):
        print(record["epoch"], record["validation_sse"])

`samples` are as stored in the data set (e.g. uint8 images); normalize() turns them into the
network's inputs as training did. Figures agree with the program's to about 1e-5: it computes in
single precision, this package in double unless told otherwise.

Importing it needs NumPy and h5py; the estimators import scikit-learn if it is there.
"""
from typing import TYPE_CHECKING, Any

from .activations import ACTIVATIONS
from .architecture import layer_shapes, mirror_layers, parse_layers
from .errors import (
    DataError,
    Diverged,
    FileError,
    HourglassError,
    HourglassWarning,
    ProgramNotFound,
    RankError,
    SettingsError,
    Stopped,
)
from .files import parse_configuration, read_metrics, read_rows
from .launch import find_program
from .layers import (
    Activation,
    ConditionBias,
    Convolution,
    Dense,
    KSparse,
    LayerNorm,
    PosteriorMean,
    TransposedConvolution,
)
from .model import Model, load
from .run import Run, start

if TYPE_CHECKING:
    from .autoencoder import Autoencoder
    from .pca import PCA

__version__ = "0.2.0"

__all__ = [
    "ACTIVATIONS",
    "Activation",
    "Autoencoder",
    "ConditionBias",
    "Convolution",
    "DataError",
    "Dense",
    "Diverged",
    "FileError",
    "HourglassError",
    "HourglassWarning",
    "KSparse",
    "LayerNorm",
    "Model",
    "PCA",
    "PosteriorMean",
    "ProgramNotFound",
    "RankError",
    "Run",
    "SettingsError",
    "Stopped",
    "TransposedConvolution",
    "find_program",
    "layer_shapes",
    "load",
    "mirror_layers",
    "parse_configuration",
    "parse_layers",
    "read_metrics",
    "read_rows",
    "start",
]


def __getattr__(name: str) -> Any:
    """The estimators, imported when they are asked for: scikit-learn takes a second."""
    if name == "Autoencoder":
        from .autoencoder import Autoencoder

        return Autoencoder
    if name == "PCA":
        from .pca import PCA

        return PCA
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> Any:
    return sorted(__all__)
