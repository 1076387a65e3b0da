#!/usr/bin/env python3
"""Cells per second of a count autoencoder (64-32-64, negative binomial) trained by Hourglass and in
PyTorch from the same AnnData file, pair by pair in one run.

  bench/peers/count_rates.py --data cells.h5ad [--batch 128] [--ranks 1,2] [--repetitions 3]
    [--sources anndata,h5py,memory]

PyTorch gets random rows as its users read them, each batch made dense by toarray: of an AnnData
opened with backed="r" (anndata), of the arrays of X row by row (h5py), or of a SciPy matrix in
memory; several ranks are DistributedDataParallel over Gloo. Hourglass streams the file, and for
`memory` keeps the rows in memory. `batch` is cells per rank. Prints one line of JSON per number of
ranks and source: medians of cells per second over all ranks, and the median of the pairs' ratios.
Needs python3-torch, python3-h5py, python3-scipy and python3-anndata (scripts/install_deps.sh
--extras). Exit code 77 when one is not installed.
"""
import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path

from compare import ENVIRONMENT, PYTHON, ROOT, numbers

try:
    import anndata
    import h5py
    import numpy as np
    import scipy.sparse
    import torch

    import torch_counts
except ImportError:
    sys.exit(77)

LAYERS = [64, 32, 64]
WARM_UP = 2  # batches


def reader(source, path):
    """The number of cells and genes, and a function of ascending row numbers to a matrix."""
    if source == "memory":
        counts = torch_counts.read_counts(f"{path}:/X")
        return counts.shape, lambda rows: counts[rows]
    if source == "anndata":
        backed = anndata.read_h5ad(path, backed="r")
        return backed.shape, lambda rows: backed.X[rows]
    group = h5py.File(path, "r")["X"]
    pointers, shape = group["indptr"][:], tuple(group.attrs["shape"])

    def read(rows):
        parts = [slice(begin, end) for begin, end in zip(pointers[rows], pointers[rows + 1])]
        values = np.concatenate([group["data"][part] for part in parts])
        columns = np.concatenate([group["indices"][part] for part in parts])
        starts = np.concatenate([[0], np.cumsum(pointers[rows + 1] - pointers[rows])])
        return scipy.sparse.csr_matrix((values, columns, starts), (len(rows), shape[1]))

    return shape, read


def worker(options):
    """One rank in PyTorch: prints cells per second of all ranks."""
    torch.set_num_threads(1)
    ranks, rank = int(os.environ["WORLD_SIZE"]), int(os.environ["RANK"])
    (cells, genes), read = reader(options.worker, options.data)
    torch.manual_seed(1)
    model = torch_counts.network([genes, *LAYERS, genes], 1)
    model.register_parameter("dispersion", torch.nn.Parameter(torch.zeros(genes)))
    loss_of = CountLoss(model)
    if ranks > 1:
        torch.distributed.init_process_group("gloo")
        loss_of = torch.nn.parallel.DistributedDataParallel(loss_of)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    random = np.random.default_rng(rank)
    for batch in range(WARM_UP + options.batches):
        if batch == WARM_UP:
            begin = time.perf_counter()
        rows = np.sort(random.choice(cells, options.batch, replace=False))
        x = torch.from_numpy(read(rows).toarray().astype(np.float32, copy=False))
        optimizer.zero_grad(set_to_none=True)
        loss_of(x).backward()
        optimizer.step()
    if rank == 0:
        print(options.batches * options.batch * ranks / (time.perf_counter() - begin))


class CountLoss(torch.nn.Module):
    """The mean of -ln p; size factors are relative to 1000 counts."""

    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, x):
        sizes = x.sum(dim=1, keepdim=True).clamp(min=1) / 1000
        logits = self.model(torch.log1p(x / sizes))
        return torch_counts.negative_binomial(x, logits, self.model.dispersion, sizes)


def in_torch(options, source, ranks):
    words = [PYTHON, __file__, "--data", options.data, "--worker", source]
    words += ["--batch", options.batch, "--batches", options.batches]
    processes = []
    for rank in range(ranks):
        place = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(20000 + os.getpid() % 20000)}
        place |= {"RANK": str(rank), "WORLD_SIZE": str(ranks), "GLOO_SOCKET_IFNAME": "lo"}
        processes.append(
            subprocess.Popen(
                list(map(str, words)),
                stdout=subprocess.PIPE,
                text=True,
                env={**ENVIRONMENT, **place},
            )
        )
    outputs = [process.communicate()[0] for process in processes]
    if any(process.returncode for process in processes):
        sys.exit("count_rates.py: PyTorch failed")
    return float(outputs[0])


def in_hourglass(options, source, ranks):
    with h5py.File(options.data, "r") as file:
        genes = file["X"].attrs["shape"][1]
    middle = len(LAYERS) // 2 + 1
    settings = {
        "data": f"{options.data}:/X",
        "layers": ",".join(map(str, [genes, *LAYERS[:middle]])),
        "decoder-layers": ",".join(map(str, [*LAYERS[middle - 1 :], genes])),
        "activation": "relu",
        "loss": "nb",
        "counts": "log1p",
        "empty-counts": "keep",
        "target-sum": 1000,
        "output-activation": "linear",
        "batch": options.batch * ranks,
        "micro-batch": options.batch,
        "epochs": 2,
        "log-every": 0,
        "checkpoint-every": 0,
        "progress": "none",
        "memory": "auto" if source == "memory" else 0,
    }
    words = [word for name, value in settings.items() for word in (f"--{name}", value)]
    launcher = ["mpirun", "--bind-to", "none", "--oversubscribe", "-n", ranks] if ranks > 1 else []
    with tempfile.TemporaryDirectory() as folder:
        command = [*launcher, options.program, "train", *words, "--output", f"{folder}/run"]
        subprocess.run(
            list(map(str, command)), check=True, stdout=subprocess.DEVNULL, env=ENVIRONMENT
        )
        records = [json.loads(line) for line in open(f"{folder}/run/metrics.jsonl")]
    return [record["samples_per_second"] for record in records if record["kind"] == "epoch"][-1]


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", required=True, help="FILE.h5ad, whose X are the counts")
    parser.add_argument("--program", default=str(ROOT / "build/release/bin/hourglass"))
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--batches", type=int, default=20, help="of PyTorch; the rate is constant")
    parser.add_argument("--ranks", type=numbers, default=[1, 2])
    parser.add_argument("--sources", default="anndata,h5py,memory")
    parser.add_argument("--repetitions", type=int, default=3)
    parser.add_argument("--worker", help=argparse.SUPPRESS)
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    if options.worker:
        return worker(options)
    if not Path(options.program).exists():
        sys.exit(f"count_rates.py: no program at {options.program}; name it with --program")
    for ranks in options.ranks:
        for source in options.sources.split(","):
            pairs = [
                (in_hourglass(options, source, ranks), in_torch(options, source, ranks))
                for _ in range(options.repetitions)
            ]
            result = {
                "ranks": ranks,
                "source": source,
                "hourglass": round(statistics.median(ours for ours, _ in pairs)),
                "torch": round(statistics.median(theirs for _, theirs in pairs)),
                "ratio": round(statistics.median(ours / theirs for ours, theirs in pairs), 2),
            }
            print(json.dumps(result), flush=True)


if __name__ == "__main__":
    main()
