#!/usr/bin/env python3
"""Sparse autoencoders of Hourglass and of PyTorch, run by run in turn on one core: the same shapes,
selection (topk), loss and optimizer (Adam).

  bench/peers/sae.py [--features 512 --units 8192 --k 32 --batch 1024]
    [--ranks 1,2] [--options="--precision bf16 --force-precision"]

PyTorch trains twice: `dense` multiplies by codes that are mostly zeros, as programs for sparse
autoencoders on CPUs do; `careful` decodes by embedding_bag, which reads active columns alone, and
whose gradient by the encoder's pre-activations stays dense. Samples are sparse combinations of
random directions with noise. Prints a JSON object per number of ranks: medians of samples/s of the
last epoch and of the pairs' ratios. Needs python3-torch and python3-h5py; exit code 77 without.
"""
import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

# One thread on either side. The libraries under PyTorch read this when they are loaded; without it
# its matrix products take all cores, whatever set_num_threads says.
os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1")

try:
    import h5py
    import numpy as np
    import torch
except ImportError as error:
    print(f"sae.py: {error} (scripts/install_deps.sh --extras)", file=sys.stderr)
    sys.exit(77)

ROOT = Path(__file__).resolve().parents[2]


def superpositions(samples, features, active, seed):
    """Rows of `active` random directions with positive coefficients, and noise."""
    random = np.random.default_rng(seed)
    atoms = random.standard_normal((4 * features, features), dtype=np.float32)
    atoms /= np.linalg.norm(atoms, axis=1, keepdims=True)
    rows = 0.05 * random.standard_normal((samples, features), dtype=np.float32)
    for _ in range(active):
        which = random.integers(0, len(atoms), samples)
        rows += random.exponential(1, (samples, 1)).astype(np.float32) * atoms[which]
    return rows


class SparseAutoencoder(torch.nn.Module):
    def __init__(self, features, units, k, careful):
        super().__init__()
        self.encoder = torch.nn.Linear(features, units)
        atoms = torch.randn(units, features) / features**0.5
        self.atoms = torch.nn.Parameter(atoms)
        self.bias = torch.nn.Parameter(torch.zeros(features))
        self.k, self.careful = k, careful

    def forward(self, x):
        values, units = torch.relu(self.encoder(x)).topk(self.k, dim=1)
        if self.careful:
            decoded = torch.nn.functional.embedding_bag(
                units, self.atoms, mode="sum", per_sample_weights=values
            )
            return decoded + self.bias
        code = torch.zeros(len(x), len(self.atoms)).scatter(1, units, values)
        return code @ self.atoms + self.bias


def run_torch(options, rows, careful):
    torch.manual_seed(1)
    model = SparseAutoencoder(options.features, options.units, options.k, careful)
    optimizer = torch.optim.Adam(model.parameters(), lr=options.learning_rate)
    x = torch.from_numpy(rows)
    for _ in range(options.epochs):
        begin = time.perf_counter()
        for batch in torch.randperm(len(x)).split(options.batch):
            optimizer.zero_grad(set_to_none=True)
            torch.nn.functional.mse_loss(model(x[batch]), x[batch]).backward()
            optimizer.step()
        rate = len(x) / (time.perf_counter() - begin)
    return rate


def run_hourglass(options, data, ranks):
    with tempfile.TemporaryDirectory() as folder:
        settings = {
            "data": f"{data}:/x",
            "normalize": "none",
            "layers": f"{options.features},{options.units}",
            "sparsity": f"topk:{options.k}",
            "output-activation": "linear",
            "learning-rate": options.learning_rate,
            "batch": options.batch * ranks,
            "micro-batch": options.batch,
            "epochs": options.epochs,
            "log-every": 0,
            "checkpoint-every": 0,
            "progress": "none",
            "output": f"{folder}/run",
        }
        words = [str(word) for name, value in settings.items() for word in (f"--{name}", value)]
        launcher = ["mpirun", "--bind-to", "none", "--oversubscribe", "-n", str(ranks)]
        command = (launcher if ranks > 1 else []) + [options.program, "train"]
        subprocess.run(
            [*command, *words, *options.options.split()],
            check=True,
            stdout=subprocess.DEVNULL,
        )
        records = map(json.loads, (Path(folder) / "run/metrics.jsonl").read_text().splitlines())
        return [r["samples_per_second"] for r in records if r["kind"] == "epoch"][-1]


def numbers(text):
    return [int(part) for part in text.split(",")]


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--program", default=str(ROOT / "build/release/bin/hourglass"))
    parser.add_argument("--features", type=int, default=512)
    parser.add_argument("--units", type=int, default=8192)
    parser.add_argument("--k", type=int, default=32)
    parser.add_argument("--batch", type=int, default=1024, help="samples per rank and step")
    parser.add_argument("--samples", type=int, default=8192)
    parser.add_argument("--epochs", type=int, default=2)
    parser.add_argument("--learning-rate", type=float, default=3e-4)
    parser.add_argument("--ranks", type=numbers, default=[1])
    parser.add_argument("--repetitions", type=int, default=3)
    parser.add_argument("--options", default="", help="further options of hourglass train")
    options = parser.parse_args()
    if not Path(options.program).exists():
        sys.exit(f"sae.py: no program at {options.program}: name it with --program")
    torch.set_num_threads(1)
    rows = superpositions(options.samples, options.features, 20, 1)
    with tempfile.TemporaryDirectory() as folder:
        data = f"{folder}/x.h5"
        with h5py.File(data, "w") as file:
            file["x"] = rows
        for ranks in options.ranks:
            runs = []
            for _ in range(options.repetitions):
                run = {"hourglass": run_hourglass(options, data, ranks)}
                if ranks == 1:
                    run["dense"] = run_torch(options, rows, careful=False)
                    run["careful"] = run_torch(options, rows, careful=True)
                runs.append(run)
            result = {"ranks": ranks, "features": options.features, "units": options.units}
            for name in runs[0]:
                result[name] = round(statistics.median(run[name] for run in runs), 1)
                if name != "hourglass":
                    pairs = [run["hourglass"] / run[name] for run in runs]
                    result[f"ratio_{name}"] = round(statistics.median(pairs), 2)
            print(json.dumps(result), flush=True)


if __name__ == "__main__":
    main()
