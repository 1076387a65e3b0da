"""Exports of models of tables: missing elements become means, values far out are cut, and outputs
of a mixed loss are probabilities, in ONNX and by the recipe of docs/formats.md."""
import os
import unittest

import numpy as np

from extras import need
from onnx_graph import Graph
from recipe_test import recipe
from support import USAGE, ProgramTest, read_datasets, run, write_file

cv2, torch = need("cv2", "torch")
ROWS = 120


class ExportTablesTest(ProgramTest):
    def setUp(self):
        super().setUp()
        self.random = np.random.default_rng(8)
        values = self.random.normal(size=(ROWS, 6)) * [1, 3, 1e-2, 5, 2, 1] + [0, 9, 1, 0, -4, 0]
        self.values = values.astype(np.float32)
        self.holes = self.random.random(values.shape) < 0.2
        self.holes[0] = False
        self.runs = 0

    def trained(self, samples, *options):
        self.runs += 1
        folder = self.folder / f"run{self.runs}"
        data = write_file(self.folder / f"data{self.runs}.h5", x=samples)
        return folder / "model.h5", self.train(folder, f"{data}:/x", *options)

    def train(self, folder, data, *options):
        self.success(
            *("train", "--data", data, "--output", folder, "--epochs", 2, "--batch", 32),
            *("--micro-batch", 32, "--layers", "6,5,3", "--output-activation", "linear", *options),
        )
        return data

    def written(self, model, data):
        """Codes and reconstructions of the program."""
        found = []
        for command in ("encode", "reconstruct"):
            path = model.parent / f"{command}.h5"
            self.success(command, "--model", model, "--data", data, "--output", path)
            found.append(next(v for v in read_datasets(path).values() if v.ndim == 2))
        return found

    def onnx(self, model, *options):
        path = model.parent / f"model{len(options)}.onnx"
        self.success("export", "onnx", "--model", model, "--output", path, *options)
        return path

    def by_recipe(self, model, samples):
        exported = self.folder / "torch.safetensors"
        exported.unlink(missing_ok=True)
        self.success("export", "torch", "--model", model, "--output", exported)
        names = {"samples": torch.from_numpy(samples)}
        before = os.getcwd()
        os.chdir(self.folder)
        try:
            exec(recipe(), names)
        finally:
            os.chdir(before)
        return names["codes"].numpy(), names["reconstructions"].numpy()

    def assert_near(self, found, expected):
        scale = max(1.0, float(np.abs(expected).max()))
        np.testing.assert_allclose(found, expected, atol=2e-5 * scale, rtol=0)

    def check(self, samples, *options):
        model, data = self.trained(samples, *options)
        codes, reconstructions = self.written(model, data)
        for found, expected in zip(self.by_recipe(model, samples), (codes, reconstructions)):
            self.assert_near(found, expected)
        graph = Graph(self.onnx(model))
        self.assert_near(graph.run(samples.reshape(ROWS, -1)), reconstructions)
        return model, reconstructions

    def test_missing_elements(self):
        samples = np.where(self.holes, np.float32(np.nan), self.values)
        for treatment in ("mask", "mean"):
            for options in ([], ["--normalize", "standardize"]):
                with self.subTest(treatment=treatment, options=options):
                    self.check(samples, "--missing", treatment, *options)

    def test_numbers_that_mean_missing(self):
        samples = np.where(self.holes, np.float32(-999.1), self.values)
        samples[3, 1] = np.nan
        words = ["--missing-value=-999.1,77", "--normalize", "standardize"]
        self.check(samples, "--missing", "mask", *words)

    def test_missing_bytes(self):
        samples = self.random.integers(0, 200, (ROWS, 6)).astype(np.uint8)
        samples[self.holes] = 255
        self.check(samples, "--missing", "mask", "--missing-value", "255")

    def test_complete_samples_in_opencv(self):
        samples = np.where(self.holes, np.float32(np.nan), self.values)
        model, _ = self.trained(samples, "--missing", "mask", "--normalize", "standardize")
        complete = write_file(self.folder / "complete.h5", x=self.values)
        _, reconstructions = self.written(model, f"{complete}:/x")
        network = cv2.dnn.readNetFromONNX(str(self.onnx(model, "--normalized-input")))
        stored = read_datasets(model)
        mean, inverse = (
            next(values for name, values in stored.items() if name.endswith(ending))
            for ending in ("/mean", "/inverse_deviation")
        )
        normalized = (self.values - mean) * inverse
        network.setInput(normalized.astype(np.float32))
        self.assert_near(network.forward(), reconstructions)

    def test_values_far_out_are_cut(self):
        model, _ = self.trained(self.values, "--normalize", "standardize")
        far = self.values.copy()
        far[5, 2] = 1e12
        data = write_file(self.folder / "far.h5", x=far)
        _, reconstructions = self.written(model, f"{data}:/x")
        path = self.onnx(model)
        self.assert_near(Graph(path).run(far), reconstructions)
        network = cv2.dnn.readNetFromONNX(str(path))
        network.setInput(far)
        self.assert_near(network.forward(), reconstructions)
        self.assert_near(self.by_recipe(model, far)[1], reconstructions)

    def test_mixed_outputs(self):
        rows = [
            f"{a:.4f},{'xyz'[i % 3]},{'true' if a > 0 else 'false'},{b:.4f},{'pq'[i % 2]}"
            for i, (a, b) in enumerate(self.random.normal(size=(ROWS, 2)))
        ]
        rows[4] = ",x,true,1,p"
        table = self.folder / "t.csv"
        table.write_text("a,kind,ok,b,side\n" + "\n".join(rows) + "\n")
        self.success("import", table, "--output", f"{self.folder / 't.h5'}:/t")
        data = f"{self.folder / 't.h5'}:/t/samples"
        samples = read_datasets(self.folder / "t.h5")["/t/samples"]
        model = self.folder / "mixed/model.h5"
        words = ["--layers", "8,5,3", "--loss", "mixed", "--normalize", "standardize"]
        self.train(model.parent, data, *words, "--missing", "mask")
        _, reconstructions = self.written(model, data)
        self.assert_near(Graph(self.onnx(model)).run(samples), reconstructions)
        self.assert_near(self.by_recipe(model, samples)[1], reconstructions)
        network = cv2.dnn.readNetFromONNX(str(self.onnx(model, "--part", "decoder")))
        codes = read_datasets(model.parent / "encode.h5")["/codes"]
        network.setInput(codes)
        self.assert_near(network.forward(), reconstructions)
        np.testing.assert_allclose(reconstructions[:, 1:4].sum(1), 1, atol=1e-5)

    def test_counts(self):
        counts = self.random.poisson(self.random.gamma(1, 3, (ROWS, 6))).astype(np.uint16)
        counts[7] = 0
        words = ["--loss", "zinb", "--empty-counts", "keep"]
        log1p = [*words, "--counts", "log1p"]
        latent = [*log1p, "--variational", "--library", "latent"]
        for options in (words, log1p, latent):
            with self.subTest(options=options):
                model, data = self.trained(counts, *options)
                codes, means = self.written(model, data)
                by_recipe = self.by_recipe(model, counts.astype(np.float32))
                typical = Graph(self.onnx(model, "--part", "decoder")).run(codes)
                self.assert_near(by_recipe[1], typical)
                sizes = np.ones((ROWS, 1))
                if options is log1p:
                    sums = counts.sum(axis=1, keepdims=True)
                    sizes = sums / np.median(sums[sums > 0])
                elif options is latent:
                    sizes = means[:, :1] / typical[:, :1]
                np.testing.assert_allclose(typical * sizes, means, rtol=1e-4, atol=1e-6)
                encoder = self.onnx(model, "--part", "encoder", "--normalized-input")
                for found in (Graph(encoder).run(counts), by_recipe[0]):
                    self.assert_near(found, codes)
                found = Graph(self.onnx(model)).run(counts)
                np.testing.assert_allclose(found, means, rtol=1e-4, atol=1e-6)
                network = cv2.dnn.readNetFromONNX(
                    str(self.onnx(model, "--part", "autoencoder", "--units", "network"))
                )
                network.setInput(counts.astype(np.float32))
                np.testing.assert_allclose(network.forward(), means, rtol=1e-4, atol=1e-6)

    def test_indicators_are_refused(self):
        samples = np.where(self.holes, np.float32(np.nan), self.values)
        model, _ = self.trained(samples, "--missing", "mask", "--missing-indicator")
        for kind in ("onnx", "torch"):
            words = ["export", kind, "--model", model, "--output", self.folder / "no"]
            result = run(*words)
            self.assertEqual(result.code, USAGE)
            self.assertIn("--missing-indicator", result.error_lines[0])


if __name__ == "__main__":
    unittest.main()
