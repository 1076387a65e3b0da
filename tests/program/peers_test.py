"""bench/peers/compare.py runs and measures both sides: tiny, so only that it works. Needs
PyTorch."""
import json
import subprocess
import unittest

from extras import need
from support import PROGRAM, ROOT, ProgramTest

COMPARE = ["/usr/bin/python3", "-B", str(ROOT / "bench/peers/compare.py"), "--program", PROGRAM]


class PeersTest(ProgramTest):
    def test_both_sides_are_measured_on_one_and_two_ranks(self):
        data = self.make_data(samples=128)
        result = subprocess.run(
            [
                *COMPARE,
                "--data",
                f"{data}:/train/samples",
                "--layers",
                "20,16,4",
                "--batch",
                "16",
                "--ranks",
                "1,2",
                "--repetitions",
                "1",
                "--json",
            ],
            capture_output=True,
            text=True,
            timeout=110,
            check=False,
        )
        self.assertEqual(result.returncode, 0, result.stderr)
        lines = [json.loads(line) for line in result.stdout.splitlines()]
        self.assertEqual([line["ranks"] for line in lines], [1, 2])
        for line in lines:
            self.assertGreater(min(line["hourglass"], line["torch"], line["ratio"]), 0)

    def test_sparse_autoencoders_are_measured(self):
        words = "--features 20 --units 48 --k 4 --batch 32 --samples 64 --epochs 1".split()
        result = subprocess.run(
            [*COMPARE[:2], str(ROOT / "bench/peers/sae.py"), "--program", PROGRAM, *words]
            + ["--repetitions", "1"],
            capture_output=True,
            text=True,
            timeout=110,
            check=False,
        )
        self.assertEqual(result.returncode, 0, result.stderr)
        line = json.loads(result.stdout)
        self.assertGreater(min(line["ratio_dense"], line["ratio_careful"], line["hourglass"]), 0)

    def test_a_program_that_is_not_there_is_named(self):
        result = subprocess.run(
            [*COMPARE[:-1], "/nowhere/hourglass", "--data", "x.h5:/y"],
            capture_output=True,
            text=True,
            check=False,
        )
        self.assertIn("/nowhere/hourglass", result.stderr)
        self.assertNotIn("Traceback", result.stderr)


if __name__ == "__main__":
    need("torch")
    unittest.main()
