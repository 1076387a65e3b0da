"""Hints about the order of channels, followed literally."""
import unittest

import numpy as np

from hints import HintTest
from support import USAGE, read_config, run, write_file


class ChannelsHints(HintTest):
    def setUp(self):
        super().setUp()
        random = np.random.default_rng(6)
        self.runs = 0
        self.data = {
            name: write_file(self.folder / f"{name}.h5", x=random.random(shape)) + ":/x"
            for name, shape in {
                "images": (40, 3, 8, 8),
                "last": (40, 8, 8, 3),
                "volumes": (40, 12, 12, 12),
                "series": (40, 16, 12),
                "flat": (40, 192),
            }.items()
        }

    def training(self, name, layers, *words):
        self.runs += 1
        return [
            "train",
            "--data",
            self.data[name],
            *("--layers", layers, "--epochs", 1, "--batch", 16, "--micro-batch", 8),
            *("--output", self.folder / f"run{self.runs}", *words),
        ]

    def test_images_taken_for_high_ones(self):
        """What trained on garbage: channels taken as height, with both ways that were offered."""
        text = "{} {}, but the samples of --data {} are {}{}: make it {}{}"
        for words in ([], ["--image-shape", "3x8x8"]):
            printed = self.hint(text, *self.training("images", "3x8x8,conv:4x3,5", *words))
            self.assertIn("make it 8x8x3, or say --channels last", printed.message)
        self.success(*self.training("images", "8x8x3,conv:4x3,5"))
        self.hint(", or say --channels last", *self.training("images", "3x8x8,conv:4x3,5"))
        self.success(*self.training("images", "3x8x8,conv:4x3,5", "--channels", "last"))
        # The other way round.
        printed = self.hint(text, *self.training("last", "3x8x8,conv:4x3,5"))
        self.assertIn("make it 8x8x3", printed.message)
        self.success(*self.training("last", "8x8x3,conv:4x3,5"))
        self.hint(", or say --channels first", *self.training("last", "8x3x8,conv:4x3,5"))
        self.success(*self.training("last", "8x3x8,conv:4x3,5", "--channels", "first"))

    def test_volumes_taken_for_images_of_many_channels(self):
        words = self.training("volumes", "12x12x12,conv:4x3s2,5")
        self.hint("last: say --channels first or --channels last{}", *words)
        self.success(*words, "--channels", "first")
        self.success(*self.training("volumes", "12x12x12,conv:4x3s2,5", "--channels", "last"))
        words = self.training("volumes", "12x12x12,conv:4x3s2,5")
        self.hint(", or use conv3d: in --layers if they are volumes", *words)
        self.success(*self.training("volumes", "12x12x12,conv3d:4x3s2,5"))
        words = self.training("series", "16x12,conv1d:4x3s2,5")
        self.hint("last: say --channels first or --channels last{}", *words)
        self.success(*words, "--channels", "last")
        self.success(*self.training("series", "12x16,conv1d:4x3s2,5", "--channels", "first"))
        self.assert_refused(
            run(*self.training("series", "16x12,conv1d:4x3s2,5", "--channels", "first")),
            USAGE,
            "12x16",
        )

    def test_flat_rows(self):
        words = self.training("flat", "3x8x8,conv:4x3s2,5")
        printed = self.hint("make it {} with --channels first, or say --channels last", *words)
        self.assertIn("make it 8x8x3 with --channels first", printed.message)
        self.success(*self.training("flat", "8x8x3,conv:4x3s2,5", "--channels", "first"))
        self.success(*words, "--channels", "last")

    def test_dense_layers(self):
        words = self.training("images", "192,5", "--progress", "plain")
        self.hint("give --channels first to see them in reports", *words, code=0)
        words = self.training("images", "192,5", "--progress", "plain", "--channels", "first")
        self.no_hint("give --channels first to see them in reports", *words)
        config = read_config((self.folder / f"run{self.runs}" / "config.cfg").read_text())
        self.assertEqual(config["image-shape"], "8x8x3")


if __name__ == "__main__":
    unittest.main()
