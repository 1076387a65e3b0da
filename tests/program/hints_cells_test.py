"""Hints about single cells: each is printed with reason for it, and followed literally."""

import unittest

import anndata
import numpy as np

from hints import HintTest


class CellHints(HintTest):
    def test_generated_cells_fill_a_file(self):
        words = ["generate", "cells", "--cells", 3, "--genes", 8]
        text = "use --output {}"
        printed = self.hint(text, *words, "--output", f"{self.folder}/c.h5ad:/train")
        ((option, value),) = printed.options()
        self.no_hint(text, *words, option, value)

    def test_results_in_an_anndata_file(self):
        rng = np.random.default_rng(0)
        file = self.folder / "a.h5ad"
        anndata.AnnData(rng.random((40, 6), np.float32), dtype=np.float32).write_h5ad(file)
        quick = ["--batch", 20, "--micro-batch", 10, "--epochs", 1, "--progress", "none"]
        run = self.folder / "run"
        self.success("train", "--data", f"{file}:/X", "--layers", "6,2", *quick, "--output", run)
        encode = ["encode", "--model", run / "model.h5", "--data"]
        one, copy = [*encode, f"{file}:/X"], self.folder / "b.h5ad"

        text = "--in-place writes to the file of the samples: leave out --output or --in-place"
        self.hint(text, *one, "--output", copy, "--in-place")
        text = "--key needs an AnnData file: --output FILE.h5ad"
        self.hint(text, *one, "--output", self.folder / "c.h5", "--key", "k")
        self.no_hint(text, *one, "--output", copy, "--key", "k")
        text = (
            "{}: is several data sets, but the output is a copy of one AnnData file: give one "
            "--data"
        )
        self.hint(text, *encode, f"{file}:/X,{file}:/X", "--in-place")
        self.no_hint(text, *one, "--in-place")
        text = "{}:{}: already exists; give another name with --key"
        self.hint(text, *one, "--in-place")
        self.no_hint(text, *one, "--in-place", "--key", "again")
        text = (
            "{}: {} samples were chosen of the {} rows of an AnnData file, which takes results for "
            "all: write to --output FILE.h5"
        )
        rows = [*one, "--select-rows", "0:10"]
        self.hint(text, *rows, "--output", self.folder / "d.h5ad")
        self.no_hint(text, *rows, "--output", self.folder / "d.h5")


if __name__ == "__main__":
    unittest.main()
