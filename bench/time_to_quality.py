#!/usr/bin/env python3
"""Seconds of training until the reconstruction error of test samples falls below given numbers, for
the optimizers of `hourglass train` and for PyTorch's Adam (bench/peers/torch_quality.py) on the
same machine.

    bench/time_to_quality.py --problem fashion-mnist --data fashion-mnist.h5 --output fashion.json

An error by epoch does not depend on the machine's load, a time does. So there are two phases:
`timing` trains all competitors in turn, --rounds times, and keeps the median seconds of an epoch of
each (the second epoch of a run; PyTorch's by batch size); it wants an idle machine. `quality`
trains to the targets: runs of 1, 2, 3, ... epochs, each a whole training with its schedule, and a
target counts as reached at the end of the first epoch below it. --phase makes them separately;
--output keeps what is done, and a repeated call goes on from there.

The optimizers of hourglass have their defaults and a cosine schedule. Of PyTorch's Adam rate, batch
and schedule are searched on the first seed: all settings for a quarter of --most-epochs, the better
third of them to the end, and the best by seconds trains with all seeds. The result is the median
over the seeds."""

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
SOURCE = {"data": "/train/samples", "validation": "/test/samples"}
FASHION = {"layers": "784,1000,500,250,30", "activation": "relu", "targets": [10.155, 8.0, 7.0]}
PROBLEMS = {
    "fashion-mnist": {**FASHION, "loss": "mse"},
    "fashion-mnist-bce": {**FASHION, "loss": "bce"},
    # hourglass generate curves --samples 20000 --seed 1 --output FILE.h5:/train, and 10000 of
    # seed 2 as /test.
    "curves": {
        "layers": "784,400,200,100,50,25,6",
        "activation": "sigmoid",
        "loss": "bce",
        "targets": [10.0, 5.0, 2.0],
    },
}
OPTIMIZERS = {
    "adam": "--optimizer adam",
    "muon": "--optimizer muon",
    "muon bf16": "--optimizer muon --optimizer-precision bf16",
    "shampoo": "--optimizer shampoo",
    "shampoo bf16": "--optimizer shampoo --optimizer-precision bf16",
    "soap": "--optimizer soap",
    "soap bf16": "--optimizer soap --optimizer-precision bf16",
    "kfac": "--optimizer kfac",
    "kfac bf16": "--optimizer kfac --optimizer-precision bf16",
    "kfac": "--optimizer kfac",
}
TORCH = {
    "rate": [5e-4, 1e-3, 2e-3, 3e-3],
    "batch": [128, 256, 512],
    "schedule": ["constant", "cosine"],
}
LENGTHS = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64)


def network_options(options):
    problem = PROBLEMS[options.problem]
    words = []
    for name, path in SOURCE.items():
        words += [f"--{name}", f"{options.data}:{path}"]
    for name in ("layers", "activation", "loss"):
        words += [f"--{name}", problem[name]]
    return words


def hourglass_run(options, optimizer, epochs, seed, ranks):
    """The records of the epochs of a training run."""
    folder = tempfile.mkdtemp(prefix="time-to-quality-")
    command = ["mpirun", "-n", ranks] if ranks > 1 else []
    command += [options.program, "train", *network_options(options)]
    command += [*OPTIMIZERS[optimizer].split(), "--batch", options.batch, "--epochs", epochs]
    command += ["--schedule", "cosine", "--warmup-epochs", "0.1", "--seed", seed]
    command += ["--progress", "none", "--checkpoint-every", 0, "--output", f"{folder}/run"]
    command += options.extra.split()
    try:
        subprocess.run([str(word) for word in command], check=True, stdout=subprocess.DEVNULL)
        with open(f"{folder}/run/metrics.jsonl", encoding="utf-8") as lines:
            records = [json.loads(line) for line in lines]
    finally:
        shutil.rmtree(folder)
    return [record for record in records if record["kind"] == "epoch"]


def torch_run(options, setting, epochs, seed, ranks):
    """Seconds since the beginning and test error after each epoch."""
    rate, batch, schedule = setting
    command = [sys.executable, ROOT / "bench/peers/torch_quality.py", *network_options(options)]
    command += ["--rate", rate, "--batch", batch, "--schedule", schedule]
    command += ["--epochs", epochs, "--seed", seed]
    with socket.socket() as free:
        free.bind(("", 0))
        port = str(free.getsockname()[1])
    running = []
    for rank in range(ranks):
        environment = {**os.environ, "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port}
        environment.update(RANK=str(rank), WORLD_SIZE=str(ranks), OMP_NUM_THREADS="1")
        running.append(
            subprocess.Popen(
                [str(word) for word in command], env=environment, stdout=subprocess.PIPE, text=True
            )
        )
    output = [process.communicate()[0] for process in running][0]
    if any(process.returncode != 0 for process in running):
        raise RuntimeError(f"{command} failed")
    return [json.loads(line) for line in output.splitlines()]


class Record:
    """What is measured so far, kept in a file after each addition."""

    def __init__(self, path, problem):
        self.path = pathlib.Path(path) if path else None
        self.content = {"problem": problem, "timing": {}, "runs": {}}
        if self.path and self.path.exists():
            self.content = json.loads(self.path.read_text(encoding="utf-8"))
            if self.content["problem"] != problem:
                sys.exit(f"{path} holds {self.content['problem']}: name another --output")

    def save(self):
        if self.path:
            whole = self.path.with_suffix(".part")
            whole.write_text(json.dumps(self.content, indent=1), encoding="utf-8")
            whole.replace(self.path)

    def errors(self, name, seed, epochs, train):
        """Test errors after the epochs of a run, which is made if there is none."""
        key = f"{name} / seed {seed} / {epochs} epochs"
        if key not in self.content["runs"]:
            self.content["runs"][key] = train()
            self.save()
        return self.content["runs"][key]


def measure_times(options, record):
    timing = record.content["timing"]
    batches = [] if options.no_torch else options.torch_batch
    for _ in range(options.rounds):
        for name in options.optimizers:
            rate = hourglass_run(options, name, 2, 1, options.ranks)[1]["samples_per_second"]
            timing.setdefault(name, []).append(options.samples / rate)
            record.save()
        for batch in batches:
            points = torch_run(options, (1e-3, batch, "constant"), 2, 1, options.ranks)
            seconds = points[1]["seconds"] - points[0]["seconds"]
            timing.setdefault(f"torch {batch}", []).append(seconds)
            record.save()
    for name, seconds in timing.items():
        print(f"{name:<32}{statistics.median(seconds):8.2f} s an epoch", flush=True)


def epochs_to(errors, target):
    return next((i + 1 for i, error in enumerate(errors) if error <= target), None)


def least_epochs(runs, targets):
    """By target: the least number of epochs after which one of the runs is below it, or None."""
    found = [[epochs_to(errors, target) for errors in runs] for target in targets]
    return [min((n for n in of_target if n), default=None) for of_target in found]


def hourglass_epochs(options, record, name, seed, targets):
    runs = []
    for epochs in LENGTHS:
        if epochs > options.most_epochs:
            break

        def train(epochs=epochs):
            records = hourglass_run(options, name, epochs, seed, options.quality_ranks)
            return [epoch["validation_sse"] for epoch in records]

        runs.append(record.errors(name, seed, epochs, train))
        if min(runs[-1]) <= min(targets):
            break
    return least_epochs(runs, targets)


def torch_errors(options, record, setting, epochs, seed):
    def train():
        points = torch_run(options, setting, epochs, seed, options.quality_ranks)
        return [point["sse"] for point in points]

    name = "torch {} {} {}".format(*setting)
    return record.errors(name, seed, epochs, train)


def torch_epochs(options, record, setting, seed, targets):
    """A constant rate needs one run, a schedule one of each length."""
    lengths = [epochs for epochs in LENGTHS if epochs <= options.torch_epochs]
    if setting[2] == "constant":
        lengths = lengths[-1:]
    runs = []
    for epochs in lengths:
        runs.append(torch_errors(options, record, setting, epochs, seed))
        if min(runs[-1]) <= min(targets):
            break
    return least_epochs(runs, targets)


def torch_search(options, record, target, seconds_of):
    """The setting with which PyTorch is below the target soonest, on the first seed."""
    grid = itertools.product(options.torch_rate, options.torch_batch, options.torch_schedule)
    short = max(1, options.torch_epochs // 4)
    settings = sorted(
        grid, key=lambda setting: torch_errors(options, record, setting, short, 1)[-1]
    )
    best = None
    for setting in settings[: max(1, len(settings) // 3)]:
        epochs = torch_epochs(options, record, setting, 1, [target])[0]
        if epochs and (best is None or epochs * seconds_of(setting) < best[0]):
            best = (epochs * seconds_of(setting), setting)
    return best[1] if best else None


def show(name, epochs, seconds):
    """Medians over the seeds; a target that a seed does not reach is not reached."""
    by_target = list(zip(*epochs))
    medians = [None if None in of else statistics.median(of) for of in by_target]
    shown = ["-" if n is None else f"{n * seconds:.1f} ({n:g})" for n in medians]
    print(f"{name:<32}" + "".join(f"{text:>14}" for text in shown), flush=True)


def measure_quality(options, record):
    targets = PROBLEMS[options.problem]["targets"]
    timing = {name: statistics.median(s) for name, s in record.content["timing"].items()}
    seeds = range(1, options.seeds + 1)
    print(f"{'seconds (epochs) to':<32}" + "".join(f"{target:>14}" for target in targets))
    for name in options.optimizers:
        epochs = [hourglass_epochs(options, record, name, seed, targets) for seed in seeds]
        show(name, epochs, timing[name])
    if options.no_torch:
        return

    def seconds_of(setting):
        return timing[f"torch {setting[1]}"]

    setting = torch_search(options, record, targets[0], seconds_of)
    if setting is None:
        print(f"torch: {targets[0]} not reached in {options.torch_epochs} epochs by any setting")
        return
    epochs = [torch_epochs(options, record, setting, seed, targets[:1]) for seed in seeds]
    show("torch {} {} {}".format(*setting), epochs, seconds_of(setting))


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--problem", choices=PROBLEMS, default="fashion-mnist")
    parser.add_argument(
        "--data", required=True, help="HDF5 file with the training and test samples"
    )
    parser.add_argument("--program", default=str(ROOT / "build/release/bin/hourglass"))
    parser.add_argument("--phase", choices=["timing", "quality", "both"], default="both")
    parser.add_argument("--ranks", type=int, default=2, help="of the timing")
    parser.add_argument("--quality-ranks", type=int, default=1, help="does not change the result")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--batch", type=int, default=512, help="of hourglass")
    parser.add_argument("--optimizers", default=",".join(OPTIMIZERS), help="of hourglass")
    parser.add_argument("--extra", default="", help="more options of hourglass train")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--most-epochs", type=int, default=16, help="of hourglass")
    parser.add_argument("--no-torch", action="store_true")
    parser.add_argument("--torch-epochs", type=int, default=16)
    parser.add_argument("--torch-rate", type=float, nargs="+", default=TORCH["rate"])
    parser.add_argument("--torch-batch", type=int, nargs="+", default=TORCH["batch"])
    parser.add_argument("--torch-schedule", nargs="+", default=TORCH["schedule"])
    parser.add_argument("--output", help="JSON file")
    options = parser.parse_args()
    options.optimizers = options.optimizers.split(",")
    with h5py.File(options.data, "r") as source:
        options.samples = len(source[SOURCE["data"]])
    record = Record(options.output, options.problem)
    if options.phase != "quality":
        measure_times(options, record)
    if options.phase != "timing":
        measure_quality(options, record)


if __name__ == "__main__":
    main()
