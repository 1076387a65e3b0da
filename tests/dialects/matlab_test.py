"""MATLAB 7.3 files, as MATLAB lays them out: h5py writes the same bytes, attributes and order of
axes. Each matrix is compared with what MATLAB shows."""

import unittest

import h5py
import numpy as np

from foreign_files import DialectTest
from support import run


class MatlabTest(DialectTest):
    rng = np.random.default_rng(2)

    def setUp(self):
        super().setUp()
        with h5py.File(self.path("m.mat"), "w", userblock_size=512):
            pass
        with open(self.path("m.mat"), "r+b") as file:
            file.write(b"MATLAB 7.3 MAT-file, Platform: GLNXA64".ljust(116))
            file.seek(124)
            file.write(b"\x00\x02IM")

    def save(self, name, values, kind="double", chunks=None, **attributes):
        """Stores an array under the name as MATLAB does: column-major."""
        values = np.asarray(values)
        with h5py.File(self.path("m.mat"), "a") as file:
            options = {"compression": "gzip"} if chunks else {}
            dataset = file.create_dataset(name, data=values.T, chunks=chunks, **options)
            dataset.attrs["MATLAB_class"] = np.bytes_(kind)
            for key, value in attributes.items():
                dataset.attrs[key] = value
        return f"{self.path('m.mat')}:/{name}"

    def test_a_matrix(self):
        values = self.rng.random((7, 3))
        self.reads(self.save("A", values), values)

    def test_a_square_matrix(self):
        values = self.rng.random((5, 5))
        self.reads(self.save("A", values), values)

    def test_without_a_path(self):
        values = self.rng.random((7, 3))
        self.save("A", values)
        self.save("name", [[104, 105, 33]], "char", MATLAB_int_decode=np.int32(2))
        self.reads(self.path("m.mat"), values)

    def test_single(self):
        values = self.rng.random((4, 6)).astype("f4")
        self.assertEqual(self.reads(self.save("A", values, "single"), values).dtype, np.float32)

    def test_integers(self):
        for kind in ("int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64"):
            values = self.rng.integers(0, 100, (4, 6)).astype(kind)
            address = self.save(kind, values, kind)
            self.assertEqual(self.reads(address, values).dtype, np.dtype(kind))

    def test_logical(self):
        values = self.rng.integers(0, 2, (4, 6)).astype("u1")
        self.reads(self.save("A", values, "logical", MATLAB_int_decode=np.int32(1)), values)

    def test_three_dimensions(self):
        values = self.rng.random((6, 3, 4))
        self.reads(self.save("A", values), values)

    def test_four_dimensions(self):
        values = self.rng.random((5, 2, 3, 4)).astype("f4")
        self.reads(self.save("A", values, "single"), values)

    def test_chunks(self):
        values = self.rng.random((300, 70))
        self.reads(self.save("A", values, chunks=(16, 32)), values)

    def test_parts_of_the_rows(self):
        """Larger than what is transposed at once."""
        values = self.rng.random((3000, 800))
        self.reads(self.save("A", values), values)

    def test_several_files_as_one(self):
        values = self.rng.random((8, 3))
        a, b = self.save("A", values[:5]), self.save("B", values[5:])
        np.testing.assert_array_equal(self.values(f"{a},{b}"), values)

    def test_it_is_said(self):
        said = "MATLAB: stored column-major, read transposed"
        address = self.save("A", self.rng.random((40, 6)))
        self.assertIn(said, self.inspect(self.path("m.mat")))
        words = ["--layers", "6,2", "--epochs", 1, "--batch", 8, "--micro-batch", 8]
        result = run("train", "--data", address, *words, "--output", self.path("run"))
        self.assertEqual(result.code, 0, str(result))
        self.assertIn(said, result.stdout + result.stderr)

    def test_training_is_that_on_the_transposed_matrix(self):
        values = self.rng.random((40, 40))
        address = self.save("A", values, chunks=(8, 8))
        with h5py.File(self.path("rows.h5"), "w") as file:
            file["A"] = values
        digests = set()
        for data, memory in [
            (address, "1GiB"),
            (address, "0"),
            (self.path("rows.h5") + ":/A", "1GiB"),
        ]:
            words = ["--layers", "40,3", "--epochs", 2, "--batch", 8, "--micro-batch", 4]
            output = self.path(f"run{len(digests)}{memory}")
            words += ["--memory", memory, "--output", output]
            result = run("train", "--data", data, *words)
            self.assertEqual(result.code, 0, str(result))
            text = self.inspect(f"{output}/model.h5")
            digests.add(next(line for line in text.splitlines() if "weights digest" in line))
        self.assertEqual(len(digests), 1, digests)

    def test_text_is_refused(self):
        self.save("A", self.rng.random((7, 3)))
        address = self.save("c", [[104, 105]], "char", MATLAB_int_decode=np.int32(2))
        self.refusal(address, "class char", ", not numbers; name another variable: ", "it holds /A")

    def test_cells_are_refused(self):
        with h5py.File(self.path("m.mat"), "a") as file:
            file["#refs#/a"] = self.rng.random((3, 2))
            cells = file.create_dataset("c", (2, 1), h5py.ref_dtype)
            cells[0, 0] = cells[1, 0] = file["#refs#/a"].ref
            cells.attrs["MATLAB_class"] = np.bytes_("cell")
        self.refusal(f"{self.path('m.mat')}:/c", "cell array; save the matrix as a variable")
        values = self.rng.random((7, 3))
        self.save("A", values)
        self.reads(self.path("m.mat"), values)

    def test_structs_are_refused_with_their_fields(self):
        address = self.save("s/x", self.rng.random((7, 3)))
        with h5py.File(self.path("m.mat"), "a") as file:
            file["s"].attrs["MATLAB_class"] = np.bytes_("struct")
        self.refusal(f"{self.path('m.mat')}:/s", "is a MATLAB struct; name a field of it", "/s/x")
        self.assertEqual(self.values(address).shape, (7, 3))

    def test_sparse_matrices_are_refused_with_what_makes_them_dense(self):
        import scipy.sparse

        matrix = scipy.sparse.random(8, 5, 0.4, "csc", random_state=1)
        with h5py.File(self.path("m.mat"), "a") as file:
            group = file.create_group("S")
            group.attrs["MATLAB_class"] = np.bytes_("double")
            group.attrs["MATLAB_sparse"] = np.uint64(8)
            group["data"], group["ir"] = matrix.data, matrix.indices.astype("u8")
            group["jc"] = matrix.indptr.astype("u8")
        message = self.refusal(
            "m.mat:/S", "is a sparse matrix of MATLAB", "; make it dense: python3 -c "
        )
        self.reads(self.follow(message), matrix.toarray())

    def test_empty_arrays_are_refused(self):
        address = self.save("e", np.array([0, 3], "u8"), MATLAB_empty=np.uint8(1))
        self.refusal(address, "is an empty MATLAB array; name another variable")


if __name__ == "__main__":
    unittest.main()
