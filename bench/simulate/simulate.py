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
from studies import RESULTS, STUDIES, read_results, validate

HERE = Path(__file__).resolve().parent


def simulate(executable, p):
    with tempfile.TemporaryDirectory(dir=executable.parent) as folder:
        return simulate_in(Path(folder), executable, p)


def simulate_in(folder, executable, p):
    c = CLUSTERS[p["cluster"]] | {name: p[name] for name in ["bandwidth"] if name in p}
    platform = folder / "platform.xml"
    platform.write_text(platform_text(c, p["ranks"], p["ranks_per_node"]))
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
        # Few mappings for each buffer: a process may have 65,530, which 4096 ranks exceed with
        # those of 1 MiB.
        "smpi/shared-malloc-blocksize": 1 << 24,
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
    if p["ranks"] > 1024:
        # Sends that nobody waits for stand in one list, which is searched at the end of each: half
        # of the time with 4096 ranks. A step is 0.1 % shorter without them (256 and 1024 ranks).
        options["smpi/send-is-detached-thresh"] = 0
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
