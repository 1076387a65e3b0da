"""Every configuration of data/experiments trains on a few images of the same shape."""
import unittest

import numpy as np

from support import ROOT, ProgramTest, read_metrics, write_file

TINY = [
    "--batch",
    32,
    "--micro-batch",
    16,
    "--epochs",
    1,
    "--progress",
    "none",
    "--checkpoint-every",
    0,
]


class ExperimentsTest(ProgramTest):
    def test_each_configuration_trains(self):
        random = np.random.default_rng(1)
        images = random.integers(0, 256, (40, 28, 28)).astype(np.uint8)
        images[images < 128] = 0
        data = write_file(self.folder / "images.h5", samples=images)
        files = sorted((ROOT / "data/experiments").glob("*.cfg"))
        self.assertGreater(len(files), 20)
        for file in files:
            with self.subTest(configuration=file.name):
                self.assertTrue(
                    file.read_text().startswith("# "), "a configuration begins by saying what it is"
                )
                self.train(file.stem, "--config", file, "--data", data, *TINY)
                last = read_metrics(self.folder / file.stem, "epoch")[-1]
                self.assertGreaterEqual(last["step"], 1)
                self.assertTrue(np.isfinite(last["loss"]))

    def test_each_configuration_is_documented(self):
        text = (ROOT / "docs/autoencoders.md").read_text()
        for file in sorted((ROOT / "data/experiments").glob("*.cfg")):
            self.assertIn(f"{file.stem}.cfg", text)


if __name__ == "__main__":
    unittest.main()
