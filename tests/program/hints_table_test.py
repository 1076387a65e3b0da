"""Hints about tables: each is printed with reason, and followed literally."""
import subprocess
import unittest

import h5py

from hints import HintTest
from support import DATA, USAGE


class TableHints(HintTest):
    def setUp(self):
        super().setUp()
        self.number = 0

    def importing(self, *words, group="/train"):
        self.number += 1
        self.output = f"{self.folder}/out{self.number}.h5"
        return ["import", *words, "--output", f"{self.output}:{group}"]

    def table(self, text, name="t.csv"):
        path = self.folder / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    def training(self, data, *words):
        run = f"{self.folder}/run{self.number}"
        return ["train", "--data", data, "--output", run, "--epochs", 1, "--batch", 4] + [
            "--micro-batch",
            4,
            "--output-activation",
            "linear",
            *words,
        ]

    def test_texts(self):
        names = self.table("name,x\n" + "".join(f"name {i},{i}\n" for i in range(1001)))
        printed = self.hint(
            "holds {} different texts: drop it with --drop-columns {}, or make a feature of each "
            "with --categorical {}",
            *self.importing(names),
            code=DATA,
        )
        for option in printed.options():
            self.success(*self.importing(names, *option))
        latin = self.table("k,x\nB\u00e4r,1\n".encode("latin1"))
        printed = self.hint(
            "holds a text that is not UTF-8; convert the file first: iconv -f latin1 -t utf-8 < ",
            *self.importing(latin),
            code=DATA,
        )
        good = self.folder / "utf8.csv"
        command = printed.advice.split(": ")[1].replace("OUT", str(good))
        subprocess.run(command, shell=True, check=True)
        self.success(*self.importing(good))
        mixed = self.table("a,b\n1,2\nx,3\n")
        printed = self.hint(
            "; correct it, drop the column with --drop-columns {0}, or make its texts categories "
            "with --categorical {0}",
            *self.importing(mixed),
            code=DATA,
        )
        for option in printed.options():
            self.success(*self.importing(mixed, *option))
        self.success(*self.importing(self.table("a,b\n1,2\n5,3\n")))

    def test_numbers_of_other_places(self):
        commas = self.table("a;b\n1,5;2\n")
        text = (
            ": if it is written with a decimal comma, give --decimal ,; with another separator of "
            "thousands --thousands SEPARATOR"
        )
        self.hint(text, *self.importing(commas), code=DATA)
        self.success(*self.importing(commas, "--decimal", ","))
        thousands = self.table("a;b\n1'500;2\n")
        self.hint(text, *self.importing(thousands), code=DATA)
        self.success(*self.importing(thousands, "--thousands", "'"))

    def test_dates(self):
        unclear = self.table("d\n1/2/2024\n3/4/2024\n")
        printed = self.hint(
            "{} may begin with the day or with the month: say which, --date-order dmy or "
            "--date-order mdy",
            *self.importing(unclear),
            code=DATA,
        )
        self.assertEqual(len(printed.options()), 2)
        for option in printed.options():
            self.success(*self.importing(unclear, *option))
        clear = self.table("d\n13/2/2024\n3/4/2024\n")
        self.hint(
            "its dates do not fit --date-order {}: leave the option out",
            *self.importing(clear, "--date-order", "mdy"),
            code=DATA,
        )
        self.success(*self.importing(clear))
        several = self.table("d,x\n13/2/2024,1\n2/13/2024,2\n")
        printed = self.hint(
            "holds dates in several orders: write them as 2024-12-31, or drop the column with "
            "--drop-columns {}",
            *self.importing(several),
            code=DATA,
        )
        self.success(*self.importing(several, *printed.options()[0]))
        self.success(*self.importing(self.table("d\n2024-02-13\n2024-02-14\n")))

    def test_columns_of_several_files(self):
        one, two = self.table("x,y\n1,2\n", "a.csv"), self.table("x\n1\n", "b.csv")
        self.hint(
            "{}: has no column '{}', which {} has: add it, or leave it out of all with "
            "--drop-columns",
            *self.importing(one, two),
            code=DATA,
        )
        self.success(*self.importing(one, self.table("y,x\n1,2\n", "b.csv")))
        self.hint(
            "{}: has a column '{}', which {} does not have: take it out of the file, or import the "
            "file alone",
            *self.importing(self.table("x\n1\n", "b.csv"), one),
            code=DATA,
        )
        self.success(*self.importing(one))
        self.success(*self.importing(two, self.table("x\n1\n", "a.csv")))

    def test_losses(self):
        numbers = self.importing(self.table("x,y\n1,2\n3,4\n5,6\n7,8\n"))
        self.success(*numbers)
        train = self.training(f"{self.output}:/train/samples", "--layers", "2,1")
        printed = self.hint(
            ": has no columns of several kinds, as hourglass import makes them of tables: use "
            "--loss mse instead of mixed",
            *train,
            "--loss",
            "mixed",
        )
        self.success(*train, *printed.options()[0])
        table = self.table("x,k\n1,a\n3,b\n5,a\n7,b\n")
        self.success(*self.importing(table))
        model = f"{self.folder}/run{self.number}/model.h5"
        data = f"{self.output}:/train/samples"
        self.success(*self.training(data, "--layers", "3,2", "--loss", "mixed"))
        self.success("export", "onnx", "--model", model, "--output", f"{self.folder}/m.onnx")
        self.success(
            *["reconstruct", "--model", model, "--data", data, "--table", f"{self.folder}/r.csv"]
        )
        self.success(*self.importing(table, "--type", "uint8"))
        train = self.training(f"{self.output}:/train/samples", "--layers", "3,2")
        printed = self.hint(
            ": --normalize unit would divide its categories too: use --normalize standardize or "
            "none",
            *train,
            "--normalize",
            "unit",
        )
        self.success(*train, *printed.options()[-1])
        train += ["--output", f"{self.folder}/unit-mean-square"]
        printed = self.hint(
            ": --normalize unit-mean-square would divide its categories too: use --normalize "
            "standardize or none",
            *train,
            "--normalize",
            "unit-mean-square",
        )
        self.success(*train, *printed.options()[-1])

    def test_resume_on_other_columns(self):
        self.success(*self.importing(self.table("x,k\n1,a\n3,b\n5,a\n7,b\n")))
        data = f"{self.output}:/train/samples"
        train = self.training(data, "--layers", "3,2", "--checkpoint-every", "1epochs")
        self.success(*train)
        with h5py.File(self.output, "r+") as file:
            attributes = file["train/samples"].attrs
            kept = attributes["columns"]
            attributes["columns"] = kept.replace('"a"', '"c"')
        run = f"{self.folder}/run{self.number}"
        self.hint(
            "cannot resume with --data {}: its columns are not those that {} was trained on; give "
            "the original data or start a new run",
            *["train", "--resume", run, "--epochs", 2],
            code=USAGE,
        )
        with h5py.File(self.output, "r+") as file:
            file["train/samples"].attrs["columns"] = kept
        self.success("train", "--resume", run, "--epochs", 2)


if __name__ == "__main__":
    unittest.main()
