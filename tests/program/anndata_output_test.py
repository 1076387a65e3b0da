"""Codes and reconstructions added to AnnData files, for scanpy to go on from."""
import hashlib
import unittest

import numpy as np

from extras import need
from support import DATA, PROGRAM, USAGE, ProgramTest, execute, read_datasets, run

(anndata,) = need("anndata")

QUICK = ["--batch", 20, "--micro-batch", 10, "--epochs", 1, "--progress", "none"]


class AnnDataOutputTest(ProgramTest):
    def setUp(self):
        super().setUp()
        rng = np.random.default_rng(3)
        data = anndata.AnnData(rng.random((60, 8), np.float32), dtype=np.float32)
        data.obs["kind"] = np.array(["a", "b", "c"] * 20)
        data.obsm["X_pca"] = rng.random((60, 2))
        self.file = self.folder / "cells.h5ad"
        data.write_h5ad(self.file)
        run_folder = self.folder / "run"
        given = ["--data", f"{self.file}:/X", "--layers", "8,5,3", *QUICK]
        self.success("train", *given, "--output", run_folder)
        self.given = ["--model", run_folder / "model.h5", "--data", f"{self.file}:/X"]

    def test_a_copy_with_codes_and_a_layer(self):
        plain = self.folder / "plain.h5"
        self.success("encode", *self.given, "--output", plain)
        self.success("reconstruct", *self.given, "--output", plain)
        expected = read_datasets(plain)
        before = self.file.read_bytes()
        for ranks in (None, 3):
            codes = self.folder / f"codes{ranks}.h5ad"
            result = self.success("encode", *self.given, "--output", codes, ranks=ranks)
            self.assertIn(f"{codes}:/obsm/X_hourglass holds 60 x 3", result.stdout)
            both = self.folder / f"both{ranks}.h5ad"
            again = [*self.given[:3], f"{codes}:/X"]
            self.success("reconstruct", *again, "--output", both, ranks=ranks)
            data = anndata.read_h5ad(both)
            np.testing.assert_array_equal(data.obsm["X_hourglass"], expected["/codes"])
            np.testing.assert_array_equal(data.layers["hourglass"], expected["/reconstructions"])
            original = anndata.read_h5ad(self.file)
            np.testing.assert_array_equal(data.X, original.X)
            np.testing.assert_array_equal(data.obsm["X_pca"], original.obsm["X_pca"])
            self.assertEqual(list(data.obs["kind"]), list(original.obs["kind"]))
        self.assertEqual(self.file.read_bytes(), before)

    def test_in_place_and_a_name(self):
        self.success("encode", *self.given, "--in-place", ranks=2)
        self.success("encode", *self.given, "--in-place", "--key", "X_second")
        self.success("reconstruct", *self.given, "--in-place", "--key", "denoised")
        data = anndata.read_h5ad(self.file)
        np.testing.assert_array_equal(data.obsm["X_hourglass"], data.obsm["X_second"])
        self.assertEqual(data.layers["denoised"].shape, (60, 8))
        self.assertEqual(len(list(self.folder.glob(".cells*"))), 0)

    def test_a_failure_leaves_the_old_file(self):
        before = hashlib.sha256(self.file.read_bytes()).hexdigest()
        limit = self.file.stat().st_size // 512 // 2
        words = " ".join(str(word) for word in ["encode", *self.given, "--in-place"])
        result = execute(["sh", "-c", f"trap '' XFSZ; ulimit -f {limit}; {PROGRAM} {words}"])
        self.assertEqual(result.code, 74, str(result))
        self.assertEqual(hashlib.sha256(self.file.read_bytes()).hexdigest(), before)
        self.assertEqual(len(list(self.folder.glob(".cells*"))), 0)

    def test_some_columns_go_to_obsm(self):
        model = self.folder / "narrow"
        columns = ["--select-columns", "0,2,5", "--layers", "3,2"]
        data = ["--data", f"{self.file}:/X"]
        self.success("train", *data, *columns, *QUICK, "--output", model)
        copy = self.folder / "b.h5ad"
        self.success("reconstruct", "--model", model / "model.h5", *data, "--output", copy)
        self.assertEqual(anndata.read_h5ad(copy).obsm["hourglass"].shape, (60, 3))

    def test_what_does_not_fit_is_refused(self):
        other = self.make_data(samples=60, features=8)
        copy = ["--output", self.folder / "b.h5ad"]
        for code, word, *words in (
            (USAGE, "samples were chosen", *self.given, "--select-rows", "0:10", *copy),
            (USAGE, "already exists", *self.given, "--output", self.file),
            (USAGE, "without /", *self.given, *copy, "--key", "a/b"),
            (DATA, "is not an AnnData", *self.given[:3], f"{other}:/train/samples", "--in-place"),
        ):
            self.assert_refused(run("encode", *words), code, word)


if __name__ == "__main__":
    unittest.main()
