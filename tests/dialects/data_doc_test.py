"""Every command of the table "your file" of docs/data.md, on files that the tools wrote."""

import re
import shlex
import unittest
import warnings

import h5py
import numpy as np

from foreign_files import DialectTest
from extras import need
from support import ROOT, execute, run, write_file

warnings.simplefilter("ignore")
netCDF4, anndata, pandas, sparse, scipy_io = need(
    "netCDF4", "anndata", "pandas", "scipy.sparse", "scipy.io"
)

# Training as short as it gets.
SHORT = ["--epochs", "1", "--batch", "16", "--micro-batch", "16"]


class DataDocTest(DialectTest):
    rng = np.random.default_rng(6)

    def write_netcdf(self, name, variables=("t2m",), rows=32, land=0):
        with netCDF4.Dataset(self.path(name), "w") as file:
            for dimension, size in (("time", rows), ("station", 6)):
                file.createDimension(dimension, size)
                file.createVariable(dimension, "f8", (dimension,))[:] = np.arange(size)
            for variable in variables:
                made = file.createVariable(variable, "i2", ("time", "station"), fill_value=-32767)
                made.scale_factor, made.add_offset = 0.01, float(self.rng.integers(250, 280))
                values = self.rng.normal(270, 5, (rows, 6))
                made[:] = np.ma.array(values, mask=self.rng.random((rows, 6)) < land)

    def write_own(self):
        """Files that need no tool of a field."""
        values = self.rng.random((32, 6))
        write_file(self.path("mine.h5"), samples=values)
        for part in range(2):
            write_file(self.path(f"part-{part}.h5"), samples=values)
        write_file(self.path("images.h5"), x=self.rng.random((32, 16, 16, 3)))
        write_file(self.path("pump.h5"), vibration=self.rng.random((80, 3)))
        table = pandas.DataFrame(values[:, :3], columns=list("abc"))
        table.assign(kind=list("xy" * 16)).to_csv(self.path("table.csv"), index=False)
        np.savez(self.path("arrays.npz"), x=values, y=np.arange(32))
        np.save(self.path("rows.npy"), values)
        header = b'{"layer.6":{"dtype":"F64","shape":[32,6],"data_offsets":[0,1536]}}'
        size = len(header).to_bytes(8, "little")
        (self.folder / "acts.safetensors").write_bytes(size + header + values.tobytes())
        bits = values.astype("f4").view("u4") >> 16
        write_file(self.path("acts.h5"), **{"layer.6": bits.astype("u2")})
        with h5py.File(self.path("acts.h5"), "a") as file:
            file["layer.6"].attrs["dtype"] = "bfloat16"
        write_file(self.path("pairs.h5"), noisy=values, clean=values[:, :4])
        (self.folder / "dump.bin").write_bytes(values.astype("f4").tobytes())
        pixels = self.rng.integers(0, 256, (32, 8, 8)).astype("u1")
        head = np.array([0x803, 32, 8, 8], ">i4").tobytes()
        (self.folder / "images-idx3-ubyte").write_bytes(head + pixels.tobytes())
        head = np.array([0x801, 32], ">i4").tobytes()
        (self.folder / "labels-idx1-ubyte").write_bytes(head + bytes(range(32)))
        for i, image in enumerate(pixels):
            path = self.folder / "photos" / "ab"[i % 2] / f"{i}.pgm"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(b"P5 8 8 255\n" + image.tobytes())

    def write_all(self):
        self.write_netcdf("one.nc")
        self.write_netcdf("climate.nc", ("t2m", "msl"))
        self.write_netcdf("land.nc", ("sst",), land=0.2)
        self.write_netcdf("year-2001.nc")
        self.write_netcdf("year-2002.nc")
        self.write_own()
        values = self.rng.random((32, 6))
        with h5py.File(self.path("matrix.mat"), "w", userblock_size=512) as file:
            file["A"] = values.T
            file["A"].attrs["MATLAB_class"] = np.bytes_("double")
        counts = self.rng.poisson(1, (32, 6)).astype("f4")
        cells = anndata.AnnData(counts, dtype="f4")
        cells.layers["counts"] = counts
        cells.write_h5ad(self.path("cells.h5ad"))
        anndata.AnnData(sparse.csr_matrix(counts), dtype="f4").write_h5ad(self.path("sparse.h5ad"))
        anndata.AnnData(sparse.csc_matrix(counts), dtype="f4").write_h5ad(self.path("csc.h5ad"))
        matrix = sparse.csc_matrix(counts.T)
        scipy_io.mmwrite(self.path("matrix.mtx"), matrix)
        with h5py.File(self.path("filtered.h5"), "w") as file:
            group = file.create_group("matrix")
            group["data"], group["indices"] = matrix.data.astype("i4"), matrix.indices
            group["indptr"], group["shape"] = matrix.indptr, np.array(matrix.shape, "i4")
            group["barcodes"] = np.array([f"AAAC{i}-1" for i in range(32)], "S")
        frame = pandas.DataFrame(values, columns=list("abcdef"))
        frame.to_hdf(self.path("frame.h5"), "df")
        mixed = frame.iloc[:, :5].assign(n=range(32), kind=list("xyz" * 11)[:32])
        mixed.to_hdf(self.path("frame.h5"), "mixed", format="table")
        with h5py.File(self.path("records.h5"), "w") as file:
            file["events"] = np.rec.fromarrays(values.T, names=list("abcdef"))
        with h5py.File(self.path("scan.nxs"), "w") as file:
            data = file.create_group("entry/data")
            data["counts"], data["monitor"] = self.rng.random((32, 6)), np.ones((32, 2))
            data.attrs.update({"NX_class": "NXdata", "signal": "counts"})
            file["entry"].attrs["NX_class"] = "NXentry"

    def test_every_command(self):
        self.write_all()
        text = (ROOT / "docs/data.md").read_text()
        section = text.split("## Your file")[1].split("\n#")[0]
        rows = re.findall(r"^\| (?!your file|-)(.+?) \| (.+) \|$", section, re.MULTILINE)
        self.assertGreater(len(rows), 20)
        for kind, cell in rows:
            for command in re.findall(r"`([^`]+)`", cell):
                with self.subTest(kind=kind, command=command):
                    words = shlex.split(command)
                    if words[0] == "python3":
                        words = ["/usr/bin/python3", "-W", "ignore", *words[1:]]
                        result = execute(words, folder=self.folder)
                    else:
                        if words[1] == "train":
                            words[words.index("run")] = f"run {len(list(self.folder.iterdir()))}"
                            words += SHORT
                        result = run(*words[1:], folder=self.folder)
                    self.assertEqual(result.code, 0, str(result))


if __name__ == "__main__":
    unittest.main()
