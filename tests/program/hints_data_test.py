"""Hints about data files: each is printed with reason, and followed literally."""

import os
import re
import shutil
import subprocess
import unittest

import h5py
import numpy as np

from hints import HintTest
from support import DATA, IO, read_datasets, write_file


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
        text = " bytes are fewer than its header says; copy it again"
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

    def test_filters_of_plug_ins(self):
        """That a plug-in helps cannot be tested without one; what is proposed without it is."""
        path = self.folder / "filter.h5"
        with h5py.File(path, "w") as file:
            create = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
            create.set_chunk((2, 4))
            create.set_filter(32000, h5py.h5z.FLAG_OPTIONAL, ())
            space = h5py.h5s.create_simple((6, 4))
            made = h5py.h5d.create(file.id, b"x", h5py.h5t.IEEE_F32LE, space, create)
            made.write(h5py.h5s.ALL, h5py.h5s.ALL, self.values)
        repack = "rewrite it with h5repack -f GZIP=4 where that is installed"
        printed = self.hint(repack, *self.reading(f"{path}:/x"), code=DATA)
        self.assertIn("--allow-external", printed.advice)
        # Given, it is not proposed again.
        printed = self.hint(
            "no plug-in here can undo; set HDF5_PLUGIN_PATH to the plug-in's folder, or ",
            *self.reading(f"{path}:/x", "--allow-external"),
            code=DATA,
        )
        self.assertNotIn("--allow-external", printed.advice)

    def test_components(self):
        words = self.reading(f"{self.data}:/x", "--components", 5)
        printed = self.hint("--components is {}; {} has {} features: choose 1 to {}", *words)
        low, high = re.search(r"choose (\d+) to (\d+)", printed.message).groups()
        for count in (low, high):
            self.success(*self.reading(f"{self.data}:/x", "--components", count))


if __name__ == "__main__":
    unittest.main()
