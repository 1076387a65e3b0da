#!/usr/bin/env python3
"""What the guards of a run cost: each on against off, in turn on the same machine.

  python3 bench/reliability.py --program build/release/bin/hourglass small
    verify, watchdog: 784-1000-500-250-30
  python3 bench/reliability.py --program build/release/bin/hourglass large
    checkpoints: 100 million parameters

Prints one JSON object: samples a second with each setting (median of the epochs of all
repetitions), and for checkpoints the seconds that one costs: in which training stood still
(seconds_checkpoint of metrics.jsonl), and in all, slower steps included."""
import argparse
import json
import os
import shutil
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

import h5py
import numpy as np

MPIRUN = ["mpirun", "--oversubscribe", "--bind-to", "none", "--mca", "mpi_yield_when_idle", "1"]
ENVIRONMENT = {**os.environ, "OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1"}
SMALL_CASES = {
    "verify-every 1": ["--verify-every", 1],
    "verify-every 100": ["--verify-every", 100],
    "watchdog 60s": ["--watchdog", "60s"],
}


def train(options, folder, data, *settings):
    """Trains into a new folder and returns its epoch records and the seconds of the training loop
    (first record to last)."""
    output = Path(folder) / "run"
    shutil.rmtree(output, ignore_errors=True)
    words = [
        options.program,
        "train",
        "--data",
        f"{data}:/x",
        "--output",
        str(output),
        "--log-every",
        "1",
        "--progress",
        "none",
        *map(str, settings),
    ]
    subprocess.run(
        [*MPIRUN, "-n", str(options.ranks), *words],
        check=True,
        env=ENVIRONMENT,
        stdout=subprocess.DEVNULL,
    )
    return [json.loads(line) for line in (output / "metrics.jsonl").read_text().splitlines()]


def make_data(folder, rows, features):
    path = Path(folder) / "data.h5"
    with h5py.File(path, "w") as file:
        file["x"] = np.random.default_rng(1).integers(0, 256, (rows, features), dtype=np.uint8)
    return path


def small(options, folder):
    """Samples a second of each setting, alternating with the plain run."""
    data = make_data(folder, options.rows, 784)
    common = [
        "--layers",
        "784,1000,500,250,30",
        "--batch",
        256,
        "--micro-batch",
        128,
        "--epochs",
        options.epochs,
        "--checkpoint-every",
        0,
    ]
    cases = {"plain": [], **SMALL_CASES}
    if options.case is not None:
        cases = {
            name: settings for name, settings in cases.items() if name in ("plain", options.case)
        }
    speeds = {name: [] for name in cases}
    for _ in range(options.repetitions):
        for name, settings in cases.items():
            records = train(options, folder, data, *common, *settings)
            speeds[name] += [
                record["samples_per_second"] for record in records if record["kind"] == "epoch"
            ][1:]
    medians = {name: statistics.median(values) for name, values in speeds.items()}
    # What else the machine does only slows an epoch, so the fastest of each say most about the
    # setting.
    best = {name: max(values) for name, values in speeds.items()}
    return {
        "samples_per_second": medians,
        "overhead_percent": {
            name: 100 * (medians["plain"] / value - 1) for name, value in medians.items()
        },
        "best_samples_per_second": best,
        "best_overhead_percent": {
            name: 100 * (best["plain"] / value - 1) for name, value in best.items()
        },
    }


def large(options, folder):
    """Seconds that a checkpoint of 100 million parameters costs: what the steps of a run take
    beyond their median."""
    data = make_data(folder, 256 * options.steps, 4096)
    every = options.steps // 3
    common = [
        "--layers",
        "4096,10000,1000",
        "--batch",
        256,
        "--micro-batch",
        128,
        "--epochs",
        1,
        "--checkpoint-every",
        f"{every}steps",
        "--keep",
        1,
    ]
    result = {}
    for name, settings in {"synchronous": [], "async": ["--checkpoint-async"]}.items():
        if options.case not in (None, name):
            continue
        records = [
            record
            for record in train(options, folder, data, *common, *settings)
            if record["kind"] == "step"
        ]
        # The first step pays for cold memory; the checkpoint at the end of a run is always waited
        # for.
        steps = [256 / record["samples_per_second"] for record in records[1:]]
        median = statistics.median(steps)
        count = sum(record["step"] % every == 0 for record in records[:-1])
        cost = (sum(steps) - len(steps) * median) / count
        result[name] = {
            "seconds_a_step": median,
            "checkpoints": count,
            "seconds_each": cost,
            "percent_at_one_a_minute": 100 * cost / 60,
            "exposed_seconds_each": sum(record["seconds_checkpoint"] for record in records[1:])
            / count,
            "steps": steps,
        }
    return result


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("which", choices=["small", "large"])
    parser.add_argument("--program", default="build/release/bin/hourglass")
    parser.add_argument("--ranks", type=int, default=2)
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--repetitions", type=int, default=3)
    parser.add_argument("--steps", type=int, default=15)
    parser.add_argument("--rows", type=int, default=10240)
    parser.add_argument(
        "--case",
        choices=["synchronous", "async", *SMALL_CASES],
        help="only this one (small: against the plain run)",
    )
    parser.add_argument("--folder", help="where to write (the disk that is measured)")
    options = parser.parse_args()
    began = time.monotonic()
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        result = {"small": small, "large": large}[options.which](options, folder)
    print(
        json.dumps(
            {
                "which": options.which,
                "ranks": options.ranks,
                **result,
                "took": time.monotonic() - began,
            },
            indent=1,
        )
    )


if __name__ == "__main__":
    main()
