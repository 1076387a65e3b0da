"""Tables: columns of every kind, as pandas reads them; the mixed loss; tables out of models."""
import csv
import io
import json
import unittest

import h5py
import numpy as np

from extras import need_extra
from importing import ImporterTest
from reference import read_layers
from support import DATA, run

try:
    import pandas
except ImportError:
    pandas = None


def text_of(value):
    return value.decode() if isinstance(value, bytes) else str(value)


def columns_of(dataset):
    return json.loads(text_of(dataset.attrs["columns"]))


class TableTest(ImporterTest):
    def setUp(self):
        super().setUp()
        need_extra(pandas, "pandas")

    def frame(self, rows=200, seed=3):
        random = np.random.default_rng(seed)
        frame = pandas.DataFrame(
            {
                "size": random.normal(170, 10, rows).round(3),
                "colour": random.choice(["red", "green", "dark, blue"], rows),
                "member": random.random(rows) < 0.3,
                "since": pandas.to_datetime("2020-01-01")
                + pandas.to_timedelta(random.integers(0, 2000, rows), unit="D"),
                "note": random.choice(["a\nb", 'say "c"', "d"], rows),
            }
        )
        frame.loc[3, "size"] = np.nan
        frame.loc[5, "colour"] = None
        return frame

    def imported(self, *sources, ranks=None, group="/g", name="out.h5"):
        output = self.folder / name
        output.unlink(missing_ok=True)
        self.said = self.success(
            "import", *sources, "--output", f"{output}:{group}", ranks=ranks
        ).stdout
        with h5py.File(output) as file:
            dataset = file[f"{group}/samples"]
            return dataset[()], dict(dataset.attrs)

    def expected(self, frame):
        """The same by pandas: one column of numbers after the other."""
        parts = []
        for name in frame.columns:
            column = frame[name]
            if column.dtype == object:
                dummies = pandas.get_dummies(column).astype(float)
                dummies[column.isna()] = np.nan
                parts.append(dummies.to_numpy())
            elif column.dtype.kind == "M":
                parts.append((column.astype("int64") // 10**9).to_numpy()[:, None])
            else:
                parts.append(column.astype(float).to_numpy()[:, None])
        return np.hstack(parts)

    def test_every_kind_as_pandas_reads_it(self):
        frame = self.frame()
        path = self.folder / "t.csv"
        frame.to_csv(path)
        read = pandas.read_csv(path, index_col=0, parse_dates=["since"])
        wanted = self.expected(read)
        for ranks in (None, 2, 3, 4):
            values, attributes = self.imported(path, ranks=ranks)
            self.assertEqual(values.dtype, np.float32)
            np.testing.assert_array_equal(values, wanted.astype(np.float32))
        self.assertIn("left out as the index", self.said)
        self.assertIn("5 columns: 1 number, 2 categories, 1 boolean, 1 date, 9 features", self.said)
        self.assertIn("missing", self.said)
        names = [text_of(name) for name in attributes["feature_names"]]
        self.assertEqual(names[:3], ["size", "colour=dark, blue", "colour=green"])
        with h5py.File(self.output) as file:
            columns = columns_of(file["g/samples"])
        self.assertEqual(
            [c["kind"] for c in columns], "number category boolean date category".split()
        )
        self.assertEqual(columns[1]["vocabulary"], ["dark, blue", "green", "red"])
        self.assertEqual(columns[3]["format"], "%Y-%m-%d")
        self.assertEqual([c["first"] for c in columns], [0, 1, 4, 5, 6])

    def test_shapes_of_to_csv(self):
        numbers = pandas.DataFrame(np.arange(12.0).reshape(4, 3) * 1.5)
        path = self.folder / "n.csv"
        for options, said in (
            ({}, "counts from 0"),
            ({"index": False}, "counts from 0"),
            ({"header": False, "index": False}, ""),
        ):
            numbers.to_csv(path, **options)
            np.testing.assert_array_equal(self.imported(path)[0], numbers.to_numpy())
            self.assertIn(said, self.said)
        numbers.columns = list("xyz")
        numbers.to_csv(path)
        np.testing.assert_array_equal(self.imported(path)[0], numbers.to_numpy())
        again = pandas.read_csv(path)  # with the index as a column "Unnamed: 0"
        again.to_csv(path, index=False)
        np.testing.assert_array_equal(self.imported(path)[0], numbers.to_numpy())
        self.assertEqual(self.imported(path, "--numeric", "1")[0].shape, (4, 4))
        numbers.to_csv(path, sep=";", decimal=",", index=False)
        np.testing.assert_array_equal(
            self.imported(path, "--decimal", ",")[0], numbers.to_numpy().astype(np.float32)
        )

    def test_digits_that_float32_loses(self):
        times = 1700000000123 + np.arange(500)
        path = self.write("t.csv", "t,x\n" + "".join(f"{t},{t % 7}\n" for t in times))
        values, _ = self.imported(path)
        self.assertEqual(values.dtype, np.float64)
        np.testing.assert_array_equal(values[:, 0], times)
        self.assertIn("'t' has more digits than float32 holds", self.said)
        self.assertEqual(self.imported(path, "--type", "float32")[0].dtype, np.float32)

    def test_columns_are_matched_by_name(self):
        one = self.write("a.csv", "x,y,z\n1,2,3\n")
        two = self.write("b.csv", "z,x,y\n6,4,5\n")
        for ranks in (None, 2):
            np.testing.assert_array_equal(
                self.imported(one, two, ranks=ranks)[0], [[1, 2, 3], [4, 5, 6]]
            )

    def test_classes_of_several_files_share_one_numbering(self):
        one = self.write("a.csv", "x,l\n1,pear\n2,zebra\n")
        two = self.write("b.csv", "x,l\n3,apple\n4,pear\n5,zebra\n")
        self.imported(one, two, "--label-column", "l")
        with h5py.File(self.output) as file:
            labels = file["g/labels"]
            np.testing.assert_array_equal(labels[()], [1, 2, 0, 1, 2])
            names = [text_of(name) for name in labels.attrs["class_names"]]
        self.assertEqual(names, ["apple", "pear", "zebra"])
        self.imported(one, "--label-column", "l", "--like", f"{self.output}:/g", name="o.h5")
        with h5py.File(self.folder / "o.h5") as file:
            np.testing.assert_array_equal(file["g/labels"][()], [1, 2])

    def test_a_test_table_gets_the_columns_of_training(self):
        frame = self.frame()
        frame.to_csv(self.folder / "train.csv", index=False)
        self.imported(self.folder / "train.csv")
        held_out = frame[["note", "colour", "since", "member", "size"]].iloc[10:20].copy()
        held_out.loc[12, "colour"] = "pink"
        held_out["extra"] = 1
        held_out.to_csv(self.folder / "test.csv", index=False)
        values, _ = self.imported(
            self.folder / "test.csv", "--like", f"{self.output}:/g/samples", name="test.h5"
        )
        wanted = self.expected(frame)[10:20]
        wanted[2, 1:4] = 0
        np.testing.assert_array_equal(values, wanted.astype(np.float32))
        self.assertIn("left out", self.said)
        with h5py.File(self.folder / "test.h5") as one, h5py.File(self.output) as other:
            self.assertEqual(columns_of(one["g/samples"]), columns_of(other["g/samples"]))
        refused = run(
            *["import", self.write("b.csv", "size\n1\n"), "--like", f"{self.output}:/g"],
            *["--output", self.folder / "c.h5"],
        )
        self.assert_refused(refused, DATA, "no column 'colour'")

    def test_line_breaks_in_quotes_on_any_number_of_ranks(self):
        random = np.random.default_rng(1)
        rows = [[i, random.choice(["a\nb", "\n\n", 'x"\n,', "plain", '"\n"'])] for i in range(300)]
        text = io.StringIO()
        csv.writer(text).writerows([["n", "t"], *rows])
        path = self.write("t.csv", text.getvalue())
        frame = pandas.DataFrame(rows, columns=["n", "t"])
        for ranks in (None, 2, 3, 4):
            values, _ = self.imported(path, ranks=ranks)
            np.testing.assert_array_equal(values, self.expected(frame))


class MixedLossTest(ImporterTest):
    def table(self, rows=301):
        random = np.random.default_rng(8)
        kinds = random.choice(["ape", "bee", "cat", "dog"], rows)
        size = np.array([{"ape": 50, "bee": 0.1, "cat": 5, "dog": 20}[k] for k in kinds])
        lines = [
            f"{size[i] * random.lognormal(0, 0.1):.4f},{kinds[i]},{kinds[i] in ('cat', 'dog')},"
            f"2024-0{1 + size[i] // 10:.0f}-1{i % 10},{random.normal():.4f}"
            for i in range(rows)
        ]
        path = self.write("t.csv", "weight,kind,pet,seen,noise\n" + "\n".join(lines) + "\n")
        self.success("import", path, "--output", f"{self.output}:/g")
        self.data = f"{self.output}:/g/samples"
        with h5py.File(self.output) as file:
            return file["g/samples"][()].astype(float)

    SETTINGS = (
        "--layers 8,16,4 --activation tanh --output-activation linear --loss mixed "
        "--normalize standardize --batch 64 --micro-batch 16 --optimizer adam "
        "--learning-rate 0.01 --epochs 30 --group-weights kind=2,noise=0.5"
    ).split()

    def forward(self, model, x):
        encoder, decoder = read_layers(model)
        y = x
        layers = [*encoder, *decoder]
        for i, (weight, bias) in enumerate(layers):
            y = y @ weight.T + bias
            if i not in (len(encoder) - 1, len(layers) - 1):
                y = np.tanh(y)
        return y

    def test_on_any_number_of_ranks_and_against_numpy(self):
        samples = self.table()
        digests = {
            ranks: self.train(f"run{ranks}", "--data", self.data, *self.SETTINGS, ranks=ranks)
            for ranks in (None, 2, 3, 4)
        }
        self.assertEqual(len(set(digests.values())), 1, digests)
        streamed = self.train("streamed", "--data", self.data, *self.SETTINGS, "--memory", 0)
        self.assertEqual(streamed, digests[None])
        model = self.folder / "runNone/model.h5"
        # Numbers and dates are standardised, categories and booleans stay.
        x = samples.copy()
        for c in (0, 6, 7):
            x[:, c] = (x[:, c] - x[:, c].mean()) / x[:, c].std()
        z = self.forward(model, x)
        p = np.exp(z[:, 1:5]) / np.exp(z[:, 1:5]).sum(1, keepdims=True)
        q = 1 / (1 + np.exp(-z[:, 5]))
        loss = (z[:, 0] - x[:, 0]) ** 2 + (z[:, 6] - x[:, 6]) ** 2
        loss += 0.5 * (z[:, 7] - x[:, 7]) ** 2
        loss -= 2 * (x[:, 1:5] * np.log(p)).sum(1)
        loss -= x[:, 5] * np.log(q) + (1 - x[:, 5]) * np.log(1 - q)
        found = json.loads(
            self.success("evaluate", "--model", model, "--data", self.data, "--json").stdout
        )
        self.assertAlmostEqual(found["loss"], loss.mean() / 5, delta=1e-5 * loss.mean())
        columns = {column["name"]: column for column in found["columns"]}
        wrong = (p.argmax(1) != x[:, 1:5].argmax(1)).mean()
        self.assertAlmostEqual(columns["kind"]["error"], wrong, delta=1e-9)
        self.assertLess(wrong, 0.02)
        rmse = np.sqrt((((z[:, 0] - x[:, 0]) * samples[:, 0].std()) ** 2).mean())
        self.assertAlmostEqual(columns["weight"]["error"], rmse, delta=1e-4 * rmse)
        parts = self.success(
            "evaluate", "--model", model, "--data", self.data, "--json", ranks=3
        ).stdout
        self.assertEqual(json.loads(parts), found)

    def test_a_clock_beside_categories(self):
        times = 1700000000123 + 700 * np.arange(64)
        path = self.write("t.csv", "t,k\n" + "".join(f"{t},{'ab'[t // 700 % 2]}\n" for t in times))
        self.success("import", path, "--output", f"{self.output}:/g")
        self.data = f"{self.output}:/g/samples"
        self.train("run", "--data", self.data, *self.SETTINGS[2:-2], "--layers", "3,8,2")
        model = self.folder / "run/model.h5"
        with h5py.File(model) as file:
            mean = file["model/input/mean"][()]
            np.testing.assert_array_equal(mean[1:], 0)
            self.assertAlmostEqual(mean[0], times.mean(), delta=1e-3)
        out = self.folder / "back.csv"
        self.success("reconstruct", "--model", model, "--data", self.data, "--table", out)
        with open(out, newline="") as file:
            back = np.array([float(row["t"]) for row in csv.DictReader(file)])
        self.assertLess(np.abs(back - times).max(), 2 * times.std())
        self.assertLess(abs((back - times).mean()), times.std() / 4)

    def test_stopped_and_resumed(self):
        self.table()
        digests = self.stopped_and_resumed(
            "cut", "--data", self.data, *self.SETTINGS, "--epochs", 3
        )
        self.assertEqual(len(set(digests.values())), 1, digests)

    def test_a_table_comes_back(self):
        self.table()
        self.train("run", "--data", self.data, *self.SETTINGS)
        words = ["reconstruct", "--model", self.folder / "run/model.h5", "--data", self.data]
        tables = []
        for ranks in (None, 3):
            out = self.folder / f"back{ranks}.csv"
            self.success(*words, "--table", out, ranks=ranks)
            tables.append(out.read_text())
        self.assertEqual(tables[0], tables[1])
        with open(self.folder / "t.csv", newline="") as file:
            original = list(csv.DictReader(file))
        back = list(csv.DictReader(io.StringIO(tables[0])))
        self.assertEqual(len(back), len(original))
        self.assertEqual(list(back[0]), list(original[0]))
        for name in ("kind", "pet"):
            same = np.mean([a[name] == b[name] for a, b in zip(original, back)])
            self.assertGreater(same, 0.98, name)
        weights = np.array([[float(r["weight"]) for r in rows] for rows in (original, back)])
        self.assertGreater(np.corrcoef(weights)[0, 1], 0.98)
        for row in back:
            self.assertRegex(row["seen"], r"^20\d\d-\d\d-\d\d$")
        # What was reconstructed can be imported as the original was.
        again = self.folder / "again.h5"
        self.success(
            *["import", self.folder / "backNone.csv", "--like", f"{self.output}:/g"],
            *["--output", f"{again}:/g"],
        )
        self.success(
            *["evaluate", "--model", self.folder / "run/model.h5"],
            *["--data", f"{again}:/g/samples"],
        )


if __name__ == "__main__":
    unittest.main()
