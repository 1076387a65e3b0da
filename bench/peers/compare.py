#!/usr/bin/env python3
"""Hourglass against PyTorch, pair by pair in one run: the same model, data, batch, optimizer (Adam)
and precision.

  bench/peers/compare.py --data build/fashion-mnist.h5:/train/samples
    [--batch 128,256,1024] [--ranks 1,2] [--precision bf16]

Needs python3-torch and python3-h5py (scripts/install_deps.sh --extras). `batch` is samples a rank.
Each line is the median over the repetitions of samples/s of the last epoch, and the median of the
pairs' ratios. Exit code 77 when PyTorch is not installed.
"""
import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PYTHON = "/usr/bin/python3"  # Debian's, which has the packages
ENVIRONMENT = {
    **os.environ,
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "OMPI_ALLOW_RUN_AS_ROOT": "1",
    "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
}


def hourglass(options, batch, ranks):
    """A rank's batch is one micro-batch up to 1024 samples, as PyTorch's is one pass."""
    with tempfile.TemporaryDirectory() as folder:
        run = [
            options.program,
            "train",
            "--data",
            options.data,
            "--layers",
            options.layers,
            "--batch",
            batch * ranks,
            "--micro-batch",
            options.micro_batch or batch,
            "--epochs",
            options.epochs,
            "--log-every",
            0,
            "--checkpoint-every",
            0,
            "--progress",
            "none",
            "--output",
            f"{folder}/run",
            *options.options,
        ]
        if options.precision == "bf16":
            run += ["--precision", "bf16", "--force-precision"]
        launcher = (
            ["mpirun", "--bind-to", "none", "--oversubscribe", "-n", ranks] if ranks > 1 else []
        )
        subprocess.run(
            list(map(str, launcher + run)), check=True, stdout=subprocess.DEVNULL, env=ENVIRONMENT
        )
        records = [json.loads(line) for line in open(f"{folder}/run/metrics.jsonl")]
    return [record["samples_per_second"] for record in records if record["kind"] == "epoch"][-1]


def torch(options, batch, ranks):
    command = [
        PYTHON,
        ROOT / "bench/peers/torch_peer.py",
        "--data",
        options.data,
        "--layers",
        options.layers,
        "--batch",
        batch,
        "--epochs",
        options.epochs,
        "--precision",
        options.precision,
    ]
    command = list(map(str, command))
    port = 20000 + os.getpid() % 20000
    processes = []
    for rank in range(ranks):
        place = {
            "MASTER_ADDR": "127.0.0.1",
            "MASTER_PORT": str(port),
            "RANK": str(rank),
            "WORLD_SIZE": str(ranks),
            "GLOO_SOCKET_IFNAME": "lo",
        }
        processes.append(
            subprocess.Popen(
                command, stdout=subprocess.PIPE, text=True, env={**ENVIRONMENT, **place}
            )
        )
    outputs = [process.communicate()[0] for process in processes]
    if any(process.returncode for process in processes):
        sys.exit("compare.py: PyTorch failed")
    return json.loads(outputs[0])["samples_per_second"]


def numbers(text):
    return [int(part) for part in text.split(",")]


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", required=True)
    parser.add_argument("--program", default=str(ROOT / "build/release/bin/hourglass"))
    parser.add_argument("--layers", default="784,1000,500,250,30")
    parser.add_argument("--batch", type=numbers, default=[128, 256, 1024])
    parser.add_argument("--ranks", type=numbers, default=[1, 2])
    parser.add_argument("--micro-batch", type=int, default=0, help="0: the batch of a rank")
    parser.add_argument("--epochs", type=int, default=2)
    parser.add_argument("--repetitions", type=int, default=5)
    parser.add_argument("--precision", choices=["fp32", "bf16"], default="fp32")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("options", nargs="*", help="further options of hourglass train, after --")
    options = parser.parse_args()
    if not Path(options.program).exists():
        sys.exit(
            f"compare.py: no program at {options.program}; build it (cmake --build --preset "
            "release) or name it with --program"
        )
    if subprocess.run(
        [PYTHON, "-c", "import torch, h5py"], capture_output=True, check=False
    ).returncode:
        print(
            "compare.py: PyTorch is not installed (scripts/install_deps.sh --extras)",
            file=sys.stderr,
        )
        sys.exit(77)
    for ranks in options.ranks:
        for batch in options.batch:
            pairs = [
                (hourglass(options, batch, ranks), torch(options, batch, ranks))
                for _ in range(options.repetitions)
            ]
            result = {
                "ranks": ranks,
                "batch_a_rank": batch,
                "precision": options.precision,
                "hourglass": statistics.median(ours for ours, _ in pairs),
                "torch": statistics.median(theirs for _, theirs in pairs),
                "ratio": statistics.median(ours / theirs for ours, theirs in pairs),
            }
            if options.json:
                print(json.dumps(result), flush=True)
            else:
                line = (
                    "{ranks} ranks  batch a rank {batch_a_rank:5d}  "
                    "hourglass {hourglass:8.0f}  torch {torch:8.0f} samples/s  ratio {ratio:.2f}"
                )
                print(line.format(**result), flush=True)


if __name__ == "__main__":
    main()
