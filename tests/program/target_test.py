"""--target: what samples are to become, instead of themselves."""
import json
import unittest

import h5py
import numpy as np

from support import USAGE, ProgramTest, read_datasets, run


class TargetTest(ProgramTest):
    def setUp(self):
        super().setUp()
        random = np.random.default_rng(5)
        self.x = random.normal(size=(400, 6)).astype(np.float32)
        mixing = random.normal(size=(6, 4))
        self.y = (40 * self.x @ mixing + 300).astype(np.float32)
        self.data = self.folder / "data.h5"
        with h5py.File(self.data, "w") as file:
            file["x"], file["y"] = self.x, self.y
            file["pixels"] = random.integers(0, 256, (400, 6), dtype=np.uint8)
            file["short"] = self.y[:100]

    def trained(self, name, *arguments, **how):
        settings = ["--data", f"{self.data}:/x", "--target", f"{self.data}:/y"]
        settings += ["--target-normalize", "standardize", "--validation-fraction", 0.2]
        settings += ["--layers", "6,5", "--code-activation", "linear", "--batch", 64]
        settings += ["--output-activation", "linear", "--micro-batch", 16, "--epochs", 30]
        settings += ["--learning-rate", 0.02, "--progress", "none"]
        return self.train(name, *settings, *arguments, **how)

    def check_numbers_of_rows(self, words, codes, error, chosen=None):
        """Rows are named by their numbers in --data, whichever are chosen."""
        tables = [self.folder / f"{len(words)}{name}.csv" for name in ("units", "odd")]
        printed = self.success(
            *("score", *words, "--units", "data", "--json", "--per-feature", 1),
            *("--per-unit", tables[0], "--table", tables[1]),
            ranks=2,
        )
        for sample in json.loads(printed.stdout)["highest"]:
            self.assertAlmostEqual(sample["score"] / error[sample["row"]], 1, 2)
        odd = [line.split(",")[:2] for line in tables[1].read_text().splitlines()[1:]]
        for row, score in odd:
            self.assertAlmostEqual(float(score) / error[int(row)], 1, 2)
        if chosen is not None:
            self.assertEqual([int(row) for row, _ in odd], chosen.tolist())
        for unit, line in enumerate(tables[0].read_text().splitlines()[1:]):
            samples = [sample.split(":") for sample in line.split(",")[3].split()]
            for row, value in samples:
                self.assertAlmostEqual(float(value) / codes[int(row), unit], 1, 4)
            if chosen is not None:
                expected = chosen[np.argsort(-codes[chosen, unit], kind="stable")[:8]]
                self.assertEqual([int(row) for row, _ in samples], expected.tolist())

    def test_a_model_learns_what_to_make_of_its_input(self):
        expected = self.trained("whole")
        self.assertEqual(self.trained("two", ranks=2), expected)
        self.assertEqual(self.trained("three", "--memory", 0, ranks=3), expected)
        model = ["--model", self.folder / "whole/model.h5", "--data", f"{self.data}:/x"]
        target = ["--target", f"{self.data}:/y"]
        self.success("reconstruct", *model, "--units", "data", "--output", self.folder / "out.h5")
        outputs = read_datasets(self.folder / "out.h5")["/reconstructions"]
        self.assertEqual(outputs.shape, (400, 4))
        error = np.square(outputs.astype(float) - self.y).sum(axis=1)
        self.assertLess(error.mean(), 0.01 * self.y.var(axis=0).sum())
        for ranks in (None, 2):
            found = json.loads(
                self.success(
                    *("evaluate", *model, *target, "--units", "data", "--json", "--code"),
                    ranks=ranks,
                ).stdout
            )
            self.assertAlmostEqual(found["sse"], error.mean(), delta=1e-4 * error.mean())
            self.assertAlmostEqual(found["mse"], error.mean() / 4, delta=1e-4 * error.mean())
        table = self.folder / "units.csv"
        scores = json.loads(
            self.success(
                *("score", *model, *target, "--units", "data", "--json", "--per-feature"),
                *("--per-unit", table),
                ranks=2,
            ).stdout
        )
        worst = np.argsort(-error, kind="stable")[:5]
        self.assertEqual([sample["row"] for sample in scores["highest"]], worst.tolist())
        self.success("encode", *model, "--output", self.folder / "codes.h5")
        codes = read_datasets(self.folder / "codes.h5")["/codes"]
        lines = table.read_text().splitlines()
        self.assertEqual(lines[0], "unit,use,share,top_samples,largest_features")
        for unit, line in enumerate(lines[1:]):
            number, use, _, samples, features = line.split(",")
            self.assertEqual((int(number), int(use)), (unit, np.count_nonzero(codes[:, unit] > 0)))
            rows = [int(sample.split(":")[0]) for sample in samples.split()]
            self.assertEqual(rows, np.argsort(-codes[:, unit], kind="stable")[:8].tolist())
            self.assertEqual(len(features.split()), 4)
        chosen = ["--select-rows", "390:400,0:200:2"]
        rows = np.array([*range(390, 400), *range(0, 200, 2)])
        self.check_numbers_of_rows([*model, *target, *chosen], codes, error, rows)
        parted = ["--validation-fraction", 0.25, "--split-seed", 3, "--part", "validation"]
        self.check_numbers_of_rows([*model, *target, *parted], codes, error)
        self.success("report", self.folder / "whole", "--output", self.folder / "report.html")
        refused = [
            ("evaluate", *model),
            ("evaluate", *model, *target, "--corruption", "masking"),
            ("score", *model, *target, "--fit", f"{self.data}:/x"),
        ]
        for words in refused:
            self.assert_refused(run(*words), USAGE, "--target")

    def test_each_part_has_its_own_conversion(self):
        """Bytes are divided by 255, and standardised targets have their own mean."""
        self.trained("bytes", "--data", f"{self.data}:/pixels", "--epochs", 1)
        with h5py.File(self.folder / "bytes/model.h5") as file:
            mean = file["model/input/mean"][:]
            factor = file["model/input/inverse_deviation"][:]
        np.testing.assert_allclose(mean[:6], 0)
        np.testing.assert_allclose(factor[:6], np.float32(1 / 255))
        np.testing.assert_allclose(mean[6:], self.y.mean(axis=0), rtol=0.05)

    def test_what_does_not_fit_is_refused(self):
        base = ["train", "--output", self.folder / "none", "--data", f"{self.data}:/x"]
        base += ["--layers", "6,3", "--progress", "none", "--output-activation", "linear"]
        target = ["--target", f"{self.data}:/y"]
        for words, part in (
            (["--target", f"{self.data}:/short"], "100 rows"),
            ([*target, "--decoder-layers", "3,6"], "width of --target, 4"),
            ([*target, "--variational"], "--target cannot be combined with --variational"),
            ([*target, "--missing", "mask"], "--target cannot be combined with --missing"),
            ([*target, "--window", 2], "--target cannot be combined with --window"),
            ([*target, "--validation", f"{self.data}:/x"], "--validation-target"),
            (["--target-normalize", "none"], "needs --target"),
        ):
            result = run(*base, *words)
            self.assertNotEqual(result.code, 0)
            self.assert_refused(result, result.code, part)


if __name__ == "__main__":
    unittest.main()
