"""Records, names of columns and NeXus' declarations in files of h5py."""

import unittest

import h5py
import numpy as np

from foreign_files import DialectTest
from support import run


class RecordsTest(DialectTest):
    rng = np.random.default_rng(5)

    def store(self, values, name="x.h5", dataset="x", chunks=None, **attributes):
        with h5py.File(self.path(name), "a") as file:
            made = file.create_dataset(dataset, data=values, chunks=chunks)
            for key, value in attributes.items():
                made.attrs[key] = value
        return f"{self.path(name)}:/{dataset}"

    def records(self, kinds, count=6):
        values = np.zeros(count, kinds)
        for name in values.dtype.names:
            values[name] = self.rng.integers(0, 100, values[name].shape)
        return values

    def columns_of(self, values):
        return np.column_stack([values[name] for name in values.dtype.names])

    def test_records_of_one_type(self):
        values = self.records([("a", "f4"), ("b", "f4"), ("c", "f4")])
        found = self.reads(self.store(values), self.columns_of(values))
        self.assertEqual(found.dtype, np.float32)
        self.assertEqual(self.columns(self.path("x.h5"), "/x"), ["a", "b", "c"])
        self.reads(self.path("x.h5"), self.columns_of(values))

    def test_records_of_several_types_have_that_of_numpy(self):
        cases = ["f4,i2", "f4,i4", "i2,u2", "u1,i1", "u1,u4", "i8,u8", "f8,f4", "i4,?", "f2,u1"]
        for i, kinds in enumerate(cases):
            kinds = [(name, kind) for name, kind in zip("ab", kinds.split(","))]
            values = self.records(kinds)
            expected = self.columns_of(values)
            found = self.reads(self.store(values, dataset=f"x{i}"), expected)
            wanted = np.float32 if expected.dtype == np.float16 else expected.dtype
            self.assertEqual(found.dtype, wanted, kinds)

    def test_fields_that_are_arrays(self):
        values = self.records([("a", "f8"), ("b", "f8", (2, 2))])
        expected = np.column_stack([values["a"], values["b"].reshape(6, 4)])
        self.reads(self.store(values), expected)
        names = ["a", "b[0]", "b[1]", "b[2]", "b[3]"]
        self.assertEqual(self.columns(self.path("x.h5"), "/x"), names)

    def test_chunked_records(self):
        values = self.records([("a", "f8"), ("b", "i4")], 1000)
        self.reads(self.store(values, chunks=(64,)), self.columns_of(values))

    def test_training_on_records_is_that_on_their_columns(self):
        values = self.records([(name, "f4") for name in "abcdef"], 64)
        addresses = [self.store(values), self.store(self.columns_of(values), "y.h5")]
        digests = set()
        for i, address in enumerate(addresses):
            for memory in ("0", "1GiB"):
                output = self.path(f"run{i}{memory}")
                words = ["--layers", "6,2", "--epochs", 1, "--batch", 8, "--micro-batch", 8]
                words += ["--normalize", "standardize", "--memory", memory, "--output", output]
                result = run("train", "--data", address, *words)
                self.assertEqual(result.code, 0, str(result))
                text = self.inspect(f"{output}/model.h5")
                digests.add(next(line for line in text.splitlines() if "weights digest" in line))
        self.assertEqual(len(digests), 1, digests)

    def test_records_with_text_are_refused_with_what_stores_the_others(self):
        values = np.array([(b"x", 1, 2), (b"y", 3, 4)], [("id", "S4"), ("a", "f4"), ("b", "f4")])
        self.store(values)
        message = self.refusal("x.h5:/x", "these fields are not numbers: 'id'")
        self.reads(self.follow(message), [[1, 2], [3, 4]])

    def test_records_without_numbers_are_refused(self):
        self.store(np.array([(b"x",), (b"y",)], [("id", "S4")]))
        self.refusal("x.h5:/x", "none of their fields ('id')", "is a number; name another data set")

    def test_complex_numbers_are_refused_with_what_stores_their_parts(self):
        values = self.rng.random((6, 3)) + 1j * self.rng.random((6, 3))
        self.store(values)
        message = self.refusal("x.h5:/x", "; write their parts as columns: python3 -c ")
        self.reads(self.follow(message), np.concatenate([values.real, values.imag], 1))

    def test_attributes_name_the_columns(self):
        names = ["mass", "charge", "spin"]
        for i, attribute in enumerate(("feature_names", "column_names", "columns", "names")):
            self.store(np.ones((6, 3)), dataset=f"x{i}", **{attribute: names})
            self.assertEqual(self.columns(self.path("x.h5"), f"/x{i}"), names)

    def test_another_number_of_names_is_none(self):
        self.store(np.ones((6, 3)), names=["mass", "charge"])
        self.assertIsNone(self.columns(self.path("x.h5"), "/x"))

    def test_units(self):
        self.store(np.ones((6, 3)), units="kPa")
        self.assertIn("in kPa", self.inspect(self.path("x.h5")))

    def test_scales_of_h5py_name_the_columns_and_are_no_samples(self):
        with h5py.File(self.path("x.h5"), "w") as file:
            file["x"] = np.arange(18.0).reshape(6, 3)
            file["band"] = np.array(["r", "g", "b"], "S")
            file["grid"] = np.ones((6, 3))
            file["band"].make_scale("band")
            file["grid"].make_scale("grid")
            file["x"].dims[1].attach_scale(file["band"])
        self.assertEqual(self.columns(self.path("x.h5"), "/x"), ["r", "g", "b"])
        self.reads(self.path("x.h5"), np.arange(18.0).reshape(6, 3))

    def nexus(self, default):
        with h5py.File(self.path("n.h5"), "w") as file:
            for path, kind in [
                ("entry", "NXentry"),
                ("entry/data", "NXdata"),
                ("entry/instrument/detector", "NXdetector"),
            ]:
                file.require_group(path).attrs["NX_class"] = kind
            file["entry/data/counts"] = np.arange(24).reshape(4, 6)
            file["entry/data/errors"] = np.ones((4, 6))
            file["entry/instrument/detector/raw"] = np.ones((9, 6))
            file["entry/data"].attrs["signal"] = "counts"
            if default:
                file.attrs["default"] = "entry"
                file["entry"].attrs["default"] = "data"

    def test_nexus_signal(self):
        for default in (True, False):
            self.nexus(default)
            for address in ("n.h5", "n.h5:/entry/data"):
                self.reads(self.path(address), np.arange(24).reshape(4, 6))


if __name__ == "__main__":
    unittest.main()
