"""Hints about data files: each is printed with reason, and followed literally."""

import os
import re
import shutil
import subprocess
import sys
import unittest

import h5py
import numpy as np

from extras import need_for
from hints import HintTest
from support import DATA, IO, read_datasets, write_file

PLUGINS = "/usr/lib/x86_64-linux-gnu/hdf5/serial/plugins"


class DataFileHints(HintTest):
    """What stands in the way of reading a data set."""

    def setUp(self):
        super().setUp()
        self.values = np.arange(24, dtype=np.float32).reshape(6, 4)
        self.data = write_file(self.folder / "data.h5", x=self.values, group__y=self.values)
        self.number = 0

    def reading(self, address, *words):
        """A command that reads a data set: the shortest that also takes --allow-external."""
        self.number += 1
        output = self.folder / f"pca{self.number}.h5"
        return ["pca", "--components", 2, "--data", address, "--output", output, *words]

    def h5repack(self, advice, source):
        """Follows `h5repack OPTIONS IN OUT` as it is printed."""
        if not shutil.which("h5repack"):
            self.skipTest("needs h5repack (hdf5-tools)")
        words = re.search(r"h5repack .* IN OUT", advice).group().split()
        target = f"{source}.one.h5"
        words = [{"IN": source, "OUT": target}.get(word, word) for word in words]
        subprocess.run(words, check=True)
        return target

    def test_names(self):
        for text, address in [
            ("names no file; write FILE.h5:/path/to/dataset", ":/x"),
            ("; did you mean ", f"{self.data}/x"),
            ("; did you mean ", f"{self.data}:x"),
            ("; name one: ", self.data),
            (": is a folder; name an HDF5 file in it", self.folder),
        ]:
            code = 64 if "names no" in text else DATA if "name one" in text else IO
            printed = self.hint(text, *self.reading(address), code=code)
            named = re.search(r"did you mean (\S+)\?", printed.message)
            self.success(*self.reading(named.group(1) if named else f"{self.data}:/x"))

    def test_kinds_of_files(self):
        os.mkfifo(self.folder / "pipe")
        text = ": is not a regular file; copy the data to one"
        self.hint(text, *self.reading(f"{self.folder}/pipe:/x"), code=IO)
        content = (self.folder / "data.h5").read_bytes()
        copy = self.folder / "copied.h5"
        copy.write_bytes(content)
        self.success(*self.reading(f"{copy}:/x"))
        copy.write_bytes(content[:-100])
        text = (
            " bytes are fewer than its header says; copy it again, or write it again if its writer "
            "was killed"
        )
        self.hint(text, *self.reading(f"{copy}:/x"), code=DATA)
        copy.write_bytes(content)
        self.success(*self.reading(f"{copy}:/x"))

    def test_external_links(self):
        link = self.folder / "link.h5"
        with h5py.File(link, "w") as file:
            file["x"] = h5py.ExternalLink("data.h5", "/x")
        self.hint(
            ": is a link into another file, which is not followed; name that file",
            *self.reading(f"{link}:/x"),
            code=DATA,
        )
        printed = self.hint(
            ", or give --allow-external if you trust its origin",
            *self.reading(f"{link}:/x"),
            code=DATA,
        )
        self.assertIn("--allow-external", printed.advice)
        self.success(*self.reading(f"{link}:/x", "--allow-external"))
        self.success(*self.reading(f"{self.data}:/x"))

    def test_values_in_other_files(self):
        layout = h5py.VirtualLayout((6, 4), "f4")
        layout[:] = h5py.VirtualSource("data.h5", "x", (6, 4))
        virtual = self.folder / "virtual.h5"
        with h5py.File(virtual, "w") as file:
            file.create_virtual_dataset("x", layout)
        self.values.tofile(self.folder / "values.bin")
        external = self.folder / "external.h5"
        with h5py.File(external, "w") as file:
            storage = [(str(self.folder / "values.bin"), 0, self.values.nbytes)]
            file.create_dataset("x", self.values.shape, "f4", external=storage)
        for path, text in [
            (
                virtual,
                "), which are not followed; copy it into one file with h5repack -l CONTI IN OUT",
            ),
            (
                external,
                ": keeps its values in another file (external storage), which is not followed; "
                "copy it into one file with h5repack -l CONTI IN OUT",
            ),
        ]:
            printed = self.hint(text, *self.reading(f"{path}:/x"), code=DATA)
            self.success(*self.reading(f"{path}:/x", "--allow-external"))
            one = self.h5repack(printed.advice, str(path))
            self.success(*self.reading(f"{one}:/x"))
            np.testing.assert_array_equal(read_datasets(one)["/x"], self.values)

    def filtered(self, name, number, options=()):
        path = self.folder / f"{name}.h5"
        with h5py.File(path, "w") as file:
            create = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
            create.set_chunk((2, 4))
            create.set_filter(number, h5py.h5z.FLAG_OPTIONAL, options)
            space = h5py.h5s.create_simple((6, 4))
            made = h5py.h5d.create(file.id, b"x", h5py.h5t.IEEE_F32LE, space, create)
            made.write(h5py.h5s.ALL, h5py.h5s.ALL, self.values)
        return path

    def test_filters_of_plug_ins(self):
        library = f"{PLUGINS}/libh5bz2.so"
        need_for(self, os.path.exists(library), "hdf5-filter-plugin")
        path = self.filtered("bzip2", 307, (9,))
        text = ": give --allow-external if you trust its origin"
        self.hint(text, *self.reading(f"{path}:/x"), code=DATA)
        self.success(*self.reading(f"{path}:/x", "--allow-external"))
        # Given, it is not proposed again.
        text = "install Debian's package {}, or set HDF5_PLUGIN_PATH to the folder of the plug-in"
        given = self.reading(f"{path}:/x", "--allow-external")
        empty = self.folder / "plugins"
        empty.mkdir()
        printed = self.hint(text, *given, code=DATA, environment={"HDF5_PLUGIN_PATH": str(empty)})
        self.assertNotIn("--allow-external", printed.message)
        package = re.search(r"package (\S+),", printed.advice).group(1)
        listed = subprocess.run(["dpkg", "-L", package], capture_output=True, text=True, check=True)
        self.assertIn(library, listed.stdout)
        shutil.copy(library, empty)
        given = self.reading(f"{path}:/x", "--allow-external")
        self.success(*given, environment={"HDF5_PLUGIN_PATH": str(empty)})

    def test_filters_without_a_plug_in_of_debian(self):
        """A plug-in of any filter shows that the folder is looked into."""
        need_for(self, os.path.exists(f"{PLUGINS}/libh5bz2.so"), "hdf5-filter-plugin")
        path = self.folder / "zstd.h5"
        content = self.filtered("other", 307, (9,)).read_bytes()
        # The number of the filter in the file: 307 becomes one for which there is no plug-in.
        number = (307).to_bytes(2, "little")
        path.write_bytes(content.replace(number, (32015).to_bytes(2, "little")))
        text = (
            "set HDF5_PLUGIN_PATH to the folder of one, or rewrite the data without this filter "
            "where they were made"
        )
        self.hint(text, *self.reading(f"{path}:/x", "--allow-external"), code=DATA)
        with h5py.File(self.folder / "again.h5", "w") as file:
            file["x"] = self.values
        self.success(*self.reading(f"{self.folder}/again.h5:/x"))

    def test_filters_of_pytables(self):
        need_for(self, shutil.which("ptrepack"), "python3-tables")
        import tables

        path = self.folder / "lzo.h5"
        with tables.open_file(str(path), "w") as file:
            lzo = tables.Filters(complevel=4, complib="lzo")
            file.create_carray("/", "x", obj=self.values, filters=lzo)
        text = (
            "which PyTables alone undoes: rewrite the file with ptrepack --complib=zlib "
            "--complevel=4 IN:/ OUT:/"
        )
        for words in ([], ["--allow-external"]):
            printed = self.hint(text, *self.reading(f"{path}:/x", *words), code=DATA)
        command = re.search(r"ptrepack .*", printed.advice).group().split()
        again = self.folder / "again.h5"
        names = {"IN:/": f"{path}:/", "OUT:/": f"{again}:/"}
        subprocess.run([names.get(word, word) for word in command], check=True)
        self.success(*self.reading(f"{again}:/x"))
        np.testing.assert_array_equal(read_datasets(again)["/x"], self.values)

    def test_rows_that_were_never_written(self):
        path = self.folder / "holes.h5"
        layout = h5py.VirtualLayout((12, 4), "f4")
        layout[:6] = h5py.VirtualSource("data.h5", "x", (6, 4))
        with h5py.File(path, "w") as file:
            file.create_dataset("x", (6, 4), "f4", chunks=(2, 4), fillvalue=2)[:2] = self.values[:2]
            file.create_virtual_dataset("virtual", layout, fillvalue=2)
        self.hint(
            "{}; to read the others as the fill value that it declares, {}, give --accept-fill",
            *self.reading(f"{path}:/x"),
            code=DATA,
        )
        self.success(*self.reading(f"{path}:/x", "--accept-fill"))
        text = (
            ": is a virtual data set whose sources do not cover all its rows; to read the others "
            "as its fill value, give --accept-fill"
        )
        virtual = f"{path}:/virtual"
        self.hint(text, *self.reading(virtual, "--allow-external"), code=DATA)
        self.success(*self.reading(virtual, "--allow-external", "--accept-fill"))

    def test_killed_writer(self):
        need_for(self, shutil.which("h5clear"), "hdf5-tools")
        path = self.folder / "killed.h5"
        for followed in ("pass", "file.swmr_mode = True"):
            program = (
                "import h5py, numpy, os; "
                f"file = h5py.File('{path}', 'w', libver='latest'); "
                "data = file.create_dataset('x', (0, 4), maxshape=(None, 4), chunks=(2, 4)); "
                f"{followed}; "
                "data.resize((6, 4)); data[:] = numpy.arange(24).reshape(6, 4); "
                "data.flush(); file.swmr_mode or file.flush(); os.kill(os.getpid(), 9)"
            )
            subprocess.run([sys.executable, "-c", program], check=False)
            text = "run h5clear -s{} {} (Debian's package hdf5-tools), which clears the mark"
            printed = self.hint(text, *self.reading(f"{path}:/x"), code=DATA)
            command = re.search(r"h5clear \S+( --\S+)? \S+", printed.advice).group().split()
            subprocess.run(command, check=True)
            self.success(*self.reading(f"{path}:/x"))
            np.testing.assert_array_equal(read_datasets(path)["/x"], self.values)

    def test_components(self):
        words = self.reading(f"{self.data}:/x", "--components", 5)
        printed = self.hint("--components is {}; {} has {} features: choose 1 to {}", *words)
        low, high = re.search(r"choose (\d+) to (\d+)", printed.message).groups()
        for count in (low, high):
            self.success(*self.reading(f"{self.data}:/x", "--components", count))


if __name__ == "__main__":
    unittest.main()
