#!/usr/bin/env python3
"""Simulates training steps on clusters that are not at hand: simulate.py STUDY --output
RESULTS.jsonl [--folder FOLDER].

Builds bench/simulate/simulate.cpp with SimGrid's smpicxx, describes the clusters, and writes one
JSON line a point; points that RESULTS.jsonl has already are not run again. STUDY: weak, strong,
gather, sparse, large, allreduce, tiny, or validate, which simulates what --measured files hold. A
point of 1024 ranks takes half a minute or more; `simulator_seconds` of a result says how long."""
import argparse
import concurrent.futures
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from clusters import CLUSTERS, platform_text
from dictionaries import DICTIONARIES

HERE = Path(__file__).resolve().parent

WIDTHS = "784,1000,500,250,30,250,500,1000,784"
# One core: a pass over a micro-batch of so many samples, and Adam on the whole model
# (docs/scaling.md says where from).
PASS_MS = {128: 15.7, 32: 5.2}
UPDATE_MS = 1.7
COMBINE_MS = 0.3


def point(
    study,
    cluster,
    ranks,
    micro_batch=128,
    micro_batches=1,
    reduction="tree",
    overlap=1,
    wire=4,
    node=1,
    bucket=4 << 20,
    hide_gather=1,
    round_bits=3,
    **more,
):
    return {
        "study": study,
        "cluster": cluster,
        "ranks": ranks,
        "ranks_per_node": node,
        "micro_batch": micro_batch,
        "micro_batches": micro_batches,
        "reduction": reduction,
        "overlap": overlap,
        "wire_bytes": wire,
        "bucket_bytes": bucket,
        "hide_gather": hide_gather,
        "round_bits": round_bits,
        "pass_ms": PASS_MS.get(micro_batch),
        "update_ms": UPDATE_MS,
        "combine_ms": COMBINE_MS,
        "widths": WIDTHS,
        **more,
    }


# What a simulation adds to its point.
RESULTS = ["step_ms", "simulator_seconds"]

FEW = [1, 4, 16, 64, 256, 1024]
MANY = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024]
MAIN = "fat-tree-100g"
ALL = [MAIN, "10gbe", "dragonfly-200g"]


def few(cluster):
    # Where messages get into each other's way, a point of 1024 ranks takes minutes instead of half
    # a minute.
    return FEW if cluster == MAIN else FEW[:-1]


def weak():
    """One micro-batch of 128 a rank, by the tree; half the bytes; nothing overlapped; 16 ranks a
    node; 512 samples a rank."""
    for cluster in ALL:
        for ranks in MANY:
            yield point("weak", cluster, ranks)
    for cluster in ALL:
        for ranks in few(cluster):
            yield point("weak", cluster, ranks, wire=2)
            yield point("weak", cluster, ranks, overlap=0)
            if ranks >= 16:
                yield point("weak", cluster, ranks, node=16)
        for ranks in few(cluster) if cluster == "10gbe" else []:
            yield point("weak", cluster, ranks, micro_batches=4)
    # Ranks that are no power of two: the owner of a slice completes the tree.
    for ranks in [3, 6, 12, 24, 48]:
        yield point("weak", MAIN, ranks)
    for bucket in [1 << 20, 2 << 20, 8 << 20, 16 << 20]:
        yield point("weak", MAIN, 64, bucket=bucket)


def strong():
    """32768 samples a step in micro-batches of 32: 1024 shards."""
    shards = 1024
    for cluster in ALL:
        for ranks in MANY:
            yield point("strong", cluster, ranks, micro_batch=32, micro_batches=shards // ranks)
        for ranks in few(cluster):
            yield point(
                "strong", cluster, ranks, micro_batch=32, micro_batches=shards // ranks, wire=2
            )
            yield point(
                "strong", cluster, ranks, micro_batch=32, micro_batches=shards // ranks, overlap=0
            )


def gather():
    """What hiding the gather and fewer rounds gain: the exchange as it was in version 0.1.0
    (recursive halving, the gather at the end of a step), fewer rounds alone, and both."""
    for cluster, ranks, micro_batch, wire in [
        ("fat-tree-100g", 64, 128, 4),
        ("fat-tree-100g", 64, 32, 4),
        ("10gbe", 64, 128, 4),
        ("10gbe", 64, 128, 2),
        ("fat-tree-100g", 256, 128, 4),
        ("fat-tree-100g", 256, 32, 4),
        ("10gbe", 256, 128, 2),
        ("fat-tree-100g", 1024, 128, 4),
        ("fat-tree-100g", 1024, 32, 4),
    ]:
        for hide, bits in [(0, 1), (0, 3), (1, 3)]:
            yield point(
                "gather",
                cluster,
                ranks,
                micro_batch,
                wire=wire,
                hide_gather=hide,
                round_bits=bits,
            )


def large():
    """The exchange as it is, at the ends of the curves, with 64 ranks a node, and beyond 1024
    ranks."""
    yield point("large", "10gbe", 256, wire=2)
    for cluster in [MAIN, "dragonfly-200g"]:
        for ranks in [256, 1024]:
            for micro_batch in [128, 32]:
                yield point("large", cluster, ranks, micro_batch)
    for ranks in [1024, 4096, 16384]:
        for cluster in [MAIN, "dragonfly-200g"]:
            yield point("large", cluster, ranks, node=64)


def allreduce():
    """The classic scheme. Rings of messages by the hundred thousand: minutes of computing for the
    last points."""
    for cluster in ALL:
        for ranks in [1, 4, 16, 64, 256]:
            for overlap in [1, 0]:
                yield point("weak", cluster, ranks, reduction="allreduce", overlap=overlap)


def sparse():
    """Dictionaries, 128 samples a rank: everything sent, the gradients of active units alone, and
    their updates alone too. Units are used equally often, which makes most of them active."""
    for name, (features, units, k, scale, pass_ms, update_ms, combine_ms) in DICTIONARIES.items():
        for cluster in [MAIN, "10gbe"]:
            for ranks in [4, 16, 64, 256, 1024] if cluster == MAIN else [4, 16, 64]:
                share = 1 - (1 - k / units) ** (128 * ranks)
                modes = [(1, 0)] if share > 0.5 else [(1, 0), (share, 0), (share, 1)]
                for active, sparse_update in modes:
                    yield point("sparse", cluster, ranks, hide_gather=0, bucket=1 << 20) | {
                        "dictionary": name,
                        "widths": f"{features},{units // scale},{features}",
                        "bandwidth": CLUSTERS[cluster]["bandwidth"] / scale,
                        "pass_ms": pass_ms,
                        "update_ms": update_ms,
                        "combine_ms": combine_ms,
                        "active": round(active, 4),
                        "sparse_update": sparse_update,
                    }


def validate(files):
    """The points of measured studies (files of hourglass scale), with the times of a pass and an
    update measured in the same jobs."""
    for file in files:
        lines = read_results(file)
        options = lines[0]["train_options"]
        given = dict(zip(options[::2], options[1::2]))
        bucket = {"1MiB": 1 << 20, "4MiB": 4 << 20}[given["--bucket-bytes"]]
        points = {}
        for line in lines:
            if line["kind"] == "repetition":
                points.setdefault(
                    (line["ranks"], line["reduction"], line["micro_batch"], line["batch"]), []
                ).append(line)
        largest = max(
            (line for line in lines if line["kind"] == "network"), key=lambda line: line["ranks"]
        )["point_to_point"][-1]
        for (ranks, reduction, micro_batch, batch), jobs in sorted(points.items()):
            if ranks == 1:
                continue
            # All of one job, so that its parts belong together: the one with the median step.
            job = sorted(jobs, key=lambda job: job["step_seconds"])[(len(jobs) - 1) // 2]
            phase_ms = {name: phase["mean"] * 1e3 for name, phase in job["phases"].items()}
            hosts = len(job["hosts"])
            passes = batch // micro_batch // ranks
            link = (
                {}
                if hosts > 1
                else {"bandwidth": float(f"{largest['bytes'] / largest['seconds']:.3g}")}
            )
            yield point(
                "validate",
                "netns-1g" if hosts > 1 else "shared-memory",
                ranks,
                micro_batch,
                passes,
                reduction,
                int(given["--overlap"] == "true"),
                bucket=bucket,
                **link,
            ) | {
                "mode": lines[0]["mode"],
                "pass_ms": round((phase_ms["compute"] + phase_ms["input"]) / passes, 3),
                "update_ms": round(phase_ms["update"] * (ranks if reduction == "tree" else 1), 3),
                "measured_ms": round(job["step_seconds"] * 1e3, 3),
                "measured_exchange_ms": round(phase_ms["exchange"], 3),
            }


def tiny():
    for way in ["tree", "allreduce"]:
        for ranks in [1, 8]:
            yield point("tiny", MAIN, ranks, reduction=way)
    yield point("tiny", "10gbe", 6)
    yield point("tiny", "dragonfly-200g", 8, node=4, wire=2, overlap=0)


STUDIES = {
    "weak": weak,
    "strong": strong,
    "gather": gather,
    "large": large,
    "allreduce": allreduce,
    "tiny": tiny,
    "validate": validate,
}


def simulate(executable, p):
    with tempfile.TemporaryDirectory(dir=executable.parent) as folder:
        return simulate_in(Path(folder), executable, p)


def simulate_in(folder, executable, p):
    c = CLUSTERS[p["cluster"]] | {name: p[name] for name in ["bandwidth"] if name in p}
    platform = folder / "platform.xml"
    platform.write_text(platform_text(c, p["ranks_per_node"]))
    hosts = folder / "hosts"
    hosts.write_text("".join(f"n{r // p['ranks_per_node']}\n" for r in range(p["ranks"])))
    overhead = f"0:{c['overhead']}:0"
    options = {
        "smpi/host-speed": "1Gf",
        "smpi/simulate-computation": "no",
        "smpi/coll-selector": "ompi",
        "smpi/bcast": "binomial_tree",
        "smpi/reduce": "binomial",
        "smpi/shared-malloc": "global",
        # Ranks share their globals, none of which a step depends on: a copy of the executable for
        # each of thousands of ranks takes longer than the simulation.
        "smpi/privatization": "no",
        "contexts/stack-size": 256,
        "smpi/test": 1e-7,
        "smpi/iprobe": 1e-7,
        # A test takes as long however often it has failed before.
        "smpi/grow-injected-times": "no",
        "smpi/lat-factor": "0:1",
        "smpi/bw-factor": f"0:{c['efficiency']}",
        "network/crosstraffic": 0,
        "smpi/os": overhead,
        "smpi/or": overhead,
        "smpi/ois": overhead,
    }
    command = [
        "smpirun",
        "-np",
        str(p["ranks"]),
        "-platform",
        str(platform),
        "-hostfile",
        str(hosts),
        *(f"--cfg={name}:{value}" for name, value in options.items()),
        *(f"--log={name}.thres:critical" for name in ["root", "smpi_coll", "smpi_colls"]),
        str(executable),
        "--widths",
        p["widths"],
        "--micro-batches",
        p["micro_batches"],
        "--pass-ms",
        p["pass_ms"],
        "--update-ms",
        p["update_ms"],
        "--combine-ms",
        p["combine_ms"],
        "--reduction",
        p["reduction"],
        "--overlap",
        p["overlap"],
        "--wire-bytes",
        p["wire_bytes"],
        "--bucket-bytes",
        p["bucket_bytes"],
        "--hide-gather",
        p["hide_gather"],
        "--round-bits",
        p["round_bits"],
        *("--active", p.get("active", 1), "--sparse-update", p.get("sparse_update", 0)),
        *("--warm-up", 1, "--steps", 1),
    ]
    begin = time.monotonic()
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True)
    seconds = time.monotonic() - begin
    lines = [line for line in done.stdout.splitlines() if line.startswith("{")]
    if done.returncode != 0 or not lines:
        raise RuntimeError(
            f"smpirun ended with {done.returncode} on {p}:\n{done.stdout}\n{done.stderr}"
        )
    return {
        **p,
        "step_ms": json.loads(lines[-1])["step_ms"],
        "simulator_seconds": round(seconds, 1),
    }


def read_results(path):
    if not path.exists():
        return []
    # A line that a kill has cut has no end.
    return [
        json.loads(line)
        for line in path.read_text().splitlines(keepends=True)
        if line.endswith("\n")
    ]


def drop_cut_line(path):
    if path.exists():
        text = path.read_text()
        os.truncate(path, len(text[: text.rfind("\n") + 1].encode()))


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("study", choices=STUDIES)
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument(
        "--folder",
        type=Path,
        default=Path("build/simulate"),
        help="where the executable and platform files go",
    )
    parser.add_argument(
        "--measured",
        nargs="+",
        type=Path,
        default=[],
        help="validate: results files of hourglass scale",
    )
    parser.add_argument(
        "--jobs",
        type=int,
        default=len(os.sched_getaffinity(0)),
        help="simulations at a time, each on one core",
    )
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    subprocess.run([str(HERE / "build.sh"), str(arguments.folder.resolve())], check=True)
    done = [
        {name: value for name, value in result.items() if name not in RESULTS}
        for result in read_results(arguments.output)
    ]
    drop_cut_line(arguments.output)
    points = (
        validate(arguments.measured)
        if arguments.study == "validate"
        else STUDIES[arguments.study]()
    )
    executable = arguments.folder.resolve() / "simulate"
    # A simulation is one thread of computing.
    with arguments.output.open("a") as file, concurrent.futures.ThreadPoolExecutor(
        arguments.jobs
    ) as pool:
        waiting = [pool.submit(simulate, executable, p) for p in points if p not in done]
        try:
            for ready in concurrent.futures.as_completed(waiting):
                p = ready.result()
                file.write(json.dumps(p) + "\n")
                file.flush()
                print(
                    f"{p['study']} {p['cluster']} {p['ranks']} ranks ({p['ranks_per_node']} a "
                    f"node) {p['reduction']} overlap {p['overlap']} wire {p['wire_bytes']}: "
                    f"{p['step_ms']:.3f} ms",
                    flush=True,
                )
        except (RuntimeError, KeyboardInterrupt) as end:
            # What has begun ends, the rest does not begin.
            pool.shutdown(cancel_futures=True)
            sys.exit(f"simulate.py: {end or 'interrupted; the same command continues'}")


if __name__ == "__main__":
    main()
