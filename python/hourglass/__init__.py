"""Hourglass from Python: train autoencoders with the program, use and read what it writes.

    import hourglass
    model = hourglass.load("run/model.h5")            # or a checkpoint
    codes = model.encode(model.normalize(samples))    # N x d
    images = model.decode(codes)                      # N x D
    for record in hourglass.read_metrics("run/", kind="epoch"):
        print(record["epoch"], record["validation_sse"])

`samples` are as stored in the data set (e.g. uint8 images); normalize() turns them into the
network's inputs as training did. Figures agree with the program's to about 1e-5: it computes in
single precision, this package in double unless told otherwise.
"""
from .activations import ACTIVATIONS
from .architecture import layer_shapes, mirror_layers, parse_layers
from .files import parse_configuration, read_metrics, read_rows
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

__version__ = "0.2.0"

__all__ = [
    "ACTIVATIONS",
    "Activation",
    "ConditionBias",
    "Convolution",
    "Dense",
    "KSparse",
    "LayerNorm",
    "Model",
    "PosteriorMean",
    "TransposedConvolution",
    "layer_shapes",
    "load",
    "mirror_layers",
    "parse_configuration",
    "parse_layers",
    "read_metrics",
    "read_rows",
]
