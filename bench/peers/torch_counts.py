#!/usr/bin/env python3
"""A count autoencoder in PyTorch as DCA's users write it (Eraslan et al. 2019: 64-32-64, negative
binomial likelihood), and the same model, data and schedule in Hourglass: held-out loss per cell and
gene, and cells per second of one core.

    bench/peers/torch_counts.py --program build/release/bin/hourglass \\
        --data cells.h5ad:/X --validation held-out.h5ad:/X

Data are N x D counts: a data set, or a sparse matrix stored by rows, of which each batch is made
dense, as users do. Prints one JSON object for each program: nll, seconds of training,
cells_per_second of the last epoch.
"""
import argparse
import json
import pathlib
import subprocess
import tempfile
import time

import h5py
import numpy as np
import torch
from scipy import sparse


def read_counts(address):
    """A NumPy array, or a SciPy matrix of rows."""
    file, path = address.rsplit(":", 1)
    with h5py.File(file, "r") as source:
        stored = source[path]
        if isinstance(stored, h5py.Dataset):
            return stored[()].astype(np.float32)
        shape = stored.attrs["shape"] if "shape" in stored.attrs else stored["shape"][()]
        parts = tuple(stored[name][()] for name in ("data", "indices", "indptr"))
        return sparse.csr_matrix(parts, shape=tuple(shape), dtype=np.float32)


def dense(rows):
    return torch.from_numpy(rows.toarray() if sparse.issparse(rows) else rows)


def network(widths, logits):
    layers = []
    for i, (inputs, outputs) in enumerate(zip(widths, widths[1:])):
        last = i + 2 == len(widths)
        layers.append(torch.nn.Linear(inputs, logits * outputs if last else outputs))
        # The code, in the middle, is linear like the output.
        if not last and 2 * (i + 1) != len(widths) - 1:
            layers.append(torch.nn.ReLU())
    return torch.nn.Sequential(*layers)


def negative_binomial(x, logits, t, sizes):
    """Mean of -ln p over cells and genes."""
    m = torch.exp(logits).clamp(1e-5, 1e6) * sizes
    r = torch.nn.functional.softplus(t).clamp(1e-4, 1e4)
    loss = r * torch.log1p(m / r) + x * torch.log1p(r / m)
    return (loss - torch.lgamma(x + r) + torch.lgamma(r) + torch.lgamma(x + 1)).mean()


def train_torch(arguments, counts, held_out):
    torch.manual_seed(arguments.seed)
    genes = counts.shape[1]
    widths = [int(width) for width in arguments.layers.split(",")]
    by_cell = arguments.dispersion == "gene-cell"
    model = network([genes, *widths, genes], 2 if by_cell else 1)
    dispersion = torch.nn.Parameter(torch.zeros(genes))
    parameters = [*model.parameters(), *([] if by_cell else [dispersion])]
    optimizer = torch.optim.Adam(parameters, lr=arguments.learning_rate)
    library = np.asarray(counts.sum(axis=1)).ravel()
    typical = float(np.median(library[library > 0]))

    def loss_of(rows):
        x = dense(rows)
        sizes = x.sum(dim=1, keepdim=True) / typical
        logits = model(torch.log1p(x / sizes.clamp(min=1e-12)))
        t = logits[:, genes:] if by_cell else dispersion
        kept = sizes.squeeze(1) > 0
        t = t[kept] if by_cell else t
        terms = negative_binomial(x[kept], logits[kept, :genes], t, sizes[kept])
        return terms * (kept.sum() / len(x))

    begin = time.perf_counter()
    for _ in range(arguments.epochs):
        start = time.perf_counter()
        order = np.random.default_rng(arguments.seed).permutation(len(library))
        for first in range(0, len(order), arguments.batch):
            optimizer.zero_grad(set_to_none=True)
            loss_of(counts[np.sort(order[first : first + arguments.batch])]).backward()
            optimizer.step()
        rate = len(order) / (time.perf_counter() - start)
    seconds = time.perf_counter() - begin
    cells = held_out.shape[0]
    total = 0.0
    with torch.no_grad():
        for first in range(0, cells, 256):
            rows = held_out[first : first + 256]
            total += float(loss_of(rows)) * rows.shape[0]
    return {"nll": total / cells, "seconds": seconds, "cells_per_second": rate}


def train_hourglass(arguments, genes):
    widths = [genes, *(int(width) for width in arguments.layers.split(",")), genes]
    middle = len(widths) // 2
    with tempfile.TemporaryDirectory() as folder:
        output = pathlib.Path(folder) / "run"
        settings = {
            "data": arguments.data,
            "layers": ",".join(map(str, widths[: middle + 1])),
            "decoder-layers": ",".join(map(str, widths[middle:])),
            "loss": "nb",
            "counts": "log1p",
            "empty-counts": "keep",
            "dispersion": arguments.dispersion,
            "output-activation": "linear",
            "initialization": "pytorch",
            "learning-rate": arguments.learning_rate,
            "batch": arguments.batch,
            "micro-batch": min(arguments.batch, 128),
            "epochs": arguments.epochs,
            "seed": arguments.seed,
            "shuffle-block": 1,
            "shuffle-window": 1 << 20,
            "checkpoint-every": "0steps",
            "progress": "none",
            "output": output,
        }
        words = [str(word) for name, value in settings.items() for word in (f"--{name}", value)]
        begin = time.perf_counter()
        subprocess.run([arguments.program, "train", *words], check=True, capture_output=True)
        seconds = time.perf_counter() - begin
        lines = (output / "metrics.jsonl").read_text().splitlines()
        epochs = [record for record in map(json.loads, lines) if record["kind"] == "epoch"]
        words = ["--model", output / "model.h5", "--data", arguments.validation, "--json"]
        found = subprocess.run(
            [arguments.program, "evaluate", *words], check=True, capture_output=True, text=True
        )
        return {
            "nll": json.loads(found.stdout)["loss"],
            "seconds": seconds,
            "cells_per_second": epochs[-1]["samples_per_second"],
        }


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--program", required=True, help="the hourglass program")
    parser.add_argument("--data", required=True, help="FILE:/path of the training counts")
    parser.add_argument("--validation", required=True, help="FILE:/path of the held-out counts")
    parser.add_argument("--layers", default="64,32,64", help="hidden layers")
    parser.add_argument("--dispersion", choices=["gene", "gene-cell"], default="gene")
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--learning-rate", type=float, default=1e-3)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    counts, held_out = read_counts(arguments.data), read_counts(arguments.validation)
    for name, result in (
        ("torch", train_torch(arguments, counts, held_out)),
        ("hourglass", train_hourglass(arguments, counts.shape[1])),
    ):
        print(json.dumps({"program": name, **result}), flush=True)


if __name__ == "__main__":
    main()
