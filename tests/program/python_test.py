"""hourglass.load gives the program's numbers to 1e-5; the example runs."""
import json
import os
import sys
import unittest

import h5py
import numpy as np

from support import ROOT, ProgramTest, execute, read_datasets, read_metrics

sys.path.insert(0, str(ROOT / "python"))
import hourglass  # noqa: E402

MODELS = {
    "plain": [],
    "tied": ["--tied", "--activation", "tanh", "--layer-norm"],
    "standard": [
        "--normalize",
        "standardize",
        "--output-activation",
        "linear",
        "--activation",
        "gelu",
        "--code-activation",
        "sigmoid",
    ],
    "variational": ["--variational", "--activation", "softplus"],
    "sparse": ["--k-sparse", 2, "--activation", "selu"],
    "topk": ["--sparsity", "topk:2"],
    "batch-topk": ["--sparsity", "batch-topk:2"],
    "jumprelu": ["--sparsity", "jumprelu:0.01", "--l0", "1e-3"],
    "gated": ["--sparsity", "gated", "--l1", "1e-3", "--decoder-layers", "3,20"],
}


class PythonTest(ProgramTest):
    def test_the_same_numbers_as_the_program(self):
        data = self.make_data()
        with h5py.File(data) as file:
            stored = file["test/samples"][()]
        for name, settings in MODELS.items():
            self.train(
                name,
                "--data",
                f"{data}:/train/samples",
                "--layers",
                "20,12,3",
                "--batch",
                32,
                "--micro-batch",
                8,
                "--epochs",
                3,
                "--learning-rate",
                "1e-2",
                *settings,
            )
            path = self.folder / name / "model.h5"
            model = hourglass.load(path)
            self.assertEqual((model.features, model.code_size), (20, 3))
            x = model.normalize(stored)
            outputs = {}
            for command in ("encode", "reconstruct"):
                output = self.folder / f"{name}-{command}.h5"
                self.success(
                    command, "--model", path, "--data", f"{data}:/test/samples", "--output", output
                )
                outputs[command] = next(
                    values for values in read_datasets(output).values() if values.ndim == 2
                )
            np.testing.assert_allclose(
                model.encode(x), outputs["encode"], rtol=1e-5, atol=1e-5, err_msg=name
            )
            np.testing.assert_allclose(
                model.decode(outputs["encode"]),
                outputs["reconstruct"],
                rtol=1e-5,
                atol=1e-5,
                err_msg=name,
            )
            np.testing.assert_allclose(
                model.reconstruct(x), outputs["reconstruct"], rtol=1e-5, atol=1e-5, err_msg=name
            )
            report = json.loads(
                self.success(
                    "evaluate", "--json", "--model", path, "--data", f"{data}:/test/samples"
                ).stdout
            )
            self.assertAlmostEqual(
                model.squared_errors(x).mean(), report["sse"], delta=1e-5 * max(1, report["sse"])
            )

    def test_tables_and_names(self):
        random = np.random.default_rng(3)
        lines = [f"{a:.3f},{'xyz'[i % 3]},{i % 2 == 0}" for i, a in enumerate(random.random(96))]
        (self.folder / "t.csv").write_text("a,kind,even\n" + "\n".join(lines) + "\n")
        self.success("import", self.folder / "t.csv", "--output", f"{self.folder}/t.h5:/t")
        data, path = f"{self.folder}/t.h5:/t/samples", self.folder / "mixed/model.h5"
        words = ["--data", data, "--layers", "5,4,2", "--loss", "mixed", "--batch", 32]
        words += ["--normalize", "standardize", "--output-activation", "linear", "--epochs", 2]
        self.train("mixed", *words, "--micro-batch", 8)
        output = self.folder / "r.h5"
        self.success("reconstruct", "--model", path, "--data", data, "--output", output)
        expected = read_datasets(output)["/reconstructions"]
        model = hourglass.load(path)
        samples = read_datasets(self.folder / "t.h5")["/t/samples"]
        found = model.reconstruct(model.normalize(samples))
        np.testing.assert_allclose(found, expected, atol=1e-5)
        names = model.data["feature_names"]
        other = samples[:, ::-1]
        found = model.reconstruct(model.normalize(other, names=names[::-1]))
        np.testing.assert_allclose(found, expected, atol=1e-5)
        with self.assertRaisesRegex(ValueError, "no column even"):
            model.normalize(samples, names=[*names[:-1], "odd"])

    def test_metrics_rows_and_the_example(self):
        data = self.make_data()
        self.train(
            "run",
            "--data",
            f"{data}:/train/samples",
            "--validation",
            f"{data}:/test/samples",
            "--layers",
            "20,12,3",
            "--batch",
            32,
            "--micro-batch",
            8,
            "--epochs",
            3,
        )
        run = self.folder / "run"
        self.assertEqual(hourglass.read_metrics(run), read_metrics(run))
        self.assertEqual(len(hourglass.read_metrics(run, kind="epoch")), 3)
        model = hourglass.load(run / "model.h5")
        x = model.normalize(hourglass.read_rows(f"{data}:/test/samples", slice(0, 4)))
        step = 1e-6
        moved = np.stack(
            [
                (model.encode(x + step * unit) - model.encode(x - step * unit)) / (2 * step)
                for unit in np.eye(20)
            ],
            axis=2,
        )
        np.testing.assert_allclose(model.jacobian(x), moved, atol=1e-5)
        result = execute(
            [
                sys.executable,
                "-B",
                str(ROOT / "python/example.py"),
                str(run),
                f"{data}:/test/samples",
            ],
            environment={"PYTHONPATH": os.fspath(ROOT / "python")},
        )
        self.assertEqual(result.code, 0, str(result))
        self.assertIn("epoch   3", result.stdout)


if __name__ == "__main__":
    unittest.main()
