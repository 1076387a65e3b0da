#!/usr/bin/env python3
"""The layers of convolution_bench in PyTorch, forward and backward on one core: the seconds of the
fastest of some passes, and GFLOP/s, as JSON lines.

    bench/peers/torch_convolution.py [LAYERS ...]

Each of LAYERS is an input shape and one layer, e.g. 256x16,conv1d:32x9s2.
"""
import json
import math
import sys
import time
from pathlib import Path

import torch

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "python"))
from hourglass import layer_shapes, parse_layers  # noqa: E402

SAMPLES, PASSES = 32, 15
CASES = (
    "28x28,conv:16x3s2",
    "14x14x16,conv:32x3s2",
    "32x32x32,conv:32x3",
    "256,conv1d:16x9",
    "256x16,conv1d:32x9s2",
    "1024x32,conv1d:32x5",
    "16x16x16,conv3d:16x3s2",
    "8x8x8x16,conv3d:32x3s2",
    "12x12x12x16,conv3d:16x3",
    "7x7x32,tconv:16x3s2",
    "128x32,tconv1d:16x9s2",
    "4x4x4x32,tconv3d:16x3s2",
)


def measure(text):
    layers = parse_layers(text)
    (*large, inputs), (*small, outputs) = layer_shapes(layers)
    layer = layers[1]
    words = [inputs, outputs, layer["kernel"], layer["stride"], layer["padding"]]
    axes = len(layer["kernel"])
    if layer["kind"] == "conv":
        module = getattr(torch.nn, f"Conv{axes}d")(*words)
    else:
        module = getattr(torch.nn, f"ConvTranspose{axes}d")(*words, layer["output_padding"])
        small = large
    x = torch.rand(SAMPLES, inputs, *large, requires_grad=True)
    v = torch.rand_like(module(x))
    seconds = []
    for _ in range(PASSES):
        begin = time.perf_counter()
        module(x).backward(v)
        seconds.append(time.perf_counter() - begin)
    products = inputs * outputs * math.prod(layer["kernel"]) * math.prod(small)
    best = min(seconds)
    return {
        "layer": text,
        "milliseconds": 1e3 * best,
        "gflops": 3 * 2 * SAMPLES * products / best / 1e9,
        "torch": torch.__version__,
    }


def main():
    torch.set_num_threads(1)
    for text in sys.argv[1:] or CASES:
        print(json.dumps(measure(text)))


if __name__ == "__main__":
    main()
