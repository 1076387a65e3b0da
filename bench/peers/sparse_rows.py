#!/usr/bin/env python3
"""Cells per second from a sparse file, without a network: Hourglass (streamed and from memory, by
sparse_stream_bench) against what users write: batches of 128 random rows of a backed AnnData,
of h5py's arrays row by row, and both made dense by toarray. One core, one file, one run.

  bench/peers/sparse_rows.py [--cells 40000] [--genes 20000] [--elements 1000]
    [--compression none,gzip,lzf] [--seconds 5]

Needs python3-anndata (scripts/install_deps.sh --extras) and sparse_stream_bench in build/release.
Prints one line of JSON per measurement. Exit code 77 when anndata is not installed.
"""
import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path

import h5py
import numpy as np

ROOT = Path(__file__).resolve().parents[2]
BATCH = 128

try:
    import anndata
    import scipy.sparse
except ImportError:
    sys.exit(77)

warnings.simplefilter("ignore")


def write_cells(path, options, compression):
    rng = np.random.default_rng(1)
    step = options.genes // options.elements
    genes = np.arange(options.elements) * step
    columns = genes + rng.integers(0, step, (options.cells, options.elements))
    values = rng.integers(1, 9, columns.size).astype("f4")
    pointers = np.arange(options.cells + 1) * options.elements
    shape = (options.cells, options.genes)
    matrix = scipy.sparse.csr_matrix((values, columns.ravel().astype("i4"), pointers), shape)
    anndata.AnnData(matrix, dtype="f4").write_h5ad(path, compression=compression)


def rate(options, read):
    """Cells per second of batches of random rows, sorted as h5py and anndata want them."""
    rng = np.random.default_rng(2)
    done, begin = 0, time.perf_counter()
    while time.perf_counter() - begin < options.seconds:
        read(np.sort(rng.choice(options.cells, BATCH, replace=False)))
        done += BATCH
    return done / (time.perf_counter() - begin)


def peers(path, options):
    backed = anndata.read_h5ad(path, backed="r")
    yield "anndata backed", rate(options, lambda rows: backed.X[rows])
    yield "anndata backed, toarray", rate(options, lambda rows: backed.X[rows].toarray())
    backed.file.close()
    with h5py.File(path) as file:
        group = file["X"]
        pointers = group["indptr"][:]

        def read(rows):
            values, columns, starts = [], [], [0]
            for begin, end in zip(pointers[rows], pointers[rows + 1]):
                values.append(group["data"][begin:end])
                columns.append(group["indices"][begin:end])
                starts.append(starts[-1] + end - begin)
            return scipy.sparse.csr_matrix(
                (np.concatenate(values), np.concatenate(columns), starts), (BATCH, options.genes)
            )

        yield "h5py rows", rate(options, read)
        yield "h5py rows, toarray", rate(options, lambda rows: read(rows).toarray())


def hourglass(path):
    program = ROOT / "build/release/bench/sparse_stream_bench"
    words = [program, "--benchmark_filter=deflate:0", "--benchmark_format=json"]
    environment = {
        **os.environ,
        "HOURGLASS_SPARSE_MATRIX": f"{path}:/X",
        "OMPI_ALLOW_RUN_AS_ROOT": "1",
        "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
    }
    done = subprocess.run(words, env=environment, capture_output=True, text=True, check=True)
    for run in json.loads(done.stdout)["benchmarks"]:
        yield "hourglass" + run["label"].removeprefix("as it is"), run["cells_per_second"]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cells", type=int, default=40000)
    parser.add_argument("--genes", type=int, default=20000)
    parser.add_argument("--elements", type=int, default=1000, help="per cell")
    parser.add_argument("--compression", default="none,gzip,lzf")
    parser.add_argument("--seconds", type=float, default=5, help="of each peer")
    options = parser.parse_args()
    if hasattr(os, "sched_setaffinity"):  # one core, for the readers' threads too
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:1])
    with tempfile.TemporaryDirectory() as folder:
        for compression in options.compression.split(","):
            path = f"{folder}/{compression}.h5ad"
            write_cells(path, options, None if compression == "none" else compression)
            for reader, cells in [*peers(path, options), *hourglass(path)]:
                line = {"storage": compression, "reader": reader, "cells_per_second": round(cells)}
                print(json.dumps(line), flush=True)
            os.unlink(path)


if __name__ == "__main__":
    main()
