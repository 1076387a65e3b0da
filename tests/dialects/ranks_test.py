"""What is decoded while it is read gives the weights of the same values in a plain file, on any
number of ranks, in memory and streamed."""

import unittest

import h5py
import numpy as np

from foreign_files import DialectTest
from extras import need
from support import run

(netCDF4,) = need("netCDF4")


class RanksTest(DialectTest):
    rng = np.random.default_rng(7)

    def digest(self, address, name, ranks, memory):
        output = self.path(f"{name}-{ranks}-{memory}")
        words = ["--layers", "6,3", "--epochs", 2, "--batch", 16, "--micro-batch", 4]
        words += ["--normalize", "standardize", "--memory", memory, "--threads", 1]
        result = run("train", "--data", address, *words, "--output", output, ranks=ranks)
        self.assertEqual(result.code, 0, str(result))
        lines = self.inspect(f"{output}/model.h5").splitlines()
        return next(line for line in lines if "weights digest" in line)

    def same_on_all_ranks(self, address):
        with h5py.File(self.path("plain.h5"), "w") as file:
            file["x"] = self.values(address)
        wanted = self.digest(self.path("plain.h5") + ":/x", "plain", 1, "1GiB")
        for ranks, memory in [(1, "0"), (2, "1GiB"), (3, "0"), (4, "1GiB")]:
            with self.subTest(ranks=ranks, memory=memory):
                self.assertEqual(self.digest(address, "own", ranks, memory), wanted)

    def test_packed_netcdf(self):
        for year in (1, 2):
            with netCDF4.Dataset(self.path(f"year{year}.nc"), "w") as file:
                file.createDimension("time", 50)
                file.createDimension("station", 6)
                made = file.createVariable("v", "i2", ("time", "station"), fill_value=-32767)
                made.scale_factor, made.add_offset = 0.01 * year, 250.0 + year
                made[:] = self.rng.normal(270, 5, (50, 6))
        self.same_on_all_ranks(self.path("year*.nc") + ":/v")

    def test_matlab(self):
        values = self.rng.random((100, 6))
        for chunks in (None, (2, 16)):
            name = f"m{chunks is None}.mat"
            with h5py.File(self.path(name), "w", userblock_size=512) as file:
                made = file.create_dataset("A", data=values.T, chunks=chunks)
                made.attrs["MATLAB_class"] = np.bytes_("double")
            if chunks is None:
                self.same_on_all_ranks(self.path(name) + ":/A")
            else:
                first = self.digest(self.path(name) + ":/A", "chunks", 3, "0")
                self.assertEqual(first, self.digest(self.path("mTrue.mat") + ":/A", "m", 1, "0"))


if __name__ == "__main__":
    unittest.main()
