"""Bad data give no crash, no hang, no partial file and no silently wrong result: one line, the
right exit code."""
import shutil
import unittest

import h5py
import numpy as np

from bad_input import SMALL, BadInputTest
from support import DATA, IO, make_samples, run


class BadFileTest(BadInputTest):
    def test_missing_file(self):
        self.refused(IO, ["nowhere.h5"], data=f"{self.folder}/nowhere.h5:/train/samples")

    def test_missing_validation_file(self):
        self.refused(IO, ["nowhere.h5"], "--validation", f"{self.folder}/nowhere.h5:/test/samples")

    def test_a_path_without_its_slash_or_colon(self):
        for slip in (":train/samples", "/train/samples"):
            self.refused(
                IO, [f"did you mean {self.data}:/train/samples"], data=f"{self.data}{slip}"
            )

    def test_no_advice_that_would_not_help(self):
        for slip in ("::/train/samples", ":/:/train/samples"):
            result = run("train", "--data", f"{self.data}{slip}", "--output", self.output, *SMALL)
            self.assert_refused(result, IO, "no such file")
            self.assertNotIn("did you mean", result.stderr)

    def test_folder_instead_of_file(self):
        result = run("train", "--data", f"{self.folder}:/x", "--output", self.output, *SMALL)
        self.assertIn(result.code, (DATA, IO))
        self.assert_refused(result, result.code, self.folder)

    def test_not_hdf5(self):
        path = self.folder / "text.h5"
        path.write_text("these are not the data you are looking for\n" * 100)
        self.refused(DATA, ["text.h5", "HDF5"], data=f"{path}:/train/samples")

    def test_empty_file(self):
        path = self.folder / "empty.h5"
        path.touch()
        self.refused(DATA, ["empty.h5"], data=f"{path}:/train/samples")

    def test_truncated_file(self):
        whole = self.make("whole.h5", train__samples=make_samples(4000))
        for kept in (0.5, 0.95):
            path = self.folder / f"cut{kept}.h5"
            shutil.copy(whole, path)
            with open(path, "r+b") as file:
                file.truncate(int(path.stat().st_size * kept))
            self.refused(DATA, [path.name], data=f"{path}:/train/samples")

    def test_wrong_name_lists_those_that_exist(self):
        self.refused(
            DATA,
            ["/train/sample", "/train/samples", "/test/samples"],
            data=f"{self.data}:/train/sample",
        )

    def test_group_instead_of_data_set(self):
        self.refused(DATA, ["/train"], data=f"{self.data}:/train")

    def test_text_data_set(self):
        with h5py.File(self.folder / "text.h5", "w") as file:
            file["words"] = np.array([b"a", b"b"], dtype="S4")
            file["lines"] = ["one", "two"]
        for name in ("words", "lines"):
            self.refused(DATA, [f"/{name}"], data=f"{self.folder}/text.h5:/{name}")

    def test_no_samples(self):
        self.refused(DATA, ["/none"], data=self.make(none=np.zeros((0, 20), np.float32)) + ":/none")
        self.refused(
            DATA, ["/none"], data=self.make("b.h5", none=np.zeros((5, 0), np.float32)) + ":/none"
        )

    def test_single_number(self):
        self.refused(DATA, ["/one"], data=self.make(one=np.float32(3)) + ":/one")


class BadValueTest(BadInputTest):
    def check_bad_value(self, value, row, *arguments):
        values = make_samples(150).astype(np.float32) / 255
        values[row, 7] = value
        path = self.make(f"v{row}{value}.h5", x=values)
        for ranks in (None, 2, 3):
            with self.subTest(ranks=ranks, row=row, value=value):
                result = run(
                    "train",
                    "--data",
                    f"{path}:/x",
                    "--output",
                    self.output,
                    "--layers",
                    "20,8,2",
                    "--batch",
                    24,
                    "--micro-batch",
                    8,
                    "--epochs",
                    1,
                    *arguments,
                    ranks=ranks,
                    timeout=60,
                )
                self.assert_refused(result, DATA, f"row {row}")
                self.assertFalse((self.output / "model.h5").exists())
                # Streamed data are first read when the run has begun, with the checkpoint that
                # every run begins with.
                self.assertLessEqual(
                    {p.name for p in self.output.rglob("*.h5")}, {"step-00000000.h5"}
                )
                shutil.rmtree(self.output, ignore_errors=True)

    def test_nan_in_memory(self):
        self.check_bad_value(np.nan, 0)
        self.check_bad_value(np.nan, 149)

    def test_infinity_in_memory(self):
        self.check_bad_value(np.inf, 75)
        self.check_bad_value(-np.inf, 20)

    def test_nan_streamed(self):
        self.check_bad_value(np.nan, 101, "--memory", "0")

    def test_nan_in_validation(self):
        values = make_samples(40).astype(np.float64)
        values[33, 19] = np.nan
        path = self.make("v.h5", x=values)
        for ranks in (None, 2):
            result = run(
                "train",
                "--data",
                f"{self.data}:/train/samples",
                "--validation",
                f"{path}:/x",
                "--output",
                self.output,
                *SMALL,
                ranks=ranks,
            )
            self.assert_refused(result, DATA, "row 33", "v.h5")
            self.assertFalse((self.output / "model.h5").exists())
            shutil.rmtree(self.output, ignore_errors=True)


if __name__ == "__main__":
    unittest.main()
