"""Several files as one data set: the same bits as the concatenated file, streamed or not, on any
number of ranks."""
import unittest

import h5py
import numpy as np

from support import DATA, IO, USAGE, ProgramTest, make_samples, read_datasets, run, write_file

SETTINGS = [
    "--layers",
    "20,16,3",
    "--batch",
    32,
    "--micro-batch",
    8,
    "--epochs",
    2,
    "--learning-rate",
    "1e-2",
]


class ShardsTest(ProgramTest):
    def setUp(self):
        super().setUp()
        self.values = make_samples(150)
        cuts = [0, 31, 32, 90, 150]
        for i, (begin, end) in enumerate(zip(cuts, cuts[1:])):
            write_file(
                self.folder / f"part-{i}.h5",
                train__samples=self.values[begin:end],
                train__labels=np.arange(begin, end),
            )
        write_file(self.folder / "whole.h5", train__samples=self.values)
        self.pattern = f"{self.folder}/part-*.h5:/train/samples"
        self.parts = [f"{self.folder}/part-{i}.h5" for i in range(4)]

    def trained(self, name, data, *settings, **how):
        return self.train(name, "--data", data, *SETTINGS, *settings, **how)

    def test_the_same_bits_as_one_file(self):
        whole = self.trained("whole", f"{self.folder}/whole.h5:/train/samples")
        self.assertEqual(whole, self.trained("pattern", self.pattern))
        self.assertEqual(
            whole, self.trained("streamed", self.pattern, "--memory", 0, "--threads", 2, ranks=2)
        )
        self.assertEqual(
            whole,
            self.trained(
                "listed", ",".join(f"{part}:/train/samples" for part in self.parts), ranks=3
            ),
        )
        self.assertEqual(
            whole,
            self.trained("short", ",".join(self.parts) + ":/train/samples", "--normalize", "unit"),
        )
        other = ",".join(reversed(self.parts)) + ":/train/samples"
        self.assertNotEqual(
            whole, self.trained("other order", other), "the order is part of the data"
        )
        self.success("import", self.pattern, "--virtual", "--output", self.folder / "virtual.h5")
        # A virtual data set leads to other files, and those of somebody else's making might lead
        # anywhere.
        virtual = f"{self.folder}/virtual.h5:/samples"
        refused = run("train", "--output", self.folder / "refused", "--data", virtual, *SETTINGS)
        self.assert_refused(refused, DATA, "virtual", "--allow-external")
        self.assertEqual(whole, self.trained("virtual", virtual, "--allow-external", ranks=2))

    def test_many_files_are_used_like_one(self):
        for i in range(12):
            write_file(
                self.folder / f"tiny-{i:02}.h5",
                train__samples=self.values[i * 12 : (i + 1) * 12],
                train__labels=np.arange(i * 12, (i + 1) * 12),
            )
        model = self.folder / "run/model.h5"
        pattern = f"{self.folder}/tiny-??.h5:/train/samples"
        self.trained("run", pattern, "--validation", self.pattern, "--memory", 0)
        self.success(
            "encode", "--model", model, "--data", pattern, "--output", self.folder / "codes.h5"
        )
        found = read_datasets(self.folder / "codes.h5")
        self.assertEqual(found["/codes"].shape, (144, 3))
        np.testing.assert_array_equal(found["/labels"], np.arange(144))

    def test_what_does_not_fit_together_is_refused(self):
        def refused(data, code, *words, ranks=None):
            self.assert_refused(
                run(
                    "train", "--data", data, *SETTINGS, "--output", self.folder / "no", ranks=ranks
                ),
                code,
                *words,
            )

        refused(f"{self.folder}/nothing-*.h5:/x", IO, "no file matches", ranks=2)
        refused(
            f"{self.parts[0]}:/train/samples,,{self.parts[1]}:/train/samples", USAGE, "empty item"
        )
        refused(
            f"{self.parts[0]}:/train/samples,{self.parts[1]}:/train/labels",
            DATA,
            "part-1.h5:/train/labels",
            "another shape or type",
        )
        refused(f"{self.parts[0]},{self.folder}/absent.h5:/train/samples", IO, "absent.h5")
        with h5py.File(self.folder / "bad-0.h5", "w") as file:
            file["x"] = np.zeros((5, 20), np.float32)
        with h5py.File(self.folder / "bad-1.h5", "w") as file:
            file["x"] = np.where(np.arange(100).reshape(5, 20) == 70, np.nan, 0).astype(np.float32)
        refused(f"{self.folder}/bad-?.h5:/x", DATA, "bad-1.h5:/x", "row 3", "NaN")


if __name__ == "__main__":
    unittest.main()
