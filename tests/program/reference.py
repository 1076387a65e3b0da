"""The autoencoder written a second time, in NumPy and double precision, straight from the formulas."""
import sys
from pathlib import Path

import h5py
import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "python"))
from hourglass import ACTIVATIONS  # noqa: E402


def read_layers(path, group="/model"):
    """[(weight, bias), ...] of the encoder and of the decoder, in float64."""
    with h5py.File(path, "r") as file:
        def half(name):
            layers = file[f"{group}/{name}"]
            return [(layers[f"{i}/weight"][()].astype(float), layers[f"{i}/bias"][()].astype(float)) for i in range(len(layers))]
        return half("encoder"), half("decoder")


class Autoencoder:
    def __init__(self, encoder, decoder, activation="relu", code_activation="linear", output_activation="sigmoid", loss="mse",
                 loss_reduction="mean"):
        self.layers = [*encoder, *decoder]
        self.code = len(encoder)
        self.loss, self.mean = loss, loss_reduction == "mean"
        self.activations = [activation] * len(self.layers)
        self.activations[self.code - 1] = code_activation
        self.activations[-1] = output_activation

    def forward(self, x):
        """Inputs of every activation function, and the output of every layer; the input is outputs[0]."""
        sums, outputs = [], [np.asarray(x, float)]
        for (weight, bias), activation in zip(self.layers, self.activations):
            sums.append(outputs[-1] @ weight.T + bias)
            outputs.append(ACTIVATIONS[activation][0](sums[-1]))
        return sums, outputs

    def encode(self, x):
        return self.forward(x)[1][self.code]

    def reconstruct(self, x):
        return self.forward(x)[1][-1]

    def sse(self, x):
        return np.sum((self.reconstruct(x) - x) ** 2) / len(x)

    def mean_loss(self, x):
        sums, outputs = self.forward(x)
        if self.loss == "bce":
            z = sums[-1]
            total = np.sum(np.maximum(z, 0) - z * x + np.log1p(np.exp(-np.abs(z))))
        else:
            total = np.sum((outputs[-1] - x) ** 2)
        return total / len(x) / (x.shape[1] if self.mean else 1)

    def gradient(self, x):
        """[(dL/dweight, dL/dbias), ...] of the loss averaged over the samples."""
        sums, outputs = self.forward(x)
        scale = 1 / len(x) / (x.shape[1] if self.mean else 1)
        if self.loss == "bce":
            delta = (outputs[-1] - x) * scale
        else:
            delta = 2 * (outputs[-1] - x) * scale * ACTIVATIONS[self.activations[-1]][1](sums[-1])
        gradients = []
        for i in reversed(range(len(self.layers))):
            gradients.append((delta.T @ outputs[i], delta.sum(axis=0)))
            if i:
                delta = delta @ self.layers[i][0] * ACTIVATIONS[self.activations[i - 1]][1](sums[i - 1])
        return gradients[::-1]
