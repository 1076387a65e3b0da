"""hourglass.load computes models with conditions."""
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


if __name__ == "__main__":
    unittest.main()
