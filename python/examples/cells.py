#!/usr/bin/env python3
"""Single cells: counts in an AnnData file, a negative binomial likelihood, the batch told.

Cells begin with `# %%`; Jupyter, VS Code and Spyder run them one by one.
"""
# %% [markdown]
# # Groups of single cells
#
# Simulated counts of 800 cells of 4 groups in 2 batches. The file stays as it is: sparse, on disk.

# %% Data
import subprocess

import h5py
from sklearn.cluster import KMeans
from sklearn.metrics import adjusted_rand_score

import hourglass

program = hourglass.find_program()
words = ["--cells", "800", "--genes", "500", "--groups", "4", "--library", "1000"]
words += ["--group-effect", "2"]
subprocess.run([program, "generate", "cells", *words, "--output", "cells.h5ad"], check=True)
with h5py.File("cells.h5ad") as file:
    groups = file["obs/group/codes"][()]

# %% An autoencoder of counts that is told the batch, so that the code need not hold it
autoencoder = hourglass.Autoencoder(
    layers=[500, 64, 8],
    counts="log1p",
    empty_counts="keep",
    loss="nb",
    output_activation="linear",
    learning_rate=3e-3,
    clip_norm=5,
    schedule="cosine",
    final_learning_rate=1e-5,
    batch=64,
    micro_batch=16,
    epochs=20,
)
autoencoder.fit("cells.h5ad:/X", conditions="cells.h5ad:/obs/batch")
codes = autoencoder.transform("cells.h5ad:/X", conditions="cells.h5ad:/obs/batch")

# %% Clusters of the codes against the groups
clusters = KMeans(4, n_init=3, random_state=0).fit_predict(codes)
print(f"adjusted Rand index: {adjusted_rand_score(groups, clusters):.3f}")
