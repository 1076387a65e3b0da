"""Data frames that pandas stored in HDF5, and tables of PyTables, compared with pandas."""

import unittest
import warnings

import numpy as np

from foreign_files import DialectTest
from extras import need

pandas, tables = need("pandas", "tables")
warnings.simplefilter("ignore")


class PandasTest(DialectTest):
    rng = np.random.default_rng(4)

    def frame(self, columns=("alpha", "b c", "größe"), kind="f8"):
        values = self.rng.normal(0, 10, (6, len(columns))).astype(kind)
        return pandas.DataFrame(values, columns=list(columns))

    def store(self, frame, name="f.h5", key="df", **how):
        frame.to_hdf(self.path(name), key, **how)
        return self.path(name)

    def check(self, frame, dataset, **how):
        """By the frame's name, without one, and by the data set that holds its values."""
        path = self.store(frame, **how)
        expected = pandas.read_hdf(path).to_numpy()
        for address in (path, f"{path}:/df", path + ":" + dataset):
            self.assertEqual(self.reads(address, expected).dtype, expected.dtype)
        self.assertEqual(self.columns(path, dataset), [str(name) for name in frame.columns])

    def test_fixed_format(self):
        self.check(self.frame(), "/df/block0_values")

    def test_fixed_format_of_integers(self):
        self.check(self.frame(kind="i4"), "/df/block0_values")

    def test_fixed_format_without_names(self):
        self.check(self.frame(columns=range(4)), "/df/block0_values")

    def test_fixed_format_compressed(self):
        self.check(self.frame(), "/df/block0_values", complib="zlib", complevel=5)

    def test_table_format(self):
        self.check(self.frame(), "/df/table", format="table")

    def test_table_format_of_float32(self):
        self.check(self.frame(kind="f4"), "/df/table", format="table")

    def test_table_format_without_names(self):
        self.check(self.frame(columns=range(4)), "/df/table", format="table")

    def test_table_format_with_data_columns(self):
        self.check(self.frame(), "/df/table", format="table", data_columns=True)

    def test_table_format_with_names_beyond_latin_1(self):
        self.check(self.frame(("温度", "Δp", "a\\b")), "/df/table", format="table")

    def test_table_format_with_dates_as_index(self):
        frame = self.frame()
        frame.index = pandas.date_range("2024-01-01", periods=6)
        self.check(frame, "/df/table", format="table")

    def test_table_of_integers_and_floats(self):
        frame = self.frame()
        frame["n"] = np.arange(6)
        path = self.store(frame, format="table")
        self.reads(f"{path}:/df", pandas.read_hdf(path).to_numpy())

    def test_series(self):
        path = self.store(pandas.Series(self.rng.random(5)))
        self.reads(f"{path}:/df", pandas.read_hdf(path).to_numpy())

    def refused(self, frame, *texts, **how):
        self.store(frame, **how)
        texts = [
            *texts,
            "hourglass import makes",
            "write its columns of numbers as one block: python3 -c ",
        ]
        message = self.refusal("f.h5:/df", *texts)
        expected = frame.select_dtypes(["number", "bool"]).astype("float64").to_numpy()
        self.reads(self.follow(message), expected)

    def test_blocks_of_several_types(self):
        frame = self.frame()
        frame["n"], frame["ok"] = np.arange(6), True
        self.refused(frame, "is a pandas data frame whose columns have several types")

    def test_text_columns(self):
        frame = self.frame()
        frame["kind"] = list("abcabc")
        self.refused(frame, "whose columns have several types")
        self.assertIn("columns have several types", self.refusal("f.h5"))

    def test_text_columns_of_tables(self):
        frame = self.frame(("a", "b"))
        frame["kind"] = list("abcabc")
        self.store(frame, format="table", data_columns=True)
        message = self.refusal(
            "f.h5:/df", "these fields are not numbers: 'kind'", "; write the others: python3 -c "
        )
        self.reads(self.follow(message), frame[["a", "b"]].to_numpy())

    def test_text_alone(self):
        self.store(pandas.DataFrame({"kind": list("abcabc")}))
        self.refusal("f.h5:/df", "is a pandas data frame of Python objects, text or booleans")

    def test_several_frames(self):
        a, b = self.frame(), self.frame()
        self.store(a, key="a")
        self.store(b, key="b")
        self.refusal("f.h5", "holds several pandas data frames: /a, /b; name one: f.h5:/a")
        self.reads(self.path("f.h5") + ":/b", b.to_numpy())

    def test_tables_of_pytables(self):
        kind = np.dtype([("x", "f4"), ("y", "f4"), ("n", "i2")])
        values = np.array([(1, 2, 3), (4, 5, 6)], kind)
        with tables.open_file(self.path("t.h5"), "w") as file:
            file.create_table("/group", "readout", values, createparents=True)
        found = self.reads(self.path("t.h5"), [[1, 2, 3], [4, 5, 6]])
        self.assertEqual(found.dtype, np.float32)
        self.assertEqual(self.columns(self.path("t.h5"), "/group/readout"), ["x", "y", "n"])

    def test_arrays_of_pytables(self):
        values = self.rng.random((6, 3))
        with tables.open_file(self.path("t.h5"), "w") as file:
            file.create_carray("/", "x", obj=values, filters=tables.Filters(5, "zlib"))
        self.reads(self.path("t.h5"), values)


if __name__ == "__main__":
    unittest.main()
