"""AnnData files and the matrices of 10x Genomics, compared with anndata and SciPy."""

import unittest
import warnings

import h5py
import numpy as np

from foreign_files import DialectTest
from extras import need

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

    def sparse_refused(self, matrix, kind):
        self.write(matrix)
        message = self.refusal(
            "p.h5ad",
            f"AnnData file whose X is a sparse matrix ({kind})",
            "; make it dense: python3 -c ",
        )
        self.assertNotIn("obsm", message)
        self.reads(self.follow(message), matrix.toarray())
        message = self.refusal("p.h5ad:/X", f"is a sparse matrix ({kind})")
        self.reads(self.follow(message), matrix.toarray())

    def test_csr_is_refused_with_what_makes_it_dense(self):
        self.sparse_refused(sparse.csr_matrix(self.counts()), "CSR")

    def test_csc_is_refused_with_what_makes_it_dense(self):
        self.sparse_refused(sparse.csc_matrix(self.counts()), "CSC")

    def test_sparse_layers(self):
        x = self.counts()
        data = anndata.AnnData(x, dtype=x.dtype)
        data.layers["counts"] = sparse.csr_matrix(x)
        data.write_h5ad(self.path("p.h5ad"))
        self.reads(self.path("p.h5ad"), x)
        message = self.refusal("p.h5ad:/layers/counts", "is a sparse matrix (CSR)")
        self.reads(self.follow(message), x)

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
        message = self.refusal("p.h5ad", "AnnData file whose X is a sparse matrix (CSR)")
        self.reads(self.follow(message), matrix.toarray())

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
        dense = self.tenx("matrix", features__id=names, features__name=names)
        message = self.refusal("t.h5", "holds a sparse matrix of 10x Genomics")
        self.reads(self.follow(message), dense)
        message = self.refusal("t.h5:/matrix", "is a sparse matrix of 10x Genomics")
        self.reads(self.follow(message), dense)

    def test_10x_version_2(self):
        names = [f"ENSG{i}" for i in range(5)]
        dense = self.tenx("GRCh38", genes=names, gene_names=names)
        message = self.refusal("t.h5", "holds a sparse matrix of 10x Genomics")
        self.reads(self.follow(message), dense)


if __name__ == "__main__":
    unittest.main()
