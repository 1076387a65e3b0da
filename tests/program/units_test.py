"""Results in the units of the data, and errors by feature, against NumPy."""
import csv
import json
import unittest

import h5py
import numpy as np

from support import USAGE, ProgramTest, read_datasets, run

NAMES = ["time", "pressure, sea level", "wind"]


class UnitsTest(ProgramTest):
    def setUp(self):
        super().setUp()
        random = np.random.default_rng(8)
        self.values = random.normal(size=(90, 3)) * [4, 0.5, 30] + [100, 7, -40]
        self.values[11, 1] += 40  # odd
        self.file("table", self.values)
        self.bytes = random.integers(0, 256, (90, 3), dtype=np.uint8)
        self.file("bytes", self.bytes)

    def file(self, name, values):
        with h5py.File(self.folder / f"{name}.h5", "w") as file:
            file["x"] = values
            file["x"].attrs["feature_names"] = NAMES

    def trained(self, name, *options):
        self.train(
            f"run-{name}",
            *("--data", self.address(name), "--layers", "3,2", "--batch", 32),
            *("--micro-batch", 16, "--epochs", 3, *options),
        )
        return self.folder / f"run-{name}/model.h5"

    def standardized(self):
        return self.trained("table", "--normalize", "standardize", "--output-activation", "linear")

    def address(self, name):
        return f"{self.folder / name}.h5:/x"

    def output(self, command, model, name, *options, **how):
        target = self.folder / f"{command}-{len(list(self.folder.iterdir()))}.h5"
        self.success(
            *(command, "--model", model, "--data", self.address(name), "--output", target),
            *options,
            **how,
        )
        return read_datasets(target)

    def evaluated(self, model, name, *options, **how):
        return json.loads(
            self.success(
                *("evaluate", "--json", "--model", model, "--data", self.address(name)),
                *options,
                **how,
            ).stdout
        )

    def scale(self, model):
        """Deviation and mean of a standardized model."""
        stored = read_datasets(model)
        return 1 / stored["/model/input/inverse_deviation"], stored["/model/input/mean"]

    def test_reconstructions(self):
        model = self.standardized()
        network = self.output("reconstruct", model, "table")["/reconstructions"]
        found = self.output("reconstruct", model, "table", "--units", "data")["/reconstructions"]
        deviation, mean = self.scale(model)
        self.assertEqual(network.dtype, np.float32)
        self.assertEqual(found.dtype, np.float64)
        np.testing.assert_allclose(found, network * deviation + mean, rtol=1e-6)
        self.assertLess(np.abs(found - self.values).mean(), 20)
        for ranks in (2, 3):
            again = self.output("reconstruct", model, "table", "--units", "data", ranks=ranks)
            np.testing.assert_array_equal(again["/reconstructions"], found)
        model = self.trained("bytes")
        network = self.output("reconstruct", model, "bytes")["/reconstructions"]
        found = self.output("reconstruct", model, "bytes", "--units", "data")["/reconstructions"]
        self.assertEqual(found.dtype, np.float32)
        np.testing.assert_allclose(found, network * 255, rtol=1e-6)

    def test_evaluation(self):
        model = self.standardized()
        rebuilt = self.output("reconstruct", model, "table", "--units", "data")["/reconstructions"]
        errors = rebuilt - self.values
        own = self.evaluated(model, "table")
        self.assertEqual(own["psnr_peak"], 1)
        found = self.evaluated(model, "table", "--units", "data", "--per-feature")
        self.assertAlmostEqual(found["sse"] / np.sum(errors**2, axis=1).mean(), 1, 5)
        self.assertAlmostEqual(found["mse"] / np.mean(errors**2), 1, 5)
        peak = self.values.max() - self.values.min()
        self.assertAlmostEqual(found["psnr_peak"] / peak, 1, 6)
        self.assertAlmostEqual(found["psnr"], 10 * np.log10(peak**2 / found["mse"]), 6)
        self.assertEqual([feature["name"] for feature in found["features"]], NAMES)
        for i, feature in enumerate(found["features"]):
            self.assertAlmostEqual(feature["rmse"] / np.sqrt(np.mean(errors[:, i] ** 2)), 1, 5)
            self.assertAlmostEqual(feature["bias"], errors[:, i].mean(), 3)
        self.assertAlmostEqual(sum(feature["share"] for feature in found["features"]), 1)
        for ranks in (2, 4):
            again = self.evaluated(model, "table", "--units", "data", "--per-feature", ranks=ranks)
            self.assertEqual(again, found)
        text = self.success(
            *("evaluate", "--model", model, "--data", self.address("table"), "--per-feature")
        ).stdout
        self.assertIn("peak 1\n", text)
        self.assertIn("pressure, sea level", text)

    def test_peak_of_images(self):
        model = self.trained("bytes")
        own = self.evaluated(model, "bytes")
        found = self.evaluated(model, "bytes", "--units", "data")
        self.assertEqual(found["psnr_peak"], 255)
        self.assertAlmostEqual(found["psnr"], own["psnr"], 6)
        self.assertAlmostEqual(found["sse"] / own["sse"] / 255**2, 1, 6)

    def test_scores(self):
        model = self.standardized()
        rebuilt = self.output("reconstruct", model, "table", "--units", "data")["/reconstructions"]
        found = self.output("score", model, "table", "--units", "data")["/scores"]
        expected = np.sum((rebuilt - self.values) ** 2, axis=1)
        np.testing.assert_allclose(found, expected, rtol=1e-4)

    def test_odd_features(self):
        model = self.standardized()
        table = self.folder / "odd.csv"
        found = self.output("score", model, "table", "--per-feature", 2, "--table", table)
        deviation, mean = self.scale(model)
        rebuilt = self.output("reconstruct", model, "table", "--units", "data")["/reconstructions"]
        errors = ((rebuilt - self.values) / deviation) ** 2
        np.testing.assert_array_equal(found["/odd_features"][:, 0], errors.argmax(axis=1))
        self.assertEqual(found["/odd_features"].shape, (90, 2))
        with open(table, newline="") as file:
            rows = list(csv.DictReader(file))
        self.assertEqual(len(rows), 180)
        first = rows[2 * 11]
        self.assertEqual((first["row"], first["rank"]), ("11", "1"))
        name = NAMES[errors[11].argmax()]
        self.assertEqual(first["feature"], name)
        self.assertAlmostEqual(float(first["value"]), self.values[11, errors[11].argmax()], 3)
        self.assertAlmostEqual(float(first["reconstruction"]), rebuilt[11, errors[11].argmax()], 3)
        text = self.success(
            *("score", "--model", model, "--data", self.address("table"), "--per-feature")
        ).stdout
        self.assertIn("row 11: ", text)
        again = self.folder / "again.csv"
        self.output("score", model, "table", "--per-feature", 2, "--table", again, ranks=3)
        self.assertEqual(again.read_text(), table.read_text())
        report = json.loads(
            self.success(
                *("score", "--json", "--model", model, "--data", self.address("table")),
                *("--per-feature", 1),
            ).stdout
        )
        self.assertEqual(len(report["highest"][0]["features"]), 1)

    def test_odd_columns_of_a_table(self):
        random = np.random.default_rng(6)
        lines = [f"{a:.3f},{'xyz'[i % 3]},{a > 0}" for i, a in enumerate(random.normal(size=64))]
        lines[7] = "40,z,False"
        table = self.folder / "t.csv"
        table.write_text("a,kind,positive\n" + "\n".join(lines) + "\n")
        self.success("import", table, "--output", f"{self.folder}/t.h5:/t")
        data, model = f"{self.folder}/t.h5:/t/samples", self.folder / "columns/model.h5"
        words = ["--data", data, "--layers", "5,4,2", "--loss", "mixed", "--epochs", 2]
        words += ["--normalize", "standardize", "--output-activation", "linear"]
        self.train("columns", *words, "--batch", 32, "--micro-batch", 8)
        words = ["score", "--model", model, "--data", data, "--per-feature", 3]
        output = self.folder / "odd.h5"
        text = self.success(*words, "--output", output, "--table", self.folder / "odd.csv").stdout
        self.assertRegex(text, r"row 7: a 40\S* \(reconstructed -?[\d.]+\), kind z \(reconstr")
        columns = read_datasets(output)["/odd_features"]
        self.assertEqual(columns[7, 0], 0)
        np.testing.assert_array_equal(np.sort(columns, axis=1), np.tile([0, 1, 2], (64, 1)))
        with open(self.folder / "odd.csv", newline="") as file:
            rows = [row for row in csv.DictReader(file) if row["row"] == "7"]
        self.assertEqual({row["feature"] for row in rows}, {"a", "kind", "positive"})
        (kind,) = [row for row in rows if row["feature"] == "kind"]
        self.assertEqual(kind["value"], "z")
        self.assertIn(kind["reconstruction"], ("x", "y", "z"))
        odd = json.loads(self.success(*words, "--json").stdout)["highest"][0]["features"]
        self.assertEqual((odd[0]["name"], round(odd[0]["value"])), ("a", 40))
        page = self.folder / "page.html"
        self.success("report", self.folder / "columns", "--output", page)
        text = page.read_text()
        for words in ("Error by column", "wrong, %", ">kind<", ">positive<"):
            self.assertIn(words, text)
        self.assertNotIn(">kind=x<", text)

    def test_missing_values_are_left_out(self):
        values = self.values.copy()
        values[5, 2] = np.nan
        values[::7, 0] = np.nan
        self.file("holes", values)
        model = self.trained(
            *("holes", "--missing", "mask", "--normalize", "standardize"),
            *("--output-activation", "linear"),
        )
        rebuilt = self.output("reconstruct", model, "holes", "--units", "data")["/reconstructions"]
        errors = rebuilt - values
        found = self.evaluated(model, "holes", "--per-feature")
        for i, feature in enumerate(found["features"]):
            rmse = np.sqrt(np.nanmean(errors[:, i] ** 2))
            self.assertAlmostEqual(feature["rmse"] / rmse, 1, 4)
        table = self.folder / "holes.csv"
        scored = self.output(
            *("score", model, "holes", "--units", "data", "--per-feature", 3, "--table", table)
        )
        there = np.isfinite(values).sum(axis=1)
        expected = np.nansum(errors**2, axis=1) * 3 / there
        np.testing.assert_allclose(scored["/scores"], expected, rtol=1e-4)
        self.assertEqual(scored["/odd_features"][5, 2], -1)
        self.assertNotIn(2, scored["/odd_features"][5])

    def test_refusals(self):
        model = self.standardized()
        common = ("--model", model, "--data", self.address("table"))
        self.assert_refused(run("evaluate", *common, "--units", "kg"), USAGE, "network or data")
        self.assert_refused(
            run("score", *common, "--table", self.folder / "x.csv"), USAGE, "--per-feature"
        )


if __name__ == "__main__":
    unittest.main()
