#!/usr/bin/env python3
"""Seconds of training until the reconstruction error of test samples falls below given numbers, for
the optimizers of `hourglass train` and for PyTorch's Adam (bench/peers/torch_quality.py), one run
after the other on the same machine.

    bench/time_to_quality.py --problem fashion-mnist --data fashion-mnist.h5 --ranks 2

Each run is a whole training with its schedule; a target counts as reached at the end of the first
epoch whose test error is below it, in the run in which this is soonest. Runs of more epochs are
made until the lowest target is reached or --most-epochs are. The optimizers of hourglass have their
defaults, except for the schedule; of PyTorch's Adam rate, batch and schedule are searched. The
result is the median over the seeds, as JSON in --output and as a table."""

import argparse
import itertools
import json
import os
import pathlib
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile

import h5py

ROOT = pathlib.Path(__file__).resolve().parent.parent
PROBLEMS = {
    "fashion-mnist": {
        "layers": "784,1000,500,250,30",
        "activation": "relu",
        "loss": "mse",
        "targets": [10.155, 8.0, 7.0],
        "data": "/train/samples",
        "validation": "/test/samples",
    },
    "fashion-mnist-bce": {
        "layers": "784,1000,500,250,30",
        "activation": "relu",
        "loss": "bce",
        "targets": [10.155, 8.0, 7.0],
        "data": "/train/samples",
        "validation": "/test/samples",
    },
    # hourglass generate curves --samples 20000 --seed 1 --output FILE.h5:/train, and 10000 of
    # seed 2 as /test.
    "curves": {
        "layers": "784,400,200,100,50,25,6",
        "activation": "sigmoid",
        "loss": "bce",
        "targets": [10.0, 5.0, 2.0],
        "data": "/train/samples",
        "validation": "/test/samples",
    },
}
OPTIMIZERS = ["adam", "muon", "shampoo", "soap", "kfac"]
TORCH = {
    "rate": [5e-4, 1e-3, 2e-3, 3e-3],
    "batch": [128, 256, 512],
    "schedule": ["constant", "cosine"],
}


def hourglass_run(options, problem, optimizer, epochs, seed):
    folder = tempfile.mkdtemp(prefix="time-to-quality-")
    command = ["mpirun", "-n", options.ranks] if options.ranks > 1 else []
    command += [options.program, "train", "--data", f"{options.data}:{problem['data']}"]
    command += ["--validation", f"{options.data}:{problem['validation']}"]
    for name in ("layers", "activation", "loss"):
        command += [f"--{name}", problem[name]]
    command += ["--optimizer", optimizer, "--batch", options.batch, "--epochs", epochs]
    command += ["--schedule", "cosine", "--warmup-epochs", "0.1", "--seed", seed]
    command += ["--progress", "none", "--output", f"{folder}/run", *options.extra.split()]
    try:
        subprocess.run([str(word) for word in command], check=True, stdout=subprocess.DEVNULL)
        with open(f"{folder}/run/metrics.jsonl", encoding="utf-8") as lines:
            records = [json.loads(line) for line in lines]
    finally:
        shutil.rmtree(folder)
    seconds, curve = 0.0, []
    for record in records:
        if record["kind"] != "epoch":
            continue
        seconds += options.samples / record["samples_per_second"]
        curve.append({"seconds": seconds, "sse": record["validation_sse"]})
    return curve


def torch_run(options, problem, rate, batch, schedule, epochs, seed):
    command = [sys.executable, str(ROOT / "bench/peers/torch_quality.py")]
    command += ["--data", f"{options.data}:{problem['data']}"]
    command += ["--validation", f"{options.data}:{problem['validation']}"]
    for name in ("layers", "activation", "loss"):
        command += [f"--{name}", problem[name]]
    command += ["--rate", rate, "--batch", batch, "--schedule", schedule]
    command += ["--epochs", epochs, "--seed", seed]
    with socket.socket() as free:
        free.bind(("", 0))
        port = str(free.getsockname()[1])
    ranks = []
    for rank in range(options.ranks):
        environment = {**os.environ, "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port}
        environment.update(RANK=str(rank), WORLD_SIZE=str(options.ranks), OMP_NUM_THREADS="1")
        ranks.append(
            subprocess.Popen(
                [str(word) for word in command], env=environment, stdout=subprocess.PIPE, text=True
            )
        )
    output = [rank.communicate()[0] for rank in ranks][0]
    if any(rank.returncode != 0 for rank in ranks):
        raise RuntimeError(f"{command} failed")
    return [json.loads(line) for line in output.splitlines()]


def reached(curves, target):
    """Seconds until the error of a run falls below the target, the least of all runs; or None."""
    times = [
        next((point["seconds"] for point in curve if point["sse"] <= target), None)
        for curve in curves
    ]
    return min((time for time in times if time is not None), default=None)


def curves_of(run, targets, most_epochs):
    """Runs of 1, 2, 3, 4, 6, 8, 12, ... epochs, until the lowest target is reached."""
    curves = []
    for epochs in (1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64):
        if epochs > most_epochs:
            break
        curves.append(run(epochs))
        if reached(curves, min(targets)) is not None:
            break
    return curves


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--problem", choices=PROBLEMS, default="fashion-mnist")
    parser.add_argument(
        "--data", required=True, help="HDF5 file with the training and test samples"
    )
    parser.add_argument("--program", default=str(ROOT / "build/release/bin/hourglass"))
    parser.add_argument("--ranks", type=int, default=2)
    parser.add_argument("--batch", type=int, default=512, help="of hourglass")
    parser.add_argument("--optimizers", default=",".join(OPTIMIZERS), help="of hourglass")
    parser.add_argument("--extra", default="", help="more options of hourglass train")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--most-epochs", type=int, default=16)
    parser.add_argument("--no-torch", action="store_true")
    parser.add_argument("--torch-rate", type=float, nargs="+", default=TORCH["rate"])
    parser.add_argument("--torch-batch", type=int, nargs="+", default=TORCH["batch"])
    parser.add_argument("--torch-schedule", nargs="+", default=TORCH["schedule"])
    parser.add_argument("--output", help="JSON file")
    options = parser.parse_args()
    problem = PROBLEMS[options.problem]
    with h5py.File(options.data, "r") as source:
        options.samples = len(source[problem["data"]])
    jobs = {
        name: lambda epochs, seed, name=name: hourglass_run(options, problem, name, epochs, seed)
        for name in options.optimizers.split(",")
    }
    if not options.no_torch:
        grid = itertools.product(options.torch_rate, options.torch_batch, options.torch_schedule)
        for setting in grid:
            jobs[
                "torch-adam {} {} {}".format(*setting)
            ] = lambda epochs, seed, setting=setting: torch_run(
                options, problem, *setting, epochs, seed
            )
    results = {}
    for name, job in jobs.items():
        curves = [
            curves_of(lambda epochs: job(epochs, seed), problem["targets"], options.most_epochs)
            for seed in range(1, options.seeds + 1)
        ]
        times = [[reached(of_seed, target) for of_seed in curves] for target in problem["targets"]]
        medians = [
            None if None in of_target else statistics.median(of_target) for of_target in times
        ]
        results[name] = {"seconds": medians, "curves": curves}
        shown = ["-" if median is None else f"{median:.1f}" for median in medians]
        print(f"{name:<32}" + "".join(f"{text:>10}" for text in shown), flush=True)
    if options.output:
        record = {"problem": options.problem, "targets": problem["targets"], "results": results}
        pathlib.Path(options.output).write_text(json.dumps(record, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
