#!/usr/bin/env python3
"""What `hourglass watch` costs the training that it watches, and whether it leaks.

  python3 bench/watch_load.py --program build/release/bin/hourglass

Trains on one rank and thread, and counts its steps in windows of --seconds (10), in turn alone,
watched by nobody, and under --rate (1000) requests per second for the page's content and the whole
page. Prints one JSON object: steps per second in each kind of window (medians of --repetitions),
their ratios, the requests answered, their latency, and open files and memory of the server before
and after. The clients, which run elsewhere or are a browser, get a processor of their own
(--client-processor, the last)."""
import argparse
import http.client
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse
from pathlib import Path

import h5py
import numpy as np

CLIENT = "--as-client"


def client(address, rate, seconds):
    """Prints latencies in ms: `rate` requests per second by 8 threads with a connection each."""
    url = urllib.parse.urlsplit(address)
    threads, latencies, failures = 8, [], []

    def work(number):
        connection = http.client.HTTPConnection(url.hostname, url.port, timeout=30)
        begin = time.monotonic()
        for i in range(int(rate * seconds / threads)):
            due = begin + (i + number / threads) * threads / rate
            time.sleep(max(0, due - time.monotonic()))
            sent = time.monotonic()
            # One page in ten, as when a browser is opened; the rest as open pages ask.
            connection.request("GET", url.path + ("" if i % 10 == 0 else "live"))
            answer = connection.getresponse()
            answer.read()
            latencies.append(1000 * (time.monotonic() - sent))
            if answer.status != 200:
                failures.append(answer.status)

    workers = [threading.Thread(target=work, args=(n,)) for n in range(threads)]
    begin = time.monotonic()
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    seconds = time.monotonic() - begin
    print(json.dumps({"latencies": latencies, "failures": failures, "seconds": seconds}))


def held(process):
    """Open files, resident KiB, and seconds of processor time so far."""
    status = Path(f"/proc/{process}/status").read_text()
    files = len(os.listdir(f"/proc/{process}/fd"))
    seconds = int(Path(f"/proc/{process}/schedstat").read_text().split()[0]) / 1e9
    resident = int(re.search(r"VmRSS:\s+(\d+)", status)[1])
    return {"files": files, "resident_kib": resident, "processor_seconds": seconds}


class Training:
    """A training whose steps are counted by what it records of each."""

    def __init__(self, options, folder):
        data = folder / "data.h5"
        with h5py.File(data, "w") as file:
            file["x"] = np.random.default_rng(1).random((8192, 784), np.float32)
        self.run = folder / "run"
        words = [options.program, "train", "--data", f"{data}:/x", "--layers", "784,1000,250,30"]
        words += ["--epochs", "100000", "--batch", "128", "--micro-batch", "32", "--threads", "1"]
        words += ["--learning-rate", "1e-6", "--log-every", "1", "--progress", "none"]
        if options.client_processor >= 0:
            # A processor of its own, lest the client's work counts as the server's.
            words = ["taskset", "-c", str(min(os.sched_getaffinity(0))), *words]
        self.process = subprocess.Popen(
            [*words, "--output", str(self.run)],
            env={**os.environ, "OMPI_MCA_ess_singleton_isolated": "1"},
            stdout=subprocess.DEVNULL,
        )
        self.metrics = self.run / "metrics.jsonl"
        while not (self.metrics.exists() and self.metrics.stat().st_size > 10000):
            if self.process.poll() is not None:
                sys.exit("the training has ended")
            time.sleep(0.1)

    def steps(self):
        with open(self.metrics, "rb") as file:
            file.seek(max(0, self.metrics.stat().st_size - 65536))
            return json.loads(file.read().splitlines()[-2])["step"]

    def rate(self, seconds, during=None):
        """Steps per second of a window, in which `during` is called."""
        begin, first = time.monotonic(), self.steps()
        result = during() if during else time.sleep(seconds)
        return (self.steps() - first) / (time.monotonic() - begin), result


def measure(options, folder):
    training = Training(options, folder)
    server = subprocess.Popen(
        [options.program, "watch", str(training.run)], stdout=subprocess.PIPE, text=True
    )
    address = server.stdout.readline().strip()
    command = [sys.executable, __file__, CLIENT, address, str(options.rate)]
    if options.client_processor >= 0:
        command = ["taskset", "-c", str(options.client_processor), *command]

    def load(seconds=options.seconds):
        done = subprocess.run([*command, str(seconds)], capture_output=True, check=True)
        return json.loads(done.stdout)

    try:
        load(1)  # its buffers are there
        before = held(server.pid)
        alone, loaded, answers = [], [], []
        for _ in range(options.repetitions):
            alone.append(training.rate(options.seconds)[0])
            rate, answer = training.rate(options.seconds, load)
            loaded.append(rate)
            answers.append(answer)
        time.sleep(6)  # connections are closed by then
        after = held(server.pid)
    finally:
        training.process.kill()
        server.terminate()
    latencies = sorted(ms for answer in answers for ms in answer["latencies"])
    return {
        "steps_per_second_alone": statistics.median(alone),
        "steps_per_second_under_load": statistics.median(loaded),
        "ratio": statistics.median(b / a for a, b in zip(alone, loaded)),
        "windows_alone": alone,
        "windows_under_load": loaded,
        "requests_per_second": len(latencies) / sum(answer["seconds"] for answer in answers),
        "server_us_per_request": 1e6
        * (after["processor_seconds"] - before["processor_seconds"])
        / len(latencies),
        "requests_failed": sum(len(answer["failures"]) for answer in answers),
        "latency_ms_median": statistics.median(latencies),
        "latency_ms_99": latencies[int(0.99 * len(latencies))],
        "server_before": before,
        "server_after": after,
        "server_exit_code": server.wait(30),
    }


def main():
    if sys.argv[1:2] == [CLIENT]:
        client(sys.argv[2], float(sys.argv[3]), float(sys.argv[4]))
        return
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--program", default="build/release/bin/hourglass")
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--rate", type=float, default=1000)
    parser.add_argument("--repetitions", type=int, default=3)
    last = max(os.sched_getaffinity(0))
    parser.add_argument("--client-processor", type=int, default=last, help="-1: any")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        print(json.dumps(measure(options, Path(folder)), indent=1))


if __name__ == "__main__":
    main()
