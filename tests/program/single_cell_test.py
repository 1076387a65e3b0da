"""The example of data/experiments/single-cell runs on few cells: codes find groups, and counts that
dropout took are imputed."""
import re
import unittest

from extras import need
from support import ROOT, ProgramTest, execute

need("sklearn", "scipy.sparse")

SCRIPT = ROOT / "data/experiments/single-cell/single_cell.py"


class SingleCellTest(ProgramTest):
    def test_the_example(self):
        words = ["--cells", 512, "--genes", 300, "--groups", 3, "--highly-variable", 150]
        words += ["--library", 1000, "--epochs", 40, "--batch", 64]
        words += ["--models", "nb-batch,vae-batch", "--folder", self.folder / "out"]
        # The libraries' threads would wait for each other on a busy machine.
        alone = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
        result = execute(["/usr/bin/python3", str(SCRIPT), *map(str, words)], environment=alone)
        self.assertEqual(result.code, 0, str(result))
        rows = {
            name: [float(number) for number in re.findall(r"[\d.]+", rest)]
            for name, rest in re.findall(r"^\| ([\w .-]+?) \|(.*)$", result.stdout, re.MULTILINE)
        }
        self.assertGreater(rows["nb-batch"][0], 0.5, result.stdout)
        self.assertGreater(rows["vae-batch"][1], 0.9, result.stdout)
        self.assertGreater(rows["vae-batch"][3], 0.7, result.stdout)
        self.assertLess(rows["true mean"][0], rows["vae-batch"][2], result.stdout)


if __name__ == "__main__":
    unittest.main()
