"""What the tests of single steps share: full-batch steps with a checkpoint after each."""
import numpy as np

from support import ProgramTest, checkpoints, make_samples, write_file

SAMPLES, FEATURES = 61, 12
WIDTHS = "12,9,7,3"


class StepTest(ProgramTest):
    """The batch holds all samples, so a step is an epoch and the order of the samples does not
    matter."""

    def setUp(self):
        super().setUp()
        self.x = (make_samples(SAMPLES, FEATURES) / 255).astype(np.float32)
        path = write_file(self.folder / "data.h5", x=self.x)
        self.source = ["--data", f"{path}:/x"]
        self.count = 0

    def steps(self, *settings, ranks=None, steps=2):
        """The run folder of `steps` full-batch steps, with a checkpoint after each. Shards of 8 or
        9 samples."""
        self.count += 1
        output = self.folder / f"run{self.count}"
        self.success(
            "train",
            *self.source,
            "--output",
            output,
            "--layers",
            WIDTHS,
            "--batch",
            63,
            "--micro-batch",
            9,
            "--epochs",
            steps,
            "--checkpoint-every",
            "1steps",
            "--keep",
            100,
            "--log-every",
            1,
            "--initialization",
            "pytorch",
            *settings,
            ranks=ranks,
        )
        self.assertEqual(sorted(checkpoints(output)), list(range(steps + 1)))
        return output

    def assert_close(self, expected, actual, what, tolerance=2e-5):
        """Relative to the size of the change, so that a wrong factor cannot hide."""
        scale = np.abs(expected).max()
        self.assertGreater(scale, 0, what)
        self.assertLess(np.abs(actual - expected).max(), tolerance * scale + 1e-7, what)
