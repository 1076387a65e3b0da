"""Chosen rows and columns, data sets side by side: the same bits as files that hold what was
chosen."""
import json
import unittest

import h5py
import numpy as np

from support import DATA, USAGE, ProgramTest, read_datasets, run, write_file
from training import SETTINGS


class ViewsTest(ProgramTest):
    def setUp(self):
        super().setUp()
        self.path = self.make_data()
        with h5py.File(self.path, "r") as file:
            self.x = file["/train/samples"][()]
            self.y = file["/train/labels"][()]
        self.data = ["--data", f"{self.path}:/train/samples"]

    def written(self, name, values, labels=None):
        datasets = {"samples": values}
        if labels is not None:
            datasets["labels"] = labels
        return ["--data", write_file(self.folder / f"{name}.h5", **datasets) + ":/samples"]

    def evaluate(self, model, *arguments):
        return json.loads(self.success("evaluate", "--model", model, *arguments, "--json").stdout)

    def test_selected_rows_are_a_file_of_them(self):
        mask = np.zeros(150, bool)
        mask[np.random.default_rng(0).choice(150, 70, replace=False)] = True
        indices = write_file(
            self.folder / "choice.h5", mask=mask, indices=np.flatnonzero(mask)[::-1].astype("i8")
        )
        for name, text, rows in (
            ("ranges", "0:40,60:120:2,-5:", [*range(40), *range(60, 120, 2), *range(145, 150)]),
            ("mask", f"{indices}:/mask", np.flatnonzero(mask)),
            ("indices", f"{indices}:/indices", np.flatnonzero(mask)[::-1]),
        ):
            for normalize in ("auto", "standardize"):
                settings = [*SETTINGS, "--normalize", normalize]
                expected = self.train(
                    f"{name}-{normalize}-written", *self.written(name, self.x[rows]), *settings
                )
                chosen = [*self.data, "--select-rows", text, *settings]
                self.assertEqual(self.train(f"{name}-{normalize}", *chosen), expected)
                self.assertEqual(
                    self.train(
                        f"{name}-{normalize}-streamed",
                        *chosen,
                        "--memory",
                        0,
                        "--threads",
                        2,
                        ranks=3,
                    ),
                    expected,
                )
        found = self.stopped_and_resumed(
            "cut", *self.data, "--select-rows", f"{indices}:/mask", *SETTINGS
        )
        self.assertEqual(found["two"], found["resumed"])
        # Another choice is other data.
        self.assert_refused(
            run("train", "--resume", self.folder / "cut-cut", "--select-rows", "0:70"),
            USAGE,
            "its content is not what",
        )

    def test_labels_follow_the_rows(self):
        self.train("run", *self.data, *SETTINGS)
        model = self.folder / "run/model.h5"
        rows = [*range(100, 20, -1), *range(150)[5:9]]
        text = ",".join(str(r) for r in range(100, 20, -1)) + ",5:9"
        for name, arguments in (
            ("chosen", [*self.data, "--select-rows", text]),
            ("written", self.written("rows", self.x[rows], self.y[rows])),
        ):
            self.success(
                "encode", "--model", model, *arguments, "--output", self.folder / f"{name}.h5"
            )
        chosen, written = (read_datasets(self.folder / f"{n}.h5") for n in ("chosen", "written"))
        np.testing.assert_array_equal(chosen["/codes"], written["/codes"])
        np.testing.assert_array_equal(chosen["/labels"], self.y[rows])
        probe = ["--validation", f"{self.path}:/test/samples", "--epochs", 3, "--json"]
        self.assertEqual(
            self.success(
                "probe", "--model", model, *self.data, "--select-rows", text, *probe
            ).stdout,
            self.success(
                "probe",
                "--model",
                model,
                *self.written("again", self.x[rows], self.y[rows]),
                *probe,
            ).stdout,
        )

    def test_models_keep_their_columns(self):
        columns = [7, 3, 4, 5, 19, 0, 1, 2, 10, 11, 12, 13]
        text = "7,3:6,-1,:3,10:14"
        shape = ["--layers", "12,6,3"]
        test = ["--data", f"{self.path}:/test/samples"]
        with h5py.File(self.path, "r") as file:
            held_out = file["/test/samples"][()]
        expected = self.train(
            "written", *self.written("columns", self.x[:, columns]), *SETTINGS, *shape
        )
        whole = [*self.data, "--select-columns", text, *SETTINGS, *shape]
        self.assertEqual(
            self.train("chosen", *whole, "--validation", f"{self.path}:/test/samples"), expected
        )
        self.assertEqual(
            self.train("streamed", *whole, "--memory", 0, "--threads", 2, ranks=2), expected
        )
        model = self.folder / "chosen/model.h5"
        other = self.written("test", held_out[:, columns])
        sse = self.evaluate(model, *test)["sse"]
        self.assertEqual(sse, self.evaluate(self.folder / "written/model.h5", *other)["sse"])
        # A file that holds the chosen columns already.
        self.assertEqual(sse, self.evaluate(model, *other, "--select-columns", "all")["sse"])
        self.assert_refused(
            run("evaluate", "--model", model, *other), USAGE, "--select-columns", "12 columns"
        )
        for command, output in (("reconstruct", "/reconstructions"), ("score", "/scores")):
            results = []
            for name, source, data in (("chosen", "chosen", test), ("written", "written", other)):
                path = self.folder / f"{command}-{name}.h5"
                self.success(
                    command,
                    "--model",
                    self.folder / source / "model.h5",
                    *data,
                    "--output",
                    path,
                    ranks=2 if name == "chosen" else None,
                )
                results.append(read_datasets(path)[output])
            np.testing.assert_array_equal(*results)
        page = self.folder / "page.html"
        self.success("report", self.folder / "chosen", "--output", page)
        self.assertNotIn("No samples are shown", page.read_text())

    def test_data_sets_side_by_side(self):
        other = np.random.default_rng(1).normal(0.4, 0.2, (150, 3)).astype("f4")
        both = np.concatenate([self.x.astype("f4"), other], axis=1)
        beside = write_file(self.folder / "beside.h5", train__samples=other, q=other)
        shape = ["--layers", "23,6,3"]
        expected = self.train("written", *self.written("both", both), *SETTINGS, *shape)
        for name, address in (
            ("paths", f"{self.path}:/train/samples+{beside}:/q"),
            ("path", f"{self.path}+{beside}:/train/samples"),
        ):
            self.assertEqual(
                self.train(name, "--data", address, *SETTINGS, *shape, ranks=2), expected
            )
        # Labels lie beside the first.
        self.success(
            "encode",
            "--model",
            self.folder / "paths/model.h5",
            "--data",
            f"{self.path}:/train/samples+{beside}:/q",
            "--output",
            self.folder / "codes.h5",
        )
        np.testing.assert_array_equal(read_datasets(self.folder / "codes.h5")["/labels"], self.y)
        lists = f"{self.path}+{beside}:/train/samples,{self.path}+{beside}:/train/samples"
        twice = self.written("twice", np.concatenate([both, both]))
        self.assertEqual(
            self.train(
                "lists", "--data", lists.replace(":/train/samples,", ","), *SETTINGS, *shape
            ),
            self.train("written-twice", *twice, *SETTINGS, *shape),
        )
        found = self.stopped_and_resumed(
            "cut", "--data", f"{self.path}+{beside}:/train/samples", *SETTINGS, *shape
        )
        self.assertEqual(found["two"], found["resumed"])

    def test_refusals(self):
        short = write_file(self.folder / "short.h5", x=self.x[:149])
        for code, words, arguments in (
            (USAGE, ["--select-rows names 151", "150 rows"], ["--select-rows", "151"]),
            (USAGE, ["--select-rows has 'rows'"], ["--select-rows", "rows"]),
            (USAGE, ["--select-columns chooses column 3 twice"], ["--select-columns", "3,2:5"]),
            (USAGE, ["--select-columns names 20", "20 columns"], ["--select-columns", "20"]),
            (
                DATA,
                ["has 149 rows", "beside it has 150"],
                ["--data", f"{self.path}:/train/samples+{short}:/x"],
            ),
        ):
            self.assert_refused(
                run("train", *self.data, *SETTINGS, "--output", self.folder / "no", *arguments),
                code,
                *words,
            )


if __name__ == "__main__":
    unittest.main()
