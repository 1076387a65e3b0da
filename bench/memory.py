#!/usr/bin/env python3
"""The memory that a run says a rank is going to hold, and what it does hold: a table for
docs/performance.md.

  bench/memory.py --data build/fashion-mnist.h5:/train/samples
    [--program build/release/bin/hourglass]

`announced` is the line a run begins with, without the up to 100 MiB it allows for libraries;
`resident` the largest resident_bytes of its metrics.jsonl (of rank 0). Takes no notice of time, so
that the machine may be busy.
"""
import argparse
import json
import os
import re
import subprocess
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SMALL = "784,1000,500,250,30"
LARGE = "784,4000,4000,1000,30"
CASES = [
    (SMALL, 1, ["--batch", "128"]),
    (SMALL, 1, ["--batch", "1024"]),
    (SMALL, 1, ["--batch", "1024", "--micro-batch", "1024"]),
    (SMALL, 1, ["--batch", "1024", "--threads", "2"]),
    (SMALL, 1, ["--batch", "1024", "--memory", "0"]),
    (SMALL, 2, ["--batch", "1024"]),
    (SMALL, 4, ["--batch", "1024"]),
    (SMALL, 2, ["--batch", "1024", "--reduction", "allreduce"]),
    (SMALL, 2, ["--batch", "1024", "--gradient-wire", "bf16"]),
    (LARGE, 1, ["--batch", "1024"]),
    (LARGE, 2, ["--batch", "1024"]),
    (LARGE, 2, ["--batch", "1024", "--optimizer", "sgd"]),
]


def measured(options, layers, ranks, settings):
    with tempfile.TemporaryDirectory() as folder:
        command = [
            options.program,
            "train",
            "--data",
            options.data,
            "--layers",
            layers,
            "--epochs",
            "1",
            "--progress",
            "plain",
            "--log-every",
            "5",
            "--checkpoint-every",
            "0",
            "--output",
            f"{folder}/run",
            *settings,
        ]
        if "--micro-batch" not in settings:
            command += ["--micro-batch", "128"]
        if ranks > 1:
            command = [
                "mpirun",
                "--oversubscribe",
                "--bind-to",
                "none",
                "--mca",
                "mpi_yield_when_idle",
                "1",
                "-n",
                str(ranks),
                *command,
            ]
        environment = {
            **os.environ,
            "OMPI_ALLOW_RUN_AS_ROOT": "1",
            "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
        }
        output = subprocess.run(
            command, check=True, capture_output=True, text=True, env=environment
        ).stdout
        records = [json.loads(line) for line in open(f"{folder}/run/metrics.jsonl")]
    announced = float(re.search(r"memory of a rank: ([0-9.]+) MiB", output)[1])
    return announced, max(
        record["resident_bytes"] for record in records if "resident_bytes" in record
    ) / (1 << 20)


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", required=True)
    parser.add_argument("--program", default=str(ROOT / "build/release/bin/hourglass"))
    options = parser.parse_args()
    print("| network | ranks | settings | announced MiB | resident MiB | difference |")
    print("|---|---:|---|---:|---:|---:|")
    for layers, ranks, settings in CASES:
        announced, resident = measured(options, layers, ranks, settings)
        print(
            f"| {layers.replace(',', '-')} | {ranks} | `{' '.join(settings)}` | {announced:.1f} | "
            f"{resident:.1f} | {resident - announced:+.1f} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
