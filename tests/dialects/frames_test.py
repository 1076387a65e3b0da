"""`import` of data frames and records: typed columns, compared with what pandas reads back; and of
other HDF5 files: names, units and missing values stay."""

import json
import unittest
import warnings

import h5py
import numpy as np

from foreign_files import DialectTest
from extras import need
from support import DATA, USAGE, run, write_file

netCDF4, pandas, _ = need("netCDF4", "pandas", "tables")
warnings.simplefilter("ignore")


class FramesTest(DialectTest):
    rng = np.random.default_rng(3)

    def frame(self, rows=40):
        frame = pandas.DataFrame(
            {
                "a": self.rng.normal(0, 10, rows),
                "n": np.arange(rows),
                "ok": self.rng.random(rows) < 0.5,
                "when": pandas.date_range("2024-01-01", periods=rows, freq="36h"),
                "b": self.rng.random(rows).astype("f4"),
                "lasts": pandas.to_timedelta(np.arange(rows) * 1.5, unit="s"),
            }
        )
        frame.loc[2, "a"] = np.nan
        frame.loc[3, "when"] = pandas.NaT
        return frame

    def mixed(self, rows=40):
        frame = self.frame(rows).assign(city=self.rng.choice(["Oslo", "Köln", "Rome"], rows))
        frame.loc[4, "city"] = None
        frame["kind"] = pandas.Categorical(self.rng.choice(["u", "v"], rows), ["v", "u", "w"])
        frame.loc[5, "kind"] = None
        frame["level"] = pandas.Categorical(self.rng.choice([10, 9], rows))
        return frame

    def imported(self, *words):
        output = self.folder / f"out{len(list(self.folder.iterdir()))}.h5"
        result = run("import", *words, "--output", output, folder=self.folder)
        self.assertEqual(result.code, 0, str(result))
        with h5py.File(output) as file:
            samples = file["samples"]
            columns = json.loads(samples.attrs["columns"]) if "columns" in samples.attrs else None
            return samples[:], columns, dict(samples.attrs), result.stdout

    def check(self, source, frame, *options):
        """Every column of the import against the frame that pandas reads."""
        values, columns, _, _ = self.imported(source, *options)
        self.assertEqual([column["name"] for column in columns], list(frame))
        for column in columns:
            with self.subTest(column=column["name"]):
                cells = frame[column["name"]]
                found = values[:, column["first"] : column["first"] + column["count"]]
                kind = "number"
                if cells.dtype == bool:
                    kind, wanted = "boolean", cells.astype(float)
                elif cells.dtype.kind == "M":
                    kind = "date"
                    wanted = (cells - pandas.Timestamp(0)).dt.total_seconds()
                elif cells.dtype.kind == "m":
                    wanted = cells.dt.total_seconds()
                elif cells.dtype == object or str(cells.dtype) == "category":
                    kind = "category"
                    texts = cells.astype(object).map(str, na_action="ignore")
                    wanted = np.array(
                        [
                            [np.nan if pandas.isna(t) else float(t == v) for t in texts]
                            for v in column["vocabulary"]
                        ]
                    ).T
                else:
                    wanted = cells
                self.assertEqual(column["kind"], kind)
                wanted = np.asarray(wanted).reshape(found.shape).astype(values.dtype)
                np.testing.assert_array_equal(found, wanted)
        return columns

    def test_fixed_format(self):
        frame = self.frame()
        frame.to_hdf(self.path("f.h5"), "df")
        for source in ("f.h5", "f.h5:/df"):
            columns = self.check(source, pandas.read_hdf(self.path("f.h5"), "df"))
        self.assertEqual(columns[3]["format"], "%Y-%m-%d %H:%M:%S")

    def test_table_format(self):
        for name, how in (("t.h5", {}), ("d.h5", {"data_columns": True})):
            self.mixed().to_hdf(self.path(name), "df", format="table", **how)
            columns = self.check(f"{name}:/df", pandas.read_hdf(self.path(name), "df"))
            by_name = {column["name"]: column for column in columns}
            self.assertEqual(by_name["city"]["vocabulary"], ["Köln", "Oslo", "Rome"])
            self.assertEqual(by_name["kind"]["vocabulary"], ["v", "u", "w"])
            self.assertEqual(by_name["level"]["vocabulary"], ["9", "10"])

    def test_days(self):
        frame = pandas.DataFrame({"day": pandas.date_range("1969-12-30", periods=9), "x": 1.5})
        frame.to_hdf(self.path("f.h5"), "df")
        self.assertEqual(self.check("f.h5", frame)[0]["format"], "%Y-%m-%d")

    def test_pickled_columns(self):
        self.mixed().drop(columns=["kind", "level"]).to_hdf(self.path("f.h5"), "df")
        words = ["import", "f.h5:/df", "--output", "no.h5"]
        result = run(*words, folder=self.folder)
        self.assertEqual(result.code, DATA)
        self.assertIn("its columns 'city' are pickled Python objects", result.error_lines[0])
        self.assertIn("; store the frame as a table: python3 -c ", result.error_lines[0])
        self.assertIn(" and name table.h5:/x", result.error_lines[0])
        self.check(self.follow(result.error_lines[0]), pandas.read_hdf(self.path("f.h5")))
        rest = pandas.read_hdf(self.path("f.h5")).drop(columns="city")
        self.check("f.h5:/df", rest, "--drop-columns", "city")
        result = run(*words, "--drop-columns", "city,town", folder=self.folder)
        self.assertEqual(result.code, USAGE)
        self.assertIn("has no column 'town'", result.error_lines[0])

    def test_frames_share_their_categories(self):
        first, second = self.mixed(20), self.mixed(30)
        first["city"], second["city"] = "Oslo", "Bonn"
        second = second[second.columns[::-1]]
        for name, frame in (("first", first), ("second", second)):
            frame.to_hdf(self.path("t.h5"), name, format="table")
        both = pandas.concat([first, second[first.columns]], ignore_index=True)
        values, columns, _, _ = self.imported("t.h5:/first", "t.h5:/second")
        (city,) = [column for column in columns if column["name"] == "city"]
        self.assertEqual(city["vocabulary"], ["Oslo", "Bonn"])
        found = values[:, city["first"] : city["first"] + 2]
        np.testing.assert_array_equal(found[:, 0], both.city == "Oslo")
        output = self.path("train.h5")
        run("import", "t.h5:/first", "--output", output, folder=self.folder)
        values, columns, _, printed = self.imported("t.h5:/second", "--like", output)
        (city,) = [column for column in columns if column["name"] == "city"]
        self.assertEqual(city["vocabulary"], ["Oslo"])
        self.assertTrue((values[:, city["first"]] == 0).all(), "an unknown category")
        np.testing.assert_allclose(values[:, 0], second["a"])

    def test_records(self):
        kind = np.dtype([("x", "f4"), ("name", "S5"), ("ok", "?"), ("n", "i2", (2,))])
        rows = [(i / 3, b"ab"[i % 2 : i % 2 + 1], i % 3 == 0, (i, -i)) for i in range(12)]
        values = np.array(rows, kind)
        write_file(self.path("r.h5"), events=values)
        found, columns, _, _ = self.imported("r.h5:/events")
        self.assertEqual([c["name"] for c in columns], ["x", "name", "ok", "n[0]", "n[1]"])
        self.assertEqual([c["kind"] for c in columns][1:3], ["category", "boolean"])
        text = np.stack([values["name"] == b"a", values["name"] == b"b"], 1)
        wanted = np.column_stack([values["x"], text, values["ok"], values["n"]])
        np.testing.assert_array_equal(found, wanted.astype("f4"))

    def test_damaged_codes(self):
        self.mixed().to_hdf(self.path("d.h5"), "df", format="table", data_columns=True)
        with h5py.File(self.path("d.h5"), "a") as file:
            rows = file["df/table"][:]
            rows["kind"][7] = 3
            file["df/table"][:] = rows
        result = run("import", "d.h5:/df", "--output", "no.h5", folder=self.folder)
        self.assertEqual(result.code, DATA)
        self.assertIn("row 7 (from 0) holds category 3 in column 'kind'", result.error_lines[0])

    def test_the_same_on_any_number_of_ranks(self):
        self.mixed(300).to_hdf(self.path("t.h5"), "df", format="table")
        files = []
        for ranks in (None, 3):
            output = self.folder / f"ranks{ranks}.h5"
            result = run("import", "t.h5", "--output", output, ranks=ranks, folder=self.folder)
            self.assertEqual(result.code, 0, str(result))
            with h5py.File(output) as file:
                files.append(
                    file["samples"][:].tobytes() + file["samples"].attrs["columns"].encode()
                )
        self.assertEqual(files[0], files[1])

    def test_names_units_and_missing_values_stay(self):
        with netCDF4.Dataset(self.path("c.nc"), "w") as file:
            for axis, size in (("time", 9), ("station", 4)):
                file.createDimension(axis, size)
            file.createVariable("station", "f8", ("station",))[:] = [10, 20, 30, 40]
            made = file.createVariable("t2m", "i2", ("time", "station"), fill_value=-9)
            made.scale_factor, made.add_offset, made.units = 0.5, 280.0, "K"
            values = np.ma.array(280 + np.arange(36).reshape(9, 4), mask=np.eye(9, 4, dtype=bool))
            made[:] = values
        found, _, attributes, printed = self.imported("c.nc:/t2m")
        np.testing.assert_array_equal(found, values.astype(float).filled(np.nan))
        self.assertEqual(attributes["units"], b"K")
        self.assertEqual(list(attributes["feature_names"])[::3], ["station=10", "station=40"])
        self.assertIn("missing values are stored as NaN: train with --missing mask", printed)

    def test_infinity_is_refused(self):
        values = np.ones((9, 3))
        values[4, 2] = np.inf
        write_file(self.path("x.h5"), x=values)
        self.assertEqual(run("import", "x.h5", "--output", "no.h5", folder=self.folder).code, DATA)

    def test_files_with_columns_in_another_order(self):
        values = self.rng.random((16, 3))
        for name, names in (("a", "xyz"), ("b", "zxy"), ("c", "xyq")):
            write_file(self.path(f"{name}.h5"), t=values[:, ["xyz".find(n) for n in names]])
            with h5py.File(self.path(f"{name}.h5"), "a") as file:
                file["t"].attrs["feature_names"] = list(names)
        both = np.concatenate([values, values])
        self.reads(self.path("a.h5") + "," + self.path("b.h5") + ":/t", both)
        found, _, attributes, _ = self.imported("a.h5:/t", "b.h5:/t")
        np.testing.assert_array_equal(found, both)
        self.assertEqual(list(attributes["feature_names"]), list("xyz"))
        missing = "c.h5:/t: has no column 'z', which a.h5:/t has"
        self.refusal("a.h5,c.h5:/t", missing, ": give the columns of all files the same names")
        words = ["--layers", "3,2", "--batch", "8", "--micro-batch", "8", "--epochs", "1"]
        words += ["--output", "run", "--data", "a.h5,b.h5:/t"]
        result = run("train", *words, folder=self.folder)
        printed = result.stdout + result.stderr
        self.assertIn("1 data set with columns in another order than a.h5:/t", printed)
        self.assertIn(", put right by their names", printed)
        for sources, text in (
            (["a.h5:/t", "c.h5:/t"], missing),
            (["a.h5:/t", "b.h5:/t", "--virtual"], "leave --virtual out"),
        ):
            result = run("import", *sources, "--output", "no.h5", folder=self.folder)
            self.assertEqual(result.code, DATA, str(result))
            self.assertIn(text, result.error_lines[0])
        with h5py.File(self.path("c.h5"), "a") as file:
            file["t"].attrs["feature_names"] = list("xyz")
        self.imported("a.h5:/t", "c.h5:/t")

    def test_two_units(self):
        values = self.rng.random((9, 3))
        for name, units, offset in (("a", "K", 273.15), ("b", "degC", 0)):
            write_file(self.path(f"{name}.h5"), t=values + offset)
            with h5py.File(self.path(f"{name}.h5"), "a") as file:
                file["t"].attrs["units"] = units
        result = run("import", "a.h5", "b.h5", "--output", "no.h5", folder=self.folder)
        self.assertEqual(result.code, DATA, str(result))
        self.assertIn("in degC, those of a.h5:/t in K", result.error_lines[0])
        self.assertIn(": convert one of them", result.error_lines[0])
        with h5py.File(self.path("b.h5"), "a") as file:
            file["t"][:] = file["t"][:] + 273.15
            file["t"].attrs["units"] = "K"
        self.assertEqual(self.imported("a.h5", "b.h5")[2]["units"], b"K")

    def test_columns_that_have_no_kind(self):
        values = np.zeros(9, [("x", "f4"), ("z", "c8"), ("name", "S3")])
        write_file(self.path("r.h5"), events=values)
        result = run("import", "r.h5:/events", "--output", "no.h5", folder=self.folder)
        self.assertEqual(result.code, DATA, str(result))
        text = "which has no kind of column: leave it out with --drop-columns {}"
        self.assertIn(text.format("z"), result.error_lines[0])
        values["name"] = b"abc"
        write_file(self.path("r.h5"), events=values)
        self.assertEqual(self.imported("r.h5:/events", "--drop-columns", "z")[0].shape, (9, 2))

    def test_two_columns_of_one_name(self):
        """pandas writes none such."""
        frame = pandas.DataFrame({"a": [1.5, 2, 3], "b": [0.5, 1, 2], "c": [True, False, True]})
        frame.to_hdf(self.path("f.h5"), "df")
        with h5py.File(self.path("f.h5"), "a") as file:
            (items,) = [v for v in file["df"].values() if v.shape == (2,) and v.dtype.kind == "S"]
            items[:] = [b"a", b"a"]
        result = run("import", "f.h5", "--output", "no.h5", folder=self.folder)
        self.assertEqual(result.code, DATA, str(result))
        self.assertIn("has two columns '", result.error_lines[0])
        self.assertIn("'; rename one", result.error_lines[0])
        frame.to_hdf(self.path("f.h5"), "df", mode="w")
        self.check("f.h5", frame)

    def test_options_of_tables_are_refused_for_numbers(self):
        write_file(self.path("x.h5"), x=np.ones((9, 3)))
        words = ["import", "x.h5", "--output", "no.h5", "--drop-columns", "a"]
        result = run(*words, folder=self.folder)
        self.assertEqual(result.code, USAGE)
        self.assertIn("leave them out", result.error_lines[0])


if __name__ == "__main__":
    unittest.main()
