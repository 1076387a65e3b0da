"""AnnData files and the matrices of 10x Genomics, compared with anndata and SciPy."""

import unittest
import warnings
from pathlib import Path

import h5py
import numpy as np

from foreign_files import DialectTest
from extras import need
from support import run

warnings.simplefilter("ignore")
anndata, sparse = need("anndata", "scipy.sparse")


class AnnDataTest(DialectTest):
    rng = np.random.default_rng(3)

    def write(self, x, name="p.h5ad", **parts):
        data = anndata.AnnData(x, dtype=x.dtype, **parts)
        data.var_names = [f"gene{i}" for i in range(x.shape[1])]
        data.obs_names = [f"cell{i}" for i in range(x.shape[0])]
        data.obsm["X_pca"] = self.rng.random((x.shape[0], 2))
        data.layers["counts"] = x
        data.raw = data
        data.write_h5ad(self.path(name))
        return self.path(name)

    def counts(self):
        return self.rng.poisson(1, (8, 5)).astype("f4")

    def test_dense_x(self):
        x = self.counts()
        path = self.write(x)
        self.reads(path, anndata.read_h5ad(path).X)
        self.reads(f"{path}:/X", x)

    def test_names_of_the_variables(self):
        path = self.write(self.counts())
        names = [f"gene{i}" for i in range(5)]
        for dataset in ("/X", "/layers/counts", "/raw/X"):
            self.assertEqual(self.columns(path, dataset), names)
        self.assertIsNone(self.columns(path, "/obsm/X_pca"))

    def test_layers_and_obsm_by_path(self):
        x = self.counts()
        path = self.write(x)
        self.reads(f"{path}:/layers/counts", x)
        self.reads(f"{path}:/obsm/X_pca", anndata.read_h5ad(path).obsm["X_pca"])

    def test_csr_is_read_row_by_row(self):
        x = self.counts()
        for kind in ("f4", "f8", "i4", "u2", "i8", "u1"):
            path = self.write(sparse.csr_matrix(x.astype(kind)))
            found = self.reads(path, anndata.read_h5ad(path).X.toarray())
            self.assertEqual(found.dtype, np.dtype(kind))
            self.reads(f"{path}:/layers/counts", x)
            self.reads(f"{path}:/raw/X", x)
        names = [f"gene{i}" for i in range(5)]
        for dataset in ("/X", "/layers/counts", "/raw/X"):
            self.assertEqual(self.columns(path, dataset), names)

    def test_csr_as_filters_store_it(self):
        matrix = sparse.random(300, 40, 0.2, "csr", "f4", random_state=2)
        for compression in ("gzip", "lzf"):
            data = anndata.AnnData(matrix, dtype="f4")
            data.write_h5ad(self.path("p.h5ad"), compression=compression)
            self.reads(self.path("p.h5ad"), matrix.toarray())

    def test_wide_indices(self):
        matrix = sparse.csr_matrix(self.counts())
        path = self.write(matrix)
        for kind in ("i8", "u4", "u8"):
            with h5py.File(path, "a") as file:
                for name in ("indices", "indptr"):
                    del file["X"][name]
                    file["X"][name] = getattr(matrix, name).astype(kind)
            self.reads(path, matrix.toarray())

    def test_csc_is_refused_with_what_turns_it(self):
        matrix = sparse.csc_matrix(self.counts())
        self.write(matrix)
        message = self.refusal(
            "p.h5ad",
            "AnnData file whose X is a sparse matrix stored by columns (CSC)",
            "p.h5ad:/X --sparse --output rows.h5",
            "; make rows of it: hourglass import ",
        )
        self.assertNotIn("obsm", message)
        words = message.split("hourglass ")[1].split(" and name ")
        done = run(*words[0].split(), folder=self.folder)
        self.assertEqual(done.code, 0, str(done))
        self.reads(self.path(words[1]), matrix.toarray())
        self.assertEqual(self.columns(self.path(words[1]), "/X")[4], "gene4")
        self.refusal("p.h5ad:/X", "is a sparse matrix stored by columns (CSC)")

    def test_square_matrices_without_a_mark(self):
        matrix = sparse.random(6, 6, 0.4, "csr", random_state=1)
        with h5py.File(self.path("s.h5"), "w") as file:
            for name in ("data", "indices", "indptr", "shape"):
                file[f"m/{name}"] = getattr(matrix, name)
        message = self.refusal("s.h5:/m", "; say which (csr_matrix: by rows): python3 -c ")
        self.follow(message)
        self.reads(self.path("s.h5") + ":/m", matrix.toarray())

    def test_elements_that_are_doubled(self):
        doubled = sparse.csr_matrix(([1.0, 2, 3], [1, 1, 0], [0, 2, 3]), shape=(2, 4))
        path = self.path("s.h5")
        self.assertEqual(doubled.nnz, 3)

        def write():
            with h5py.File(path, "w") as file:
                for name in ("data", "indices", "indptr", "shape"):
                    file[f"m/{name}"] = getattr(doubled, name)

        write()
        text = "row 0 has two elements in column 1; add them up and store the matrix again"
        self.refusal("s.h5:/m", text, "; add them up and store the matrix again ")
        doubled.sum_duplicates()
        write()
        self.reads(path + ":/m", doubled.toarray())

    def test_sparse_layers(self):
        x = self.counts()
        data = anndata.AnnData(x, dtype=x.dtype)
        data.layers["counts"] = sparse.csr_matrix(x)
        data.write_h5ad(self.path("p.h5ad"))
        self.reads(self.path("p.h5ad"), x)
        self.reads(self.path("p.h5ad") + ":/layers/counts", x)

    def test_rows_and_columns_of_sparse_files(self):
        matrix = sparse.csr_matrix(self.counts())
        self.write(matrix)
        chosen = ("--select-rows", "5:,1", "--select-columns", "gene3,0")
        words = ("--components", "2", "--output", "c.h5", *chosen)
        done = run("pca", "--data", "p.h5ad", *words, folder=self.folder)
        self.assertEqual(done.code, 0, str(done))
        with h5py.File(self.path("c.h5")) as file:
            expected = matrix.toarray()[[5, 6, 7, 1]][:, [3, 0]].var(0).sum()
            np.testing.assert_allclose(file["pca/total_variance"][0], expected, rtol=1e-6)

    def test_old_sparse_files(self):
        """As anndata 0.6 wrote them: obs and var are records, and X has h5sparse's attributes."""
        matrix = sparse.csr_matrix(self.counts())
        with h5py.File(self.path("p.h5ad"), "w") as file:
            group = file.create_group("X")
            group["data"], group["indices"] = matrix.data, matrix.indices
            group["indptr"] = matrix.indptr
            group.attrs["h5sparse_format"] = "csr"
            group.attrs["h5sparse_shape"] = matrix.shape
            index = np.array([(f"cell{i}",) for i in range(8)], [("index", h5py.string_dtype())])
            file["obs"], file["var"] = index, index[:5]
            file["obsm"] = np.zeros((8,), [("X_pca", "f8", (2,))])
        self.reads(self.path("p.h5ad"), matrix.toarray())
        self.assertEqual(self.columns(self.path("p.h5ad"), "/X"), [f"cell{i}" for i in range(5)])

    def test_genes_of_several_files_by_name(self):
        first, second = (sparse.csr_matrix(self.counts()) for _ in range(2))
        self.write(first, "a.h5ad")
        self.write(second, "b.h5ad")
        order = [3, 0, 4, 1, 2]
        with h5py.File(self.path("b.h5ad"), "a") as file:
            file["var/_index"][...] = [f"gene{i}" for i in order]
        both = self.path("a.h5ad") + "," + self.path("b.h5ad")
        dense = second.toarray()
        expected = np.zeros_like(dense)
        expected[:, order] = dense
        self.reads(both, np.vstack([first.toarray(), expected]))
        with h5py.File(self.path("b.h5ad"), "a") as file:
            file["var/_index"][2] = "gene0"
        self.refusal("a.h5ad,b.h5ad", "b.h5ad:/X: has two columns 'gene0'")
        with h5py.File(self.path("b.h5ad"), "a") as file:
            file["var/_index"][2] = "other"
        self.refusal("a.h5ad,b.h5ad", "b.h5ad:/X: has no column 'gene4', which a.h5ad:/X")

    def test_old_dense_files(self):
        x = self.counts()
        with h5py.File(self.path("p.h5ad"), "w") as file:
            file["X"] = x
            for name, count in (("obs", 8), ("var", 5)):
                index = [(f"{name}{i}",) for i in range(count)]
                file[name] = np.array(index, [("index", h5py.string_dtype())])
        self.reads(self.path("p.h5ad"), x)
        self.assertEqual(self.columns(self.path("p.h5ad"), "/X"), [f"var{i}" for i in range(5)])

    def test_a_file_without_x(self):
        x = self.counts()
        path = self.write(x)
        with h5py.File(path, "a") as file:
            del file["X"]
        self.refusal("p.h5ad", "is an AnnData file without X; name a data set")

    def tenx(self, group_name, **features):
        """The matrix is stored by columns, and a column is a cell."""
        matrix = sparse.csc_matrix(self.counts().T)
        with h5py.File(self.path("t.h5"), "w") as file:
            group = file.create_group(group_name)
            group["data"], group["indices"] = matrix.data.astype("i4"), matrix.indices
            group["indptr"], group["shape"] = matrix.indptr, np.array(matrix.shape, "i4")
            group["barcodes"] = np.array([f"AAAC{i}-1" for i in range(8)], "S")
            for name, values in features.items():
                group[name.replace("__", "/")] = np.array(values, "S")
        return matrix.T.toarray()

    def test_10x_version_3(self):
        names = [f"ENSG{i}" for i in range(5)]
        dense = self.tenx("matrix", features__id=names, features__name=[f"G{i}" for i in range(5)])
        self.reads(self.path("t.h5"), dense)
        self.reads(self.path("t.h5") + ":/matrix", dense)
        self.assertEqual(self.columns(self.path("t.h5"), "/matrix"), [f"G{i}" for i in range(5)])

    def test_10x_names_that_are_not_unique_give_way_to_identifiers(self):
        names = [f"ENSG{i}" for i in range(5)]
        self.tenx("matrix", features__id=names, features__name=["A", "B", "A", "C", "D"])
        self.assertEqual(self.columns(self.path("t.h5"), "/matrix"), names)

    def test_10x_version_2(self):
        names = [f"ENSG{i}" for i in range(5)]
        dense = self.tenx("GRCh38", genes=names, gene_names=names)
        self.reads(self.path("t.h5"), dense)
        self.assertEqual(self.columns(self.path("t.h5"), "/GRCh38"), names)

    def test_10x_files_of_several_genomes_are_refused(self):
        names = [f"ENSG{i}" for i in range(5)]
        dense = self.tenx("GRCh38", genes=names, gene_names=names)
        with h5py.File(self.path("t.h5"), "a") as file:
            file.copy("GRCh38", "mm10")
        self.refusal(
            "t.h5", "is a 10x Genomics file of several genomes: /GRCh38, /mm10; name one: t.h5:/GRC"
        )
        self.reads(self.path("t.h5") + ":/mm10", dense)

    def test_a_matrix_that_promises_more_than_the_file_holds(self):
        path = self.write(sparse.csr_matrix(self.counts()))
        with h5py.File(path, "a") as file:
            file["X"].attrs["shape"] = [10**12, 5]
        self.refusal("p.h5ad", "X/indptr: has 9 elements, but a sparse matrix of 1000000000000")
        with h5py.File(path, "a") as file:
            del file["X/indptr"]
            file["X"].create_dataset("indptr", (10**12 + 1,), "i8", chunks=(1 << 20,))
        self.refusal("p.h5ad", "X/indptr: its header claims 1000000000001 rows, but only 0 of its")
        with open(path, "r+b") as file:
            file.truncate(Path(path).stat().st_size - 2000)
        self.refusal("p.h5ad", "is truncated")


if __name__ == "__main__":
    unittest.main()
