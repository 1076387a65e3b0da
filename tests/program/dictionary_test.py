"""Dictionaries of sparse codes: pre-bias, unit atoms, tied start, dead units, and what is told of
them. Samples share a constant far larger than what distinguishes them."""

import csv
import json
import unittest

import h5py
import numpy as np

from support import ProgramTest, read_metrics, write_file

FEATURES, UNITS, K = 16, 48, 3
CODE = ["--layers", f"{FEATURES},{UNITS}", "--k-sparse", K, "--code-activation", "relu"]
CODE += ["--output-activation", "linear", "--batch", 96, "--micro-batch", 16, "--epochs", 6]
CODE += ["--learning-rate", 0.01, "--log-every", 2, "--progress", "plain"]
RECIPE = ["--pre-bias", "mean", "--unit-norm-decoder", "--tied-initialization"]
RECIPE += ["--normalize", "unit-mean-square"]


def samples(rows, constant):
    """Sums of 3 of 32 directions, and a constant vector of this norm."""
    random = np.random.default_rng(5)
    atoms = random.normal(size=(32, FEATURES))
    atoms /= np.linalg.norm(atoms, axis=1, keepdims=True)
    codes = np.zeros((rows, 32))
    for row in codes:
        row[random.choice(32, 3, replace=False)] = random.uniform(1, 2, 3)
    shared = random.normal(size=FEATURES)
    return (codes @ atoms + constant * shared / np.linalg.norm(shared)).astype(np.float32)


class DictionaryTest(ProgramTest):
    def setUp(self):
        super().setUp()
        self.values = samples(1000, 60)
        self.data = write_file(
            self.folder / "x.h5", train=self.values, held=samples(1200, 60)[1000:]
        )
        self.source = ["--data", f"{self.data}:/train", "--validation", f"{self.data}:/held"]

    def parameters(self, output):
        with h5py.File(self.folder / output / "model.h5") as file:
            model = file["model"]
            return {
                name: model[name][()]
                for name in ("encoder/0/weight", "encoder/0/bias", "decoder/0/weight")
            } | {
                "pre-bias": model["decoder/0/bias"][()],
                "divisor": float(np.ravel(model["input/divisor"][()])[0]),
            }

    def test_the_same_bits_however_it_is_run(self):
        for start in ("mean", "geometric-median"):
            words = [*self.source, *CODE, *RECIPE, "--pre-bias", start]
            digests = self.stopped_and_resumed(start, *words)
            for ranks in (1, 3):
                digests[ranks] = self.train(f"{start}-{ranks}", *words, ranks=ranks)
            digests["threads"] = self.train(f"{start}-threads", *words, "--threads", 2)
            self.assertEqual(len(set(digests.values())), 1, digests)

    def test_where_it_begins(self):
        words = [*self.source, *CODE, *RECIPE, "--epochs", 0]
        self.train("start", *words)
        start = self.parameters("start")
        centred = self.values - self.values.mean(axis=0)
        self.assertAlmostEqual(start["divisor"], np.sqrt((centred**2).mean()), places=4)
        mean = self.values.mean(axis=0) / start["divisor"]
        np.testing.assert_allclose(start["pre-bias"], mean, rtol=1e-5)
        atoms = start["decoder/0/weight"]
        np.testing.assert_allclose(np.linalg.norm(atoms, axis=0), 1, rtol=1e-6)
        np.testing.assert_array_equal(start["encoder/0/weight"], atoms.T)
        self.train("median", *words, "--pre-bias", "geometric-median")
        point = self.parameters("median")["pre-bias"]
        scaled = self.values / start["divisor"]
        distances = np.linalg.norm(scaled - point, axis=1, keepdims=True)
        np.testing.assert_allclose(
            point, (scaled / distances).sum(0) / (1 / distances).sum(), rtol=1e-4
        )

    def test_a_large_constant_costs_nothing_and_is_noticed_without(self):
        plain, recipe = self.folder / "plain", self.folder / "recipe"
        report = self.success("train", *self.source, *CODE, "--output", plain).stdout
        self.assertIn("units of the sparse code have not been used in the last 1536", report)
        self.assertEqual(report.count("try --pre-bias mean"), 1)
        words = [*CODE, *RECIPE]
        report = self.success("train", *self.source, *words, "--output", recipe).stdout
        self.assertNotIn("try --pre-bias", report)
        self.assertRegex(report, r"fvu 0\.\d+  l0 3\.0  dead \d+\.\d %")
        last = read_metrics(recipe, "epoch")[-1]
        self.assertLess(last["fvu"], 0.35)
        self.assertLess(last["fvu"], 0.5 * read_metrics(plain, "epoch")[-1]["fvu"])
        centred = write_file(self.folder / "c.h5", train=self.values - self.values.mean(axis=0))
        self.train("centred", "--data", f"{centred}:/train", *words)
        reference = read_metrics(self.folder / "centred", "epoch")[-1]
        self.assertLess(abs(last["fvu"] - reference["fvu"]), 0.03)
        np.testing.assert_allclose(
            np.linalg.norm(self.parameters("recipe")["decoder/0/weight"], axis=0), 1, rtol=1e-6
        )
        self.check_records(recipe)
        self.check_evaluation(recipe)

    def check_records(self, output):
        steps, epochs = read_metrics(output, "step"), read_metrics(output, "epoch")
        variance = ((self.values - self.values.mean(axis=0)) ** 2).sum() / 1000
        divisor = self.parameters("recipe")["divisor"]
        for record in steps + epochs:
            self.assertAlmostEqual(record["fvu"], record["sse"] * divisor**2 / variance, places=4)
            self.assertAlmostEqual(record["dead_share"], record["dead_units"] / UNITS, places=9)
            self.assertLessEqual(record["l0"], K)
        self.assertNotIn("use_histogram", steps[0])
        self.assertEqual(sum(epochs[-1]["use_histogram"]), UNITS)
        self.assertLess(epochs[-1]["nearest_cosine"], 1.0001)
        self.assertIn("validation_fvu", epochs[-1])
        with open(output / "metrics.csv", encoding="utf-8") as file:
            table = list(csv.DictReader(file))
        self.assertEqual(float(table[-1]["fvu"]), epochs[-1]["fvu"])
        self.assertEqual(int(table[-1]["use_histogram_7"]), epochs[-1]["use_histogram"][7])
        page = self.folder / "page.html"
        self.success("report", output, "--output", page)
        text = page.read_text()
        for title in ("Variance unexplained", "Dead units", "Units by use"):
            self.assertIn(title, text)

    def check_evaluation(self, output):
        """Codes and reconstructions are those of the formula, in the units of the data."""
        model = output / "model.h5"
        words = ["--model", model, "--data", f"{self.data}:/train"]
        told = json.loads(self.success("evaluate", *words, "--json", ranks=2).stdout)
        alone = json.loads(self.success("evaluate", *words, "--json", "--threads", 2).stdout)
        self.assertEqual(told, alone)
        self.success("reconstruct", *words, "--units", "data", "--output", self.folder / "r.h5")
        self.success("encode", *words, "--output", self.folder / "e.h5")
        with h5py.File(self.folder / "r.h5") as file:
            outputs = next(iter(file.values()))[()]
        with h5py.File(self.folder / "e.h5") as file:
            codes = next(v for v in file.values() if v.ndim == 2)[()]
        p = self.parameters(output.name)
        x = self.values / p["divisor"]
        pre = (x - p["pre-bias"]) @ p["encoder/0/weight"].T + p["encoder/0/bias"]
        expected = np.maximum(pre, 0)
        expected[expected < np.sort(expected, axis=1)[:, [-K]]] = 0
        np.testing.assert_allclose(codes, expected, atol=2e-3)
        decoded = codes @ p["decoder/0/weight"].T + p["pre-bias"]
        np.testing.assert_allclose(outputs, decoded * p["divisor"], atol=1e-3)
        centred = self.values - self.values.mean(axis=0)
        fvu = ((outputs - self.values) ** 2).sum() / (centred**2).sum()
        self.assertAlmostEqual(told["fvu"], fvu, places=4)
        self.assertAlmostEqual(told["l0"], (codes != 0).sum() / 1000, places=6)
        self.assertEqual(told["dead_units"], int((codes == 0).all(axis=0).sum()))
        atoms = p["decoder/0/weight"].T
        cosines = atoms @ atoms.T - 2 * np.eye(UNITS)
        self.assertAlmostEqual(told["nearest_cosine"], cosines.max(axis=1).mean(), places=4)
        printed = self.success("evaluate", *words, "--code").stdout
        for word in ("fraction of variance unexplained", "never", "cosine with the nearest"):
            self.assertIn(word, printed)

    def test_thresholds_too_high_for_any_sample_are_left_behind(self):
        words = ["--data", f"{self.data}:/train", "--layers", f"{FEATURES},{UNITS}", "--batch", 96]
        words += ["--micro-batch", 16, "--epochs", 2, "--sparsity", "jumprelu:20", "--l0", 1e-4]
        words += ["--dead-after", 64, "--resample-dead", "5steps"]
        digests = {self.train(f"revived-{n}", *words, ranks=n) for n in (None, 2, 3)}
        self.assertEqual(len(digests), 1)
        self.assertGreater(read_metrics(self.folder / "revived-2", "epoch")[-1]["l0"], 1)

    def test_exports_have_the_pre_bias_in_the_first_bias(self):
        # torch.nn has no top-k.
        dense = [*CODE[:2], *CODE[4:]]
        self.train("run", *self.source, *dense, *RECIPE)
        p = self.parameters("run")
        path = self.folder / "m.safetensors"
        model = self.folder / "run/model.h5"
        self.success("export", "torch", "--model", model, "--output", path)
        data = path.read_bytes()
        size = int.from_bytes(data[:8], "little")
        header = json.loads(data[8 : 8 + size])
        begin, end = header["encoder.0.bias"]["data_offsets"]
        bias = np.frombuffer(data[8 + size + begin : 8 + size + end], np.float32)
        folded = p["encoder/0/bias"] - p["encoder/0/weight"] @ p["pre-bias"]
        np.testing.assert_allclose(bias, folded, atol=1e-4)


if __name__ == "__main__":
    unittest.main()
