#!/usr/bin/env python3
"""Anomalies of a time series: windows, a training that is watched, scores.

Cells begin with `# %%`; Jupyter, VS Code and Spyder run them one by one.
"""
# %% [markdown]
# # Anomalies of a time series
#
# Two sensors of a machine swing with noise. An autoencoder of windows of 32 time steps learns how;
# where one sensor sticks, the reconstruction error rises.

# %% Data: HDF5, as a recorder would write it
import h5py
import numpy as np

import hourglass

random = np.random.default_rng(1)
time = np.arange(6000)
series = np.stack([np.sin(time / 7), np.cos(time / 11)], axis=1)
series += random.normal(0, 0.05, series.shape)
with h5py.File("machine.h5", "w") as file:
    file["normal"] = series[:4000].astype(np.float32)

# %% [markdown]
# `start` returns at once. The data stay where they are; windows are not written out.
# The training ends when the loss is good enough.

# %% Training, watched
run = hourglass.start(
    "machine.h5:/normal",
    layers=[64, 32, 4],
    window=32,
    normalize="standardize",
    output_activation="linear",
    learning_rate=3e-3,
    batch=128,
    micro_batch=32,
    epochs=200,
    output="machine-run",
)
for epoch in run.watch():
    if epoch["loss"] < 0.02:
        run.stop()  # with a checkpoint, from which run.resume() would go on
        break
run.wait()
print(f"{run.state} after {run.metrics('epoch')[-1]['epoch']} epochs")

# %% Scores of new data, window by window
detector = hourglass.Autoencoder.load(run.model_path)
observed = series[4000:].copy()
observed[1000:1100, 1] = observed[1000, 1]  # stuck
scores = -detector.score_samples(observed)
worst = int(scores.argmax())
print(f"{len(scores)} windows; the worst begins at step {worst}, {scores[worst]:.1f}")
print(f"typical: {np.median(scores):.1f}")
