"""import --sparse: Matrix Market, CSC, dense data and tables become what anndata reads."""

import gzip
import os
import signal
import subprocess
import unittest
import warnings

import h5py
import numpy as np

from extras import need
from support import DATA, PROGRAM, ProgramTest, run

warnings.simplefilter("ignore")
anndata, sparse, scipy_io = need("anndata", "scipy.sparse", "scipy.io")
read_elem = need("anndata.experimental")[0].read_elem


def content(path):
    """Every byte of the data sets, and the attributes of the groups."""
    found = {}
    with h5py.File(path) as file:

        def visit(name, item):
            found[name, "attributes"] = {k: np.asarray(v).tolist() for k, v in item.attrs.items()}
            if isinstance(item, h5py.Dataset):
                found[name] = (item.dtype, item[()].tobytes())

        file.visititems(visit)
    return found


class SparseImportTest(ProgramTest):
    def setUp(self):
        super().setUp()
        self.rng = np.random.default_rng(4)
        self.matrix = sparse.random(
            60, 13, 0.2, "csr", random_state=2, data_rvs=lambda n: self.rng.integers(1, 90, n)
        ).astype("i4")
        self.dense = self.matrix.toarray()

    def path(self, name):
        return str(self.folder / name)

    def imported(self, *sources, output="out.h5ad", ranks=None, **options):
        words = [w for name, value in options.items() for w in (f"--{name}", value)]
        words = [str(word) for word in words if word is not True]
        done = run(
            *("import", *sources, "--sparse", "--output", self.path(output), *words),
            ranks=ranks,
            folder=self.folder,
        )
        self.assertEqual(done.code, 0, str(done))
        return anndata.read_h5ad(self.path(output)) if output.endswith("h5ad") else done

    def refused(self, code, text, *sources, words=()):
        done = run(
            *("import", *sources, "--sparse", "--output", self.path("no.h5"), *words),
            folder=self.folder,
        )
        self.assertEqual(done.code, code, str(done))
        self.assertEqual(len(done.error_lines), 1, str(done))
        self.assertIn(text, done.error_lines[0])
        self.assertFalse(os.path.exists(self.path("no.h5")))

    def write_10x(self, folder, order=range(13), matrix=None):
        os.mkdir(self.path(folder))
        stored = (self.matrix if matrix is None else matrix).T.tocsr()[list(order)].tocsc()
        with gzip.open(self.path(f"{folder}/matrix.mtx.gz"), "wb") as file:
            scipy_io.mmwrite(file, stored, field="integer")
        genes = "".join(f"ENSG{i}\tG{i}\tGene Expression\n" for i in order)
        cells = "".join(f"AAAC{i}-1\n" for i in range(stored.shape[1]))
        for name, text in (("features", genes), ("barcodes", cells)):
            with gzip.open(self.path(f"{folder}/{name}.tsv.gz"), "wt") as file:
                file.write(text)
        return self.path(f"{folder}/matrix.mtx.gz")

    def test_matrix_market(self):
        scipy_io.mmwrite(self.path("m.mtx"), self.matrix.tocoo(), comment="words", field="integer")
        made = self.imported("m.mtx")
        self.assertEqual(made.X.dtype, np.int32)
        np.testing.assert_array_equal(made.X.toarray(), self.dense)
        self.assertEqual(list(made.obs_names[:2]), ["0", "1"])
        scipy_io.mmwrite(self.path("r.mtx"), self.matrix.astype("f8") / 3, field="real")
        made = self.imported("r.mtx", output="r.h5ad")
        np.testing.assert_array_equal(made.X.toarray(), (self.dense / 3).astype("f4"))
        made = self.imported("r.mtx", output="d.h5ad", type="float64")
        np.testing.assert_allclose(made.X.toarray(), self.dense / 3, rtol=1e-12)
        scipy_io.mmwrite(self.path("p.mtx"), self.matrix, field="pattern")
        made = self.imported("p.mtx", output="p.h5ad")
        np.testing.assert_array_equal(made.X.toarray(), self.dense > 0)

    def test_10x_folder(self):
        made = self.imported(self.write_10x("a"), samples="columns")
        np.testing.assert_array_equal(made.X.toarray(), self.dense)
        self.assertEqual(list(made.var_names), [f"G{i}" for i in range(13)])
        self.assertEqual(made.obs_names[59], "AAAC59-1")

    def test_genes_of_several_files_by_name(self):
        order = [int(i) for i in self.rng.permutation(13)]
        names = [self.write_10x("a"), self.write_10x("b", order)]
        made = self.imported(*names, samples="columns")
        np.testing.assert_array_equal(made.X.toarray(), np.vstack([self.dense, self.dense]))
        some = self.write_10x("c", order[:9])
        text = f"c/matrix.mtx.gz: has no feature G{min(order[9:])}, which "
        self.refused(DATA, text, names[0], some, words=("--samples", "columns"))
        made = self.imported(some, names[0], output="some.h5ad", samples="columns")
        np.testing.assert_array_equal(made.X.toarray()[60:], self.dense[:, order[:9]])

    def test_csc_on_any_number_of_ranks(self):
        data = anndata.AnnData(self.matrix.tocsc(), dtype="i4")
        data.var_names = [f"g{i}" for i in range(13)]
        data.obs_names = [f"c{i}" for i in range(60)]
        data.write_h5ad(self.path("csc.h5ad"))
        for ranks in (1, 2, 3):
            made = self.imported("csc.h5ad", output=f"{ranks}.h5ad", ranks=ranks)
            np.testing.assert_array_equal(made.X.toarray(), self.dense)
            self.assertTrue(made.X.has_sorted_indices)
            self.assertEqual(list(made.var_names), list(data.var_names))
            self.assertEqual(list(made.obs_names), list(data.obs_names))
            self.assertEqual(content(self.path(f"{ranks}.h5ad")), content(self.path("1.h5ad")))

    def test_dense_data_sets_and_tables(self):
        with h5py.File(self.path("d.h5"), "w") as file:
            file["x"] = self.dense.astype("f4")
        np.savetxt(
            self.path("t.csv"),
            self.dense,
            delimiter=",",
            header=",".join(f"g{i}" for i in range(13)),
            comments="",
            fmt="%d",
        )
        np.save(self.path("n.npy"), self.dense)
        for ranks in (1, 2):
            made = self.imported("d.h5:/x", output=f"d{ranks}.h5ad", ranks=ranks)
            np.testing.assert_array_equal(made.X.toarray(), self.dense)
            made = self.imported("t.csv", output=f"t{ranks}.h5ad", ranks=ranks)
            np.testing.assert_array_equal(made.X.toarray(), self.dense)
            self.assertEqual(made.var_names[12], "g12")
        made = self.imported("n.npy", output="n.h5ad", compress=6)
        np.testing.assert_array_equal(made.X.toarray(), self.dense)
        with h5py.File(self.path("n.h5ad")) as file:
            self.assertEqual(file["X/data"].compression, "gzip")

    def test_into_a_group_and_training_from_it(self):
        with h5py.File(self.path("d.h5"), "w") as file:
            file["x"] = self.dense.astype("f4")
        self.imported("d.h5:/x", output="two.h5:/train")
        with h5py.File(self.path("two.h5")) as file:
            np.testing.assert_array_equal(read_elem(file["train/X"]).toarray(), self.dense)
        words = ("--layers", "13,3", "--batch", "20", "--micro-batch", "5", "--epochs", "2")
        for normalize in ("standardize", "none"):
            digests = set()
            for number, (data, ranks, memory) in enumerate(
                [("d.h5:/x", 1, "1GiB"), ("two.h5:/train", 3, "1GiB"), ("two.h5:/train/X", 2, "0")]
            ):
                output = self.path(f"{normalize}{number}")
                done = run(
                    *("train", "--data", self.path(data), *words, "--memory", memory),
                    *("--normalize", normalize, "--output", output),
                    ranks=ranks,
                )
                self.assertEqual(done.code, 0, str(done))
                digests.add(self.digest(f"{output}/model.h5"))
            self.assertEqual(len(digests), 1)

    def test_what_is_refused(self):
        def write(name, text):
            with open(self.path(name), "w") as file:
                file.write(text)
            return name

        head = "%%MatrixMarket matrix coordinate integer general\n"
        for number, (code, text, content_) in enumerate(
            [
                (DATA, "is not the size of a matrix", head + "3 x 2\n"),
                (DATA, "element (4, 1) lies outside of the 3 x 4 matrix", head + "3 4 1\n4 1 1\n"),
                (DATA, "element (0, 1) lies outside of the 3 x 4 matrix", head + "3 4 1\n0 1 1\n"),
                (DATA, "has 1 element, but its size says 2", head + "3 4 2\n1 1 1\n"),
                (DATA, '"1 1 x" is not an element of a matrix of int32', head + "3 4 1\n1 1 x\n"),
                (
                    DATA,
                    "sample 0 (from 0) has two elements of feature 0",
                    head + "3 4 2\n1 1 1\n1 1 2",
                ),
                (DATA, "ends before the size", head),
                (DATA, "general", head.replace("general", "symmetric") + "3 3 0\n"),
                (DATA, "claims 1000000000000 samples", head + "1000000000000 3 1\n1 1 1\n"),
                (DATA, "is not the size", head + "1000000000000000 1000000000000 1\n1 1 1\n"),
            ]
        ):
            self.refused(code, text, write(f"bad{number}.mtx", content_))
        scipy_io.mmwrite(self.path("m.mtx"), self.matrix, field="integer")
        packed = gzip.compress((self.folder / "m.mtx").read_bytes())
        with open(self.path("cut.mtx.gz"), "wb") as file:
            file.write(packed[: len(packed) // 2])
        self.refused(DATA, "truncated", "cut.mtx.gz")
        np.save(self.path("few.npy"), np.arange(59))
        text = "few.npy: has 59 labels for the 60 samples of"
        self.refused(DATA, text, "m.mtx", words=("--labels", "few.npy"))

    def test_labels(self):
        scipy_io.mmwrite(self.path("m.mtx"), self.matrix, field="integer")
        labels = self.rng.integers(0, 3, 60)
        np.save(self.path("l.npy"), labels)
        for ranks, more in ((None, {"compress": 4}), (2, {})):
            made = self.imported(
                "m.mtx", output=f"{ranks}.h5ad", ranks=ranks, labels="l.npy", **more
            )
            np.testing.assert_array_equal(made.obs["labels"], labels)
            np.testing.assert_array_equal(made.X.toarray(), self.dense)
        kinds = np.array(["stem", "b", "t"])
        rows = [f"{','.join(map(str, row))},{kinds[k]}" for row, k in zip(self.dense, labels)]
        head = ",".join(f"g{i}" for i in range(13)) + ",kind"
        (self.folder / "t.csv").write_text("\n".join([head, *rows]) + "\n")
        options = {"output": "t.h5ad", "label-column": "kind", "type": "int32"}
        made = self.imported("t.csv", **options)
        np.testing.assert_array_equal(made.X.toarray(), self.dense)
        with h5py.File(self.path("t.h5ad")) as file:
            names = np.array(file["obs/labels"].attrs["class_names"])
        np.testing.assert_array_equal(names[made.obs["labels"]], kinds[labels])
        # Commands find them.
        probe = ["probe", "--raw", "--data", self.path("t.h5ad"), "--validation-fraction", "0.3"]
        done = run(*probe, "--epochs", "1", "--batch", "20", "--micro-batch", "10")
        self.assertEqual(done.code, 0, str(done))

    def test_an_import_that_was_killed_is_continued(self):
        scipy_io.mmwrite(self.path("m.mtx"), self.matrix, field="integer")
        expected = self.imported("m.mtx", output="whole.h5ad", ranks=2)
        words = ["import", self.path("m.mtx"), "--sparse", "--output", self.path("k.h5ad")]
        environment = {**os.environ, "HOURGLASS_FAULT": "kill,rank=0,step=1"}
        killed = subprocess.run([PROGRAM, *words], env=environment, capture_output=True)
        self.assertEqual(killed.returncode, -signal.SIGKILL)
        self.assertFalse(os.path.exists(self.path("k.h5ad")))
        made = self.imported("m.mtx", output="k.h5ad", ranks=2)
        np.testing.assert_array_equal(made.X.toarray(), expected.X.toarray())
        self.assertEqual(content(self.path("k.h5ad")), content(self.path("whole.h5ad")))


if __name__ == "__main__":
    unittest.main()
