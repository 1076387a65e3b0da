"""--condition: what is known of samples enters encoder and decoder, and models keep its
categories."""
import json
import unittest

import numpy as np

from extras import need
from support import DATA, USAGE, ProgramTest, read_datasets, read_metrics, run, write_file

anndata, pd = need("anndata", "pandas")

SETTINGS = ["--layers", "10,8,2", "--activation", "tanh", "--output-activation", "linear"]
SETTINGS += ["--batch", 60, "--micro-batch", 20, "--epochs", 3, "--progress", "none"]


class ConditionsTest(ProgramTest):
    def setUp(self):
        super().setUp()
        rng = np.random.default_rng(4)
        self.batch = rng.integers(0, 3, 240)
        shifts = rng.normal(0, 1.5, (3, 10))
        samples = rng.normal(0, 1, (240, 2)) @ rng.normal(0, 1, (2, 10)) + shifts[self.batch]
        self.shifts = shifts
        data = anndata.AnnData(samples.astype(np.float32), dtype=np.float32)
        data.obs["batch"] = pd.Categorical(np.array(["b0", "b1", "b2"])[self.batch])
        missing = np.array(["x", "y"] * 120, object)
        missing[7] = None
        data.obs["donor"] = pd.Categorical(missing)
        self.file = self.folder / "c.h5ad"
        data.write_h5ad(self.file)
        self.data = ["--data", f"{self.file}:/X"]
        self.given = ["--condition", f"{self.file}:/obs/batch"]

    def model(self, *arguments, name="run", **how):
        folder = self.folder / name
        self.success("train", *self.data, *SETTINGS, *arguments, "--output", folder, **how)
        return folder

    def output(self, command, model, *arguments, dataset="/codes"):
        path = self.folder / "out.h5"
        path.unlink(missing_ok=True)
        words = [command, "--model", model / "model.h5", *self.data, *arguments]
        self.success(*words, "--output", path)
        return read_datasets(path)[dataset]

    def test_the_same_bits_on_any_number_of_ranks(self):
        two = f"{self.given[1]}+{self.file}:/obs/donor"
        given = ["--condition", two, "--unknown-condition", "--validation-fraction", 0.2]
        digests = {
            self.digest(self.model(*given, *more, name=f"r{i}", ranks=ranks) / "model.h5")
            for i, (ranks, more) in enumerate(((None, ["--threads", 2, "--memory", 0]), (3, [])))
        }
        words = [*self.data, *SETTINGS, *given]
        digests.update(self.stopped_and_resumed("stopped", *words).values())
        self.assertEqual(len(digests), 1)
        plain = self.digest(self.model("--validation-fraction", 0.2, name="plain") / "model.h5")
        self.assertNotIn(plain, digests)
        # Validation during the training is that of evaluate.
        records = read_metrics(self.folder / "r0", "epoch")
        words = ["--part", "validation", "--condition", two, "--unknown-condition", "--json"]
        model = ["--model", self.folder / "r0/model.h5"]
        found = json.loads(self.success("evaluate", *model, *self.data, *words).stdout)
        self.assertAlmostEqual(found["sse"], records[-1]["validation_sse"], places=9)

    def test_batches_are_taken_out_and_set(self):
        more = ["--epochs", 80, "--learning-rate", "0.02", "--batch", 40]
        more += ["--checkpoint-every", 0]
        model = self.model(*self.given, *more)
        words = ["--model", model / "model.h5", *self.data, *self.given, "--json"]
        sse = json.loads(self.success("evaluate", *words).stdout)["sse"]
        without = self.model(*more, name="without")
        words = ["--model", without / "model.h5", *self.data, "--json"]
        self.assertLess(2 * sse, json.loads(self.success("evaluate", *words).stdout)["sse"])
        own, other = (
            self.output("reconstruct", model, *self.given, *extra, dataset="/reconstructions")
            for extra in ([], ["--set-condition", "batch=b1"])
        )
        same = self.batch == 1
        np.testing.assert_array_equal(own[same], other[same])
        moved = (other - own)[self.batch == 0].mean(axis=0)
        wanted = self.shifts[1] - self.shifts[0]
        self.assertLess(np.abs(moved - wanted).mean(), 0.3 * np.abs(wanted).mean())
        scores = self.output("score", model, *self.given, dataset="/scores")
        self.assertAlmostEqual(scores.mean(), sse, places=5)
        plain = ["--model", model / "model.h5", *self.data]
        quantile = self.success("score", *plain, *self.given, "--threshold-quantile", 0.9)
        self.assertIn("flagged    24 ", quantile.stdout)

    def test_conditions_of_other_data(self):
        model = self.model(*self.given)
        expected = self.output("encode", model, *self.given)
        numbers = write_file(
            self.folder / "n.h5", own=self.batch, text=np.array([f"b{b}" for b in self.batch], "S2")
        )
        text = ["--condition", f"batch={numbers}:/text"]
        np.testing.assert_array_equal(self.output("encode", model, *text), expected)
        rows = [*text, "--select-rows", "100:110"]
        np.testing.assert_array_equal(self.output("encode", model, *rows), expected[100:110])
        unseen = ["--condition", f"batch={numbers}:/own"]
        words = ["encode", "--model", model / "model.h5", *self.data]
        output = ["--output", self.folder / "none.h5"]
        for code, message, *given in (
            (DATA, "has the category '", *unseen),
            (USAGE, "the model has the condition batch", "--condition", f"{numbers}:/own"),
            (
                USAGE,
                "the model has conditions (batch)",
            ),
        ):
            self.assert_refused(run(*words, *given, *output), code, message)
        unknown = self.output("encode", model, *unseen, "--unknown-condition")
        self.assertFalse(np.array_equal(unknown, expected))
        shown = self.success("inspect", model / "model.h5").stdout
        self.assertIn("condition batch: b0, b1, b2", shown)
        refused = run("export", "onnx", "--model", model / "model.h5", "--output", "x.onnx")
        self.assert_refused(refused, USAGE, "has conditions of its samples")

    def test_what_does_not_fit_is_refused(self):
        train = ["train", *self.data, *SETTINGS, "--output", self.folder / "run"]
        donor = ["--condition", f"{self.file}:/obs/donor"]
        for code, message, *given in (
            (DATA, "sample 7 (from 0) has no category", *donor),
            (USAGE, "--contractive: leave out one", *self.given, "--contractive", 0.1),
            (USAGE, "needs --condition", "--validation-condition", "x.h5:/y"),
            (USAGE, "needs --validation-condition", *self.given, "--validation", "x.h5:/y"),
            (USAGE, "names batch twice", "--condition", f"{self.given[1]}+{self.given[1]}"),
        ):
            self.assert_refused(run(*train, *given), code, message)


if __name__ == "__main__":
    unittest.main()
