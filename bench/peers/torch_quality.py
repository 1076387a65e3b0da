#!/usr/bin/env python3
"""A PyTorch training run to be compared by bench/time_to_quality.py: Adam on the mirrored network
that `hourglass train` makes, under DistributedDataParallel (Gloo) with several ranks. Prints one
JSON line per epoch: seconds of training so far (without validation) and the test sse per sample."""

import argparse
import json
import math
import os
import time

import h5py
import torch


def network(widths, activation):
    """Mirrored; a linear code, and a sigmoid as the output."""
    encoder = list(zip(widths, widths[1:]))
    layers = []
    for i, (inputs, outputs) in enumerate(encoder + [(b, a) for a, b in reversed(encoder)]):
        linear = torch.nn.Linear(inputs, outputs)
        torch.nn.init.xavier_uniform_(linear.weight)
        torch.nn.init.zeros_(linear.bias)
        layers.append(linear)
        if i + 1 not in (len(encoder), 2 * len(encoder)):
            layers.append({"relu": torch.nn.ReLU, "sigmoid": torch.nn.Sigmoid}[activation]())
    layers.append(torch.nn.Sigmoid())
    return torch.nn.Sequential(*layers)


def samples_of(address):
    file, path = address.split(":")
    with h5py.File(file, "r") as source:
        data = source[path][:]
    scaled = data.reshape(len(data), -1).astype("float32")
    return torch.from_numpy(scaled / (255 if data.dtype == "uint8" else 1))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", required=True, help="FILE.h5:/path/to/samples")
    parser.add_argument("--validation", required=True)
    parser.add_argument("--layers", required=True)
    parser.add_argument("--activation", default="relu")
    parser.add_argument("--loss", choices=["mse", "bce"], default="mse")
    parser.add_argument("--rate", type=float, default=1e-3)
    parser.add_argument("--batch", type=int, default=256, help="samples of all ranks")
    parser.add_argument("--schedule", choices=["constant", "cosine"], default="constant")
    parser.add_argument("--epochs", type=int, default=1)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    ranks, rank = int(os.environ.get("WORLD_SIZE", 1)), int(os.environ.get("RANK", 0))
    data, test = samples_of(arguments.data), samples_of(arguments.validation)
    torch.manual_seed(arguments.seed)
    model = network([int(width) for width in arguments.layers.split(",")], arguments.activation)
    if ranks > 1:
        torch.distributed.init_process_group("gloo")
        model = torch.nn.parallel.DistributedDataParallel(model)
    optimizer = torch.optim.Adam(model.parameters(), lr=arguments.rate)
    loss_of = {
        "mse": torch.nn.functional.mse_loss,
        "bce": torch.nn.functional.binary_cross_entropy,
    }[arguments.loss]
    steps = len(data) // arguments.batch
    total, seconds = steps * arguments.epochs, 0.0
    for epoch in range(arguments.epochs):
        # The same order on every rank.
        generator = torch.Generator().manual_seed(arguments.seed * 1000 + epoch)
        order = torch.randperm(len(data), generator=generator)
        begin = time.perf_counter()
        for step in range(steps):
            if arguments.schedule == "cosine":
                done = (epoch * steps + step) / total
                for group in optimizer.param_groups:
                    group["lr"] = arguments.rate * 0.5 * (1 + math.cos(math.pi * done))
            batch = order[step * arguments.batch : (step + 1) * arguments.batch]
            x = data[batch[rank::ranks]]
            optimizer.zero_grad(set_to_none=True)
            loss_of(model(x), x).backward()
            optimizer.step()
        seconds += time.perf_counter() - begin
        if rank > 0:
            continue
        with torch.no_grad():
            plain = model.module if ranks > 1 else model
            error = sum(((plain(part) - part) ** 2).sum().item() for part in test.split(1000))
        print(json.dumps({"seconds": seconds, "sse": error / len(test)}), flush=True)


if __name__ == "__main__":
    main()
