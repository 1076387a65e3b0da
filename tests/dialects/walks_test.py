"""The walks of docs/data.md from a file to a report page, with its commands alone, on files that
the tools wrote."""

import re
import shlex
import unittest
import warnings

import h5py
import numpy as np

from foreign_files import DialectTest
from extras import need
from support import ROOT, read_metrics, run

warnings.simplefilter("ignore")
netCDF4, pandas = need("netCDF4", "pandas")


class WalksTest(DialectTest):
    rng = np.random.default_rng(1)

    def commands(self, walk):
        """Those of the block of docs/data.md that ends with the report of this run."""
        section = (ROOT / "docs/data.md").read_text().split("## From the file to a report")[1]
        blocks = re.findall(r"^```sh\n(.*?)^```", section.split("\n## ")[0], re.M | re.S)
        (block,) = [block for block in blocks if f"report runs/{walk}" in block]
        return [shlex.split(line) for line in re.sub(r"\\\n", " ", block).splitlines()]

    def walk(self, name, *wanted):
        """Runs the commands; the training must learn, take its settings without advice against
        them, and end in a page that holds all of `wanted`. Returns what was printed."""
        printed = ""
        for words in self.commands(name):
            result = run(*words[1:], folder=self.folder)
            self.assertEqual(result.code, 0, f"{shlex.join(words)}\n{result}")
            printed += result.stdout + result.stderr
        for line in printed.splitlines():
            if line.startswith("advice:"):
                self.assertIn("have no values by nature", line)
        errors = [record["sse"] for record in read_metrics(self.folder / "runs" / name, "epoch")]
        self.assertLess(errors[-1], 0.6 * errors[0])
        page = (self.folder / f"{name}.html").read_text()
        for text in ("Reconstructions", "The code", *wanted):
            self.assertIn(text, page)
        return printed

    def test_a_series(self):
        t = np.arange(1200)
        values = np.stack([np.sin(t / 7), np.cos(t / 11), np.sin(t / 5) * np.cos(t / 31)], 1)
        values += 0.05 * self.rng.normal(size=values.shape)
        for name, count in (("pump.h5", 1200), ("new.h5", 300)):
            with h5py.File(self.path(name), "w") as file:
                file["vibration"] = values[:count].astype("f4")
                file["vibration"].attrs["feature_names"] = ["x", "y", "z"]
        self.walk("pump")
        with h5py.File(self.path("scores.h5")) as file:
            self.assertEqual(file["step_scores"].shape, (300,))

    def test_a_climate_field(self):
        days, rows, columns = 120, 12, 24
        land = self.rng.random((rows, columns)) < 0.3
        clouds = self.rng.random((days, rows, columns)) < 0.1
        latitude = np.linspace(-60, 60, rows)
        values = 285 + 10 * np.cos(np.radians(latitude))[None, :, None]
        values = values + 3 * np.sin(np.arange(days) / 6)[:, None, None]
        values = values + self.rng.normal(0, 0.3, (days, rows, columns))
        with netCDF4.Dataset(self.path("sst.nc"), "w") as file:
            axes = {"time": np.arange(days), "lat": latitude, "lon": 15.0 * np.arange(columns)}
            for axis, places in axes.items():
                file.createDimension(axis, None if axis == "time" else len(places))
                file.createVariable(axis, "f8", (axis,))[:] = places
            made = file.createVariable("sst", "i2", tuple(axes), zlib=True, fill_value=-32767)
            made.scale_factor, made.add_offset, made.units = 0.01, 285.0, "K"
            made[:] = np.ma.array(values, mask=clouds | land)
        printed = self.walk("sst")
        self.assertIn(f"{land.sum()} of 288 features are missing in every sample", printed)
        with h5py.File(self.path("filled.h5")) as file:
            filled = file["reconstructions"][:].reshape(values.shape)
        self.assertFalse(np.isnan(filled).any())
        holes = clouds & ~land
        error = np.sqrt(np.mean((filled - values)[holes] ** 2))
        self.assertLess(error, 1.5, "kelvin; the field's deviation about its mean is 2.1")
        kept = ~(clouds | land)
        np.testing.assert_allclose(filled[kept], values[kept], atol=0.01)

    def test_a_table(self):
        n = 240
        age = self.rng.integers(18, 90, n)
        frame = pandas.DataFrame(
            {
                "age": age,
                "income": (age * 700 + self.rng.normal(0, 4000, n)).round(2),
                "city": np.where(age > 50, "Oslo", np.where(age > 35, "Rome", "Kiel")),
                "member": age > 45,
                "since": pandas.date_range("2020-01-01", periods=n, freq="36h").date,
            }
        )
        frame.loc[self.rng.random(n) < 0.1, "income"] = np.nan
        frame.loc[self.rng.random(n) < 0.05, "city"] = None
        frame.to_csv(self.path("people.csv"), index=False)
        printed = self.walk("people", "income", "city")
        self.assertIn("7 features", printed)
        again = pandas.read_csv(self.path("reconstructed.csv"))
        self.assertEqual(list(again), list(frame))
        self.assertGreater(np.mean(again.member == frame.member), 0.9)
        self.assertTrue(set(again.city) <= {"Oslo", "Rome", "Kiel"})

    def test_frames_of_an_instrument(self):
        y, x = np.mgrid[:16, :16]
        centre = self.rng.uniform(3, 12, (160, 2, 1, 1))
        spot = np.exp(-((y - centre[:, 0]) ** 2 + (x - centre[:, 1]) ** 2) / 8)
        with h5py.File(self.path("detector.nxs"), "w") as file:
            for group, kind in (("entry", "NXentry"), ("entry/data", "NXdata")):
                file.create_group(group).attrs["NX_class"] = kind
            file.attrs["default"], file["entry"].attrs["default"] = "entry", "data"
            data = file["entry/data"]
            data.attrs.update({"signal": "counts", "axes": ["frame", "y", "x"]})
            counts = self.rng.poisson(5 + 200 * spot).astype("u2")
            data.create_dataset("counts", data=counts, chunks=(10, 16, 16), compression="gzip")
            data["frame"] = np.arange(160)
            file["entry/instrument/wavelength"] = 1.54
        self.walk("detector")
        with h5py.File(self.path("codes.h5")) as file:
            self.assertEqual(file["codes"].shape, (160, 10))


if __name__ == "__main__":
    unittest.main()
