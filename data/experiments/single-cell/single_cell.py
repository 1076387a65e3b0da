#!/usr/bin/python3
"""Simulated single cells from raw counts to a code, measured against what they were made from.

Generates cells with known groups, batches, library sizes and dropout (hourglass generate cells),
trains count models on the genes that vary most, and prints a table:

  ARI         adjusted Rand index of k-means on the code against the true groups; 1 is best
  mixing      entropy of the batches among the 50 nearest neighbours of a cell in the code, of those
              of its own group, divided by that of the batches themselves; 1: batches are mixed
  imputation  of counts that dropout took: mean |log(1 + imputed) - log(1 + true)|, and the
              correlation of the two logarithms

PCA of log(1 + count / size factor), the gene's mean and the true mean stand beside the models.
Needs h5py, NumPy, SciPy and scikit-learn."""
import argparse
import os
import re
import subprocess
import time
from pathlib import Path

import h5py
import numpy as np
from scipy import sparse
from sklearn.cluster import KMeans
from sklearn.decomposition import PCA
from sklearn.metrics import adjusted_rand_score
from sklearn.neighbors import NearestNeighbors

HERE = Path(__file__).resolve().parent
PROGRAM = os.environ.get("HOURGLASS", "hourglass")
CODE = 10


def options():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--cells", type=int, default=100000)
    parser.add_argument("--genes", type=int, default=20000)
    parser.add_argument("--groups", type=int, default=8)
    parser.add_argument("--highly-variable", type=int, default=2000)
    parser.add_argument("--library", type=float, default=2000)
    parser.add_argument("--group-effect", type=float, default=1.0)
    parser.add_argument("--batch-effect", type=float, default=0.2)
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--learning-rate", type=float, default=3e-3)
    parser.add_argument("--ranks", type=int, default=1)
    parser.add_argument("--batch", type=int, default=256)
    parser.add_argument("--models", default="nb,nb-batch,vae,vae-batch")
    parser.add_argument("--folder", type=Path, default=Path("single-cell"))
    return parser.parse_args()


class Experiment:
    def __init__(self, given):
        self.given, self.folder = given, given.folder
        self.folder.mkdir(parents=True, exist_ok=True)
        self.file = self.folder / "cells.h5ad"

    def hourglass(self, *words):
        """Runs the program on all ranks, shows its command, and returns the seconds it took."""
        command = [PROGRAM, *(str(word) for word in words)]
        if self.given.ranks > 1:
            command = ["mpirun", "-n", str(self.given.ranks), *command]
        print("$", " ".join(command), flush=True)
        begin = time.monotonic()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        return time.monotonic() - begin

    def generate(self):
        if not self.file.exists():
            given = self.given
            effects = ["--group-effect", given.group_effect, "--batch-effect", given.batch_effect]
            effects += ["--library", given.library]
            shape = ["--cells", given.cells, "--genes", given.genes, "--groups", given.groups]
            self.hourglass("generate", "cells", *shape, *effects, "--truth", "--output", self.file)
        with h5py.File(self.file) as file:
            self.group = file["obs/group/codes"][:]
            self.batch = file["obs/batch/codes"][:]
            self.library = file["obs/library"][:]

    def train(self, name, config, *conditions):
        """Trains, and encodes all cells; returns the code."""
        run, codes = self.folder / name, self.folder / f"{name}.h5"
        if not (run / "model.h5").exists():
            data = ["--data", f"{self.file}:/X", "--highly-variable", self.given.highly_variable]
            shape = ["--layers", f"{self.given.highly_variable},128,{CODE}"]
            steps = ["--epochs", self.given.epochs, "--batch", self.given.batch]
            steps += ["--learning-rate", self.given.learning_rate, "--checkpoint-every", 10]
            common = ["--progress", "none", "--output", run]
            words = ["--config", HERE / config, *data, *shape, *steps, *conditions, *common]
            print(f"{name}: {self.hourglass('train', *words):.1f} s")
        if not codes.exists():
            data = ["--model", run / "model.h5", "--data", f"{self.file}:/X", *conditions]
            self.hourglass("encode", *data, "--output", codes)
        with h5py.File(codes) as file:
            return file["codes"][:]

    def columns(self, name):
        """The genes that a run chose."""
        text = (self.folder / name / "config.cfg").read_text()
        chosen = re.search(r"^select-columns = (.*)$", text, re.MULTILINE)[1]
        return np.array([int(column) for column in chosen.split(",")])

    def rows(self, path, begin, end):
        """Rows of a sparse matrix of the file."""
        with h5py.File(self.file) as file:
            group = file[path]
            starts = group["indptr"][begin : end + 1]
            part = slice(starts[0], starts[-1])
            shape = (end - begin, self.given.genes)
            return sparse.csr_matrix(
                (group["data"][part], group["indices"][part], starts - starts[0]), shape
            )

    def logarithms(self, columns):
        """log(1 + count / size factor) of the chosen genes of all cells."""
        blocks, sizes = [], []
        for begin in range(0, self.given.cells, 5000):
            counts = self.rows("X", begin, min(begin + 5000, self.given.cells))
            sizes.append(np.asarray(counts.sum(axis=1)).ravel())
            blocks.append(counts[:, columns])
        sizes = np.concatenate(sizes)
        sizes = np.maximum(sizes, 1) / np.median(sizes[sizes > 0])
        return np.vstack(
            [
                np.log1p(block.toarray() / sizes[5000 * i :][: block.shape[0], None])
                for i, block in enumerate(blocks)
            ]
        ).astype(np.float32)

    def measures(self, code):
        """ARI and mixing of a code."""
        means = KMeans(self.given.groups, n_init=10, random_state=0)
        ari = adjusted_rand_score(self.group, means.fit_predict(code))
        rng = np.random.default_rng(0)
        entropies, weights = [], []
        for group in range(self.given.groups):
            own = np.flatnonzero(self.group == group)
            if len(own) < 60:
                continue
            asked = rng.choice(own, min(len(own), 300), replace=False)
            near = NearestNeighbors(n_neighbors=51).fit(code[own]).kneighbors(code[asked])[1]
            shares = np.stack(
                [(self.batch[own[near[:, 1:]]] == b).mean(axis=1) for b in np.unique(self.batch)]
            )
            of_all = np.array([(self.batch[own] == b).mean() for b in np.unique(self.batch)])
            entropies.append(entropy(shares).mean() / entropy(of_all))
            weights.append(len(own))
        return ari, np.average(entropies, weights=weights)

    def truth(self, columns, cells):
        """Places and values of the counts that dropout took from the first cells."""
        dropped = self.rows("layers/dropped", 0, cells)[:, columns].tocoo()
        return dropped.row, dropped.col, dropped.data

    def reconstructions(self, name, cells, *condition):
        path = self.folder / f"{name}-means.h5"
        path.unlink(missing_ok=True)
        model = ["--model", self.folder / name / "model.h5", "--data", f"{self.file}:/X"]
        rows = ["--select-rows", f"0:{cells}"]
        self.hourglass("reconstruct", *model, *condition, *rows, "--output", path)
        with h5py.File(path) as file:
            return file["reconstructions"][:]

    def simple_means(self, columns, cells):
        """The gene's share of all counts times the cell's library, and the true mean."""
        total, libraries = np.zeros(self.given.genes), []
        for begin in range(0, self.given.cells, 5000):
            counts = self.rows("X", begin, min(begin + 5000, self.given.cells))
            total += np.asarray(counts.sum(axis=0)).ravel()
            libraries.append(np.asarray(counts.sum(axis=1)).ravel())
        gene = np.outer(np.concatenate(libraries)[:cells], (total / total.sum())[columns])
        with h5py.File(self.file) as file:
            shares = file["varm/shares"][:][columns]
            batches = len(file["obs/batch/categories"])
        place = self.group[:cells] * batches + self.batch[:cells]
        return gene, self.library[:cells, None] * shares[:, place].T


def entropy(shares):
    """Of the first axis, 0 log 0 being 0."""
    return -(shares * np.log(np.where(shares > 0, shares, 1))).sum(axis=0)


def imputation(values, truth):
    row, column, true = truth
    found = np.log1p(np.maximum(values[row, column], 0))
    return np.abs(found - np.log1p(true)).mean(), np.corrcoef(found, np.log1p(true))[0, 1]


def main():
    experiment = Experiment(options())
    experiment.generate()
    condition = ["--condition", f"{experiment.file}:/obs/batch"]
    models = {
        "nb": ("nb.cfg", []),
        "nb-batch": ("nb.cfg", condition),
        "vae": ("vae.cfg", []),
        "vae-batch": ("vae.cfg", condition),
    }
    models = {name: models[name] for name in experiment.given.models.split(",")}
    codes = {name: experiment.train(name, config, *more) for name, (config, more) in models.items()}
    columns = experiment.columns(next(iter(models)))
    components = PCA(CODE, svd_solver="randomized", random_state=0)
    codes = {"PCA of log1p": components.fit_transform(experiment.logarithms(columns)), **codes}
    cells = min(2000, experiment.given.cells)
    truth = experiment.truth(columns, cells)
    gene, true = experiment.simple_means(columns, cells)
    imputed = {"mean of the gene": gene, "true mean": true}
    for name, (_, more) in models.items():
        imputed[name] = experiment.reconstructions(name, cells, *more)
    print("| code | ARI | mixing | imputation error | correlation |\n|---|---|---|---|---|")
    for name in [*codes, "mean of the gene", "true mean"]:
        measured = [f"{x:.3f}" for x in experiment.measures(codes[name])] if name in codes else []
        if name in imputed:
            found = [f"{x:.3f}" for x in imputation(imputed[name], truth)]
        else:
            found = []
        cells_of_row = [*(measured or ["", ""]), *(found or ["", ""])]
        print("|", " | ".join([name, *cells_of_row]), "|")


if __name__ == "__main__":
    main()
