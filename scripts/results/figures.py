"""What a folder of results holds: the figures of each model, by name."""
import json
import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "python"))
import hourglass  # noqa: E402


class Results:
    def __init__(self, folder):
        self.folder = Path(folder)

    def has(self, name):
        return (self.folder / f"{name}.json").exists()

    def figures(self, name):
        """What evaluate said of the model on the test data."""
        return json.loads((self.folder / f"{name}.json").read_text())

    def sse(self, name):
        return self.figures(name)["sse"]

    def command(self, name):
        return (self.folder / f"{name}.command").read_text().strip()

    def epochs(self, name):
        return hourglass.read_metrics(self.folder / name, "epoch")

    def unfinished(self, name):
        """Of a run that has not come to its end: its last validation sse and how far it is, as
        text; None otherwise."""
        folder = self.folder / name
        if self.has(name) or not (folder / "metrics.jsonl").exists() or not self.epochs(name):
            return None
        last = self.epochs(name)[-1]
        config = hourglass.parse_configuration((folder / "config.cfg").read_text())
        return (
            f"{last['validation_sse']:.3f} (stopped after {last['epoch']} of {config['epochs']} "
            "epochs)"
        )

    def seconds(self, name):
        """Time of training without validation, checkpoints and start."""
        config = hourglass.parse_configuration((self.folder / name / "config.cfg").read_text())
        total, before = 0, 0
        for record in self.epochs(name):
            total += (record["step"] - before) * int(config["batch"]) / record["samples_per_second"]
            before = record["step"]
        return total

    def lower_bound(self, name, data, seed=1):
        """The test data's evidence lower bound in nats, with one draw of the code a sample: (bound,
        cross-entropy, divergence)."""
        model = hourglass.load(self.folder / name / "model.h5")
        x = model.normalize(hourglass.read_rows(data))
        posterior = x
        for step in model.encoder[:-1]:  # the last takes the mean out of (mu, ln sigma^2)
            posterior = step(posterior)
        size = posterior.shape[1] // 2
        mean, log_variance = posterior[:, :size], posterior[:, size:]
        divergence = (
            0.5 * np.sum(mean**2 + np.exp(log_variance) - 1 - log_variance, axis=1).mean()
        )
        noise = np.random.default_rng(seed).standard_normal(mean.shape)
        y = np.clip(model.decode(mean + np.exp(0.5 * log_variance) * noise), 1e-7, 1 - 1e-7)
        entropy = -np.sum(x * np.log(y) + (1 - x) * np.log1p(-y), axis=1).mean()
        return -(entropy + divergence), entropy, divergence
