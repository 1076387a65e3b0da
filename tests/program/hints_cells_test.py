"""Hints about single cells: each is printed with reason for it, and followed literally."""

import unittest

from hints import HintTest


class CellHints(HintTest):
    def test_generated_cells_fill_a_file(self):
        words = ["generate", "cells", "--cells", 3, "--genes", 8]
        text = "use --output {}"
        printed = self.hint(text, *words, "--output", f"{self.folder}/c.h5ad:/train")
        ((option, value),) = printed.options()
        self.no_hint(text, *words, option, value)


if __name__ == "__main__":
    unittest.main()
