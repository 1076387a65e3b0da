#!/usr/bin/env python3
"""From a trained model to numbers: python/example.py RUN FILE.h5:/path/to/samples

Written to be read from top to bottom, or pasted cell by cell into a notebook.
"""
# %% Load
import sys
from pathlib import Path

import numpy as np

import hourglass

run, data = sys.argv[1:3]
model = hourglass.load(Path(run) / "model.h5")
print(
    f"{model.features} features, code of {model.code_size}, trained with "
    f"{model.settings['optimizer']} and loss {model.settings['loss']}"
)

# %% How training went
for record in hourglass.read_metrics(run, kind="epoch"):
    print(
        f"epoch {record['epoch']:3d}  sse {record['sse']:.4f}  validation "
        f"{record['validation_sse']}"
    )

# %% Codes and reconstructions of the first thousand samples
x = model.normalize(hourglass.read_rows(data, slice(0, 1000)))
codes = model.encode(x)
errors = model.squared_errors(x)
print(
    f"mean squared error of {len(x)} samples: {errors.mean():.4f}; the worst is sample "
    f"{errors.argmax()} with {errors.max():.4f}"
)

# %% What the code is like
print("deviation of each code unit:", np.array2string(codes.std(axis=0), precision=3))
print(f"mean norm of dh/dx: {np.sqrt((model.jacobian(x[:100]) ** 2).sum(axis=(1, 2))).mean():.4f}")
