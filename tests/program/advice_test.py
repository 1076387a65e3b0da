"""What train advises about data and settings."""
import re
import unittest

import numpy as np

from support import make_samples, write_file
from training import SETTINGS, TrainingTest


class AdviceTest(TrainingTest):
    def test_advice_when_the_output_cannot_reach_the_samples(self):
        data = write_file(
            self.folder / "wide.h5", x=np.linspace(-3, 5, 1200).reshape(60, 20).astype(np.float32)
        )
        for name, settings, advised in (
            ("sigmoid", [], True),
            ("linear", ["--output-activation", "linear"], False),
            ("relu", ["--output-activation", "relu", "--normalize", "standardize"], True),
        ):
            result = self.success(
                "train",
                "--output",
                self.folder / name,
                "--data",
                f"{data}:/x",
                *SETTINGS,
                *settings,
                ranks=2,
            )
            self.assertEqual(
                bool(
                    re.search(
                        r"advice: samples reach from -\S+ to \S+, but --output-activation",
                        result.stdout,
                    )
                ),
                advised,
                result.stdout,
            )

    def test_advice_for_integers_that_use_little_of_their_range(self):
        data = write_file(self.folder / "wide.h5", x=np.arange(1200).reshape(60, 20) % 256)
        result = self.success(
            "train", "--output", self.folder / "run", "--data", f"{data}:/x", *SETTINGS
        )
        self.assertRegex(result.stdout, r"advice: integers were divided by 9.22337e\+18")

    def test_advice_for_bits(self):
        bits = write_file(
            self.folder / "bits.h5",
            bytes=(make_samples() > 127).astype(np.uint8),
            bools=make_samples() > 127,
        )
        for name in ("bytes", "bools"):
            words = ["--data", f"{bits}:/{name}", *SETTINGS, "--epochs", 1]
            result = self.success("train", "--output", self.folder / name, *words)
            self.assertIn("samples are 0 and 1", result.stdout)
            self.assertIn("use --normalize none\n", result.stdout)
            self.assertNotIn(
                "advice",
                self.success(
                    "train", "--output", self.folder / f"{name}-raw", *words, "--normalize", "none"
                ).stdout,
            )

    def test_advice_for_settings_without_effect(self):
        advice = "advice: --beta has no effect without --variational"
        self.assertIn(
            advice,
            self.success(
                "train",
                "--output",
                self.folder / "a",
                *self.source,
                *SETTINGS,
                "--beta",
                4,
                ranks=2,
            ).stdout,
        )
        self.assertNotIn(
            "no effect",
            self.success(
                "train",
                "--output",
                self.folder / "b",
                *self.source,
                *SETTINGS,
                "--beta",
                4,
                "--variational",
            ).stdout,
        )


if __name__ == "__main__":
    unittest.main()
