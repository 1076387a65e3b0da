"""generate cells: counts of single cells that AnnData reads, the same on any number of ranks."""
import hashlib
import unittest

import numpy as np

from extras import need
from support import USAGE, ProgramTest, checkpoints, run

anndata, stats = need("anndata", "scipy.stats")


class CellsTest(ProgramTest):
    def made(self, name="cells", cells=300, genes=1000, **how):
        output = self.folder / f"{name}.h5ad"
        words = ["generate", "cells", "--cells", cells, "--genes", genes]
        result = self.success(*words, "--output", output, *how.pop("options", []), **how)
        return output, result

    def content(self, path):
        return hashlib.sha256(path.read_bytes()).hexdigest()

    def test_anndata_reads_it(self):
        path, result = self.made(options=["--truth", "--groups", 3, "--batches", 2])
        data = anndata.read_h5ad(path)
        self.assertEqual(data.shape, (300, 1000))
        self.assertEqual(list(data.obs["group"].cat.categories), ["group0", "group1", "group2"])
        self.assertEqual(set(data.obs["batch"]), {"batch0", "batch1"})
        self.assertEqual(data.obs_names[299], "cell299")
        self.assertEqual(data.var_names[7], "gene7")
        self.assertTrue(data.X.has_sorted_indices)
        self.assertGreater(data.X.data.min(), 0)
        np.testing.assert_array_equal(data.X.data, np.rint(data.X.data))
        # Nothing is both kept and lost; about a tenth is lost.
        dropped = data.layers["dropped"]
        self.assertEqual(data.X.multiply(dropped).nnz, 0)
        self.assertAlmostEqual(dropped.nnz / (data.X.nnz + dropped.nnz), 0.1, delta=0.02)
        self.assertIn(f"{dropped.nnz} lost counts", result.stdout)
        np.testing.assert_allclose(data.varm["shares"].sum(axis=0), 1, rtol=1e-5)

    def test_counts_have_the_distribution_that_is_told(self):
        options = ["--truth", "--groups", 1, "--batches", 1, "--library-spread", 0]
        path, _ = self.made(cells=2000, genes=500, options=[*options, "--library", 2000])
        data = anndata.read_h5ad(path)
        counts = (data.X + data.layers["dropped"]).toarray()
        means = 2000 * data.varm["shares"][:, 0].astype(float)
        inverse = data.var["inverse_dispersion"].to_numpy(float)
        deviation = np.sqrt((means + means**2 / inverse) / len(counts))
        z = (counts.mean(axis=0) - means) / deviation
        self.assertLess(abs(z.mean()), 0.15)
        self.assertLess(abs(z.std() - 1), 0.15)
        # The share of zeros tells the dispersion too.
        zeros = stats.nbinom.pmf(0, inverse, inverse / (inverse + means))
        z = ((counts == 0).mean(axis=0) - zeros) / np.sqrt(zeros * (1 - zeros) / len(counts))
        self.assertLess(abs(z[(zeros > 0.01) & (zeros < 0.99)].std() - 1), 0.2)
        gene = int(np.argmax(means))
        expected = stats.nbinom(inverse[gene], inverse[gene] / (inverse[gene] + means[gene]))
        self.assertGreater(stats.kstest(counts[:, gene], expected.cdf).pvalue, 1e-4)

    def test_the_same_on_any_number_of_ranks(self):
        options = ["--truth", "--batches", 3]
        plain, _ = self.made("one", cells=101, options=options)
        contents = {self.content(plain)}
        for ranks in (2, 3):
            path, _ = self.made(f"ranks{ranks}", cells=101, options=options, ranks=ranks)
            contents.add(self.content(path))
        self.assertEqual(len(contents), 1)
        # A longer set begins with the shorter one.
        short, _ = self.made("short", cells=2, options=options)
        few, _ = self.made("few", cells=2, options=options, ranks=3)
        self.assertEqual(self.content(short), self.content(few))
        packed, _ = self.made("packed", cells=101, options=[*options, "--compress", 4], ranks=2)
        one, other = anndata.read_h5ad(plain), anndata.read_h5ad(packed)
        self.assertEqual((one.X != other.X).nnz, 0)
        self.assertEqual((one.X[:2] != anndata.read_h5ad(short).X).nnz, 0)
        self.assertLess(packed.stat().st_size, plain.stat().st_size)

    def test_count_models_with_conditions_have_the_same_bits_everywhere(self):
        path, _ = self.made(cells=240, options=["--groups", 2, "--library", 500])
        words = ["--data", f"{path}:/X", "--condition", f"{path}:/obs/batch", "--counts", "log1p"]
        words += ["--highly-variable", 100, "--layers", "100,16,4", "--output-activation", "linear"]
        words += ["--batch", 60, "--micro-batch", 20, "--epochs", 3, "--progress", "none"]
        for loss, ranks, more in (("nb", None, ["--threads", 2]), ("zinb", 1, ["--memory", 0])):
            digest = self.train(f"{loss}-plain", *words, "--loss", loss, *more, ranks=ranks)
            if loss == "nb":
                other = self.killed_and_resumed(*words, "--loss", loss)
            else:
                other = self.train(f"{loss}-3", *words, "--loss", loss, ranks=3)
            self.assertEqual(digest, other)

    def killed_and_resumed(self, *words):
        """The digest of a training on 2 ranks, one of which dies by SIGKILL in epoch 2, and on 3
        from its last checkpoint."""
        output = self.folder / "killed"
        words = ["train", *words, "--checkpoint-every", "2steps", "--output", output]
        fault = {"HOURGLASS_FAULT": "kill,rank=1,step=7", "OMPI_MCA_odls_base_sigkill_timeout": "0"}
        self.assertNotEqual(run(*words, ranks=2, environment=fault).code, 0)
        self.assertFalse((output / "model.h5").exists())
        self.assertEqual(max(checkpoints(output)), 6)
        self.success("train", "--resume", output, ranks=3)
        return self.digest(output / "model.h5")

    def test_what_makes_no_sense_is_refused(self):
        path, _ = self.made(cells=2)
        words = ["generate", "cells", "--cells", 2, "--output"]
        for message, *options in (
            ("already exists", path),
            ("--dropout must be 0 to 0.99", self.folder / "a.h5ad", "--dropout", 1),
            ("does not apply to cells", self.folder / "a.h5ad", "--noise", 3),
            ("cells fill a whole file", f"{self.folder}/a.h5ad:/train"),
            ("is more than", self.folder / "a.h5ad", "--groups", 1024, "--batches", 1024),
        ):
            self.assert_refused(run(*words, *options), USAGE, message)


if __name__ == "__main__":
    unittest.main()
