"""netCDF files and the attributes of their conventions, compared with netCDF4's masked arrays."""

import unittest

import h5py
import numpy as np

from foreign_files import DialectTest
from extras import need
from support import run

netCDF4, xarray = need("netCDF4", "xarray")


class NetcdfTest(DialectTest):
    rng = np.random.default_rng(1)

    def create(self, name="x.nc", rows=6, columns=4):
        file = netCDF4.Dataset(self.path(name), "w")
        file.createDimension("sample", rows)
        file.createDimension("feature", columns)
        return file

    def stored(self, kind, values, attributes=(), fill=None, name="x.nc"):
        """Writes the stored numbers of a variable `v` with attributes, and returns its path."""
        values = np.asarray(values)
        with self.create(name, *values.shape) as file:
            variable = file.createVariable("v", kind, ("sample", "feature"), fill_value=fill)
            variable.set_auto_maskandscale(False)
            for key, value in dict(attributes).items():
                variable.setncattr(key, value)
            variable[:] = values
        return self.path(name)

    def decoded(self, path, variable="v"):
        """As netCDF4 decodes it."""
        with netCDF4.Dataset(path) as file:
            file.set_always_mask(True)
            return file[variable][:]

    def check(self, *arguments, rtol=0.0, **how):
        path = self.stored(*arguments, **how)
        expected = self.decoded(path)
        return self.reads(f"{path}:/v", expected, rtol), expected

    def integers(self, low, high, kind):
        return self.rng.integers(low, high, (6, 4)).astype(kind)

    def test_packed_int16(self):
        values = self.integers(-30000, 30000, "i2")
        values[::3, 1] = -32767
        packing = {"scale_factor": 0.01, "add_offset": 273.15}
        found, expected = self.check("i2", values, packing, fill=np.int16(-32767))
        self.assertEqual(found.dtype, np.float64)
        self.assertEqual(expected.mask.sum(), 2)

    def test_packing_of_single_precision(self):
        values = self.integers(-100, 100, "i2")
        packing = {"scale_factor": np.float32(0.1), "add_offset": np.float32(3)}
        found, _ = self.check("i2", values, packing, rtol=3e-7)
        self.assertEqual(found.dtype, np.float32)

    def test_scale_alone_and_offset_alone(self):
        values = self.integers(-100, 100, "i2")
        self.check("i2", values, {"scale_factor": 0.25})
        self.check("i2", values, {"add_offset": -40.0})

    def test_packed_bytes(self):
        self.check("i1", self.integers(-128, 127, "i1"), {"scale_factor": 0.5, "add_offset": 10.0})

    def test_packed_int32(self):
        values = self.integers(-(10**9), 10**9, "i4")
        found, _ = self.check("i4", values, {"scale_factor": 1e-3, "add_offset": 7.0})
        self.assertEqual(found.dtype, np.float64)

    def test_packed_uint8_is_unsigned(self):
        packing = {"scale_factor": 0.5, "add_offset": 0.0}
        self.check("u1", self.integers(0, 255, "u1"), packing)

    def test_unsigned_bytes(self):
        values = self.integers(-128, 127, "i1")
        values[2, 2] = -1
        attributes = {"_Unsigned": "true", "scale_factor": 2.0, "_FillValue": np.int8(-1)}
        fill = attributes.pop("_FillValue")
        found, expected = self.check("i1", values, attributes, fill=fill)
        self.assertTrue(expected.mask[2, 2])
        self.assertGreaterEqual(np.nanmin(found), 0)

    def test_unsigned_int16_with_bounds(self):
        values = self.integers(-32768, 32767, "i2")
        attributes = {"_Unsigned": "true", "scale_factor": 1.5, "valid_max": np.int16(-100)}
        self.check("i2", values, attributes)

    def test_unsigned_without_packing_stays_integer(self):
        path = self.stored("i1", [[-1, 1], [127, -128]], {"_Unsigned": "true"})
        found = self.values(f"{path}:/v")
        np.testing.assert_array_equal(found, [[255, 1], [127, 128]])
        self.assertEqual(found.dtype, np.uint8)

    def test_fill_value_of_float32(self):
        values = self.rng.random((6, 4)).astype("f4")
        values[1, 2] = values[5, 0] = np.float32(1e20)
        found, expected = self.check("f4", values, fill=np.float32(1e20))
        self.assertEqual(found.dtype, np.float32)
        self.assertEqual(expected.mask.sum(), 2)

    def test_fill_value_of_float64(self):
        values = self.rng.random((6, 4))
        values[0, 0] = -9999
        self.check("f8", values, fill=-9999.0)

    def test_fill_value_nan(self):
        values = self.rng.random((6, 4)).astype("f4")
        values[1, 1] = np.nan
        self.check("f4", values, fill=np.float32(np.nan))

    def test_missing_value(self):
        values = self.rng.random((6, 4)).astype("f4")
        values[3] = -999
        self.check("f4", values, {"missing_value": np.float32(-999)})

    def test_several_missing_values(self):
        values = self.integers(0, 9, "i2")
        _, expected = self.check("i2", values, {"missing_value": np.array([3, 5, 7], "i2")})
        self.assertTrue(expected.mask.any())

    def test_fill_and_missing_value_together(self):
        values = self.rng.random((6, 4)).astype("f4")
        values[0, 0], values[0, 1] = 1e20, -999
        attributes = {"missing_value": np.float32(-999)}
        _, expected = self.check("f4", values, attributes, fill=np.float32(1e20))
        self.assertEqual(expected.mask.sum(), 2)

    def test_missing_value_of_a_wider_type_is_rounded(self):
        """netCDF4 ignores -999.9 in double on a variable of float; it means the stored number."""
        values = self.rng.random((6, 4)).astype("f4")
        values[2, 2] = -999.9
        path = self.stored("f4", values, {"missing_value": np.float64(-999.9)})
        found = self.values(f"{path}:/v")
        self.assertTrue(np.isnan(found[2, 2]))
        self.assertEqual(np.isnan(found).sum(), 1)

    def test_missing_value_that_no_integer_can_be(self):
        values = self.integers(-5, 5, "i2")
        values[0, 0] = 32767
        self.check("i2", values, {"missing_value": np.float64(1e20), "scale_factor": 0.5})

    def test_valid_min(self):
        self.check("i2", self.integers(-5, 5, "i2"), {"valid_min": np.int16(0)})

    def test_valid_max(self):
        self.check("f4", self.rng.random((6, 4)).astype("f4"), {"valid_max": np.float32(0.5)})

    def test_valid_range(self):
        attributes = {"valid_range": np.array([-2, 2], "i2"), "scale_factor": 0.1}
        _, expected = self.check("i2", self.integers(-5, 6, "i2"), attributes)
        self.assertTrue(expected.mask.any())

    def test_bounds_hold_for_stored_numbers(self):
        values = np.array([[0, 100], [101, 50]], "i2")
        attributes = {"scale_factor": 10.0, "valid_max": np.int16(100)}
        self.check("i2", values, attributes)

    def test_floating_bounds_of_packed_integers_hold_for_values(self):
        """As netCDF's Users Guide says; netCDF4 compares them with stored numbers."""
        values = np.array([[0, 100], [101, -1]], "i2")
        attributes = {"scale_factor": 0.5, "add_offset": 250.0, "valid_max": 300.0}
        path = self.stored("i2", values, attributes)
        found = self.values(f"{path}:/v")
        np.testing.assert_array_equal(found, [[250, 300], [np.nan, 249.5]])
        self.assertIn("above 300 when unpacked", self.inspect(path))

    def test_default_fill_value_of_floats(self):
        for kind in ("f4", "f8"):
            with self.create(f"{kind}.nc") as file:
                variable = file.createVariable("v", kind, ("sample", "feature"))
                variable[:4] = self.rng.random((4, 4))
                variable[5] = 1
            path = self.path(f"{kind}.nc")
            expected = self.decoded(path)
            self.assertTrue(expected.mask[4].all())
            self.reads(f"{path}:/v", expected)

    def test_default_fill_value_of_packed_integers(self):
        with self.create() as file:
            variable = file.createVariable("v", "i2", ("sample", "feature"))
            variable.scale_factor = 0.5
            variable[:3] = self.rng.random((3, 4))
        expected = self.decoded(self.path("x.nc"))
        self.assertTrue(expected.mask[3:].all())
        self.reads(self.path("x.nc"), expected)

    def test_integers_keep_their_type(self):
        values = self.integers(0, 1000, "i4")
        found, _ = self.check("i4", values)
        self.assertEqual(found.dtype, np.int32)

    def test_unwritten_integers_are_refused(self):
        with self.create() as file:
            variable = file.createVariable("v", "i4", ("sample", "feature"))
            variable[:4] = self.integers(0, 9, "i4")[:4]
            variable[5] = 1
        message = self.refusal(
            "x.nc:/v", "row 4", "-2147483647", "feature 0", "say that it is missing: python3 -c "
        )
        self.follow(message)
        self.reads(self.path("x.nc") + ":/v", self.decoded(self.path("x.nc")))

    def test_missing_cells_are_refused_by_row_and_column(self):
        values = np.ones((6, 4), "f4")
        values[3, 2] = np.float32(1e20)
        path = self.stored("f4", values, fill=np.float32(1e20))
        self.refusal(f"{path}:/v", "row 3 holds a missing value (feature 2)", "1e+20")

    def test_many_dimensions(self):
        with netCDF4.Dataset(self.path("x.nc"), "w") as file:
            for name, size in (("time", None), ("lat", 3), ("lon", 5)):
                file.createDimension(name, size)
                axis = file.createVariable(name, "f8", (name,))
                axis[:] = np.arange(4 if size is None else size)
            bounds = file.createDimension("nv", 2)
            file["lat"].bounds = "lat_bnds"
            file.createVariable("lat_bnds", "f8", ("lat", bounds.name))[:] = 1
            t2m = file.createVariable(
                "t2m", "i2", ("time", "lat", "lon"), fill_value=-32767, zlib=True
            )
            t2m.scale_factor, t2m.add_offset, t2m.units = 0.01, 273.15, "K"
            values = np.ma.masked_greater(self.rng.normal(280, 10, (4, 3, 5)), 290)
            t2m[:] = values
        path = self.path("x.nc")
        expected = self.decoded(path, "t2m")
        self.assertTrue(expected.mask.any())
        # Without a path too: coordinates and bounds are not data.
        self.reads(path, expected)
        text = self.inspect(path)
        self.assertIn("packed int16: x 0.01 + 273.15, missing -32767", text)
        self.assertIn("in K", text)

    def test_several_variables_are_listed_with_their_dimensions(self):
        with self.create() as file:
            for name in ("t", "q"):
                file.createVariable(name, "f4", ("sample", "feature"))[:] = 1
            file.createVariable("weight", "f4", ("sample",))[:] = 1
        message = self.refusal(
            "x.nc", "several variables", "/q (sample 6 x feature 4)", "name one: x.nc:/q"
        )
        self.assertNotIn("weight", message)
        self.values(self.path("x.nc") + ":/q")

    def test_variables_of_a_group(self):
        with self.create() as file:
            group = file.createGroup("model/run")
            group.createVariable("t", "f4", ("sample", "feature"))[:] = np.arange(24).reshape(6, 4)
        self.reads(self.path("x.nc"), np.arange(24.0).reshape(6, 4))

    def test_years_with_packings_of_their_own(self):
        values = self.rng.normal(280, 10, (12, 4))
        for i, (scale, offset) in enumerate([(0.01, 273.15), (0.002, 280.0)]):
            with self.create(f"y{i}.nc") as file:
                variable = file.createVariable("v", "i2", ("sample", "feature"), fill_value=-32767)
                variable.scale_factor, variable.add_offset = scale, offset
                variable[:] = values[6 * i : 6 * i + 6]
        found = self.values(self.path("y0.nc") + ":/v," + self.path("y1.nc") + ":/v")
        joined = [self.decoded(self.path(f"y{i}.nc")) for i in range(2)]
        np.testing.assert_array_equal(found, np.concatenate(joined))
        np.testing.assert_allclose(found, values, atol=0.006)
        # And as one data set of a training or PCA.
        both = self.path("y*.nc") + ":/v"
        self.assertEqual(
            self.explained(both), self.explained(self.written("joined.h5", np.concatenate(joined)))
        )

    def explained(self, address):
        output = self.path(f"pca{len(list(self.folder.iterdir()))}.h5")
        result = run("pca", "--components", 2, "--data", address, "--output", output)
        self.assertEqual(result.code, 0, str(result))
        return [line for line in result.stdout.splitlines() if "sse" in line or "error" in line]

    def written(self, name, values):
        with h5py.File(self.path(name), "w") as file:
            file["x"] = np.asarray(values)
        return self.path(name) + ":/x"

    def test_years_of_different_types_are_refused(self):
        packing = {"scale_factor": 0.5}
        a = self.stored("i2", np.ones((3, 4)), packing, name="a.nc")
        b = self.stored("f4", np.ones((3, 4)), name="b.nc")
        self.refusal(f"{a}:/v,{b}:/v", "another shape or type")

    def test_text_coordinates_name_the_columns(self):
        names = ["no2", "o3", "pm10", "größe"]
        with self.create() as file:
            file.createVariable("feature", str, ("feature",))[:] = np.array(names, object)
            file.createVariable("v", "f4", ("sample", "feature"))[:] = 1
        self.assertEqual(self.columns(self.path("x.nc"), "/v"), names)

    def test_numeric_coordinates_name_the_columns(self):
        with self.create() as file:
            file.createVariable("feature", "f4", ("feature",))[:] = [1000, 850, 500.5, 100]
            file.createVariable("v", "f4", ("sample", "feature"))[:] = 1
        wanted = ["feature=1000", "feature=850", "feature=500.5", "feature=100"]
        self.assertEqual(self.columns(self.path("x.nc"), "/v"), wanted)

    def test_dimensions_without_coordinates_name_nothing(self):
        path = self.stored("f4", np.ones((6, 4)))
        self.assertIsNone(self.columns(path, "/v"))

    def test_xarray(self):
        values = self.rng.normal(0, 1, (5, 3)).astype("f4")
        values[2, 1] = np.nan
        data = xarray.Dataset(
            {"v": (("sample", "band"), values, {"units": "m s-1"})}, {"band": ["red", "nir", "b"]}
        )
        packing = {"v": {"dtype": "i2", "scale_factor": 0.001, "_FillValue": -1}}
        data.to_netcdf(self.path("x.nc"), encoding=packing, engine="netcdf4")
        with xarray.open_dataset(self.path("x.nc")) as file:
            expected = file["v"].values
        self.reads(self.path("x.nc"), expected, rtol=1e-6)
        self.assertEqual(self.columns(self.path("x.nc"), "/v"), ["red", "nir", "b"])
        self.assertIn("in m s-1", self.inspect(self.path("x.nc")))

    def test_attributes_in_other_hdf5_files(self):
        """Climate models' 1e20 in a file that is not netCDF."""
        values = self.rng.random((6, 4)).astype("f4")
        values[3, 1] = 1e20
        with h5py.File(self.path("x.h5"), "w") as file:
            file["x"] = values
            file["x"].attrs["_FillValue"] = np.float32(1e20)
        expected = np.where(values == np.float32(1e20), np.nan, values)
        self.reads(self.path("x.h5"), expected)
        self.refusal("x.h5:/x", "row 3 holds a missing value (feature 1)")

    def test_no_default_fill_value_in_other_hdf5_files(self):
        values = np.full((2, 3), 9.9692099683868690e36, "f4")
        self.assertTrue(np.isfinite(self.values(self.written("x.h5", values))).all())

    def test_an_attribute_that_is_text_is_refused(self):
        with h5py.File(self.path("x.h5"), "w") as file:
            file["x"] = np.ones((6, 4))
            file["x"].attrs["scale_factor"] = "0.5"
        self.refusal("x.h5:/x", "scale_factor", "correct or remove the attribute")
        with h5py.File(self.path("x.h5"), "a") as file:
            file["x"].attrs["scale_factor"] = 0.5
        self.reads(self.path("x.h5") + ":/x", np.full((6, 4), 0.5))

    def test_a_valid_range_of_one_number_is_refused(self):
        with h5py.File(self.path("x.h5"), "w") as file:
            file["x"] = np.ones((6, 4))
            file["x"].attrs["valid_range"] = 0.5
        self.refusal("x.h5:/x", "valid_range has 1 numbers instead of 2")

    def test_virtual_sets_over_packed_ones_are_refused(self):
        path = self.stored("i2", np.ones((6, 4)), {"scale_factor": 0.5})
        output = self.path("virtual.h5")
        result = run("import", f"{path}:/v", "--virtual", "--output", output)
        self.assertEqual(result.code, 65, str(result))
        self.assertIn("leave --virtual out", result.stderr)
        self.assertEqual(run("import", f"{path}:/v", "--output", output).code, 0)


if __name__ == "__main__":
    unittest.main()
