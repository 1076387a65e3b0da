"""import: every format gives the values that are in the files, on any number of ranks."""
import unittest

import h5py
import numpy as np

from importing import JPEG, ImporterTest, pgm, png
from support import USAGE, read_datasets, run, write_file


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


if __name__ == "__main__":
    unittest.main()
