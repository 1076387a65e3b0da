#!/usr/bin/env python3
"""Says what got slower: scripts/compare_bench.py OLD NEW, two folders (or two JSON files) of
scripts/bench.sh.

A benchmark counts as slower (or faster) when its repetitions do not overlap (each of the new is
slower than each of the old) and the medians differ by more than --threshold. Exit code 1 when
something got slower, 0 otherwise, 65 for broken input."""
import argparse
import json
import statistics
import sys
from pathlib import Path

UNITS = {"ns": 1e-9, "us": 1e-6, "ms": 1e-3, "s": 1.0}


def complain(text):
    print(f"compare_bench.py: {text}", file=sys.stderr)
    sys.exit(65)


def read(path):
    """Name -> seconds of each repetition."""
    files = sorted(path.glob("*.json")) if path.is_dir() else [path]
    if not files:
        complain(f"{path} holds no JSON file")
    times = {}
    for file in files:
        try:
            benchmarks = json.loads(file.read_text())["benchmarks"]
            for b in benchmarks:
                if b.get("run_type", "iteration") == "iteration" and not b.get("error_occurred"):
                    # A median over steps that the benchmark took itself is less disturbed than its
                    # mean.
                    seconds = (
                        b["median_us"] * 1e-6
                        if "median_us" in b
                        else b["real_time"] * UNITS[b["time_unit"]]
                    )
                    times.setdefault(f"{file.stem}: {b.get('run_name', b['name'])}", []).append(
                        seconds
                    )
        except OSError as error:
            complain(f"cannot read {file}: {error.strerror}")
        except (ValueError, KeyError, TypeError):
            complain(f"{file} is no JSON file of Google Benchmark")
    return times


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("old", type=Path)
    parser.add_argument("new", type=Path)
    parser.add_argument(
        "--threshold",
        type=float,
        default=0.05,
        help="smallest relative difference that counts (0.05)",
    )
    arguments = parser.parse_args()
    old, new = read(arguments.old), read(arguments.new)
    slower, faster = [], []
    for name in sorted(old.keys() & new.keys()):
        ratio = statistics.median(new[name]) / statistics.median(old[name])
        line = (
            f"{name}: {statistics.median(old[name]) * 1e6:.2f} -> "
            f"{statistics.median(new[name]) * 1e6:.2f} us ({100 * (ratio - 1):+.1f} %)"
        )
        if ratio > 1 + arguments.threshold and min(new[name]) > max(old[name]):
            slower.append(line)
        elif ratio < 1 - arguments.threshold and max(new[name]) < min(old[name]):
            faster.append(line)
    for title, lines in [("slower", slower), ("faster", faster)]:
        for line in lines:
            print(f"{title}: {line}")
    for title, names in [
        ("only in the old", old.keys() - new.keys()),
        ("only in the new", new.keys() - old.keys()),
    ]:
        for name in sorted(names):
            print(f"{title}: {name}")
    print(
        f"{len(old.keys() & new.keys())} compared: {len(slower)} slower, {len(faster)} faster "
        "beyond noise"
    )
    return 1 if slower else 0


if __name__ == "__main__":
    sys.exit(main())
