"""Errors that give no sign of themselves: ranks that disagree, numbers that are not finite. The run
ends in one line that names them."""
import shutil
import unittest

import h5py
import numpy as np

from faults import RANK, SMALL, FaultTest
from support import DIVERGED, MPIRUN, PROGRAM, USAGE, checkpoints, execute, run, write_file


def _tensors(path):
    with h5py.File(path, "r") as file:
        found = []
        file["/model"].visititems(
            lambda _, item: found.append(item[()]) if isinstance(item, h5py.Dataset) else None
        )
    return [values for values in found if values.dtype.kind == "f"]


class SilentErrorTest(FaultTest):
    def test_parameters_that_differ(self):
        for ranks, words in (
            (3, ["rank 2 (on", "than the rest"]),
            (2, ["rank 0 (on", "rank 1 (on", "than each other"]),
        ):
            shutil.rmtree(self.output, ignore_errors=True)
            result = run(
                "train",
                *self.source,
                *SMALL,
                "--output",
                self.output,
                "--verify-every",
                "1",
                "--reduction",
                "allreduce",
                ranks=ranks,
                environment={"HOURGLASS_FAULT": f"flip,rank={ranks - 1},step=7"},
            )
            self.assert_refused(
                result, RANK, *words, "encoder/0/weight", "after step 8", "step-00000004.h5"
            )
            self.assertLess(max(checkpoints(self.output)), 8)

    def test_verified_run_is_the_same_run(self):
        whole = self.train("whole", *self.source, *SMALL)
        self.assertEqual(
            whole,
            self.train(
                "verified",
                *self.source,
                *SMALL,
                "--verify-every",
                3,
                "--watchdog",
                "60s",
                "--checkpoint-async",
                "--time-limit",
                "1h",
                ranks=3,
            ),
        )

    def test_nan_names_tensor_and_checkpoint(self):
        result = run(
            "train",
            *self.source,
            *SMALL,
            "--output",
            self.output,
            ranks=2,
            environment={"HOURGLASS_FAULT": "nan,step=6"},
        )
        self.assert_refused(result, DIVERGED, "step 7", "encoder/0/weight", "step-00000004.h5")

    def test_overflow_names_layer_and_samples(self):
        values = np.full((96, 20), 0.5, np.float32)
        values[[13, 70]] = 3e38
        path = write_file(self.folder / "large.h5", x=values)
        for memory in ("1GiB", "0"):
            result = run(
                "train",
                "--data",
                f"{path}:/x",
                *SMALL,
                "--output",
                self.folder / f"large{memory}",
                "--output-activation",
                "linear",
                "--memory",
                memory,
                ranks=2,
            )
            self.assert_refused(result, DIVERGED, "the loss is not finite", "it began in", "13")

    def test_mixed_kernels(self):
        common = [PROGRAM, "train", *self.source, *SMALL, "--output", str(self.output)]
        result = execute(
            [
                *MPIRUN,
                "-n",
                "1",
                *common,
                ":",
                "-n",
                "1",
                "-x",
                "OPENBLAS_CORETYPE=Sandybridge",
                *common,
            ]
        )
        self.assert_refused(result, USAGE, "rank 1", "blas", "Sandybridge")

    def test_divergence_names_the_step_and_the_last_checkpoint(self):
        for ranks in (None, 2):
            output = self.folder / f"diverged{ranks}"
            result = run(
                "train",
                "--data",
                f"{self.data}:/train/samples",
                "--output",
                output,
                "--layers",
                "20,16,4",
                "--activation",
                "linear",
                "--output-activation",
                "linear",
                "--optimizer",
                "sgd",
                "--learning-rate",
                "30",
                "--batch",
                16,
                "--micro-batch",
                8,
                "--epochs",
                200,
                "--checkpoint-every",
                "1steps",
                ranks=ranks,
            )
            last = checkpoints(output)[max(checkpoints(output))]
            self.assert_refused(result, DIVERGED, "step", last.name)
            self.assertFalse((output / "model.h5").exists())
            self.success("inspect", last)
            for values in _tensors(last):
                self.assertTrue(np.isfinite(values).all())


if __name__ == "__main__":
    unittest.main()
