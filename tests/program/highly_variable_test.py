"""--highly-variable chooses the genes that scanpy's flavour seurat does, and models keep them."""
import unittest

import numpy as np

from extras import need
from support import USAGE, ProgramTest, read_config, run, write_file

(pd,) = need("pandas")

QUICK = ["--batch", 40, "--micro-batch", 10, "--epochs", 1, "--progress", "none"]


def seurat(counts, number, bins=20):
    """normalize_total, log1p and highly_variable_genes(flavor="seurat") of scanpy 1.9 as they are
    documented: the columns in ascending order."""
    library = counts.sum(axis=1, keepdims=True)
    scaled = counts / np.where(library > 0, library / np.median(library[library > 0]), 1)
    x = np.expm1(np.log1p(scaled))
    mean, variance = x.mean(axis=0), x.var(axis=0, ddof=1)
    mean[mean == 0] = 1e-12
    dispersion = variance / mean
    dispersion[dispersion == 0] = np.nan
    frame = pd.DataFrame({"mean": np.log1p(mean), "dispersion": np.log(dispersion)})
    frame["bin"] = pd.cut(frame["mean"], bins=bins)
    grouped = frame.groupby("bin", observed=False)["dispersion"]
    centre, spread = grouped.mean(), grouped.std(ddof=1)
    alone = spread.isnull()
    spread[alone] = centre[alone]
    centre[alone] = 0
    bin_of = frame["bin"].to_numpy()
    score = (frame["dispersion"].to_numpy() - centre[bin_of].to_numpy()) / spread[bin_of].to_numpy()
    order = np.argsort(-score, kind="stable")[:number]
    return sorted(order[~np.isnan(score[order])])


class HighlyVariableTest(ProgramTest):
    def setUp(self):
        super().setUp()
        rng = np.random.default_rng(1)
        means = np.exp(rng.normal(0, 1.5, 300)) * rng.lognormal(0, 0.4, (400, 1))
        shape = rng.uniform(0.2, 5, 300)
        self.counts = rng.poisson(means * rng.gamma(shape, 1 / shape, means.shape))
        self.counts[:, 17] = 0
        self.counts[5] = 0
        self.data = write_file(self.folder / "c.h5", x=self.counts.astype(np.uint16))
        self.words = ["train", "--data", f"{self.data}:/x", "--layers", "40,4", *QUICK]

    def test_the_genes_of_scanpy_on_any_number_of_ranks(self):
        expected = ",".join(str(column) for column in seurat(self.counts.astype(float), 40))
        digests = set()
        for ranks in (None, 2, 3):
            folder = self.folder / f"run{ranks}"
            given = ["--highly-variable", 40, "--output", folder]
            self.success(*self.words, *given, ranks=ranks)
            config = read_config((folder / "config.cfg").read_text())
            self.assertEqual(config["select-columns"], expected)
            digests.add(self.digest(folder / "model.h5"))
        named = self.folder / "named"
        self.success(*self.words, "--select-columns", expected, "--output", named)
        digests.add(self.digest(named / "model.h5"))
        self.assertEqual(len(digests), 1)
        # Later commands select the same genes.
        codes = self.folder / "codes.h5"
        data = ["--model", named / "model.h5", "--data", f"{self.data}:/x"]
        self.success("encode", *data, "--output", codes)
        self.stopped_and_resumed("stopped", *self.words[1:], "--highly-variable", 40)

    def test_what_it_cannot_be_combined_with(self):
        output = ["--output", self.folder / "run"]
        for message, *words in (
            ("of 300 genes: choose fewer", "--highly-variable", 301),
            ("must be at least 1", "--highly-variable", -2),
            ("--select-columns: leave out", "--highly-variable", 3, "--select-columns", "0:3"),
        ):
            self.assert_refused(run(*self.words, *words, *output), USAGE, message)


if __name__ == "__main__":
    unittest.main()
