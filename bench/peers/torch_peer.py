#!/usr/bin/env python3
"""The same autoencoder, data, batch, optimizer and precision in PyTorch: what a user would write
instead.

Run by compare.py, or alone; several ranks (DistributedDataParallel over Gloo) are started by
compare.py with the variables MASTER_ADDR, MASTER_PORT, RANK and WORLD_SIZE. Prints one JSON object:
samples_per_second of the last epoch over all ranks.
"""
import argparse
import json
import os
import time

import h5py
import torch


def network(widths):
    encoder = list(zip(widths, widths[1:]))
    decoder = [(wide, narrow) for narrow, wide in reversed(encoder)]
    layers = []
    for i, (inputs, outputs) in enumerate(encoder + decoder):
        layers.append(torch.nn.Linear(inputs, outputs))
        if i + 1 == len(encoder):
            continue  # the code is linear
        layers.append(torch.nn.Sigmoid() if i + 1 == 2 * len(encoder) else torch.nn.ReLU())
    return torch.nn.Sequential(*layers)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", required=True, help="FILE.h5:/path/to/samples (uint8)")
    parser.add_argument("--layers", default="784,1000,500,250,30")
    parser.add_argument("--batch", type=int, required=True, help="samples a rank")
    parser.add_argument("--epochs", type=int, default=2)
    parser.add_argument(
        "--precision", choices=["fp32", "bf16"], default="fp32", help="bf16: torch.autocast"
    )
    parser.add_argument("--samples", type=int, default=0, help="use the first N samples only")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    ranks, rank = int(os.environ.get("WORLD_SIZE", 1)), int(os.environ.get("RANK", 0))
    file, path = arguments.data.split(":")
    with h5py.File(file, "r") as source:
        data = source[path][: arguments.samples or None]
    data = torch.from_numpy(data.reshape(len(data), -1)[rank::ranks].copy()).float().div_(255)
    torch.manual_seed(1)
    model = network([int(width) for width in arguments.layers.split(",")])
    if ranks > 1:
        torch.distributed.init_process_group("gloo")
        model = torch.nn.parallel.DistributedDataParallel(model)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    steps = len(data) // arguments.batch
    for _ in range(arguments.epochs):
        order = torch.randperm(len(data))
        total = 0.0
        begin = time.perf_counter()
        for step in range(steps):
            x = data[order[step * arguments.batch : (step + 1) * arguments.batch]]
            optimizer.zero_grad(set_to_none=True)
            with torch.autocast("cpu", dtype=torch.bfloat16, enabled=arguments.precision == "bf16"):
                y = model(x)
            loss = torch.nn.functional.mse_loss(y.float(), x)
            loss.backward()
            optimizer.step()
            total += loss.item()
        seconds = time.perf_counter() - begin
    if rank == 0:
        print(
            json.dumps(
                {
                    "samples_per_second": steps * arguments.batch * ranks / seconds,
                    "loss": total / steps,
                    "torch": torch.__version__,
                }
            )
        )


if __name__ == "__main__":
    main()
