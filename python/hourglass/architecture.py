"""Lists of layers, the values of `--layers` and `--decoder-layers`."""
from __future__ import annotations

import re
from typing import Any, Dict, List, Sequence, Tuple

Layer = Dict[str, Any]


def parse_layers(text: str) -> List[Layer]:
    """The items of `--layers` or `--decoder-layers`: {"kind": "dense", "shape": (784,) or (28, 28,
    1)} or {"kind": "conv" or "tconv", "channels", "kernel", "stride", "padding", "output_padding"},
    a number for each axis of a series, an image or a volume."""
    number = r"(\d+(?:x\d+)*)"
    form = rf"(t?conv)(?:([123])d)?:(\d+)x{number}(?:s{number})?(?:p{number})?(?:o{number})?"
    items = [(item, re.fullmatch(form, item)) for item in text.split(",")]
    layers: List[Layer] = []
    for (item, match), following in zip(items, [match for _, match in items[1:]] + [None]):
        if not match:
            # A convolution tells what the shape before it means.
            axes = int(following.group(2) or 2) if following else 2
            shape = tuple(map(int, item.split("x")))
            is_grid = len(shape) > 1 or (following and axes == 1)
            layers.append(
                {
                    "kind": "dense",
                    "shape": (*shape, 1) if is_grid and len(shape) == axes else shape,
                }
            )
            continue
        kind, dimensions, channels, *windows = match.groups()
        kernel_text, stride_text, padding_text, output_text = windows
        axes = int(dimensions or 2)

        def by_axis(words: str, axes: int = axes) -> Tuple[int, ...]:
            numbers = tuple(map(int, words.split("x")))
            return numbers * axes if len(numbers) == 1 else numbers

        kernel, stride = by_axis(kernel_text), by_axis(stride_text or "1")
        padding = by_axis(padding_text) if padding_text else tuple((k - 1) // 2 for k in kernel)
        if output_text:
            output_padding = by_axis(output_text)
        else:
            output_padding = tuple(
                min(max(s + 2 * p - k, 0), s - 1) for k, s, p in zip(kernel, stride, padding)
            )
        layers.append(
            {
                "kind": kind,
                "channels": int(channels),
                "kernel": kernel,
                "stride": stride,
                "padding": padding,
                "output_padding": output_padding,
            }
        )
    return layers


def layer_shapes(layers: Sequence[Layer]) -> List[Tuple[int, ...]]:
    """What enters and what each layer gives: (units,) or (height, width, channels), and (length,
    channels) and (depth, height, width, channels) alike."""
    shapes: List[Tuple[int, ...]] = []
    for layer in layers:
        if layer["kind"] == "dense":
            shapes.append(layer["shape"])
            continue
        windows = zip(
            shapes[-1],
            layer["kernel"],
            layer["stride"],
            layer["padding"],
            layer["output_padding"],
        )
        if layer["kind"] == "conv":
            extents = [(size + 2 * p - k) // s + 1 for size, k, s, p, _ in windows]
        else:
            extents = [(size - 1) * s - 2 * p + k + o for size, k, s, p, o in windows]
        shapes.append((*extents, layer["channels"]))
    return shapes


def mirror_layers(layers: Sequence[Layer]) -> List[Layer]:
    """The decoder that an empty `--decoder-layers` stands for."""
    shapes = layer_shapes(layers)
    mirror = [{"kind": "dense", "shape": shapes[-1]}]
    for layer, target, source in zip(reversed(layers), reversed(shapes[:-1]), reversed(shapes)):
        if layer["kind"] == "dense":
            mirror.append({"kind": "dense", "shape": target})
            continue
        reached = [
            (size - 1) * s - 2 * p + k
            for size, k, s, p in zip(source, layer["kernel"], layer["stride"], layer["padding"])
        ]
        other: Layer = {
            "kind": {"conv": "tconv", "tconv": "conv"}[layer["kind"]],
            "channels": target[-1],
            "output_padding": tuple(t - r for t, r in zip(target, reached)),
        }
        mirror.append({**layer, **other})
    return mirror
