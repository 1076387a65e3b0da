#!/usr/bin/env python3
"""What a step of the optimizers of whole weight matrices costs, relative to Adam's: the table of
docs/optimizers.md.

  bench/optimizer_cost.py --data build/fashion-mnist.h5:/train/samples
    [--ranks 1,2] [--batch 512,2048] [--optimizers "muon,shampoo bf16"] [--rounds 3]

In each of --rounds all optimizers train in turn, Adam first. The time of a step is that of --steps
steps after the first --warm, in which the intervals between statistics and between roots grow to
what they stay at; the others, whose steps are all alike, warm up for --steps. A ratio is the median
over the rounds of the ratio to Adam in the same round.

By the clock, so the machine must be idle; with --processor-time by what the kernel counts for the
process, which a busy machine disturbs less, and on one rank only: ranks that wait for each other
count as busy.
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

import h5py

ROOT = Path(__file__).resolve().parents[1]
MATRIX_WISE = ("muon", "shampoo", "soap", "kfac")
OPTIMIZERS = [f"{name}{precision}" for name in MATRIX_WISE for precision in ("", " bf16")]
AT_INTERVALS = ("shampoo", "soap", "kfac")
ENVIRONMENT = {
    **os.environ,
    "OMPI_ALLOW_RUN_AS_ROOT": "1",
    "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
}
TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")


def processor_seconds(process):
    """Of its user code so far."""
    fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) / TICKS_PER_SECOND


def epoch_ends(process, metrics):
    """The processor seconds of a running process at the end of each epoch."""
    ends, size = [], 0
    while process.poll() is None:
        used = processor_seconds(process)
        if metrics.exists() and metrics.stat().st_size != size:
            size = metrics.stat().st_size
            ends += [used] * (metrics.read_text().count('"kind":"epoch"') - len(ends))
        time.sleep(0.002)
    return ends


def epoch_seconds(options, optimizer, ranks, batch):
    """Seconds of the measured epochs of a training, each of --steps steps."""
    name, _, precision = optimizer.partition(" ")
    warm = -(-options.warm // options.steps) if name in AT_INTERVALS else 1
    with tempfile.TemporaryDirectory(prefix="optimizer-cost-") as folder:
        launcher = ["mpirun", "--bind-to", "none", "--oversubscribe", "-n", ranks]
        command = launcher if ranks > 1 else []
        command += [options.program, "train", "--data", options.data, "--layers", options.layers]
        command += ["--select-rows", f"0:{options.steps * batch}", "--batch", batch]
        command += ["--micro-batch", min(batch // ranks, options.micro_batch)]
        command += ["--epochs", warm + options.repeat, "--optimizer", name]
        command += ["--optimizer-precision", precision] if precision else []
        command += options.extra.split() if name != "adam" else []
        command += ["--log-every", 0, "--checkpoint-every", 0, "--progress", "none"]
        command += ["--output", f"{folder}/run"]
        process = subprocess.Popen(
            list(map(str, command)), stdout=subprocess.DEVNULL, env=ENVIRONMENT
        )
        metrics = Path(folder) / "run/metrics.jsonl"
        ends = epoch_ends(process, metrics) if options.processor_time else []
        if process.wait():
            sys.exit(f"optimizer_cost.py: {' '.join(map(str, command))} failed")
        records = [json.loads(line) for line in metrics.read_text().splitlines()]
    if options.processor_time:
        if len(ends) < warm + options.repeat:
            sys.exit("optimizer_cost.py: an epoch is too short to be timed: add --steps")
        seconds = [end - begin for begin, end in zip(ends, ends[1:])]
        return seconds[-options.repeat :]
    rates = [r["samples_per_second"] for r in records if r["kind"] == "epoch"]
    return [options.steps * batch / rate for rate in rates[-options.repeat :]]


def step_milliseconds(options, optimizer, ranks, batch):
    seconds = epoch_seconds(options, optimizer, ranks, batch)
    return 1000 * statistics.fmean(seconds) / options.steps


def numbers(text):
    return [int(part) for part in text.split(",")]


def check(options):
    if not Path(options.program).exists():
        sys.exit(
            f"optimizer_cost.py: no program at {options.program}; build it (cmake --build "
            "--preset release) or name it with --program"
        )
    for name in options.optimizers:
        if name not in OPTIMIZERS:
            sys.exit(f"optimizer_cost.py: no optimizer '{name}'; one of {', '.join(OPTIMIZERS)}")
    if options.processor_time and options.ranks != [1]:
        sys.exit("optimizer_cost.py: --processor-time counts one rank: add --ranks 1")
    path, _, dataset = options.data.partition(":")
    with h5py.File(path, "r") as file:
        rows = len(file[dataset])
    needed = options.steps * max(options.batch)
    if needed > rows:
        sys.exit(
            f"optimizer_cost.py: {options.data} has {rows} rows, and {options.steps} steps of "
            f"{max(options.batch)} need {needed}: use fewer --steps"
        )


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", required=True)
    parser.add_argument("--program", default=str(ROOT / "build/release/bin/hourglass"))
    parser.add_argument("--layers", default="784,1000,500,250,30")
    parser.add_argument("--batch", type=numbers, default=[512, 2048])
    parser.add_argument("--micro-batch", type=int, default=128, help="at most")
    parser.add_argument("--ranks", type=numbers, default=[1, 2])
    parser.add_argument("--optimizers", type=lambda text: text.split(","), default=OPTIMIZERS)
    parser.add_argument("--extra", default="", help="options of hourglass train for all but Adam")
    parser.add_argument("--steps", type=int, default=20, help="of an epoch")
    parser.add_argument("--warm", type=int, default=160, help="steps before the measured ones")
    parser.add_argument("--repeat", type=int, default=2, help="measured epochs of a run")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--processor-time", action="store_true")
    options = parser.parse_args()
    check(options)
    print("| ranks | batch | optimizer | ms per step | relative to Adam |")
    print("|---:|---:|---|---:|---:|")
    for ranks in options.ranks:
        for batch in options.batch:
            names = ["adam", *options.optimizers]
            rounds = [
                {name: step_milliseconds(options, name, ranks, batch) for name in names}
                for _ in range(options.rounds)
            ]
            for name in names:
                milliseconds = statistics.median(times[name] for times in rounds)
                ratio = statistics.median(times[name] / times["adam"] for times in rounds)
                print(
                    f"| {ranks} | {batch} | {name} | {milliseconds:.1f} | {ratio:.2f} |", flush=True
                )


if __name__ == "__main__":
    main()
