"""Rows held out for validation: drawn by row or group, the same on any number of ranks."""
import json
import unittest

import h5py
import numpy as np

from support import USAGE, ProgramTest, checkpoints, read_datasets, read_metrics, run, write_file
from training import SETTINGS


class SplitTest(ProgramTest):
    def setUp(self):
        super().setUp()
        self.path = self.make_data()
        with h5py.File(self.path, "r") as file:
            self.x = file["/train/samples"][()]
        self.data = ["--data", f"{self.path}:/train/samples"]
        self.train("probe", *self.data, *SETTINGS)

    def rows_of(self, part, *split):
        """Row numbers of a part, found by encoding with a model that tells rows apart."""
        outputs = []
        for name, arguments in (("all", []), (part, ["--part", part, *split])):
            path = self.folder / f"codes-{len(list(self.folder.iterdir()))}.h5"
            self.success(
                "encode",
                "--model",
                self.folder / "probe/model.h5",
                *self.data,
                *arguments,
                "--micro-batch",
                1,
                "--output",
                path,
            )
            outputs.append(read_datasets(path)["/codes"])
        everything = {code.tobytes(): row for row, code in enumerate(outputs[0])}
        self.assertEqual(len(everything), 150)
        return [everything[code.tobytes()] for code in outputs[1]]

    def sse(self, model, *arguments, **how):
        return json.loads(
            self.success("evaluate", "--model", model, *arguments, "--json", **how).stdout
        )["sse"]

    def validation_sse(self, name):
        return read_metrics(self.folder / name, "epoch")[-1]["validation_sse"]

    def test_a_fraction_is_a_file_of_training_and_one_of_validation_rows(self):
        split = ["--validation-fraction", "0.2"]
        training, validation = (self.rows_of(p, *split) for p in ("training", "validation"))
        self.assertEqual(sorted([*training, *validation]), list(range(150)))
        self.assertTrue(15 <= len(validation) <= 45, validation)
        files = write_file(
            self.folder / "parts.h5", training=self.x[training], validation=self.x[validation]
        )
        settings = [*SETTINGS, "--normalize", "standardize"]
        expected = self.train(
            "written",
            "--data",
            f"{files}:/training",
            "--validation",
            f"{files}:/validation",
            *settings,
        )
        for ranks in (1, 2, 3, 4):
            name = f"split-{ranks}"
            more = ["--memory", 0] if ranks > 2 else ["--threads", 2]
            self.assertEqual(
                self.train(name, *self.data, *split, *settings, *more, ranks=ranks), expected
            )
            self.assertEqual(self.validation_sse(name), self.validation_sse("written"))
        model = self.folder / "split-1/model.h5"
        for part in ("training", "validation"):
            written = self.sse(
                self.folder / "written/model.h5", "--data", f"{files}:/{part}", "--micro-batch", 12
            )
            self.assertEqual(
                written, self.sse(model, *self.data, "--part", part, "--micro-batch", 12, ranks=2)
            )
        self.assertEqual(
            self.validation_sse("written"), self.sse(model, *self.data, "--part", "validation")
        )
        # Another seed of the split, not of the run, draws other rows.
        self.assertNotEqual(validation, self.rows_of("validation", *split, "--split-seed", 2))
        # The threshold comes from the rows held out.
        fitted = [
            self.success("score", "--model", m, *self.data, "--threshold-quantile", 0.9).stdout
            for m in (model, self.folder / "written/model.h5")
        ]
        self.assertEqual(*(text.split("threshold")[1].split()[0] for text in fitted))
        page = self.folder / "page.html"
        self.success("report", self.folder / "split-1", "--output", page)
        self.assertNotIn("No samples are shown", page.read_text())

    def test_a_resumed_run_goes_on_with_the_same_rows(self):
        split = ["--validation-fraction", "0.2", "--keep-best"]
        found = self.stopped_and_resumed("cut", *self.data, *SETTINGS, *split)
        self.assertEqual(found["two"], found["resumed"])
        output = self.folder / "cut-cut"
        self.assertTrue(checkpoints(output))
        self.assert_refused(
            run("train", "--resume", output, "--validation-fraction", "0.3"),
            USAGE,
            "cannot resume with --validation-fraction 0.3",
        )

    def test_folds_are_a_partition(self):
        folds = [self.rows_of("validation", "--folds", 3, "--fold", fold + 1) for fold in range(3)]
        self.assertEqual(sorted(sum(folds, [])), list(range(150)))
        self.assertTrue(all(30 < len(fold) < 70 for fold in folds))
        self.assertEqual(
            self.rows_of("training", "--folds", 3, "--fold", 2), sorted(folds[0] + folds[2])
        )
        digests = {
            self.train(f"fold-{k}", *self.data, *SETTINGS, "--folds", 3, "--fold", k)
            for k in (1, 2, 3)
        }
        self.assertEqual(len(digests), 3)

    def test_groups_stay_together(self):
        groups = np.arange(150) * 7 % 25
        path = write_file(self.folder / "groups.h5", g=groups)
        split = ["--validation-fraction", "0.3", "--validation-group", f"{path}:/g"]
        validation = self.rows_of("validation", *split)
        training = self.rows_of("training", *split)
        self.assertFalse(set(groups[validation]) & set(groups[training]))
        self.assertEqual(len(validation) + len(training), 150)
        self.assertEqual(
            self.train("one", *self.data, *SETTINGS, *split),
            self.train("three", *self.data, *SETTINGS, *split, "--memory", 0, ranks=3),
        )

    def test_a_choice_of_rows_holds_for_both_parts(self):
        split = ["--validation-fraction", "0.2"]
        chosen = [*split, "--select-rows", "20:120"]
        both = [self.rows_of(p, *split) for p in ("training", "validation")]
        for part, rows in zip(("training", "validation"), both):
            self.assertEqual(self.rows_of(part, *chosen), [r for r in rows if 20 <= r < 120])
        self.train("run", *self.data, *SETTINGS, *chosen)
        self.assertEqual(
            self.validation_sse("run"),
            self.sse(self.folder / "run/model.h5", *self.data, "--part", "validation"),
        )

    def test_probe_and_pca_split_too(self):
        split = ["--validation-fraction", "0.2"]
        printed = self.success(
            "probe",
            "--model",
            self.folder / "probe/model.h5",
            *self.data,
            *split,
            "--epochs",
            2,
            "--json",
        ).stdout
        result = json.loads(printed)
        self.assertEqual(result["training_samples"] + result["validation_samples"], 150)
        self.assertEqual(result["validation_samples"], len(self.rows_of("validation", *split)))
        path = self.folder / "pca.h5"
        text = self.success("pca", *self.data, *split, "--components", 2, "--output", path).stdout
        self.assertIn(f"variance of {result['training_samples']} samples", text)
        self.sse(path, *self.data, "--part", "validation")

    def test_windows_share_no_row(self):
        t = np.arange(3000)[:, None]
        values = (0.5 + 0.4 * np.sin(t / np.array([7, 11]))).astype("f4")
        path = write_file(self.folder / "series.h5", x=values)
        model = self.train(
            "series",
            "--data",
            f"{path}:/x",
            "--window",
            10,
            "--validation-fraction",
            "0.2",
            *SETTINGS,
            "--layers",
            "20,4",
            "--epochs",
            1,
        )
        self.assertTrue(model)
        self.assertGreater(self.validation_sse("series"), 0)

    def test_refusals(self):
        validation = ["--validation", f"{self.path}:/test/samples"]
        for words, arguments in (
            (["above 0 and below 1"], ["--validation-fraction", "1"]),
            (["above 0 and below 1"], ["--validation-fraction", "-0.1"]),
            (["leave out --validation"], ["--validation-fraction", "0.1", *validation]),
            (["leave out --validation"], ["--folds", "3", "--fold", "1", *validation]),
            (["--fold 1 to 3"], ["--folds", "3"]),
            (["--fold 1 to 3"], ["--folds", "3", "--fold", "4"]),
            (["at least 2"], ["--folds", "1", "--fold", "1"]),
            (["--fold needs --folds"], ["--fold", "1"]),
            (["give one of them"], ["--folds", 3, "--fold", 1, "--validation-fraction", "0.1"]),
            (["holds out no row"], ["--validation-fraction", "1e-9"]),
        ):
            self.assert_refused(
                run("train", *self.data, *SETTINGS, "--output", self.folder / "no", *arguments),
                USAGE,
                *words,
            )
        model = ["--model", self.folder / "probe/model.h5"]
        for words, arguments in (
            (["--part training or --part validation"], ["--validation-fraction", "0.1"]),
            (["--part needs rows held out"], ["--part", "validation"]),
            (["--part is 'test'"], ["--part", "test"]),
        ):
            self.assert_refused(run("evaluate", *model, *self.data, *arguments), USAGE, *words)


if __name__ == "__main__":
    unittest.main()
