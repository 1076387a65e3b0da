#!/usr/bin/env python3
"""Imputation of Fashion-MNIST with a share of the pixels removed at random from training and test
images: a table for docs/data.md.

  bench/imputation.py --data build/fashion-mnist.h5 [--share 0.3] [--epochs 20] [--samples 60000]
    [--ranks 1] [--program build/release/bin/hourglass]

The error is the root mean square of filled minus true values, pixels in [0, 1], over the removed
pixels of the test images. No method sees them: means, components and weights come from the training
images that are left.
  mean         the pixel's mean over the training images that have it
  PCA, one     the mean, then one projection onto K components (`hourglass pca --missing mean`)
  PCA, EM      the mean, then projections onto K components until nothing changes: fitted on the
               training images in the same way (Ilin & Raiko 2010), NumPy
  autoencoder  `hourglass train --missing mask`, `hourglass reconstruct --only-missing`
"""
import argparse
import json
import subprocess
import tempfile
import time
from pathlib import Path

import h5py
import numpy as np

ROOT = Path(__file__).resolve().parents[1]
AUTOENCODER = [
    *("--layers", "784,800,400,100", "--normalize", "none", "--activation", "gelu"),
    *("--batch", 256, "--micro-batch", 128, "--schedule", "cosine", "--learning-rate", 1e-3),
    *("--missing", "mask", "--progress", "none"),
]
MODELS = {
    "autoencoder, mask": [],
    "autoencoder, mask and indicator": ["--missing-indicator"],
    "denoising autoencoder, mask": ["--corruption", "masking", "--corruption-strength", 0.3],
    "denoising autoencoder, mask and indicator": [
        *("--corruption", "masking", "--corruption-strength", 0.3, "--missing-indicator"),
    ],
}


def incomplete(images, share, seed):
    x = images.reshape(len(images), -1).astype(np.float32) / 255
    holes = np.random.default_rng(seed).random(x.shape, np.float32) < share
    return x, np.where(holes, np.float32(np.nan), x)


def components_of(x, count):
    mean = x.mean(axis=0)
    covariance = (x - mean).T @ (x - mean)
    return mean, np.linalg.eigh(covariance)[1][:, -count:]


def projected(x, mean, components):
    return (x - mean) @ components @ components.T + mean


def em_imputation(train, test, start, count, iterations):
    """PCA of incomplete data by filling in and fitting in turn; then the test images with the
    components kept."""
    missing = np.isnan(train)
    filled = np.where(missing, start, train)
    for _ in range(iterations):
        mean, components = components_of(filled, count)
        filled = np.where(missing, projected(filled, mean, components), train)
    missing = np.isnan(test)
    filled = np.where(missing, start, test)
    for _ in range(100):
        before = filled
        filled = np.where(missing, projected(filled, mean, components), test)
        if np.abs(filled - before).max() < 1e-4:
            break
    return filled


class Bench:
    def __init__(self, arguments, folder):
        self.arguments, self.folder = arguments, Path(folder)
        with h5py.File(arguments.data, "r") as file:
            train, test = file["/train/samples"], file["/test/samples"]
            _, self.train = incomplete(train[: arguments.samples], arguments.share, 1)
            self.truth, self.test = incomplete(test[()], arguments.share, 2)
        self.removed = np.isnan(self.test)
        self.data = self.folder / "incomplete.h5"
        with h5py.File(self.data, "w") as file:
            file["train"], file["test"] = self.train, self.test
        self.rows = []

    def add(self, name, filled, seconds):
        error = np.sqrt(np.mean((filled - self.truth)[self.removed].astype(float) ** 2))
        self.rows.append({"method": name, "rmse": error, "seconds": seconds})
        print(f"| {name} | {error:.4f} | {seconds:.0f} |", flush=True)

    def run(self, *words):
        command = [self.arguments.program, *words]
        if self.arguments.ranks > 1:
            launcher = ["mpirun", "--oversubscribe", "--bind-to", "none", "-n"]
            command = [*launcher, self.arguments.ranks, *command]
        subprocess.run([str(word) for word in command], check=True, stdout=subprocess.DEVNULL)

    def filled_by(self, model):
        output = self.folder / "filled.h5"
        output.unlink(missing_ok=True)
        words = ["--model", model, "--data", f"{self.data}:/test", "--output", output]
        self.run("reconstruct", *words, "--only-missing")
        with h5py.File(output, "r") as file:
            return file["/reconstructions"][()]

    def means(self):
        start = time.monotonic()
        means = np.nanmean(self.train, axis=0)
        filled = np.where(self.removed, means, self.test)
        self.add("mean of the pixel", filled, time.monotonic() - start)
        return means

    def principal_components(self, means):
        for count in self.arguments.components:
            start = time.monotonic()
            model = self.folder / f"pca-{count}.h5"
            words = ["--data", f"{self.data}:/train", "--components", count, "--output", model]
            self.run("pca", *words, "--missing", "mean")
            name = f"PCA, {count} components, one projection"
            self.add(name, self.filled_by(model), time.monotonic() - start)
        for count in self.arguments.components:
            start = time.monotonic()
            filled = em_imputation(self.train, self.test, means, count, 30)
            self.add(f"PCA, {count} components, EM", filled, time.monotonic() - start)

    def autoencoders(self):
        for name, words in MODELS.items():
            start = time.monotonic()
            output = self.folder / name.replace(" ", "-").replace(",", "")
            data = ["--data", f"{self.data}:/train", "--epochs", self.arguments.epochs]
            self.run("train", *data, *AUTOENCODER, *words, "--output", output)
            self.add(name, self.filled_by(output / "model.h5"), time.monotonic() - start)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--data", required=True)
    parser.add_argument("--program", default=str(ROOT / "build/release/bin/hourglass"))
    parser.add_argument("--share", type=float, default=0.3)
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--samples", type=int, default=60000)
    parser.add_argument("--components", type=int, nargs="+", default=[30, 60, 120])
    parser.add_argument("--ranks", type=int, default=1)
    parser.add_argument("--json", help="also write the rows to this file")
    arguments = parser.parse_args()
    print("| method | rmse of removed pixels | seconds |\n| --- | ---: | ---: |")
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(arguments, folder)
        bench.principal_components(bench.means())
        bench.autoencoders()
    if arguments.json:
        Path(arguments.json).write_text(json.dumps(bench.rows, indent=1) + "\n")


if __name__ == "__main__":
    main()
