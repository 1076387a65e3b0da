"""Labels as people have them: columns, text, floats, one-hot, other names. Found or told why not;
classes are compared by name."""
import json
import unittest

import h5py
import numpy as np

from support import DATA, USAGE, ProgramTest, run, write_file

CLASSES = ["apple", "pear", "zebra"]


def samples_of(labels, seed):
    centres = np.random.default_rng(5).uniform(0, 1, (len(CLASSES), 12))
    noise = np.random.default_rng(seed).normal(0, 0.02, (len(labels), 12))
    return np.clip(centres[labels] + noise, 0, 1).astype(np.float32)


class LabelsTest(ProgramTest):
    def setUp(self):
        super().setUp()
        random = np.random.default_rng(1)
        self.y = random.integers(0, 3, 240)
        self.x = samples_of(self.y, 2)
        # As in the issue: the training set has no apples, so its pears are class 0.
        self.names = np.array(CLASSES)[self.y]
        self.few = self.y > 0
        self.model = None

    def trained(self):
        if self.model is None:
            data = write_file(self.folder / "model-data.h5", samples=self.x)
            settings = ["--layers", "12,4", "--epochs", 3, "--batch", 48, "--micro-batch", 24]
            self.train("run", "--data", data, *settings)
            self.model = self.folder / "run/model.h5"
        return self.model

    def file(self, name, samples, labels, label_name="labels", attributes=None):
        path = self.folder / name
        with h5py.File(path, "w") as file:
            file["samples"] = samples
            file[label_name] = labels
            for key, value in (attributes or {}).items():
                file[label_name].attrs[key] = value
        return path

    def accuracy(self, training, test, *arguments, **how):
        command = ["probe", "--raw", "--json", "--epochs", 40, "--learning-rate", 0.1]
        command += ["--data", f"{training}:/samples", "--validation", f"{test}:/samples"]
        return json.loads(self.success(*command, *arguments, **how).stdout)

    def test_classes_are_compared_by_name(self):
        text = h5py.string_dtype()
        training = self.file(
            "a.h5", self.x[self.few], self.names[self.few].astype(object).astype(text)
        )
        test = self.file("b.h5", self.x, self.names.astype(object).astype(text))
        found = self.accuracy(training, test)
        # No apple was seen in training: all pears and zebras are right.
        self.assertAlmostEqual(found["accuracy"], np.mean(self.few), places=6)
        self.assertEqual(found["class_names"], ["pear", "zebra", "apple"])
        # The same as numbers with names, as imports write them.
        codes = np.searchsorted(["pear", "zebra"], self.names[self.few])
        for key, value in (
            ("class_names", np.array(["pear", "zebra"], dtype=object)),
            ("classes", "pear\nzebra"),
        ):
            numbered = self.file("c.h5", self.x[self.few], codes, attributes={key: value})
            self.assertEqual(self.accuracy(numbered, test, ranks=2), found)
        # Of one kind, or refused.
        plain = self.file("d.h5", self.x[self.few], codes)
        result = run(
            "probe", "--raw", "--data", f"{plain}:/samples", "--validation", f"{test}:/samples"
        )
        self.assert_refused(result, DATA, "names its classes (apple", "give labels of one kind")

    def test_every_kind_of_labels_is_the_same_labels(self):
        plain = self.file("plain.h5", self.x, self.y.astype(np.uint8))
        expected = self.accuracy(plain, plain)
        self.assertGreater(expected["accuracy"], 0.9)
        kinds = {
            "column": self.y[:, None],
            "floats": self.y.astype(np.float64),
            "one-hot": np.eye(3, dtype=np.float32)[self.y],
        }
        for kind, labels in kinds.items():
            for name in ("labels", "y", "target"):
                with self.subTest(kind=kind, name=name):
                    path = self.file(f"{kind}-{name}.h5", self.x, labels, name)
                    self.assertEqual(self.accuracy(path, path), expected)
        fixed = self.file("fixed.h5", self.x, self.names.astype("S"))
        found = self.accuracy(fixed, fixed)
        self.assertEqual(found["class_names"], CLASSES)
        self.assertEqual(found["confusion"], expected["confusion"])
        # A categorical column of AnnData.
        path = self.folder / "cells.h5ad"
        with h5py.File(path, "w") as file:
            file["samples"] = self.x
            file["obs/kind/codes"] = self.y.astype(np.int8)
            file["obs/kind/categories"] = np.array(CLASSES, dtype=object)
        labels = ["--labels", f"{path}:/obs/kind", "--validation-labels", f"{path}:/obs/kind"]
        self.assertEqual(self.accuracy(path, path, *labels), found)

    def test_what_is_not_labels_is_said(self):
        model = self.trained()
        path = self.file("short.h5", self.x, self.y[:-1], "y")
        encode = ["encode", "--model", model, "--data", f"{path}:/samples"]
        result = self.success(*encode, "--output", self.folder / "codes.h5")
        self.assertIn("no labels are copied", result.stdout)
        self.assertIn("239 labels for 240 samples", result.stdout)
        again = [*encode, "--output", self.folder / "again.h5", "--labels", f"{path}:/y"]
        for ranks in (None, 2):
            refused = run(*again, ranks=ranks)
            self.assert_refused(refused, DATA, "239 labels for 240 samples")
        self.assertFalse((self.folder / "again.h5").exists())
        report = ["report", self.folder / "run", "--data", f"{path}:/samples"]
        page = self.folder / "page.html"
        result = self.success(*report, "--output", page)
        self.assertIn("No labels are shown", result.stdout)
        self.assertIn("239 labels for 240 samples", page.read_text())
        odd = self.file("odd.h5", self.x, self.y + 0.5, "y")
        result = run(
            "probe", "--raw", "--data", f"{odd}:/samples", "--validation", f"{odd}:/samples"
        )
        self.assert_refused(result, DATA, "row 0 is not a whole number", "--labels")

    def test_names_go_with_the_codes(self):
        model = self.trained()
        numbered = self.file(
            "n.h5",
            self.x,
            self.y.astype(np.uint8),
            attributes={"class_names": np.array(CLASSES, dtype=object)},
        )
        texts = self.file("t.h5", self.x, self.names.astype("S"))
        for data, kind in ((numbered, np.uint8), (texts, np.int64)):
            for ranks in (None, 3):
                output = self.folder / f"codes-{data.name}-{ranks}.h5"
                self.success(
                    "encode",
                    "--model",
                    model,
                    "--data",
                    f"{data}:/samples",
                    "--output",
                    output,
                    ranks=ranks,
                )
                with h5py.File(output) as file:
                    np.testing.assert_array_equal(file["labels"][()], self.y)
                    self.assertEqual(file["labels"].dtype, kind)
                    names = [
                        name if isinstance(name, str) else name.decode()
                        for name in file["labels"].attrs["class_names"]
                    ]
                    self.assertEqual(names, CLASSES)
        # Two files with classes of their own, as one set.
        part = self.file("p.h5", self.x[self.few], self.names[self.few].astype("S"))
        output = self.folder / "joined.h5"
        self.success(
            "encode",
            "--model",
            model,
            "--data",
            f"{part}:/samples,{texts}:/samples",
            "--output",
            output,
            ranks=2,
        )
        with h5py.File(output) as file:
            names = np.array(
                [
                    n.decode() if isinstance(n, bytes) else n
                    for n in file["labels"].attrs["class_names"]
                ]
            )
            joined = np.concatenate([self.names[self.few], self.names])
            np.testing.assert_array_equal(names[file["labels"][()]], joined)

    def test_anomalies_and_reports_by_name(self):
        model = self.trained()
        texts = self.file("t.h5", self.x, self.names.astype("S"))
        numbers = self.file("n.h5", self.x, self.y)
        score = ["score", "--json", "--model", model]
        by_name = self.success(*score, "--data", f"{texts}:/samples", "--anomaly-label", "zebra")
        by_number = self.success(*score, "--data", f"{numbers}:/samples", "--anomaly-label", 2)
        self.assertEqual(json.loads(by_name.stdout), json.loads(by_number.stdout))
        result = run(*score, "--data", f"{texts}:/samples", "--anomaly-label", "zebras")
        self.assert_refused(result, USAGE, "has no class 'zebras'", "did you mean 'zebra'")
        page = self.folder / "named.html"
        self.success("report", self.folder / "run", "--data", f"{texts}:/samples", "--output", page)
        for name in CLASSES:
            self.assertIn(name, page.read_text())


if __name__ == "__main__":
    unittest.main()
