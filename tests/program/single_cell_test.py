"""The example of data/experiments/single-cell on few cells: codes find the groups, conditions mix
the batches, and counts that dropout took are imputed better than by the mean of their gene."""
import re
import unittest

from extras import need
from support import ROOT, ProgramTest, execute

need("sklearn", "scipy.sparse")

SCRIPT = ROOT / "data/experiments/single-cell/single_cell.py"


class SingleCellTest(ProgramTest):
    def test_the_example(self):
        words = ["--cells", 600, "--genes", 400, "--groups", 3, "--highly-variable", 150]
        words += ["--epochs", 40, "--batch", 64, "--folder", self.folder / "out"]
        result = execute(["/usr/bin/python3", str(SCRIPT), *map(str, words)])
        self.assertEqual(result.code, 0, str(result))
        rows = {
            name: [float(number) for number in re.findall(r"[\d.]+", rest)]
            for name, rest in re.findall(r"^\| ([\w .-]+?) \|(.*)$", result.stdout, re.MULTILINE)
        }
        self.assertGreater(rows["nb-batch"][0], 0.5, result.stdout)
        self.assertGreater(rows["nb-batch"][1], rows["nb"][1], result.stdout)
        gene = rows["mean of the gene"]
        self.assertLess(rows["nb-batch"][2], gene[0], result.stdout)
        self.assertLess(rows["true mean"][0], rows["nb-batch"][2], result.stdout)


if __name__ == "__main__":
    unittest.main()
