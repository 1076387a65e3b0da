"""How data are stored changes nothing: layouts, filters, userblocks, rows never written."""
import os
import re
import signal
import subprocess
import sys
import unittest
from pathlib import Path

import h5py
import numpy as np

from extras import need_for
from support import DATA, ProgramTest, read_datasets, run, write_file

PLUGINS = "/usr/lib/x86_64-linux-gnu/hdf5/serial/plugins"
# Files of filters that come as plug-ins: number, client data, a file of the Debian package.
PLUGIN_FILTERS = {
    "bzip2": (307, (9,), "libh5bz2.so"),
    "Blosc": (32001, (0, 0, 0, 0, 5, 1, 0), "libH5Zblosc.so"),
    "LZ4": (32004, (0,), "libh5lz4.so"),
    "bitshuffle": (32008, (0, 2), "libh5bshuf.so"),
}


class StorageTest(ProgramTest):
    def setUp(self):
        super().setUp()
        generator = np.random.default_rng(5)
        self.values = generator.integers(0, 9, (1300, 30)).astype(np.float32)
        # Chunks that do not shrink are stored as they are.
        self.values[400:700] = generator.random((300, 30), dtype=np.float32)
        self.number = 0

    def file(self, name, values=None, **how):
        path = self.folder / f"{name}.h5"
        with h5py.File(path, "w") as file:
            file.create_dataset("x", data=self.values if values is None else values, **how)
        return f"{path}:/x"

    def imported(self, address, *words, ranks=None):
        """The values as the program reads them."""
        self.number += 1
        output = f"{self.folder}/imported{self.number}.h5"
        self.success("import", address, "--output", output, *words, ranks=ranks)
        return read_datasets(output)["/samples"]

    def digest(self, address, *words, ranks=None):
        self.number += 1
        result = self.success(
            *["train", "--data", address, "--layers", "30,4", "--epochs", 2, "--batch", 64],
            *["--micro-batch", 16, "--output", self.folder / f"run{self.number}"],
            *["--output-activation", "linear", "--shuffle-block", 8, "--shuffle-window", 4, *words],
            ranks=ranks,
        )
        return next(line for line in result.stdout.splitlines() if "weights digest" in line)

    def layouts(self):
        gzip = {"compression": "gzip", "shuffle": True}
        virtual = h5py.VirtualLayout((1300, 30), "f4")
        for begin, end in ((0, 333), (333, 1300)):
            source = self.folder / f"source{begin}.h5"
            with h5py.File(source, "w") as file:
                file.create_dataset("x", data=self.values[begin:end], chunks=(100, 30), **gzip)
            virtual[begin:end] = h5py.VirtualSource(str(source), "x", (end - begin, 30))
        with h5py.File(self.folder / "virtual.h5", "w") as file:
            file.create_virtual_dataset("x", virtual)
        return {
            "contiguous": self.file("contiguous"),
            "chunks": self.file("chunks", chunks=(100, 30)),
            "deflate": self.file("deflate", chunks=(100, 30), **gzip),
            "rows": self.file("rows", chunks=(1, 30), **gzip),
            "narrow": self.file("narrow", chunks=(70, 7), **gzip),
            "tall": self.file("tall", chunks=(1300, 3), **gzip),
            "checked": self.file("checked", chunks=(100, 30), fletcher32=True, **gzip),
            "lzf": self.file("lzf", chunks=(100, 30), compression="lzf"),
            "lzf after shuffling": self.file(
                "lzf2", chunks=(64, 11), compression="lzf", shuffle=True, fletcher32=True
            ),
            "virtual": f"{self.folder}/virtual.h5:/x",
        }

    def test_layouts_give_the_same_values_and_weights(self):
        layouts = self.layouts()
        expected = self.digest(layouts["contiguous"])
        for name, address in layouts.items():
            words = ["--allow-external"] if name == "virtual" else []
            with self.subTest(name):
                np.testing.assert_array_equal(self.imported(address, *words), self.values)
                self.assertEqual(self.digest(address, "--memory", 0, *words), expected)
        for ranks in (2, 3, 4):
            for name in ("narrow", "tall"):
                self.assertEqual(
                    self.digest(layouts[name], "--memory", 0, ranks=ranks), expected, name
                )

    def test_advice_for_chunks_that_are_unpacked_often(self):
        address = self.file("deflate", chunks=(100, 30), compression="gzip")
        words = ["train", "--data", address, "--layers", "30,4", "--epochs", 1, "--batch", 64]
        words += ["--micro-batch", 16, "--output-activation", "linear", "--memory", 0]
        small = ["--shuffle-block", 8, "--shuffle-window", 4, "--output", self.folder / "small"]
        printed = self.success(*words, *small).stdout
        self.assertIn("compressed in chunks of 100 rows, each of which is unpacked about", printed)
        advised = re.search(r"a new run with (--\S+ \d+ --\S+ \d+) unpacks", printed).group(1)
        printed = self.success(*words, *advised.split(), "--output", self.folder / "large").stdout
        self.assertNotIn("compressed in chunks", printed)
        in_memory = ["--memory", "1GiB", "--output", self.folder / "memory"]
        self.assertNotIn("compressed in chunks", self.success(*words, *small, *in_memory).stdout)

    def test_several_compressed_files_are_streamed_as_one(self):
        parts = [
            self.file(f"part{i}", self.values[a:b], chunks=(c, 10), compression="lzf")
            for i, (a, b, c) in enumerate([(0, 500, 64), (500, 501, 1), (501, 1300, 333)])
        ]
        joined = ",".join(parts)
        expected = self.digest(self.file("whole"))
        self.assertEqual(self.digest(joined, "--memory", 0), expected)
        self.assertEqual(self.digest(joined, "--memory", 0, ranks=3), expected)

    def test_a_chunk_that_was_stored_as_it_is(self):
        address = self.file("raw", chunks=(100, 30), compression="lzf")
        with h5py.File(address.split(":")[0]) as file:
            masks = {file["x"].id.get_chunk_info(i).filter_mask for i in range(13)}
        self.assertEqual(masks, {0, 1})
        np.testing.assert_array_equal(self.imported(address), self.values)

    def test_damaged_lzf(self):
        path, _ = self.file("bad", chunks=(100, 30), compression="lzf").split(":")
        with h5py.File(path) as file:
            place = file["x"].id.get_chunk_info(0).byte_offset
        content = bytearray(Path(path).read_bytes())
        content[place : place + 40] = b"\xff" * 40
        Path(path).write_bytes(content)
        result = run("import", f"{path}:/x", "--output", self.folder / "out.h5")
        self.assert_refused(result, DATA, "cannot be read")

    def test_plugin_filters(self):
        for name, (number, options, library) in PLUGIN_FILTERS.items():
            with self.subTest(name):
                need_for(self, os.path.exists(f"{PLUGINS}/{library}"), f"plug-in {library}")
                address = self.file(
                    f"f{number}", chunks=(100, 30), compression=number, compression_opts=options
                )
                refused = run("import", address, "--output", self.folder / "no.h5")
                self.assert_refused(refused, DATA, name, "--allow-external")
                np.testing.assert_array_equal(
                    self.imported(address, "--allow-external"), self.values
                )
                missing = run(
                    *["import", address, "--output", self.folder / "no.h5", "--allow-external"],
                    environment={"HDF5_PLUGIN_PATH": "/nowhere"},
                )
                self.assert_refused(missing, DATA, name, "is in /nowhere", "HDF5_PLUGIN_PATH")
                self.assertNotIn("--allow-external", missing.stderr)

    def test_userblock(self):
        for size in (512, 2048):
            path = self.folder / f"user{size}.data"
            with h5py.File(path, "w", userblock_size=size) as file:
                file["x"] = self.values
            with open(path, "r+b") as file:
                file.write(b"MATLAB 7.3 MAT-file, Platform: GLNXA64")
            np.testing.assert_array_equal(self.imported(f"{path}:/x"), self.values)

    def test_rows_that_were_never_written(self):
        path = self.folder / "holes.h5"
        with h5py.File(path, "w") as file:
            data = file.create_dataset("x", (1000, 4), "f4", chunks=(100, 4), fillvalue=7.5)
            data[:300] = 1
            file.create_dataset("none", (10, 4), "i2", fillvalue=-3)
            file.create_dataset("nan", (200, 4), "f4", chunks=(100, 4), fillvalue=np.nan)[:100] = 1
        refused = run("import", f"{path}:/x", "--output", self.folder / "no.h5")
        self.assert_refused(refused, DATA, "only 3 of its 10 chunks", "7.5", "--accept-fill")
        refused = run("import", f"{path}:/none", "--output", self.folder / "no.h5")
        self.assert_refused(refused, DATA, "never written", "-3", "--accept-fill")
        values = self.imported(f"{path}:/x", "--accept-fill")
        self.assertTrue((values[:300] == 1).all() and (values[300:] == 7.5).all())
        self.assertTrue((self.imported(f"{path}:/none", "--accept-fill") == -3).all())
        self.success(
            *["train", "--data", f"{path}:/x", "--layers", "4,2", "--epochs", 1, "--batch", 32],
            *["--micro-batch", 16, "--output", self.folder / "run", "--accept-fill"],
            *["--memory", 0, "--output-activation", "linear"],
        )
        # NaN stands for missing: kept by import, refused by a training that was not told of it.
        values = self.imported(f"{path}:/nan", "--accept-fill")
        self.assertTrue((values[:100] == 1).all() and np.isnan(values[100:]).all())
        options = ["--layers", "4,2", "--batch", 32, "--micro-batch", 16, "--accept-fill"]
        options += ["--output-activation", "linear", "--output", self.folder / "none"]
        refused = run("train", "--data", f"{path}:/nan", *options)
        self.assert_refused(refused, DATA, "row 100")

    def test_inspect_says_how_numbers_are_stored(self):
        path = write_file(self.folder / "half.h5", half=self.values.astype("f2"), x=self.values)
        self.assertIn("float16 (read as float32)", self.success("inspect", path).stdout)
        self.assertNotIn("read as float64", self.success("inspect", path).stdout)

    def test_reports_read_as_the_run_did(self):
        address = self.layouts()["virtual"]
        self.digest(address, "--allow-external")
        folder = self.folder / f"run{self.number}"
        page = self.folder / "page.html"
        printed = self.success("report", folder, "--output", page, "--samples", 20).stdout
        self.assertNotIn("cannot be read", printed)
        named = ["report", folder, "--output", page, "--samples", 20, "--data", address]
        self.assert_refused(run(*named), DATA, "--allow-external")
        self.success(*named, "--allow-external")
        self.success("inspect", self.folder / "virtual.h5", "--allow-external")

    def test_links_that_lead_nowhere(self):
        path = self.folder / "link.h5"
        with h5py.File(path, "w") as file:
            file["gone"] = h5py.ExternalLink("gone.h5", "/x")
            file["other"] = h5py.ExternalLink("there.h5", "/y")
        write_file(self.folder / "there.h5", x=self.values)
        for name, reason in (("gone", "gone.h5: no such file"), ("other", "it holds /x")):
            result = run(
                *["import", f"{path}:/{name}", "--output", self.folder / "no.h5"],
                "--allow-external",
            )
            self.assertIn("is a link into another file: ", result.stderr)
            self.assertIn(reason, result.stderr)


class KilledWriter(ProgramTest):
    PROGRAM = """
import h5py, os, signal, sys
file = h5py.File(sys.argv[1], "w", libver="latest")
data = file.create_dataset("x", (0, 16), maxshape=(None, 16), chunks=(64, 16), dtype="f4")
if sys.argv[2] == "followed":
    file.swmr_mode = True
for i in range(20):
    data.resize((64 * (i + 1), 16))
    data[64 * i :] = i
data.flush() if sys.argv[2] == "followed" else file.flush()
os.kill(os.getpid(), signal.SIGKILL)
"""

    def killed(self, kind):
        path = self.folder / f"{kind}.h5"
        writer = subprocess.run([sys.executable, "-c", self.PROGRAM, path, kind], check=False)
        self.assertEqual(writer.returncode, -signal.SIGKILL)
        return path

    def test_message(self):
        for kind, command in (("alone", "h5clear -s "), ("followed", "h5clear -s --increment ")):
            path = self.killed(kind)
            result = run("import", f"{path}:/x", "--output", self.folder / "no.h5")
            self.assert_refused(result, DATA, "its writer was killed", f"{command}{path}")
            self.assertNotIn("damaged", result.stderr)


if __name__ == "__main__":
    unittest.main()
