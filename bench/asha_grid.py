#!/usr/bin/env python3
"""Successive halving against the grid: the same 24 settings, all trained to the end, by `hourglass
sweep --halving`, and by `--asha` with several trials at a time. A table for docs/usage.md.

  bench/asha_grid.py --data build/fashion-mnist.h5 [--samples 4000] [--epochs 27] [--eta 3]
    [--jobs 2] [--seeds 5] [--folder FOLDER] [--program build/release/bin/hourglass]

The data set is any with /train/samples and /test/samples; the first --samples rows of the former
train, and half as many of the latter validate. Passes are those over the training data, of all
trials. The error of each winner is the validation error at the end of its training; the noise is
the standard deviation of that error over --seeds seeds with the settings of the grid's winner.
"""
import argparse
import json
import subprocess
import tempfile
from pathlib import Path

import h5py
import numpy as np

ROOT = Path(__file__).resolve().parents[1]
SEARCH = [
    *("--set", "learning-rate=1e-4,3e-4,1e-3,3e-3"),
    *("--set", "batch=64,128,256"),
    *("--set", "activation=relu,tanh"),
]


class Bench:
    def __init__(self, arguments, folder):
        self.arguments, self.folder = arguments, Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.training = [
            *("--data", self.subset("train", arguments.samples)),
            *("--validation", self.subset("test", arguments.samples // 2)),
            *("--layers", arguments.layers, "--micro-batch", 32, "--schedule", "cosine"),
            *("--epochs", arguments.epochs, "--progress", "none", "--checkpoint-every", 0),
        ]

    def run(self, *words):
        command = [str(word) for word in (self.arguments.program, *words)]
        result = subprocess.run(command, stdout=subprocess.PIPE, text=True)
        if result.returncode != 0:
            raise SystemExit(f"{' '.join(command)} ended with exit code {result.returncode}")
        return result.stdout

    def subset(self, part, rows):
        """The first rows of a part, in a file of their own."""
        path = self.folder / f"{part}.h5"
        with h5py.File(self.arguments.data, "r") as source, h5py.File(path, "w") as file:
            file["samples"] = source[f"{part}/samples"][:rows]
        return f"{path}:/samples"

    def sweep(self, name, *words, training=()):
        """The folder and the rows of a sweep."""
        folder = self.folder / name
        self.run("sweep", "--output", folder, *words, "--", *self.training, *training)
        return folder, json.loads((folder / "results.json").read_text())

    def noise(self, settings):
        seeds = ",".join(str(seed) for seed in range(1, self.arguments.seeds + 1))
        words = [word for name, value in settings.items() for word in (f"--{name}", value)]
        _, rows = self.sweep("noise", "--set", f"seed={seeds}", training=words)
        return np.std([row["validation_sse"] for row in rows], ddof=1)


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", required=True)
    parser.add_argument("--samples", type=int, default=4000)
    parser.add_argument("--layers", default="784,64,16")
    parser.add_argument("--epochs", type=int, default=27)
    parser.add_argument("--eta", type=int, default=3)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--folder")
    parser.add_argument("--program", default=ROOT / "build/release/bin/hourglass")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="hourglass-bench-") as temporary:
        bench = Bench(arguments, arguments.folder or temporary)
        _, grid = bench.sweep("grid", *SEARCH, "--jobs", arguments.jobs)
        full = sum(row["epochs"] or 0 for row in grid)
        errors = {json.dumps(row["settings"]): row["validation_sse"] for row in grid}
        order = sorted(errors, key=lambda settings: errors[settings] or np.inf)
        noise = bench.noise(grid[0]["settings"])
        print(f"{len(grid)} settings, {arguments.epochs} epochs of {arguments.samples} samples")
        print(f"noise of the winner's error over {arguments.seeds} seeds: {noise:.4f}")
        print("| search | passes | share | winner | its error | its place in the grid |")
        print("|---|---:|---:|---|---:|---:|")

        def line(name, passes, settings):
            text = ", ".join(f"{key} {value}" for key, value in settings.items())
            key = json.dumps(settings)
            place = order.index(key) + 1
            share = 100 * passes / full
            print(f"| {name} | {passes} | {share:.1f} % | {text} | {errors[key]:.4f} | {place} |")

        line("grid", full, grid[0]["settings"])
        for rule, jobs in (("halving", 1), ("asha", arguments.jobs)):
            words = [f"--{rule}", arguments.eta, *SEARCH, "--jobs", jobs]
            folder, _ = bench.sweep(rule, *words)
            summary = json.loads((folder / "summary.json").read_text())
            winner = summary["winner"]
            # A trial that reaches the last rung has the weights of the grid's.
            assert winner["validation_sse"] == errors[json.dumps(winner["settings"])]
            line(f"--{rule} {arguments.eta}", summary["passes"], winner["settings"])


if __name__ == "__main__":
    main()
