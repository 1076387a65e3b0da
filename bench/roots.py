#!/usr/bin/env python3
"""Time of the roots, inverses and eigenbases of a run's statistics, begun anew and begun from those
of an earlier step, on one core:
    OPENBLAS_NUM_THREADS=1 bench/roots.py EARLIER.h5 LATER.h5 [--repeat 5]
Both are checkpoints of one run of --optimizer shampoo or soap, e.g. with --checkpoint-every 20steps
--keep 100. NumPy's decompositions are those of the BLAS library that the program calls (ssyevd,
sgeqrf and sorgqr); products are single-precision GEMMs. Times are of the processor, so other load
matters little. Writes JSON, one object per matrix."""
import argparse
import json
import os
import statistics
import time

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
import h5py  # noqa: E402
import numpy as np  # noqa: E402
from scipy.linalg import lapack  # noqa: E402

DAMPING = 1e-6
EXPONENT = 4  # A^(-1/4)
MOST_ITERATIONS = 100


def load(path):
    """{side/name: statistics} of whole matrices."""
    found = {}
    with h5py.File(path, "r") as file:
        for side in ("left", "right"):
            group = file[f"/optimizer/{side}_statistics"]

            def add(name, data, side=side):
                if isinstance(data, h5py.Dataset):
                    found[f"{side}/{name}"] = data[()].astype(np.float32)

            group.visititems(add)
    return found


def damped(a):
    """A / |A| + damping I, of which the root is taken."""
    largest = np.linalg.eigvalsh(a.astype(float))[-1]
    return (a / np.float32(largest) + DAMPING * np.eye(len(a), dtype=np.float32)).astype(np.float32)


def exact_root(a):
    values, vectors = np.linalg.eigh(a.astype(float))
    return (vectors * np.maximum(values, DAMPING / 10) ** (-1 / EXPONENT)) @ vectors.T


def root_by_eigenvectors(a):
    values, vectors = np.linalg.eigh(a)
    half = vectors * np.maximum(values, np.float32(DAMPING / 10)) ** np.float32(-0.5 / EXPONENT)
    return half @ half.T, 1


def root_by_newton(a, start=None):
    """Coupled Newton iterations (Higham 2008, ch. 7): M = X^p A goes to the identity. Four products
    each for p = 4."""
    n, p = len(a), EXPONENT
    identity = np.eye(n, dtype=np.float32)
    if start is None:
        factor = np.float32((1 + p) / (2 * np.linalg.norm(a)))
        x, m = identity * factor ** np.float32(1 / p), a * factor
    else:
        square = start @ start
        x, m = start, square @ square @ a
    best, error = x, np.inf
    for iteration in range(1, MOST_ITERATIONS + 1):
        step = ((p + 1) * identity - m) / np.float32(p)
        x = x @ step
        square = step @ step
        with np.errstate(over="ignore", invalid="ignore"):  # where it diverges
            m = square @ square @ m
        now = np.abs(m - identity).max()
        if not now < error:
            return best, iteration
        best, error = x, now
        if error < 1e-5:
            return best, iteration
    return best, MOST_ITERATIONS


def inverse_by_cholesky(a):
    factor, info = lapack.spotrf(a)
    inverse, info = lapack.spotri(factor)
    return np.triu(inverse) + np.triu(inverse, 1).T, 1


def inverse_by_newton(a, start):
    """X <- X (2 I - A X), two products each."""
    x, identity, error = start, np.eye(len(a), dtype=np.float32), np.inf
    for iteration in range(1, MOST_ITERATIONS + 1):
        rest = identity - a @ x
        now = np.abs(rest).max()
        if now < 1e-4 or not now < error:
            return x, iteration
        error = now
        x = x + x @ rest
    return x, MOST_ITERATIONS


def basis_by_qr(a, start):
    """One power iteration, as SOAP refreshes its bases."""
    return np.linalg.qr(a @ start)[0], 1


def off_diagonal(a, basis):
    rotated = basis.T @ a @ basis
    return float(np.linalg.norm(rotated - np.diag(np.diag(rotated))) / np.linalg.norm(rotated))


def timed(call, repeat):
    seconds = []
    for _ in range(repeat):
        begin = time.process_time()
        result, iterations = call()
        seconds.append(time.process_time() - begin)
    return 1000 * statistics.median(seconds), iterations, result


def compare(name, earlier, later, repeat):
    a, before = damped(later), damped(earlier)
    n = len(a)
    record = {"matrix": name, "size": n, "ms": {}, "iterations": {}, "error": {}}

    def add(what, call, error=None):
        ms, iterations, result = timed(call, repeat)
        record["ms"][what], record["iterations"][what] = round(ms, 2), iterations
        if error is not None:
            record["error"][what] = float(f"{error(result):.2g}")

    def root_error(x):
        return np.linalg.norm(x - root) / np.linalg.norm(root)

    def inverse_error(x):
        return np.linalg.norm(x - inverse) / np.linalg.norm(inverse)

    def basis_error(x):
        return off_diagonal(a, x)

    root, last_root = exact_root(a), exact_root(before).astype(np.float32)
    add("product", lambda: (a @ before, 1))
    add("root, eigenvectors", lambda: root_by_eigenvectors(a), root_error)
    add("root, Newton", lambda: root_by_newton(a), root_error)
    add("root, Newton from the last", lambda: root_by_newton(a, last_root), root_error)
    record["error"]["the last root"] = float(f"{root_error(last_root):.2g}")
    # K-FAC's inverses are damped by half of the mean eigenvalue.
    k, k_before = (
        m / np.float32(np.trace(m) / n) + 0.5 * np.eye(n, dtype=np.float32)
        for m in (later, earlier)
    )
    inverse = np.linalg.inv(k.astype(float))
    last_inverse = np.linalg.inv(k_before.astype(float)).astype(np.float32)
    add("inverse, Cholesky", lambda: inverse_by_cholesky(k), inverse_error)
    add("inverse, Newton from the last", lambda: inverse_by_newton(k, last_inverse), inverse_error)
    # The largest eigenvalue first, as SOAP sorts its bases before the iteration.
    last_basis = np.ascontiguousarray(np.linalg.eigh(before)[1][:, ::-1])
    rotated = last_basis.T @ a @ last_basis
    add("basis, eigenvectors", lambda: (np.linalg.eigh(a)[1], 1), basis_error)
    add("basis, eigenvectors in the last", lambda: (last_basis @ np.linalg.eigh(rotated)[1], 1))
    add("basis, QR from the last", lambda: basis_by_qr(a, last_basis), basis_error)
    record["error"]["the last basis"] = float(f"{off_diagonal(a, last_basis):.2g}")
    return record


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("earlier")
    parser.add_argument("later")
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--sizes", type=int, nargs="*", help="only matrices of these sizes")
    options = parser.parse_args()
    earlier, later = load(options.earlier), load(options.later)
    seen = set()
    for name, matrix in sorted(later.items()):
        wanted = not options.sizes or len(matrix) in options.sizes
        if wanted and len(matrix) not in seen:
            seen.add(len(matrix))
            print(json.dumps(compare(name, earlier[name], matrix, options.repeat)), flush=True)


if __name__ == "__main__":
    main()
