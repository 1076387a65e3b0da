"""import: bad input is named and leaves nothing behind."""
import gzip
import io
import os
import struct
import unittest
from pathlib import Path

import numpy as np

from importing import JPEG, ImporterTest, pgm, png
from support import DATA, IO, USAGE, read_datasets, run, write_file


class BadImportTest(ImporterTest):
    """For every importer: the file, the row, the reason; the right exit code; nothing
    half-written."""

    def refused(self, code, words, *arguments, ranks=None):
        before = sorted(os.listdir(self.folder))
        self.assert_refused(
            run("import", *arguments, "--output", self.output, ranks=ranks), code, *words
        )
        self.assertEqual(sorted(os.listdir(self.folder)), before, "something was left behind")

    def test_bad_csv(self):
        for name, text, words in (
            ("ragged", "a,b\n1,2\n1,2,3\n", ["line 3", "3 cells"]),
            ("text", "a,b\n1,2\n1,two\n", ["line 3", "'b'", "'two'", "not a number"]),
            ("missing", "a,b\n,2\n,2\n", ["line 2", "'a'", "missing"]),
            ("twice", "a,a\n1,2\n", ["two columns", "'a'"]),
            ("empty", "", ["empty"]),
            ("header", "a,b\n", ["no samples"]),
            ("huge", "a\n1e60\n", ["line 2", "beyond"]),
            ("nan", "a,b\nnan,2\nnan,3\n", ["line 2", "'a'", "missing"]),
            ("inf", "a,b\n1,-inf\n", ["line 2", "'b'", "infinite"]),
            ("open", 'a,b\n"1,2\n3,4\n', ["line 2", "quote"]),
            ("garbage", b"a\x1b[31m\xff\0,\x07" * 99, ["control characters"]),
            ("trailing", "1,2,\n3,4,\n", ["line 1", "ends with a separator", "--drop-columns 3"]),
            ("named", "a,b,\n1,2,\n", ["line 2", "'3'", "missing"]),
        ):
            self.refused(DATA, [f"{name}.csv", *words], self.write(f"{name}.csv", text))
        self.refused(DATA, ["line 3"], self.folder / "ragged.csv", ranks=2)
        for text, options in (
            ("\ufeffa,b\r\n1,2\r\n3,4\r\n", []),
            ('"a","b"\n"1", "2"\n"3","4"\n', []),
            ("a,b,\n1,2,\n3,4,\n", ["--drop-columns", "3"]),
        ):
            self.success(
                "import", self.write("odd.csv", text), *options, "--output", self.folder / "odd.h5"
            )
            np.testing.assert_array_equal(
                read_datasets(self.folder / "odd.h5")["/samples"], [[1, 2], [3, 4]]
            )
            (self.folder / "odd.h5").unlink()
        self.refused(USAGE, ["no column 'z'"], self.folder / "text.csv", "--label-column", "z")
        self.refused(IO, ["absent.csv"], self.folder / "absent.csv")

    def test_bad_numpy(self):
        np.save(self.folder / "x.npy", self.values)
        whole = (self.folder / "x.npy").read_bytes()
        self.refused(DATA, ["cut.npy", "truncated"], self.write("cut.npy", whole[:-1]))
        self.refused(DATA, ["cut.npy", "truncated"], self.folder / "cut.npy", ranks=2)
        self.refused(DATA, ["more.npy", "after the last"], self.write("more.npy", whole + b"x"))
        self.values[207, 2] = np.nan
        np.save(self.folder / "nan.npy", self.values)
        for ranks in (None, 2):
            self.refused(
                DATA, ["nan.npy", "row 207", "feature 2"], self.folder / "nan.npy", ranks=ranks
            )
        for array, words in (
            (np.zeros((0, 4)), "no samples"),
            (np.float32(3), "single value"),
            (np.array(["a"]), "cannot be read"),
            (np.zeros((3, 0)), "no features"),
        ):
            np.save(self.folder / "odd.npy", array)
            self.refused(DATA, ["odd.npy", words], self.folder / "odd.npy")
        np.save(self.folder / "objects.npy", np.array([{"a": 1}], object))
        self.refused(DATA, ["objects.npy", "pickled"], self.folder / "objects.npy")
        claim = b"{'descr': '<f4', 'fortran_order': False, 'shape': (250000000000000000, 1), }"
        self.refused(
            DATA,
            ["claim.npy", "truncated"],
            self.write(
                "claim.npy", b"\x93NUMPY\1\0" + struct.pack("<H", len(claim)) + claim + bytes(900)
            ),
        )
        packed = io.BytesIO()
        np.savez_compressed(packed, x=self.values)
        damaged = bytearray(packed.getvalue())
        damaged[len(damaged) // 2] ^= 0xFF
        self.refused(DATA, ["damaged.npz:x"], self.write("damaged.npz", bytes(damaged)))
        # Stored without compression, only the checksum knows.
        plain = io.BytesIO()
        np.savez(plain, x=np.arange(200, dtype=np.float32).reshape(20, 10))
        damaged = bytearray(plain.getvalue())
        damaged[len(damaged) // 2] ^= 1
        for ranks in (None, 2):
            self.refused(
                DATA,
                ["damaged-plain.npz:x", "checksum"],
                self.write("damaged-plain.npz", bytes(damaged)),
                ranks=ranks,
            )
        self.refused(DATA, ["cut.npz"], self.write("cut.npz", packed.getvalue()[:-30]))
        self.refused(DATA, ["no array 'y'", "x"], self.write("whole.npz", packed.getvalue()) + ":y")
        np.savez(self.folder / "short.npz", y=np.arange(7))
        self.refused(
            DATA,
            ["7 labels for the 301"],
            self.folder / "whole.npz",
            "--labels",
            self.folder / "short.npz",
        )

    def test_garbage_and_nothing_in_every_format(self):
        (self.folder / "empty").mkdir()
        for name, kind in (
            ("x.csv", "csv"),
            ("x.npy", "npy"),
            ("x.npz", "npz"),
            ("x.h5", "hdf5"),
            ("x", "idx"),
        ):
            self.refused(
                DATA,
                [name, "empty"] if name != "x.npz" else [name, "truncated"],
                self.write(name, b""),
            )
            self.refused(DATA, [name], self.write(name, bytes(range(256)) * 9))
            self.refused(IO, ["folder"], self.folder / "empty", "--format", kind)
        self.refused(DATA, ["no images"], self.folder / "empty")
        write_file(self.folder / "zero.h5", x=np.zeros((0, 3)), s=[b"a"])
        self.refused(DATA, ["zero.h5:/x", "no samples"], f"{self.folder}/zero.h5:/x")
        self.refused(DATA, ["zero.h5:/s", "text"], f"{self.folder}/zero.h5:/s")
        head = struct.pack(">IIII", 0x803, 3, 2, 2)
        self.refused(DATA, ["short.idx", "truncated"], self.write("short.idx", head + bytes(11)))
        self.refused(
            DATA,
            ["short.gz", "truncated"],
            self.write("short.gz", gzip.compress(head + bytes(12))[:-6]),
        )

    def test_bad_raw(self):
        path = self.write("x.bin", bytes(10))
        self.refused(DATA, ["x.bin", "10 bytes"], path, "--type", "float32", "--shape", "2")
        self.refused(USAGE, ["--type", "--shape"], path, "--shape", "2")
        self.refused(USAGE, ["unknown type"], path, "--shape", "2", "--type", "float33")
        self.refused(USAGE, ["--shape", "2xx"], path, "--shape", "2xx", "--type", "uint8")
        self.refused(
            USAGE,
            ["--resize applies to images"],
            path,
            "--shape",
            "2",
            "--type",
            "uint8",
            "--resize",
            "2x2",
        )

    def test_bad_images(self):
        grey = self.random.integers(0, 256, (5, 7), dtype=np.uint8)
        folder = self.folder / "images"
        cases = (
            ("0/b.png", png(grey[:4]), ["b.png", "4 x 7", "--resize"]),
            ("0/c.png", png(grey)[:60], ["c.png", "damaged PNG"]),
            ("0/d.jpg", JPEG[:-20], ["d.jpg", "damaged JPEG"]),
            ("0/e.jpg", b"", ["e.jpg", "empty"]),
            ("0/f.pgm", pgm(grey)[:-1], ["f.pgm", "truncated"]),
            ("0/g.txt", b"hello", ["g.txt", "not a PNG"]),
            ("0/h.png", png(np.dstack([grey] * 3)), ["h.png", "in colour", "--grey"]),
            ("i.png", png(grey), ["i.png", "beside class folders"]),
            ("0/j.png", png(np.dstack([grey] * 4)), ["j.png", "transparent"]),
            ("0/k.png", b"GIF89a", ["k.png", "despite its name"]),
        )
        self.write("images/0/a.png", png(grey))
        for name, content, words in cases:
            path = Path(self.write(f"images/{name}", content))
            self.refused(DATA, words, folder)
            if name == "0/b.png":
                self.refused(DATA, words, folder, ranks=2)
            path.unlink()
        (folder / "1").mkdir()
        self.refused(DATA, ["images/1", "class folder without images"], folder)
        self.refused(USAGE, ["--resize", "HEIGHTxWIDTH"], folder, "--resize", "big")
        self.refused(USAGE, ["--format", "did you mean 'images'"], folder, "--format", "image")

    def test_bad_joins(self):
        np.save(self.folder / "a.npy", self.values)
        np.save(self.folder / "b.npy", self.values[:, :2])
        np.save(self.folder / "c.npy", self.values.astype("f8"))
        self.refused(
            DATA, ["b.npy", "301 x 2", "a.npy"], self.folder / "a.npy", self.folder / "b.npy"
        )
        self.refused(
            DATA,
            ["c.npy", "float64", "a.npy"],
            self.folder / "a.npy",
            self.folder / "c.npy",
            ranks=2,
        )
        self.refused(IO, ["nothing-*.npy", "no file matches"], self.folder / "nothing-*.npy")
        self.refused(
            DATA,
            ["q.csv", "no column 'kind'", "p.csv"],
            self.csv("p.csv"),
            self.write("q.csv", "a,b,c,d\n1,2,3,4\n"),
        )
        self.refused(USAGE, ["name a source"])
        write_file(self.folder / "x.h5", x=self.values, y=np.arange(300))
        self.refused(
            DATA,
            ["not labels of 301 samples"],
            f"{self.folder}/x.h5:/x",
            "--virtual",
            "--labels",
            f"{self.folder}/x.h5:/y",
        )


if __name__ == "__main__":
    unittest.main()
