"""Hints about sparse imports: each is printed with reason, and followed literally."""

import unittest

import numpy as np

from hints import HintTest
from support import DATA

MATRIX = "%%MatrixMarket matrix coordinate integer general\n3 2 2\n1 1 5\n3 2 7\n"


class SparseHints(HintTest):
    def setUp(self):
        super().setUp()
        self.matrix = self.folder / "matrix.mtx"
        self.matrix.write_text(MATRIX)
        self.number = 0

    def importing(self, *words):
        self.number += 1
        return ["import", *words, "--output", f"{self.folder}/out{self.number}.h5:/train"]

    def test_matrix_market_is_sparse(self):
        text = ": is a Matrix Market file, which becomes a sparse matrix: give --sparse"
        self.hint(text, *self.importing(self.matrix))
        self.no_hint(text, *self.importing(self.matrix, "--sparse"))
        text = "make an HDF5 file of it: hourglass import {} --sparse --output OUT.h5:/train"
        data = ("--components", "1", "--output", self.folder / "pca.h5")
        printed = self.hint(text, "pca", "--data", self.matrix, *data, code=DATA)
        self.success(*printed.command(), folder=self.folder)
        self.success("pca", "--data", self.folder / "OUT.h5:/train", *data)

    def test_options_without_effect(self):
        text = "--virtual has no effect with --sparse: leave one of them out"
        words = (self.matrix, "--sparse", "--virtual")
        self.hint(text, *self.importing(*words))
        self.no_hint(text, *self.importing(*words[:2]))

    def test_kinds_that_do_not_mix(self):
        array = self.folder / "x.npy"
        np.save(array, np.eye(2, dtype=np.int32))
        text = (
            "{} is {}, but {} is {}: with --sparse, give matrices and other files to imports of "
            "their own"
        )
        self.hint(text, *self.importing(self.matrix, array, "--sparse"))
        for source in (self.matrix, array):
            self.no_hint(text, *self.importing(source, "--sparse"))

    def test_genes_by_cells(self):
        (self.folder / "features.tsv").write_text("E1\tA\nE2\tB\nE3\tC\n")
        text = "{}: has {} that the file of features beside it names one by one: give --samples {}"
        printed = self.hint(text, *self.importing(self.matrix, "--sparse"))
        options = [word for option in printed.options() for word in option]
        self.assertEqual(options, ["--samples", "columns"])
        self.no_hint(text, *self.importing(self.matrix, "--sparse", *options))


if __name__ == "__main__":
    unittest.main()
