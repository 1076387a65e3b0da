"""Hints about imports: each is printed with reason, and followed literally."""

import gzip
import os
import re
import shutil
import subprocess
import unittest
import zipfile

import numpy as np

from hints import HintTest
from importing import pgm, png
from support import DATA, IO, write_file

try:
    from PIL import Image
except ImportError:
    Image = None


class ImportHints(HintTest):
    def setUp(self):
        super().setUp()
        self.number = 0

    def importing(self, source, *words):
        self.number += 1
        return ["import", source, "--output", f"{self.folder}/out{self.number}.h5:/train", *words]

    def text_file(self, text, name="table.csv"):
        path = self.folder / name
        path.write_text(text)
        return path

    def test_raw_numbers(self):
        raw = self.folder / "raw.bin"
        raw.write_bytes(bytes(5 * 784))
        printed = self.hint(
            "raw numbers need --type and --shape: e.g. --type uint8 --shape 28x28 (of one sample)",
            *self.importing(raw, "--format", "raw"),
        )
        options = [word for pair in printed.options() for word in pair]
        self.assertEqual(options, ["--type", "uint8", "--shape", "28x28"])
        self.success(*self.importing(raw, "--format", "raw", *options))
        self.success(*self.importing(raw, *options))
        printed = self.hint(
            "--shape is '{}', but the shape of one sample is expected, e.g. 784 or 28x28",
            *self.importing(raw, "--type", "uint8", "--shape", "square"),
        )
        for shape in re.search(r"e\.g\. (\S+) or (\S+)", printed.advice).groups():
            self.success(*self.importing(raw, "--type", "uint8", "--shape", shape))

    def test_values_of_tables(self):
        table = self.text_file("a,b\n1,2\n3,4\n5,\n")
        whole = ["--type", "int32"]
        self.hint("); fill it in, or leave the row out", *self.importing(table, *whole), code=DATA)
        self.success(*self.importing(table))  # the cell is missing
        filled = self.text_file("a,b\n1,2\n3,4.5\n5,6\n")
        self.success(*self.importing(filled))
        table = self.text_file("a,b\n1,2\n3,4.5\n")
        self.success(*self.importing(table))
        whole = self.importing(table, "--type", "int32")
        text = " is not a whole number of this type; use --type float32"
        printed = self.hint(text, *whole, code=DATA)
        self.success(*self.importing(table, *printed.options()[0]))
        printed = self.hint(
            "--type {} is for raw numbers; use float32",
            *self.importing(table, "--type", "float16"),
        )
        self.success(*self.importing(table, "--type", "float32"))

    def test_headers_and_columns(self):
        table = self.text_file("1,2,\n3,4,\n")
        printed = self.hint(
            "ends with a separator, so its last column is empty: leave it out, --header false "
            "--drop-columns ",
            *self.importing(table),
            code=DATA,
        )
        options = re.search(r"--header.*", printed.advice).group().split()
        self.success(*self.importing(table, *options))
        table = self.text_file("1,b\n3,4\n")
        self.hint(
            "holds numbers and texts: say whether it names the columns, --header true or --header"
            " false",
            *self.importing(table),
            code=DATA,
        )
        self.success(*self.importing(table, "--header", "true"))
        # It does not name them: the text is a class.
        self.success(*self.importing(table, "--header", "false", "--label-column", 2))
        with gzip.open(self.folder / "packed.csv", "wt") as file:
            file.write("a,b\n1,2\n")
        packed = self.importing(self.folder / "packed.csv")
        text = "is compressed; unpack it first: gunzip < {} > OUT"
        printed = self.hint("is compressed; unpack it first: gunzip < ", *packed, code=DATA)
        command = re.search(text.replace("{}", r"\S+").split(": ")[1], printed.advice).group()
        unpacked = self.folder / "unpacked.csv"
        subprocess.run(command.replace("OUT", str(unpacked)), shell=True, check=True)
        self.success(*self.importing(unpacked))

    def test_several_tables_with_classes(self):
        for name, text in [("a.csv", "v,kind\n1,cat\n2,dog\n"), ("b.csv", "v,kind\n3,owl\n")]:
            self.text_file(text, name)
        words = ["--label-column", "kind"]
        hint = ", so the same number would mean two things; import them as one file, or use numbers"
        self.no_hint(hint, *self.importing(self.folder / "a.csv", self.folder / "b.csv", *words))
        for name in ("p/cat", "p/dog", "q/owl", "pq/cat", "pq/dog", "pq/owl"):
            (self.folder / name).mkdir(parents=True)
            (self.folder / name / "1.pgm").write_bytes(pgm(np.zeros((2, 2), np.uint8)))
        self.hint(hint, *self.importing(self.folder / "p", self.folder / "q"), code=DATA)
        self.success(*self.importing(self.folder / "pq"))
        for name, text in [("a.csv", "v,kind\n1,0\n2,1\n"), ("b.csv", "v,kind\n3,2\n")]:
            self.text_file(text, name)
        self.success(*self.importing(self.folder / "a.csv", self.folder / "b.csv", *words))

    def test_numpy(self):
        array = np.arange(8, dtype=np.float32).reshape(4, 2)
        np.savez_compressed(self.folder / "two.npz", a=array, b=array)
        two = self.folder / "two.npz"
        printed = self.hint("; name one: ", *self.importing(two), code=DATA)
        pattern = re.search(r"name one: (\S+):NAME", printed.advice).group(1)
        self.success(*self.importing(f"{pattern}:b"))
        good = two.read_bytes()
        with zipfile.ZipFile(two) as file:
            place = good.index(file.infolist()[0].filename.encode())
        broken = bytearray(good)
        # Its checksum in the directory at the end.
        entry = good.rindex(b"PK\x01\x02", 0, good.rindex(b"PK\x01\x02"))
        broken[entry + 16] ^= 1
        self.assertLess(place, entry)
        two.write_bytes(bytes(broken))
        self.hint(
            "is damaged: its checksum is wrong; copy it again",
            *self.importing(f"{two}:a"),
            code=DATA,
        )
        two.write_bytes(good)
        self.success(*self.importing(f"{two}:a"))

    def test_values_that_are_not_finite(self):
        array = np.ones((4, 2))
        array[2, 1] = np.inf
        np.save(self.folder / "x.npy", array)
        self.hint(
            "; clean the data: drop such rows or replace such values",
            *self.importing(self.folder / "x.npy"),
            code=DATA,
        )
        for cleaned in (array[np.isfinite(array).all(axis=1)], np.nan_to_num(array, posinf=9)):
            np.save(self.folder / "x.npy", cleaned)
            self.success(*self.importing(self.folder / "x.npy"))

    def test_images(self):
        images = self.folder / "images"
        images.mkdir()
        clear = np.full((6, 6, 4), 100, np.uint8)
        (images / "a.png").write_bytes(png(clear))
        printed = self.hint(
            "has transparent pixels; put it on a background first, e.g. convert IN -background "
            "white -flatten OUT",
            *self.importing(images),
            code=DATA,
        )
        command = re.search(r"convert IN .* OUT", printed.advice).group()
        if not shutil.which("convert"):
            self.skipTest("needs imagemagick")
        places = {"IN": str(images / "a.png"), "OUT": str(images / "a.png")}
        words = [places.get(word, word) for word in command.split()]
        done = subprocess.run(words, capture_output=True, text=True)
        if "not installed" in done.stderr:
            self.skipTest("needs imagemagick")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.success(*self.importing(images))

    def test_sets_of_images(self):
        images = self.folder / "images"
        images.mkdir()
        grey = np.arange(36, dtype=np.uint8).reshape(6, 6)

        def write(*arrays):
            for number, array in enumerate(arrays):
                (images / f"{number}.png").write_bytes(png(array))

        write(grey, np.zeros((8, 8), np.uint8))
        printed = self.hint(
            "; --resize HxW makes them one size", *self.importing(images), code=DATA
        )
        self.assertIn("--resize HxW", printed.advice)
        self.success(*self.importing(images, "--resize", "6x6"))
        printed = self.hint(
            "--resize is '{}', but HEIGHTxWIDTH is expected, e.g. 64x64",
            *self.importing(images, "--resize", "big"),
        )
        size = re.search(r"e\.g\. (\S+)", printed.advice).group(1)
        self.success(*self.importing(images, "--resize", size))
        write(grey, np.zeros((6, 6, 3), np.uint8))
        printed = self.hint("; --grey makes all of them grey", *self.importing(images), code=DATA)
        self.success(*self.importing(images, "--grey"))
        write(grey)
        deep = b"P5 6 6 65535\n" + (grey.astype(">u2") * 257).tobytes()
        (images / "1.pgm").write_bytes(deep)
        (images / "1.png").unlink()
        text = " has not; convert them to one depth"
        self.hint(text, *self.importing(images), code=DATA)
        (images / "1.pgm").write_bytes(pgm(grey))
        self.success(*self.importing(images))

    @unittest.skipUnless(Image, "needs python3-pil")
    def test_colour_spaces(self):
        images = self.folder / "images"
        images.mkdir()
        path = images / "print.jpg"
        Image.new("CMYK", (6, 6)).save(path)
        self.hint("(CMYK?); convert it to RGB", *self.importing(images), code=DATA)
        Image.open(path).convert("RGB").save(path)
        self.success(*self.importing(images))

    def test_labels(self):
        for kind in ("cat", "dog"):
            (self.folder / "photos" / kind).mkdir(parents=True)
            (self.folder / "photos" / kind / "1.png").write_bytes(png(np.zeros((4, 4), np.uint8)))
        labels = self.text_file("0\n1\n", "labels.csv")
        words = self.importing(self.folder / "photos", "--labels", labels)
        self.hint("the sources hold labels themselves: leave --labels out", *words)
        self.success(*words[:-2])

    def test_outputs(self):
        table = self.text_file("a,b\n1,2\n")
        words = self.importing(table)
        self.success(*words)
        text = ": already exists; choose another group or remove the file"
        self.hint(text, *words)
        file = words[3].split(":")[0]
        self.success(*words[:3], f"{file}:/other")
        os.unlink(file)
        self.success(*words)
        missing = self.folder / "no/such"
        words = [*words[:3], f"{missing}/out.h5:/train"]
        self.hint(" does not exist; create it first", *words, code=IO)
        missing.mkdir(parents=True)
        self.success(*words)
        self.hint(": is a folder; name an HDF5 file in it", *words[:3], self.folder, code=IO)
        self.success(*words[:3], self.folder / "a-file.h5")

    def test_a_pipe_as_output(self):
        words = self.importing(self.text_file("a,b\n1,2\n"))
        self.success(*words[:3], f"{self.folder}/not-a-pipe.h5:/train")
        os.mkfifo(self.folder / "pipe")
        text = ": exists and is not a regular file; name another"
        self.hint(text, *words[:3], f"{self.folder}/pipe:/train", code=IO)

    def test_virtual_data_sets(self):
        source = write_file(self.folder / "source.h5", x=np.zeros((4, 2), np.float32))
        words = self.importing(f"{source}:/x", "--virtual")
        text = (
            "--compress has no effect with --virtual, which copies nothing: leave one of them out"
        )
        self.hint(text, *words, "--compress")
        self.success(*words)
        self.success(*self.importing(f"{source}:/x", "--compress"))

    def test_names_of_formats_and_sets(self):
        table = self.text_file("a,b\n1,2\n")
        words = self.importing(table, "--format", "csw")
        printed = self.hint("; did you mean '", *words)
        named = re.search(r"did you mean '(\w+)'", printed.message).group(1)
        self.success(*words, "--format", named)
        output = ["--samples", 20, "--output"]
        for text, name in [("there is no data set '{}'; use one of: {}", "cubes")]:
            printed = self.hint(text, "generate", name, *output, self.folder / "none.h5")
            names = re.search(r"use one of: (.*)", printed.message).group(1).split(", ")
        self.assertGreater(len(names), 4)
        for name in names:
            self.success("generate", name, *output, f"{self.folder}/{name}.h5")
        printed = self.hint("name a data set: {}", "generate", *output, self.folder / "none.h5")
        self.assertIn(", ".join(names), printed.advice)


if __name__ == "__main__":
    unittest.main()
