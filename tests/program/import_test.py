"""import: every format gives the values that are in the files, on any number of ranks; bad input is named and leaves nothing behind."""
import base64
import gzip
import io
import os
import re
import signal
import struct
import unittest
import zlib
from pathlib import Path

import h5py
import numpy as np

from support import (
    DATA,
    IO,
    STOPPED,
    USAGE,
    ProgramTest,
    rank_processes,
    read_datasets,
    run,
    start,
    wait_until,
    write_file,
)

# 16 x 16 pixels, grey, brighter from left to right.
JPEG = base64.b64decode(
    "/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAA0JCgsKCA0LCgsODg0PEyAVExISEyccHhcgLikxMC4pLSwzOko+MzZGNywtQFdBRkxOUlNSMj5aYVpQYEpRUk//wAALCAAQABABAREA/8QA"
    "HwAAAQUBAQEBAQEAAAAAAAAAAAECAwQFBgcICQoL/8QAtRAAAgEDAwIEAwUFBAQAAAF9AQIDAAQRBRIhMUEGE1FhByJxFDKBkaEII0KxwRVS0fAkM2JyggkKFhcYGRolJicoKSo0NTY3"
    "ODk6Q0RFRkdISUpTVFVWV1hZWmNkZWZnaGlqc3R1dnd4eXqDhIWGh4iJipKTlJWWl5iZmqKjpKWmp6ipqrKztLW2t7i5usLDxMXGx8jJytLT1NXW19jZ2uHi4+Tl5ufo6erx8vP09fb3"
    "+Pn6/9oACAEBAAA/AOB0/tXUaf2rl9P7V1Gn9q//2Q=="
)


def png(pixels):
    """A PNG file of H x W or H x W x C uint8."""
    height, width = pixels.shape[:2]
    kind = {1: 0, 3: 2, 4: 6}[pixels.size // height // width]
    rows = b"".join(b"\0" + row.tobytes() for row in pixels)

    def chunk(name, content):
        return (
            struct.pack(">I", len(content))
            + name
            + content
            + struct.pack(">I", zlib.crc32(name + content))
        )

    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, kind, 0, 0, 0))
        + chunk(b"IDAT", zlib.compress(rows))
        + chunk(b"IEND", b"")
    )


def pgm(pixels):
    return b"P5 %d %d 255\n" % (pixels.shape[1], pixels.shape[0]) + pixels.tobytes()


class ImporterTest(ProgramTest):
    def setUp(self):
        super().setUp()
        self.random = np.random.default_rng(5)
        self.values = self.random.normal(size=(301, 4)).astype(np.float32)
        self.output = self.folder / "out.h5"

    def write(self, name, content):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return str(path)

    def csv(self, name="t.csv", kinds=("eel", "cat", "dog")):
        lines = [
            ",".join([*(repr(float(v)) for v in row), kinds[i % len(kinds)]])
            for i, row in enumerate(self.values)
        ]
        return self.write(name, "a,b,c,d,kind\n" + "\n".join(lines) + "\n")


class ImportTest(ImporterTest):
    def imported(self, *sources, ranks=None, group="/g"):
        self.output.unlink(missing_ok=True)
        self.success("import", *sources, "--output", f"{self.output}:{group}", ranks=ranks)
        return read_datasets(self.output)

    def check(self, expected, *sources, labels=None, every_rank_count=(None, 3)):
        for ranks in every_rank_count:
            found = self.imported(*sources, ranks=ranks)
            np.testing.assert_array_equal(found["/g/samples"], expected)
            self.assertEqual(found["/g/samples"].dtype, expected.dtype)
            if labels is not None:
                np.testing.assert_array_equal(found["/g/labels"], labels)

    def test_csv(self):
        kinds = np.array(
            [["cat", "dog", "eel"].index(k) for k in (["eel", "cat", "dog"] * 101)[:301]]
        )
        self.check(self.values, self.csv(), "--label-column", "kind", labels=kinds)
        with h5py.File(self.output) as file:
            self.assertEqual(file["g/labels"].attrs["classes"], b"cat\ndog\neel")
        self.check(
            self.values[:, 1:], self.csv(), "--drop-columns", "a,kind", every_rank_count=(2,)
        )
        plain = self.write(
            "numbers.txt",
            "".join(";".join(repr(float(v)) for v in row) + "\r\n" for row in self.values),
        )
        self.check(self.values, plain, every_rank_count=(None,))
        self.check(np.vstack([self.values, self.values]), plain, plain)
        few = self.write("few.tsv", "1\t2\n3\t4")
        self.check(
            np.array([[1, 2], [3, 4]], np.uint8), few, "--type", "uint8", every_rank_count=(None, 3)
        )

    def test_numpy(self):
        np.save(self.folder / "x.npy", self.values)
        self.check(self.values, self.folder / "x.npy")
        np.save(self.folder / "big.npy", self.values.astype(">f8"))
        self.check(self.values.astype("f8"), self.folder / "big.npy", every_rank_count=(2,))
        half = self.values.astype(np.float16)
        for save, name in ((np.savez, "s.npz"), (np.savez_compressed, "c.npz")):
            save(
                self.folder / name,
                x=half,
                y=np.arange(301, dtype=np.uint16),
                images=np.zeros((2, 3, 4), np.uint8),
            )
            path = self.folder / name
            self.check(
                half.astype(np.float32), f"{path}:x", "--labels", f"{path}:y", labels=np.arange(301)
            )
        np.savez(self.folder / "one.npz", self.values)
        self.check(self.values, self.folder / "one.npz", "--compress", every_rank_count=(2,))

    def test_raw(self):
        path = self.write("x.bin", b"head" + self.values.astype(">f4").tobytes())
        self.check(self.values, path, "--type", ">f4", "--shape", 4, "--skip-bytes", 4)
        self.check(
            self.values[:300].reshape(300, 2, 2),
            path,
            "--type",
            ">f4",
            "--shape",
            "2x2",
            "--skip-bytes",
            4,
            "--rows",
            300,
            every_rank_count=(None,),
        )

    def test_images(self):
        grey = self.random.integers(0, 256, (6, 5, 7), dtype=np.uint8)
        for i, pixels in enumerate(grey):
            self.write(
                f"grey/{['b', 'a'][i % 2]}/{i}.{['png', 'pgm'][i < 3]}",
                png(pixels) if i >= 3 else pgm(pixels),
            )
        self.write("grey/a/.hidden", "x")
        order = [1, 3, 5, 0, 2, 4]
        self.check(grey[order], self.folder / "grey", labels=[0, 0, 0, 1, 1, 1])
        colour = self.random.integers(0, 256, (3, 5, 7, 3), dtype=np.uint8)
        for i, pixels in enumerate(colour):
            self.write(f"flat/{i}.png", png(pixels))
        self.check(colour, self.folder / "flat")
        self.assertNotIn("/g/labels", read_datasets(self.output))
        luma = (colour.astype(int) @ [19595, 38470, 7471] + 0x8000) >> 16
        self.check(luma.astype(np.uint8), self.folder / "flat", "--grey", every_rank_count=(None,))
        self.write("flat/3.jpg", JPEG)
        found = self.imported(self.folder / "flat", "--grey", "--resize", "8x8", ranks=2)[
            "/g/samples"
        ]
        self.assertEqual(found.shape, (4, 8, 8))
        self.assertTrue(
            (np.diff(found[3].astype(int), axis=1) > 0).all(), "the JPEG grows brighter"
        )
        opaque = np.dstack([colour[0], np.full((5, 7), 255, np.uint8)])
        self.write("alpha/0.png", png(opaque))
        self.check(colour[:1], self.folder / "alpha", every_rank_count=(None,))

    def test_hdf5_copied_joined_and_virtual(self):
        for i in range(3):
            write_file(
                self.folder / f"part-{i}.h5",
                x=self.values[i * 100 : (i + 1) * 100],
                y=np.arange(100, dtype=np.uint8),
            )
        everything = f"{self.folder}/part-*.h5:/x"
        self.check(
            self.values[:300],
            everything,
            "--labels",
            f"{self.folder}/part-0.h5:/y,{self.folder}/part-1.h5:/y,{self.folder}/part-2.h5:/y",
            labels=np.tile(np.arange(100), 3),
        )
        self.imported(everything, "--virtual", "--labels", f"{self.folder}/part-*.h5:/y", ranks=2)
        with h5py.File(self.output) as file:
            np.testing.assert_array_equal(file["g/labels"][()], np.tile(np.arange(100), 3))
            self.assertTrue(file["g/samples"].is_virtual)
            np.testing.assert_array_equal(file["g/samples"][()], self.values[:300])
        self.success(
            "train",
            "--data",
            f"{self.output}:/g/samples",
            "--layers",
            "4,2",
            "--output",
            self.folder / "run",
            "--epochs",
            1,
            "--output-activation",
            "linear",
            "--batch",
            32,
            "--micro-batch",
            16,
            "--allow-external",
        )

    def test_into_an_existing_file(self):
        self.write("t.csv", "1,2\n3,4\n")
        write_file(self.output, kept=np.arange(3))
        self.success("import", self.folder / "t.csv", "--output", f"{self.output}:/new")
        self.assertEqual(sorted(read_datasets(self.output)), ["/kept", "/new/samples"])
        self.assert_refused(
            run("import", self.folder / "t.csv", "--output", f"{self.output}:/new"),
            USAGE,
            "already exists",
        )

    def long_csv(self, seed=1):
        """Enough rows that an import can be interrupted; and what an import that nobody disturbs makes of them."""
        block = "".join(
            f"{','.join(map(str, row))}\n"
            for row in np.random.default_rng(seed).integers(0, 99, (2000, 8))
        )
        path = self.write("long.csv", block * 500)
        (self.folder / "whole.h5").unlink(missing_ok=True)
        self.success(
            "import",
            path,
            "--type",
            "float64",
            "--label-column",
            8,
            "--output",
            self.folder / "whole.h5",
        )
        return path, (self.folder / "whole.h5").read_bytes()

    def hidden(self):
        return sorted(name for name in os.listdir(self.folder) if name.startswith("."))

    def killed(self, *arguments, ranks=None, rank=0):
        """An import of which one rank dies after its second round, as by kill -9."""
        result = run(
            "import",
            *arguments,
            "--output",
            self.output,
            ranks=ranks,
            environment={"HOURGLASS_FAULT": f"kill,rank={rank},step=2"},
        )
        self.assertNotEqual(result.code, 0)
        self.assertFalse(self.output.exists())
        self.assertEqual(self.hidden(), [".out.h5.unfinished", ".out.h5.unfinished.rows"])

    def test_a_killed_import_continues_where_it_was(self):
        path, whole = self.long_csv()
        wanted = (path, "--type", "float64", "--label-column", 8)
        self.killed(*wanted)
        self.killed(*wanted, ranks=2, rank=1)
        result = self.success("import", *wanted, "--output", self.output, ranks=3)
        there = re.search(r"interrupted: (\d+) of 1000000 samples are there", result.stdout)
        self.assertTrue(there and int(there.group(1)) > 0, result)
        self.assertEqual(self.output.read_bytes(), whole)
        self.assertEqual(self.hidden(), [])

    def test_an_import_that_is_asked_to_stop_continues(self):
        path, whole = self.long_csv()
        journal = self.folder / ".out.h5.unfinished.rows"
        for ranks, number in ((2, signal.SIGTERM), (None, signal.SIGINT)):
            process = start(
                "import",
                path,
                "--type",
                "float64",
                "--label-column",
                8,
                "--output",
                self.output,
                ranks=ranks,
                environment={"HOURGLASS_FAULT": "slow,step=2"},
            )
            # Two rows beyond the heading, since the last one is torn below.
            wait_until(
                lambda: journal.exists() and journal.read_bytes().count(b"\n") >= 3,
                what="rows in the journal",
            )
            for rank in rank_processes(process.pid):
                os.kill(rank, number)
            self.assertEqual(process.wait(), STOPPED)
            self.assertFalse(self.output.exists())
            # With its last line torn it counts as far as it is whole.
            journal.write_bytes(journal.read_bytes()[:-7])
            self.assertIn(
                "continuing",
                self.success(
                    "import",
                    path,
                    "--type",
                    "float64",
                    "--label-column",
                    8,
                    "--output",
                    self.output,
                ).stdout,
            )
            self.assertEqual(self.output.read_bytes(), whole)
            self.assertEqual(self.hidden(), [])
            self.output.unlink()

    def test_what_another_import_left_is_thrown_away(self):
        path, _ = self.long_csv()
        self.killed(path, "--type", "float64", "--label-column", 8)
        _, whole = self.long_csv(seed=2)
        result = self.success(
            "import",
            path,
            "--type",
            "float64",
            "--label-column",
            8,
            "--output",
            self.output,
            ranks=2,
        )
        self.assertIn("beginning again", result.stdout)
        self.assertEqual(self.output.read_bytes(), whole)
        self.output.unlink()
        # Other options.
        self.killed(path, "--type", "float64")
        self.assertIn(
            "beginning again",
            self.success(
                "import",
                path,
                "--type",
                "float64",
                "--drop-columns",
                "1,2",
                "--output",
                self.output,
            ).stdout,
        )
        self.assertEqual(read_datasets(self.output)["/samples"].shape, (1000000, 6))
        self.output.unlink()
        # Compressed, it is not continued, and takes away what was left.
        self.killed(path, "--type", "float64")
        short = self.write("short.csv", "1,2\n3,4\n")
        self.success("import", short, "--compress", "--output", self.output)
        self.assertEqual(self.hidden(), [])
        self.output.unlink()
        result = run(
            "import",
            path,
            "--compress",
            "--output",
            self.output,
            environment={"HOURGLASS_FAULT": "kill,step=1"},
        )
        self.assertNotEqual(result.code, 0)
        self.assertEqual(len(self.hidden()), 1)
        self.success("import", short, "--compress", "--output", self.output)
        np.testing.assert_array_equal(read_datasets(self.output)["/samples"], [[1, 2], [3, 4]])
        self.assertEqual(self.hidden(), [])

    def test_formats_without_random_access_continue_too(self):
        random = np.random.default_rng(4)
        values = random.integers(0, 99, (20000, 1500), dtype=np.uint8)
        np.savez_compressed(self.folder / "x.npz", x=values, y=np.arange(20000) % 10)
        header = struct.pack(">IIII", 0x803, 20000, 30, 50)
        (self.folder / "x.idx.gz").write_bytes(gzip.compress(header + values.tobytes(), 1))
        np.save(self.folder / "x.npy", values)
        for name in ("x.npz:x", "x.idx.gz", "x.npy"):
            self.output.unlink(missing_ok=True)
            self.killed(self.folder / name)
            result = self.success("import", self.folder / name, "--output", self.output, ranks=2)
            self.assertIn("continuing", result.stdout)
            np.testing.assert_array_equal(
                read_datasets(self.output)["/samples"].reshape(values.shape), values
            )

    def test_two_imports_into_one_file_do_not_meet(self):
        path, _ = self.long_csv()
        process = start(
            "import", path, "--output", self.output, environment={"HOURGLASS_FAULT": "slow,step=1"}
        )
        wait_until(lambda: self.hidden(), what="a temporary file")
        self.assert_refused(
            run("import", path, "--output", f"{self.output}:/other"),
            USAGE,
            "another import",
            "wait",
        )
        self.assertEqual(process.wait(), 0)


class BadImportTest(ImporterTest):
    """For every importer: the file, the row, the reason; the right exit code; nothing half-written."""

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
            ("missing", "a,b\n1,2\n,2\n", ["line 3", "'a'", "missing"]),
            ("twice", "a,a\n1,2\n", ["two columns", "'a'"]),
            ("empty", "", ["empty"]),
            ("header", "a,b\n", ["no samples"]),
            ("huge", "a\n1e60\n", ["line 2", "beyond"]),
            ("nan", "a,b\n1,2\nnan,3\n", ["line 3", "'a'", "missing"]),
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
            ["--resize is for images"],
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
            ("0/g.txt", b"hello", ["g.txt", "no PNG"]),
            ("0/h.png", png(np.dstack([grey] * 3)), ["h.png", "in colour", "--grey"]),
            ("i.png", png(grey), ["i.png", "beside class folders"]),
            ("0/j.png", png(np.dstack([grey] * 4)), ["j.png", "transparent"]),
            ("0/k.png", b"GIF89a", ["k.png", "whatever its name says"]),
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
            ["q.csv", "other texts"],
            self.csv("p.csv"),
            self.csv("q.csv", ("ape",)),
            "--label-column",
            "kind",
        )
        self.refused(USAGE, ["name a source"])
        write_file(self.folder / "x.h5", x=self.values, y=np.arange(300))
        self.refused(
            DATA,
            ["no labels of 301 samples"],
            f"{self.folder}/x.h5:/x",
            "--virtual",
            "--labels",
            f"{self.folder}/x.h5:/y",
        )


if __name__ == "__main__":
    unittest.main()
