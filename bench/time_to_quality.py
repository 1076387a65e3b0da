#!/usr/bin/env python3
"""Seconds of training until the reconstruction error of test samples falls below given numbers, for
the optimizers of `hourglass train` and for PyTorch's Adam (bench/peers/torch_quality.py) on the
same machine.

    bench/time_to_quality.py --problem fashion-mnist --data fashion-mnist.h5 --output fashion.json

An error by epoch does not depend on the machine's load, a time does. So there are two phases.
`quality` looks for the shortest run that reaches a target: each a whole training with its schedule,
its length found by bisection; below one epoch it is a part of the samples (--select-rows). `timing`
trains these runs again with --ranks, in turn, and adds the seconds up to the end of the epoch that
reached the target; it wants an idle machine. --phase makes them separately; --output keeps what is
done, and a repeated call goes on from there.

The optimizers of hourglass have their defaults and a cosine schedule. Of PyTorch's Adam rate, batch
and schedule are searched on the first seed: all settings for --search-seconds of training each,
the better third of them until they reach the target or have taken longer than the best, which
trains with all seeds. The result is the median over the seeds."""

import argparse
import itertools
import json
import math
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
    # seed 2 as /test. A network that ignores its input has 12.44, where a training stays for long.
    "curves": {
        "layers": "784,400,200,100,50,25,6",
        "activation": "sigmoid",
        "loss": "bce",
        "targets": [12.0, 10.0, 8.0],
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
}
TORCH = {
    "rate": [5e-4, 1e-3, 2e-3, 3e-3],
    "batch": [128, 256, 512],
    "schedule": ["constant", "cosine"],
}
# Epochs of a run.
LENGTHS = (0.25, 0.375, 0.5, 0.625, 0.75, 0.875, *range(1, 9), 10, 12, 14, 16, 20, 24, 32, 48, 64)


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
    command += [*OPTIMIZERS[optimizer].split(), "--batch", options.batch]
    command += ["--epochs", max(1, epochs)]
    if epochs < 1:
        command += ["--select-rows", f"0:{round(epochs * options.samples)}"]
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


class Runs:
    """Trainings of one setting and seed: the length of a run decides its schedule."""

    def __init__(self, errors_of, lengths):
        self.errors_of, self.lengths = errors_of, lengths

    def reached(self, length, target):
        """The epochs after which a run of this length is below the target, or None."""
        errors = self.errors_of(length)
        ends = [length] if length < 1 else range(1, len(errors) + 1)
        return next((end for end, error in zip(ends, errors) if error <= target), None)

    def shortest(self, target):
        """(Length, epochs until the target) of the run that reaches it soonest, by bisection: a
        longer run ends lower. None if none does."""
        low, high, best = 0, len(self.lengths), None
        while low < high:
            middle = (low + high) // 2
            length = self.lengths[middle]
            epochs = self.reached(length, target)
            if epochs is None:
                low = middle + 1
            else:
                best = min(best or (length, epochs), (length, epochs), key=lambda run: run[1])
                high = middle
        return best


class Competitor:
    """Name, lengths of runs, and how to train: `train(epochs, seed, ranks)` is a list of
    (seconds since the beginning, test error) by epoch."""

    def __init__(self, name, lengths, train):
        self.name, self.lengths, self.train = name, lengths, train

    def runs(self, options, record, seed):
        def errors_of(epochs):
            def train():
                return [error for _, error in self.train(epochs, seed, options.quality_ranks)]

            return record.errors(self.name, seed, epochs, train)

        return Runs(errors_of, self.lengths)


def hourglass_competitor(options, name):
    def train(epochs, seed, ranks):
        seconds, points = 0.0, []
        samples = min(1, epochs) * options.samples
        for epoch in hourglass_run(options, name, epochs, seed, ranks):
            seconds += samples / epoch["samples_per_second"]
            points.append((seconds, epoch["validation_sse"]))
        return points

    return Competitor(name, [n for n in LENGTHS if n <= options.most_epochs], train)


def torch_competitor(options, setting, most_epochs):
    def train(epochs, seed, ranks):
        points = torch_run(options, setting, epochs, seed, ranks)
        return [(point["seconds"], point["sse"]) for point in points]

    lengths = [n for n in LENGTHS if 1 <= n <= most_epochs]
    # A constant rate needs one run, a schedule one of each length.
    if setting[2] == "constant":
        lengths = lengths[-1:]
    return Competitor("torch {} {} {}".format(*setting), lengths, train)


def torch_search(options, record, target):
    """(Setting, epochs) with which PyTorch is below the target soonest, on the first seed, or
    None."""
    epoch_seconds = record.content.setdefault("torch epoch seconds", {})
    for batch in options.torch_batch:
        if str(batch) not in epoch_seconds:
            run = torch_run(options, (1e-3, batch, "constant"), 2, 1, options.ranks)
            epoch_seconds[str(batch)] = run[1]["seconds"] - run[0]["seconds"]
            record.save()

    def seconds_of(setting):
        return epoch_seconds[str(setting[1])]

    def runs_of(setting, most_epochs):
        return torch_competitor(options, setting, most_epochs).runs(options, record, 1)

    def error_after_short_run(setting):
        epochs = max(1, round(options.search_seconds / seconds_of(setting)))
        return runs_of(setting, epochs).errors_of(epochs)[-1]

    grid = itertools.product(options.torch_rate, options.torch_batch, options.torch_schedule)
    settings = sorted(grid, key=error_after_short_run)
    best, best_seconds = None, None
    for setting in settings[: max(1, len(settings) // 3)]:
        most = options.torch_epochs
        if best:
            most = min(most, math.ceil(best_seconds / seconds_of(setting)) - 1)
        found = runs_of(setting, most).shortest(target) if most > 0 else None
        if found and (best is None or found[1] * seconds_of(setting) < best_seconds):
            best, best_seconds = (setting, found[1]), found[1] * seconds_of(setting)
    return best


def competitors(options, record, targets):
    found = [hourglass_competitor(options, name) for name in options.optimizers]
    if not options.no_torch:
        best = torch_search(options, record, targets[0])
        if best:
            # Another seed may need more.
            most_epochs = min(options.torch_epochs, 2 * best[1])
            found.append(torch_competitor(options, best[0], most_epochs))
        else:
            print(f"torch: {targets[0]} not reached in {options.torch_epochs} epochs")
    return found


def targets_of(competitor, targets):
    """PyTorch is searched for the first target only."""
    return targets[:1] if competitor.name.startswith("torch") else targets


def measure_times(options, record, found, targets):
    """Seconds of the shortest run to each target, of each seed."""
    timing = record.content["timing"]
    for seed in range(1, options.seeds + 1):
        for competitor in found:
            for target in targets_of(competitor, targets):
                key = f"{competitor.name} / seed {seed} / {target}"
                run = competitor.runs(options, record, seed).shortest(target)
                if run and key not in timing:
                    length, epochs = run
                    points = competitor.train(length, seed, options.ranks)
                    timing[key] = points[math.ceil(epochs) - 1][0]
                    record.save()


def show(options, record, found, targets):
    """Medians over the seeds; a target that a seed does not reach is not reached."""
    seeds = range(1, options.seeds + 1)
    print(f"{'seconds (epochs) to':<32}" + "".join(f"{target:>16}" for target in targets))
    for competitor in found:
        line = f"{competitor.name:<32}"
        for target in targets_of(competitor, targets):
            runs = [competitor.runs(options, record, seed).shortest(target) for seed in seeds]
            if None in runs:
                line += f"{'-':>16}"
                continue
            epochs = statistics.median(run[1] for run in runs)
            keys = [f"{competitor.name} / seed {seed} / {target}" for seed in seeds]
            times = [record.content["timing"].get(key) for key in keys]
            seconds = "?" if None in times else f"{statistics.median(times):.1f}"
            line += f"{f'{seconds} ({epochs:g})':>16}"
        print(line, flush=True)


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
    parser.add_argument("--batch", type=int, default=512, help="of hourglass")
    parser.add_argument("--optimizers", default=",".join(OPTIMIZERS), help="of hourglass")
    parser.add_argument("--extra", default="", help="more options of hourglass train")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--most-epochs", type=int, default=16, help="of hourglass")
    parser.add_argument("--no-torch", action="store_true")
    parser.add_argument("--torch-epochs", type=int, default=16)
    parser.add_argument(
        "--search-seconds", type=float, default=35, help="of each setting of PyTorch's search"
    )
    parser.add_argument("--torch-rate", type=float, nargs="+", default=TORCH["rate"])
    parser.add_argument("--torch-batch", type=int, nargs="+", default=TORCH["batch"])
    parser.add_argument("--torch-schedule", nargs="+", default=TORCH["schedule"])
    parser.add_argument("--output", help="JSON file")
    options = parser.parse_args()
    options.optimizers = [name for name in options.optimizers.split(",") if name]
    with h5py.File(options.data, "r") as source:
        options.samples = len(source[SOURCE["data"]])
    record = Record(options.output, options.problem)
    targets = PROBLEMS[options.problem]["targets"]
    found = competitors(options, record, targets)
    if options.phase != "quality":
        measure_times(options, record, found, targets)
    show(options, record, found, targets)


if __name__ == "__main__":
    main()
