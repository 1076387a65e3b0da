"""--init-from and --freeze for single cells: a new batch in an old model, other genes."""
import unittest

import numpy as np

from extras import need
from reference import tensors
from support import ProgramTest, read_datasets

anndata, pd = need("anndata", "pandas")


class SurgeryTest(ProgramTest):
    """Old batches of single cells, a new one: genes by name, categories by name."""

    def setUp(self):
        super().setUp()
        rng = np.random.default_rng(4)

        def cells(name, batches, genes):
            counts = rng.poisson(3, (90, len(genes))).astype(np.float32)
            data = anndata.AnnData(counts, dtype=np.float32)
            data.var_names = genes
            data.obs["batch"] = pd.Categorical(np.array(batches)[np.arange(90) % len(batches)])
            data.write_h5ad(self.folder / f"{name}.h5ad")
            file = self.folder / f"{name}.h5ad"
            return ["--data", f"{file}:/X", "--condition", f"{file}:/obs/batch"]

        genes = [f"g{i}" for i in range(12)]
        self.old = cells("old", ["b1", "b0"], genes)
        self.new = cells("new", ["b2", "b0"], genes)
        self.other = cells("other", ["b9", "b1"], ["x", *genes[9:1:-1], "y"])
        self.settings = ["--loss", "nb", "--counts", "log1p", "--output-activation", "linear"]
        self.settings += ["--batch", 30, "--micro-batch", 10, "--epochs", 2, "--progress", "none"]
        self.train("old", *self.old, "--layers", "12,6,3", *self.settings)
        self.model = self.folder / "old/model.h5"

    def test_a_new_batch_in_a_frozen_model(self):
        given = [*self.new, "--layers", "12,6,3", *self.settings, "--init-from", self.model]
        given += ["--freeze", "encoder,decoder", "--optimizer", "adamw", "--weight-decay", 0.1]
        digests = {self.train(f"r{ranks}", *given, ranks=ranks) for ranks in (None, 2, 3)}
        self.assertEqual(len(digests), 1)
        before, after = tensors(self.model), tensors(self.folder / "rNone/model.h5")
        for name, values in after.items():
            old = before[name]
            if name.endswith("/condition"):
                self.assertEqual(len(values), 3)
                self.assertTrue(values[2].any())
                values = values[:2]
            np.testing.assert_array_equal(values.view(np.int32), old.view(np.int32), name)
        # Cells of before get the codes of before.
        codes = []
        for name in ("old", "rNone"):
            output = self.folder / f"{name}.h5"
            words = ["--model", self.folder / name / "model.h5", *self.old]
            self.success("encode", *words, "--output", output)
            codes.append(read_datasets(output)["/codes"])
        np.testing.assert_array_equal(*codes)
        shown = self.success("inspect", self.folder / "rNone/model.h5").stdout
        self.assertIn("condition batch: b0, b1, b2", shown)
        self.assertIn("2 of 3 categories", shown)

    def test_other_genes(self):
        given = [*self.other, "--layers", "10,6,3", *self.settings, "--epochs", 0]
        self.train("fresh", *given)
        self.train("taken", *given, "--init-from", self.model)
        fresh, taken = (tensors(self.folder / n / "model.h5") for n in ("fresh", "taken"))
        before = tensors(self.model)
        common = slice(1, 9)  # g9 ... g2
        expected = fresh["encoder/0/weight"].copy()
        expected[:, common] = before["encoder/0/weight"][:, 9:1:-1]
        np.testing.assert_array_equal(taken["encoder/0/weight"], expected)
        for name in ("decoder/1/weight", "decoder/1/bias", "dispersion"):
            expected = fresh[name].copy()
            expected[common] = before[name][9:1:-1]
            np.testing.assert_array_equal(taken[name], expected, name)
        for half in ("encoder", "decoder"):  # b0, b1, b9
            condition = taken[f"{half}/0/condition"]
            np.testing.assert_array_equal(condition[:2], before[f"{half}/0/condition"])
            self.assertFalse(condition[2].any())
        shown = (self.folder / "taken/config.cfg").read_text()
        self.assertIn("share 8 of 10 features, 2 of 3 categories", shown)
        self.assertIn("layers 2, 3 taken; layers 1, 4 taken in part", shown)


if __name__ == "__main__":
    unittest.main()
