"""HDF5 files made by others train as they are, and how values are stored does not change a bit of
the result."""
import unittest

import h5py
import numpy as np

from support import ProgramTest, make_samples, write_file

SETTINGS = ["--layers", "20,10,3", "--batch", "32", "--micro-batch", "8", "--epochs", "2"]


class DataTest(ProgramTest):
    def setUp(self):
        super().setUp()
        self.values = make_samples(90)
        self.count = 0

    def digest_of(self, address, *settings, **how):
        self.count += 1
        return self.train(f"run{self.count}", "--data", address, *SETTINGS, *settings, **how)

    def plain(self, values, *settings, **how):
        self.count += 1
        path = write_file(self.folder / f"plain{self.count}.h5", x=values)
        return self.digest_of(f"{path}:/x", *settings, **how)

    def create(self, name, values, **layout):
        path = self.folder / f"{name}.h5"
        with h5py.File(path, "w", libver=layout.pop("libver", None)) as file:
            file.create_dataset("x", data=values, **layout)
        return f"{path}:/x"

    def test_storage_layouts(self):
        reference = self.plain(self.values)
        layouts = {
            "chunked": {"chunks": (7, 20)},
            "narrow": {"chunks": (32, 3)},
            "gzip": {"chunks": (10, 20), "compression": "gzip"},
            "shuffled": {
                "chunks": (10, 20),
                "compression": "gzip",
                "shuffle": True,
                "fletcher32": True,
            },
            "growing": {"chunks": (16, 20), "maxshape": (None, 20)},
            "newest": {"libver": "latest", "chunks": (8, 20)},
        }
        for name, layout in layouts.items():
            for memory, ranks in (("auto", None), ("0", 2)):
                with self.subTest(layout=name, memory=memory):
                    self.assertEqual(
                        reference,
                        self.digest_of(
                            self.create(name + memory, self.values, **layout),
                            "--memory",
                            memory,
                            ranks=ranks,
                        ),
                    )

    def test_images(self):
        reference = self.plain(self.values)
        self.assertEqual(reference, self.plain(self.values.reshape(-1, 4, 5)))
        self.assertEqual(
            reference, self.plain(self.values.reshape(-1, 2, 2, 5), "--memory", "0", ranks=2)
        )

    def test_types_of_the_same_values(self):
        reference = self.plain(self.values.astype(np.float32))
        for kind in ("<f8", ">f4", ">f8", "<f4"):
            with self.subTest(type=kind):
                self.assertEqual(reference, self.plain(self.values.astype(np.float32).astype(kind)))
        with self.subTest("integers as they are"):
            for kind in ("<i2", ">i2", "<u2", ">i4", "<i8", ">u8", "i2", "u1"):
                self.assertEqual(
                    reference, self.plain(self.values.astype(kind), "--normalize", "none")
                )

    def test_integers_are_scaled_by_the_maximum_of_their_type(self):
        wide = self.values.astype(np.int64)
        reference = self.plain((wide / 255).astype(np.float32))
        self.assertEqual(reference, self.plain(self.values))
        self.assertEqual(reference, self.plain(self.values, "--normalize", "unit"))
        self.assertEqual(
            self.plain((wide * 128 / 32767).astype(np.float32)),
            self.plain((wide * 128).astype(">i2")),
        )
        self.assertEqual(
            self.plain((wide * 256 / 65535).astype(np.float32)),
            self.plain((wide * 256).astype("<u2")),
        )
        self.assertNotEqual(reference, self.plain(self.values, "--normalize", "none"))

    def test_odd_names(self):
        reference = self.plain(self.values)
        for file, name in (
            ("with space.h5", "a group/with space"),
            ("colon:in:it.h5", "x"),
            ("no-suffix", "deep/er/still/x"),
            ("ünï.h5", "größe/täglich"),
            ("equals=sign.h5", "a=b"),
            ("dots.v2.h5", "x.y-z_0"),
        ):
            with self.subTest(file=file, name=name):
                path = self.folder / file
                with h5py.File(path, "w") as out:
                    out[name] = self.values
                self.assertEqual(reference, self.digest_of(f"{path}:/{name}"))

    def test_the_only_data_set_needs_no_name(self):
        path = write_file(self.folder / "only.h5", group__only=self.values)
        self.assertEqual(self.plain(self.values), self.digest_of(path))

    def test_links_inside_the_file(self):
        path = self.folder / "links.h5"
        with h5py.File(path, "w") as file:
            file["real/x"] = self.values
            file["soft"] = h5py.SoftLink("/real/x")
            file["hard"] = file["real/x"]
        reference = self.plain(self.values)
        self.assertEqual(reference, self.digest_of(f"{path}:/soft"))
        self.assertEqual(reference, self.digest_of(f"{path}:/hard"))

    def test_a_read_only_file(self):
        path = write_file(self.folder / "fixed.h5", x=self.values)
        (self.folder / "fixed.h5").chmod(0o444)
        self.assertEqual(self.plain(self.values), self.digest_of(f"{path}:/x"))

    def test_a_file_somebody_else_has_open(self):
        path = write_file(self.folder / "open.h5", x=self.values)
        with h5py.File(path, "r"):
            self.assertEqual(self.plain(self.values), self.digest_of(f"{path}:/x", ranks=2))

    def test_one_sample_and_one_feature(self):
        self.plain(self.values[:1])
        path = write_file(self.folder / "thin.h5", x=self.values[:, :1])
        self.train(
            "thin",
            "--data",
            f"{path}:/x",
            "--layers",
            "1,3,1",
            "--batch",
            32,
            "--micro-batch",
            8,
            "--epochs",
            1,
            ranks=2,
        )


if __name__ == "__main__":
    unittest.main()
