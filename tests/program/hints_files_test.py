"""Hints about files of other formats: each is printed with reason, and followed literally."""

import bz2
import gzip
import lzma
import pickle
import re
import shutil
import subprocess
import tarfile
import unittest
import zipfile
from pathlib import Path

import h5py
import numpy as np

from extras import need_for
from hints import HintTest
from importing import png
from support import DATA, read_datasets, write_file

try:
    import scipy.io
except ImportError:
    scipy = None


class FileHints(HintTest):
    def setUp(self):
        super().setUp()
        self.values = np.arange(24, dtype=np.float32).reshape(6, 4)
        self.number = 0

    def reading(self, address):
        """A command that reads a data set."""
        self.number += 1
        output = self.folder / f"pca{self.number}.h5"
        return ["pca", "--components", 2, "--data", address, "--output", output]

    def importing(self, source, *words):
        self.number += 1
        self.output = self.folder / f"import{self.number}.h5"
        return ["import", source, "--output", f"{self.output}:/train", *words]

    def follow_import(self, printed):
        """The command that a hint gives, in the folder of the test."""
        self.success(*printed.command(), folder=self.folder)
        made = read_datasets(self.folder / "OUT.h5")["/train/samples"]
        np.testing.assert_array_equal(made, self.values)
        (self.folder / "OUT.h5").unlink()

    def test_what_import_takes(self):
        # Arrays whose names end in .npy need no import.
        np.save(self.folder / "x.npy", self.values)
        self.success(*self.reading(self.folder / "x.npy"))
        array = (self.folder / "x.npy").rename(self.folder / "x.array")
        text = "make an HDF5 file of it: hourglass import {} --output OUT.h5:/train"
        self.follow_import(self.hint(text, *self.reading(f"{array}"), code=DATA))
        self.follow_import(self.hint(text, *self.reading(f"{array}:/x"), code=DATA))
        archive = self.folder / "x.npz"
        np.savez(archive, y=self.values)
        text = "make an HDF5 file of one: hourglass import {}:NAME --output OUT.h5:/train"
        for address in (archive, f"{archive}:y", f"{archive}:/y"):
            printed = self.hint(text, *self.reading(address), code=DATA)
            printed.advice = printed.advice.replace(":NAME", ":y")
            self.follow_import(printed)
        table = self.folder / "table.dat"
        np.savetxt(table, self.values, delimiter=",")
        text = (
            "if it is a table, make an HDF5 file of it: hourglass import {} --format csv --output "
            "OUT.h5:/train"
        )
        self.follow_import(self.hint(text, *self.reading(table), code=DATA))
        text = ": is text, but its name does not say what of: give --format csv for a table"
        self.hint(text, *self.importing(table))
        self.success(*self.importing(table, "--format", "csv"))

    def test_unknown_content(self):
        path = self.folder / "numbers"
        path.write_bytes(b"\x01\x02\x03\x00" * 12)
        text = (
            ": is of no kind that import knows by its content or name: give --format, or --type "
            "and --shape for raw numbers"
        )
        self.hint(text, *self.importing(path), code=DATA)
        self.success(*self.importing(path, "--type", "uint8", "--shape", 4))

    def test_images(self):
        folder = self.folder / "photos"
        folder.mkdir()
        image = folder / "a.png"
        image.write_bytes(png(np.zeros((5, 4), np.uint8)))
        text = "give the folder with the images to hourglass import"
        self.hint(text, *self.importing(image), code=DATA)
        self.hint(text, *self.reading(image), code=DATA)
        self.success(*self.importing(folder))

    def packed(self, name, opened):
        plain = write_file(self.folder / "plain.h5", x=self.values)
        path = self.folder / name
        with opened(path) as file:
            file.write(Path(plain).read_bytes())
        return path

    def test_compressed_files(self):
        for tool, name, opened in [
            ("gunzip <", "a.h5.gz", lambda path: gzip.open(path, "wb")),
            ("xz -d <", "a.h5.xz", lambda path: lzma.open(path, "wb")),
            ("bzip2 -d <", "a.h5.bz2", lambda path: bz2.open(path, "wb")),
        ]:
            path = self.packed(name, opened)
            text = f"unpack it: {tool} {{}} > OUT"
            self.assertIn(
                text,
                ["unpack it: gunzip < {} > OUT", "unpack it: xz -d < {} > OUT"]
                + ["unpack it: bzip2 -d < {} > OUT"],
            )
            printed = self.hint(text, *self.reading(path), code=DATA)
            need_for(self, shutil.which(tool.split()[0]), tool)
            command = re.search(r"unpack it: (.*> OUT)", printed.advice).group(1)
            subprocess.run(command, shell=True, check=True, cwd=self.folder)
            self.success(*self.reading(f"{self.folder}/OUT:/x"))
        path = self.packed("a.gz", lambda path: gzip.open(path, "wb"))
        text = "not an IDX file, but compressed with gzip: unpack it: gunzip < "
        printed = self.hint(text, *self.importing(path), code=DATA)
        command = re.search(r"gunzip .*> OUT", printed.advice).group()
        subprocess.run(command, shell=True, check=True, cwd=self.folder)
        self.success(*self.importing(f"{self.folder}/OUT:/x"))

    def test_zstd(self):
        need_for(self, shutil.which("zstd"), "zstd")
        plain = write_file(self.folder / "plain.h5", x=self.values)
        path = self.folder / "a.zst"
        subprocess.run(["zstd", "-q", plain, "-o", path], check=True)
        printed = self.hint("unpack it: zstd -d < {} > OUT", *self.reading(path), code=DATA)
        command = re.search(r"unpack it: (.*> OUT)", printed.advice).group(1)
        subprocess.run(command, shell=True, check=True, cwd=self.folder)
        self.success(*self.reading(f"{self.folder}/OUT:/x"))

    def test_archives(self):
        plain = write_file(self.folder / "plain.h5", x=self.values)
        with tarfile.open(self.folder / "a.tar", "w") as file:
            file.add(plain, "inside.h5")
        with zipfile.ZipFile(self.folder / "a.zip", "w") as file:
            file.write(plain, "inside.h5")
        for text, name in [("unpack it: tar -xf {}", "a.tar"), ("unpack it: unzip {}", "a.zip")]:
            printed = self.hint(text, *self.reading(self.folder / name), code=DATA)
            command = re.search(r"unpack it: (.*)", printed.advice).group(1).split()
            need_for(self, shutil.which(command[0]), command[0])
            subprocess.run(command, check=True, cwd=self.folder)
            self.success(*self.reading(f"{self.folder}/inside.h5:/x"))
            (self.folder / "inside.h5").unlink()

    def test_netcdf_3(self):
        need_for(self, scipy is not None and shutil.which("nccopy"), "SciPy and netcdf-bin")
        for version in (1, 2):
            path = self.folder / f"old{version}.nc"
            with scipy.io.netcdf_file(path, "w", version=version) as file:
                file.createDimension("time", 6)
                file.createDimension("x", 4)
                file.createVariable("t", "f4", ("time", "x"))[:] = self.values
            text = "convert it: nccopy -k nc4 {} OUT.nc (Debian's package netcdf-bin)"
            printed = self.hint(text, *self.reading(f"{path}:/t"), code=DATA)
            command = re.search(r"nccopy \S+ \S+ \S+ \S+", printed.advice).group().split()
            subprocess.run(command, check=True, cwd=self.folder)
            self.success(*self.importing(f"{self.folder}/OUT.nc:/t"))
            np.testing.assert_array_equal(read_datasets(self.output)["/train/samples"], self.values)
            self.hint(text, *self.importing(path), code=DATA)

    def test_what_python_reads(self):
        text = (
            "read it in Python with the library that wrote it, save numpy.ascontiguousarray(array) "
            "with numpy.save, and give the .npy file to hourglass import"
        )
        path = self.folder / "x.pkl"
        for protocol in (2, 3, 4, 5):
            path.write_bytes(pickle.dumps(self.values, protocol))
            for command in (self.reading(path), self.importing(path)):
                printed = self.hint(text, *command, code=DATA)
                self.assertIn("a Python pickle", printed.message)
        np.save(self.folder / "x.npy", pickle.loads(path.read_bytes()))
        self.success(*self.importing(self.folder / "x.npy"))

    def test_tables_of_others(self):
        text = (
            "write it as CSV, e.g. with to_csv of pandas, and give the CSV file to hourglass import"
        )
        path = self.folder / "x.parquet"
        path.write_bytes(b"PAR1" + bytes(100) + b"PAR1")
        self.hint(text, *self.reading(path), code=DATA)
        self.hint(text, *self.importing(path), code=DATA)
        table = self.folder / "table.csv"
        np.savetxt(table, self.values, delimiter=",")
        self.success(*self.importing(table))

    def test_older_matlab(self):
        need_for(self, scipy is not None, "SciPy")
        path = self.folder / "old.mat"
        scipy.io.savemat(path, {"x": self.values})
        text = (
            "write it again in MATLAB, with save -v7.3, or load it in Python with "
            "scipy.io.loadmat, save numpy.ascontiguousarray(array) with numpy.save, and give the "
            ".npy file to hourglass import"
        )
        self.hint(text, *self.reading(f"{path}:/x"), code=DATA)
        self.hint(text, *self.importing(path), code=DATA)
        array = scipy.io.loadmat(path)["x"]
        np.save(self.folder / "x.npy", np.ascontiguousarray(array))
        self.success(*self.importing(self.folder / "x.npy"))
        # Of version 7.3, it is an HDF5 file behind a text of its own.
        newer = self.folder / "new.mat"
        with h5py.File(newer, "w", userblock_size=512) as file:
            file["x"] = self.values
        with open(newer, "r+b") as file:
            file.write(b"MATLAB 7.3 MAT-file, Platform: GLNXA64")
        self.success(*self.importing(f"{newer}:/x"))


if __name__ == "__main__":
    unittest.main()
