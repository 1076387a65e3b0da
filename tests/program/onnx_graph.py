"""The operators of exported ONNX files in PyTorch, for what OpenCV's runtime does not have, e.g.
transposed convolutions of volumes. Numbers of fields as in onnx.proto."""
import numpy as np


def fields(message):
    """(number, value) of each field: integers, bytes, or float32 for the numbers of 4 bytes."""
    at = 0

    def varint():
        nonlocal at
        value, shift = 0, 0
        while True:
            byte = message[at]
            at += 1
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value - (1 << 64) if value >> 63 else value

    while at < len(message):
        number, kind = divmod(varint(), 8)
        if kind == 0:
            yield number, varint()
        elif kind == 2:
            length = varint()
            yield number, message[at : at + length]
            at += length
        else:
            yield number, np.frombuffer(message[at : at + 4], "<f4")[0]
            at += 4


def collected(message):
    found = {}
    for number, value in fields(message):
        found.setdefault(number, []).append(value)
    return found


class Node:
    def __init__(self, message):
        parts = collected(message)
        self.inputs = [name.decode() for name in parts.get(1, [])]
        self.output = parts[2][0].decode()
        self.type = parts[4][0].decode()
        self.attributes = {}
        for attribute in map(collected, parts.get(5, [])):
            value = attribute[8] if 8 in attribute else attribute.get(3, attribute.get(2))[0]
            self.attributes[attribute[1][0].decode()] = value


def external_bytes(folder, tensor):
    """The numbers of a tensor that are in a file beside the graph."""
    assert tensor[14] == [1] and 9 not in tensor
    entries = {entry[1][0].decode(): entry[2][0].decode() for entry in map(collected, tensor[13])}
    offset, length = int(entries["offset"]), int(entries["length"])
    with open(folder / entries["location"], "rb") as file:
        file.seek(offset)
        return file.read(length)


class Graph:
    """`run` gives the output of a file whose nodes are of these types."""

    def __init__(self, path):
        graph = collected(collected(path.read_bytes())[7][0])
        self.nodes = [Node(message) for message in graph[1]]
        self.constants = {}
        for tensor in map(collected, graph.get(5, [])):
            kind = {1: "<f4", 7: "<i8"}[tensor[2][0]]
            raw = external_bytes(path.parent, tensor) if 13 in tensor else tensor[9][0]
            self.constants[tensor[8][0].decode()] = np.frombuffer(raw, kind).reshape(
                tensor.get(1, [])
            )

    def run(self, x):
        import torch

        functions = torch.nn.functional

        def convolution(node, x, weight, bias):
            axes = len(node.attributes["kernel_shape"])
            padding = node.attributes["pads"]
            assert padding[:axes] == padding[axes:]
            words = [node.attributes["strides"], padding[:axes]]
            if node.type == "Conv":
                return getattr(functions, f"conv{axes}d")(x, weight, bias, *words)
            words.append(node.attributes["output_padding"])
            return getattr(functions, f"conv_transpose{axes}d")(x, weight, bias, *words)

        operators = {
            "Reshape": lambda node, x, shape: x.reshape(shape.tolist()),
            "Transpose": lambda node, x: x.permute(node.attributes["perm"]),
            "Conv": convolution,
            "ConvTranspose": convolution,
            "Gemm": lambda node, x, weight, bias: x @ weight.T + bias,
            "Sub": lambda node, a, b: a - b,
            "Max": lambda node, a, b: torch.maximum(a, b),
            "Min": lambda node, a, b: torch.minimum(a, b),
            "IsNaN": lambda node, x: torch.isnan(x),
            "Equal": lambda node, a, b: a == b,
            "Or": lambda node, a, b: a | b,
            "Where": lambda node, condition, a, b: torch.where(condition, a, b),
            "Slice": lambda node, x, begin, end, axis: x.narrow(
                axis.item(), begin.item(), end.item() - begin.item()
            ),
            "Softmax": lambda node, x: torch.softmax(x, node.attributes["axis"]),
            "Concat": lambda node, *parts: torch.cat(parts, node.attributes["axis"]),
            "Identity": lambda node, x: x,
            "Div": lambda node, a, b: a / b,
            "Mul": lambda node, a, b: a * b,
            "Add": lambda node, a, b: a + b,
            "Relu": lambda node, x: torch.relu(x),
            "Sigmoid": lambda node, x: torch.sigmoid(x),
            "Exp": lambda node, x: torch.exp(x),
            "Log": lambda node, x: torch.log(x),
            "InstanceNormalization": lambda node, x, weight, bias: functions.instance_norm(
                x, None, None, weight, bias, True, 0.1, float(node.attributes["epsilon"])
            ),
        }
        values = {name: torch.from_numpy(value.copy()) for name, value in self.constants.items()}
        values["input"] = torch.from_numpy(np.ascontiguousarray(x, np.float32))
        with torch.no_grad():
            for node in self.nodes:
                values[node.output] = operators[node.type](
                    node, *(values[name] for name in node.inputs)
                )
        return values["output"].numpy()
