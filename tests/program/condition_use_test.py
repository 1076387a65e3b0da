"""Models with conditions in probe and sample, and read in Python."""
import sys
import unittest

import numpy as np

from support import ROOT, ProgramTest, read_datasets, write_file

sys.path.insert(0, str(ROOT / "python"))
import hourglass  # noqa: E402

NAMES = np.array(["b0", "b1", "b2"])


class ConditionUseTest(ProgramTest):
    def setUp(self):
        super().setUp()
        rng = np.random.default_rng(4)
        self.batch = rng.integers(0, 3, 120)
        self.samples = rng.normal(0, 1, (120, 10)) + rng.normal(0, 1.5, (3, 10))[self.batch]
        self.samples = self.samples.astype(np.float32)
        self.text = write_file(
            self.folder / "c.h5",
            x=self.samples,
            y=rng.integers(0, 3, 120),
            batch=NAMES[self.batch].astype("S2"),
            other=NAMES[(self.batch + 1) % 3].astype("S2"),
        )
        self.data = ["--data", f"{self.text}:/x"]
        self.given = ["--condition", f"{self.text}:/batch"]

    def trained(self):
        words = ["--layers", "10,8,2", "--activation", "tanh", "--output-activation", "linear"]
        words += ["--batch", 20, "--micro-batch", 20, "--epochs", 20, "--learning-rate", "0.02"]
        self.train("run", *self.data, *self.given, *words, "--variational")
        return self.folder / "run/model.h5"

    def test_probe(self):
        model = self.trained()
        words = ["--model", model, *self.data, "--labels", f"{self.text}:/y", "--json"]
        words += ["--validation-fraction", 0.3, "--label-fraction", 0.7]
        words += ["--epochs", 3, "--micro-batch", 16]
        found = {
            self.success("probe", *words, *self.given, ranks=ranks).stdout for ranks in (None, 2)
        }
        self.assertEqual(len(found), 1)
        other = ["--condition", f"batch={self.text}:/other"]
        self.assertNotIn(self.success("probe", *words, *other).stdout, found)
        # Of the rows held out too.
        held_out = ["--validation", f"{self.text}:/x", "--validation-labels", f"{self.text}:/y"]
        words = [*words[:7], *held_out, "--epochs", 3, *self.given, "--validation-condition"]
        right, wrong = (
            self.success("probe", *words, f"batch={self.text}:/{name}").stdout
            for name in ("batch", "other")
        )
        self.assertNotEqual(right, wrong)

    def test_python(self):
        model = self.trained()
        loaded = hourglass.load(model)
        samples = loaded.normalize(self.samples)
        for given, texts in (
            ({"batch": NAMES[self.batch]}, NAMES[self.batch]),
            ({"batch": "b1"}, np.full(120, "b1")),
            ({}, np.full(120, "?")),
            ({"batch": [None] + ["b2"] * 119}, np.array(["?"] + ["b2"] * 119)),
        ):
            own, codes = self.folder / "own.h5", self.folder / "codes.h5"
            codes.unlink(missing_ok=True)
            write_file(own, c=texts.astype("S2"))
            words = ["--condition", f"batch={own}:/c", "--unknown-condition", "--output", codes]
            self.success("encode", "--model", model, *self.data, *words)
            found = loaded.encode(samples, given)
            np.testing.assert_allclose(found, read_datasets(codes)["/codes"], atol=1e-5)
        output = self.folder / "r.h5"
        self.success("reconstruct", "--model", model, *self.data, *self.given, "--output", output)
        found = loaded.reconstruct(samples, {"batch": NAMES[self.batch]})
        np.testing.assert_allclose(found, read_datasets(output)["/reconstructions"], atol=1e-5)
        for wrong in ({"donor": "x"}, {"batch": "b9"}, {"batch": ["b1"]}):
            self.assertRaises(ValueError, loaded.encode, samples, wrong)

    def test_sample(self):
        model = self.trained()
        loaded = hourglass.load(model)
        drawn = {}
        for batch in ("b0", "b1"):
            for ranks in (None, 3):
                path = self.folder / f"{batch}{ranks}.h5"
                words = ["--samples", 150, "--set-condition", f"batch={batch}", "--output", path]
                self.success("sample", "--model", model, *words, ranks=ranks)
                new = read_datasets(path)
                np.testing.assert_array_equal(new["/samples"], drawn.get(batch, new["/samples"]))
                drawn[batch] = new["/samples"]
            expected = loaded.decode(new["/codes"], {"batch": batch})
            np.testing.assert_allclose(drawn[batch], expected, atol=1e-5)
        self.assertFalse(np.array_equal(drawn["b0"], drawn["b1"]))


if __name__ == "__main__":
    unittest.main()
