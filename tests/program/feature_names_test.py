"""Features that have names: compared by name, put into the model's order, kept and shown."""
import json
import unittest

import h5py
import numpy as np

from support import DATA, ProgramTest, read_datasets, run


class NamesTest(ProgramTest):
    """Features compared by name."""

    NAMES = ["time", "temperature", "pressure", "wind", "é 4"]

    def setUp(self):
        super().setUp()
        random = np.random.default_rng(2)
        self.values = random.normal(size=(80, 5)) * [1, 2, 3, 4, 5] + [9, 0, 7, 0, -5]
        self.table("own", self.values, self.NAMES)
        self.model = self.folder / "run/model.h5"
        self.train(
            "run",
            *("--data", self.address("own"), "--layers", "5,3", "--normalize", "standardize"),
            *("--output-activation", "linear", "--batch", 32, "--micro-batch", 8, "--epochs", 3),
        )

    def table(self, name, values, names):
        with h5py.File(self.folder / f"{name}.h5", "w") as file:
            file["x"] = values
            if names is not None:
                file["x"].attrs["feature_names"] = names

    def address(self, name):
        return f"{self.folder / name}.h5:/x"

    def evaluated(self, name, **how):
        return run(
            *("evaluate", "--json", "--model", self.model, "--data", self.address(name)), **how
        )

    def sse(self, name, **how):
        result = self.evaluated(name, **how)
        self.assertEqual(result.code, 0, str(result))
        return json.loads(result.stdout)["sse"]

    def test_another_order_is_put_right(self):
        order = [3, 0, 4, 1, 2]
        self.table("other", self.values[:, order], [self.NAMES[i] for i in order])
        own = self.sse("own")
        for ranks in (None, 2, 3):
            self.assertEqual(self.sse("other", ranks=ranks), own)
        said = self.evaluated("other").stderr
        self.assertIn("put into the model's order by name", said)
        for command in ("encode", "reconstruct", "score"):
            outputs = []
            for name in ("own", "other"):
                target = self.folder / f"{command}-{name}.h5"
                self.success(
                    *(command, "--model", self.model, "--data", self.address(name)),
                    *("--output", target),
                )
                outputs.append(read_datasets(target))
            for path, values in outputs[0].items():
                np.testing.assert_array_equal(values, outputs[1][path])

    def test_validation_and_probe_in_another_order(self):
        order = [4, 3, 2, 1, 0]
        self.table("other", self.values[:, order], [self.NAMES[i] for i in order])
        labels = (np.arange(80) % 2).astype(np.uint8)
        for name in ("own", "other"):
            with h5py.File(self.folder / f"{name}.h5", "r+") as file:
                file["labels"] = labels
        errors, probed = {}, {}
        for name in ("own", "other"):
            target = self.folder / f"validated-{name}"
            self.success(
                *("train", "--output", target, "--data", self.address("own"), "--layers", "5,3"),
                *("--validation", self.address(name), "--normalize", "standardize"),
                *("--output-activation", "linear", "--batch", 32, "--micro-batch", 8),
                *("--epochs", 2),
            )
            with h5py.File(target / "model.h5") as file:
                errors[name] = file["history/validation_sse"][()].tolist()
            probed[name] = [
                self.success(
                    *("probe", "--json", "--model", self.model, "--data", self.address(name)),
                    *("--validation", self.address(name), "--epochs", 2, "--batch", 32),
                    *("--micro-batch", 8, *options),
                ).stdout
                for options in ([], ["--fine-tune"], ["--fine-tune", "--memory", 0])
            ]
        self.assertEqual(errors["own"], errors["other"])
        self.assertEqual(probed["own"], probed["other"])

    def test_further_features_are_left_out(self):
        wide = np.concatenate([np.ones((80, 1)), self.values, np.zeros((80, 1))], axis=1)
        self.table("wide", wide, ["one", *self.NAMES, "zero"])
        self.assertEqual(self.sse("wide"), self.sse("own"))
        self.assertIn("2 features", self.evaluated("wide").stderr)

    def test_a_missing_feature_is_named(self):
        self.table("short", self.values[:, :4], self.NAMES[:4])
        self.assert_refused(self.evaluated("short"), DATA, "é 4")
        self.table("renamed", self.values, ["t", *self.NAMES[1:]])
        self.assert_refused(self.evaluated("renamed"), DATA, "feature time", "name the columns")

    def test_without_names_nothing_is_compared(self):
        self.table("plain", self.values, None)
        self.assertEqual(self.sse("plain"), self.sse("own"))

    def test_names_are_kept_and_shown(self):
        with h5py.File(self.model) as file:
            kept = file["model"].attrs["feature_names"]
        kept = kept.decode() if isinstance(kept, bytes) else kept
        self.assertEqual(kept.split("\n"), self.NAMES)
        shown = self.success("inspect", self.model).stdout
        self.assertIn("time, temperature, pressure, wind, é 4", shown)
        described = json.loads(self.success("inspect", "--json", self.model).stdout)
        self.assertEqual(described["data"]["feature_names"], self.NAMES)
        self.assertEqual(described["data"]["type"], "float64")
        self.assertIn("temperature", self.success("show", self.folder / "run").stdout)


if __name__ == "__main__":
    unittest.main()
