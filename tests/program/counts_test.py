"""Likelihoods of counts: the values of SciPy, the same bits on any number of ranks and threads and
from dense and sparse storage, and every command with a model of counts."""
import json
import unittest

import h5py
import numpy as np
from scipy import sparse, special, stats

from reference import read_layers
from support import DATA, USAGE, ProgramTest, read_datasets, run, write_file

import hourglass  # reference knows where it is

SETTINGS = ["--layers", "60,12,4", "--output-activation", "linear", "--batch", 48]
SETTINGS += ["--micro-batch", 6, "--epochs", 3, "--learning-rate", "3e-3"]
SETTINGS += ["--shuffle-block", 4, "--shuffle-window", 3]
KEEP = ["--empty-counts", "keep"]


def make_counts(cells=150, genes=60, seed=1):
    """Negative binomial counts of three groups of cells with libraries of their own; cell 5 and
    gene 7 have none."""
    random = np.random.default_rng(seed)
    profiles = np.exp(random.normal(-1, 1.2, (3, genes)))
    library = np.exp(random.normal(0, 0.5, cells))
    mean = profiles[random.integers(0, 3, cells)] * library[:, None]
    counts = random.negative_binomial(1.5, 1.5 / (1.5 + mean))
    counts[5] = 0
    counts[:, 7] = 0
    return counts


class CountsTest(ProgramTest):
    def setUp(self):
        super().setUp()
        self.counts = make_counts()
        self.file = self.folder / "counts.h5"
        write_file(self.file, dense=self.counts.astype(np.uint16), other=make_counts(40, seed=2))
        matrix = sparse.csr_matrix(self.counts.astype(np.float32))
        with h5py.File(self.file, "a") as file:
            group = file.create_group("sparse")
            group.attrs["encoding-type"] = "csr_matrix"
            group.attrs["encoding-version"] = "0.1.0"
            group.attrs["shape"] = matrix.shape
            for name in ("data", "indices", "indptr"):
                group[name] = getattr(matrix, name)
        self.data = ["--data", f"{self.file}:/dense"]

    def trained(self, name, *settings, data="dense", **how):
        counts = KEEP if "--loss" in settings and "mse" not in settings else []
        words = ["--data", f"{self.file}:/{data}", *SETTINGS, *counts]
        return self.train(name, *words, *settings, **how)

    def test_same_bits(self):
        seen = set()
        for loss, dispersion in (("nb", "gene"), ("zinb", "gene-cell")):
            model = ["--loss", loss, "--dispersion", dispersion, "--counts", "log1p"]
            digests = {
                "one": self.trained(f"{loss}1", *model),
                "three": self.trained(f"{loss}3", *model, ranks=3),
                "threads": self.trained(f"{loss}t", *model, "--threads", 2),
                "streamed": self.trained(f"{loss}s", *model, "--memory", 0, ranks=2),
                "sparse": self.trained(f"{loss}c", *model, data="sparse"),
                "sparse, streamed": self.trained(
                    f"{loss}d", *model, "--memory", 0, data="sparse", ranks=2
                ),
            }
            digests.update(self.stopped_and_resumed(loss, *self.data, *SETTINGS, *KEEP, *model))
            self.assertEqual(len(set(digests.values())), 1, digests)
            seen.update(digests.values())
        self.assertEqual(len(seen), 2)

    def test_loss_is_that_of_scipy(self):
        library = self.counts.sum(axis=1)
        typical = np.median(library[library > 0])
        size = library / typical
        size[5] = 1  # has no counts: nothing is left of its loss
        for loss in ("poisson", "nb", "zinb"):
            name = f"scipy-{loss}"
            self.trained(name, "--loss", loss, "--counts", "log1p", "--activation", "tanh")
            model = self.folder / name / "model.h5"
            encoder, decoder = read_layers(model)
            with h5py.File(model, "r") as file:
                self.assertEqual(file["model/input/library"][()], typical)
                t = file["model/dispersion"][()] if loss != "poisson" else None
            h = np.log1p(self.counts / size[:, None])
            for i, (weight, bias) in enumerate([*encoder, *decoder]):
                h = h @ weight.T.astype(float) + bias
                if i in (0, 2):
                    h = np.tanh(h)
            mean = np.clip(np.exp(h[:, :60]), 1e-5, 1e6) * size[:, None]
            if loss == "poisson":
                expected = -stats.poisson.logpmf(self.counts, mean)
            else:
                r = np.clip(np.log1p(np.exp(t.astype(float))), 1e-4, 1e4)
                expected = -stats.nbinom.logpmf(self.counts, r, r / (r + mean))
            if loss == "zinb":
                pi = special.expit(h[:, 60:])
                expected = np.where(
                    self.counts == 0,
                    -np.log(pi + (1 - pi) * np.exp(-expected)),
                    expected - np.log1p(-pi),
                )
            expected[5] = 0
            words = ["--model", model, *self.data]
            found = json.loads(self.success("evaluate", *words, "--json").stdout)
            self.assertAlmostEqual(found["loss"] / expected.mean(), 1, delta=1e-5)
            self.check_scores(words, expected)
            output = self.folder / f"{loss}.h5"
            self.success("reconstruct", *words, "--output", output)
            means = read_datasets(output)["/reconstructions"]
            mean[5] = 0
            np.testing.assert_allclose(means, mean, rtol=1e-4)
            loaded = hourglass.load(model)
            np.testing.assert_allclose(loaded.reconstruct(self.counts), means, rtol=1e-4)

    def test_latent_library(self):
        settings = ["--loss", "zinb", "--counts", "log1p", "--library", "latent", "--variational"]
        self.assert_refused(
            run("train", *self.data, *SETTINGS, *settings[:-1], "--output", self.folder / "x"),
            USAGE,
            "--library latent is a latent variable of counts, but --variational is off",
        )
        digests = {
            ranks: self.trained(f"latent{ranks}", *settings, ranks=ranks) for ranks in (1, 2, 3)
        }
        digests["threads, streamed"] = self.trained(
            "latent-t", *settings, "--memory", 0, "--threads", 2, data="sparse"
        )
        digests.update(self.stopped_and_resumed("latent", *self.data, *SETTINGS, *KEEP, *settings))
        self.assertEqual(len(set(digests.values())), 1, digests)
        observed = self.trained("observed", *settings, "--library", "observed")
        self.assertNotIn(observed, digests.values())
        model = self.folder / "latent1/model.h5"
        words = ["--model", model, *self.data]
        library = np.log(self.counts.sum(axis=1)[np.arange(150) != 5])
        with h5py.File(model, "r") as file:
            found = file["model/input/library_prior"][()]
            typical = file["model/input/library"][0]
            self.assertEqual(file["model/encoder/1/weight"].shape, (10, 12))
        expected = [library.mean() - np.log(typical), library.std()]
        np.testing.assert_allclose(found, expected, atol=1e-6)
        output = self.folder / "latent.h5"
        self.success("encode", *words, "--output", output)
        loaded = hourglass.load(model)
        codes = read_datasets(output)["/codes"]
        self.assertEqual(codes.shape, (150, 4))
        np.testing.assert_allclose(codes, loaded.encode(self.counts), rtol=1e-3, atol=1e-5)
        self.success("reconstruct", *words, "--output", output)
        means = read_datasets(output)["/reconstructions"]
        np.testing.assert_allclose(means, loaded.reconstruct(self.counts), rtol=1e-3)
        text = self.success("evaluate", *words, "--code", "--elbo", "--json").stdout
        found = json.loads(text)
        self.assertEqual(len(found["code_unit_kl"]), 4, "without the library")
        # Of two ranks and threads.
        more = [*words, "--code", "--elbo", "--json", "--threads", 2]
        self.assertEqual(json.loads(self.success("evaluate", *more, ranks=2).stdout), found)

    def check_scores(self, words, expected):
        """score is the likelihood of each sample, --per-feature names its least likely counts."""
        output = self.folder / "scores.h5"
        output.unlink(missing_ok=True)
        options = ["--per-feature", 2, "--output", output]
        text = self.success("score", *words, *options, ranks=2).stdout
        self.assertIn("probability of the counts", text)
        found = read_datasets(output)
        np.testing.assert_allclose(found["/scores"], expected.sum(axis=1), rtol=1e-5, atol=1e-9)
        rows = np.delete(np.arange(len(expected)), 5)
        np.testing.assert_allclose(
            np.take_along_axis(expected, found["/odd_features"], axis=1)[rows],
            -np.sort(-expected, axis=1)[rows, :2],
            rtol=1e-4,
        )
        json_text = self.success("score", *words, "--units", "data", "--json").stdout
        squares = json.loads(self.success("evaluate", *words, "--json").stdout)["sse"]
        self.assertAlmostEqual(json.loads(json_text)["mean"] / squares, 1, delta=1e-6)

    def test_empty_samples_and_features(self):
        model = ["--loss", "nb", "--counts", "log1p"]
        words = ["train", *self.data, *SETTINGS, *model, "--output", self.folder / "none"]
        text = (
            "1 of 150 samples have no counts (the first: row 5), 1 of 60 features have no counts "
            "in any sample (the first: 7): leave them out with --empty-counts drop (then --layers "
            "begins with 59)"
        )
        self.assert_refused(run(*words), DATA, text)
        # The same run as on data without them.
        rows, genes = (np.delete(np.arange(n), i) for n, i in ((150, 5), (60, 7)))
        less = write_file(self.folder / "less.h5", x=self.counts[rows][:, genes].astype(np.uint16))
        layers = ["--layers", "59,12,4"]
        more = [*SETTINGS, *layers, *model]
        expected = self.train("less", "--data", f"{less}:/x", *more)
        drop = ["--empty-counts", "drop"]
        for name, data, ranks in (("d1", "dense", None), ("d2", "sparse", 2)):
            words = ["--data", f"{self.file}:/{data}", *more, *drop]
            self.assertEqual(self.train(name, *words, ranks=ranks), expected)
        text = (self.folder / "d1/config.cfg").read_text()
        self.assertIn("select-rows = 0:5,6:150\nselect-columns = 0:7,8:60", text)
        # Within what is chosen, and again by a resumed run.
        chosen = ["--select-rows", "1:", "--select-columns", "5:20"]
        words = [*self.data, *SETTINGS, "--layers", "14,4", *model, *drop, *chosen]
        digests = self.stopped_and_resumed("part", *words)
        self.assertEqual(len(set(digests.values())), 1)
        text = (self.folder / "part-cut/config.cfg").read_text()
        self.assertIn("select-rows = 1:5,6:", text)
        self.assertIn("\nselect-columns = 5:7,8:20\n", text)
        # Later commands take the model's columns.
        codes = self.folder / "codes.h5"
        words = ["--model", self.folder / "d1/model.h5", *self.data, "--output", codes]
        self.success("encode", *words)
        self.assertEqual(read_datasets(codes)["/codes"].shape, (150, 4))

    def test_target_sum_and_notes(self):
        words = [*self.data, *SETTINGS, *KEEP, "--loss", "nb", "--counts", "log1p", "--epochs", 1]
        text = self.success("train", *words, "--output", self.folder / "median").stdout
        self.assertIn("the median of the samples", text)
        self.assertIn("1 of 150 samples have no counts (the first: row 5)", text)
        self.assertIn("1 of 60 features have no counts in any sample (the first: 7)", text)
        output = self.folder / "given"
        text = self.success("train", *words, "--target-sum", 500, "--output", output).stdout
        self.assertIn("size factor 1 for a sum of 500", text)
        self.assertNotEqual(
            self.digest(output / "model.h5"), self.digest(self.folder / "median/model.h5")
        )

    def test_what_is_not_a_count_is_refused(self):
        self.trained("good", "--loss", "nb", "--counts", "log1p")
        for number, row, gene in ((-1, 3, 4), (1.5, 149, 59)):
            values = self.counts.astype(np.float32)
            values[row, gene] = number
            bad = write_file(self.folder / "bad.h5", x=values) + ":/x"
            for counts in ("log1p", "none"):
                words = ["--loss", "zinb", "--counts", counts, "--output", self.folder / "bad"]
                self.assert_refused(
                    run("train", "--data", bad, *SETTINGS, *words, ranks=2),
                    DATA,
                    f"row {row} holds {number:g} (feature {gene})",
                )
            words = ["--model", self.folder / "good/model.h5", "--data", bad, "--data-scale", 1]
            self.assert_refused(
                run("evaluate", *words), DATA, f"row {row} holds {number:g} (feature {gene})"
            )

    def test_sparse_inputs_without_counts(self):
        base = ["--loss", "mse", "--normalize", "none"]
        dense = self.trained("dense", *base)
        kept = self.trained("kept", *base, "--sparse-input", "on")
        self.assertNotEqual(dense, kept, "sums in another order")
        self.assertEqual(kept, self.trained("csr", *base, data="sparse", ranks=2))
        self.assertEqual(dense, self.trained("off", *base, "--sparse-input", "off", data="sparse"))
        models = [self.folder / name / "model.h5" for name in ("dense", "kept")]
        losses = [
            json.loads(self.success("evaluate", "--model", m, *self.data, "--json").stdout)["sse"]
            for m in models
        ]
        self.assertAlmostEqual(losses[0] / losses[1], 1, delta=1e-3)

    def test_large_counts_stay_finite(self):
        """Counts up to 1e6, which made NaN of a variational Poisson model."""
        values = np.random.default_rng(3).integers(0, 1000001, (100, 60)).astype(np.uint32)
        data = write_file(self.folder / "large.h5", x=values) + ":/x"
        for loss in ("poisson", "nb", "zinb"):
            self.success(
                *["train", "--data", data, *SETTINGS, "--loss", loss, "--counts", "log1p"],
                *["--variational", "--output", self.folder / f"large-{loss}"],
            )


if __name__ == "__main__":
    unittest.main()
