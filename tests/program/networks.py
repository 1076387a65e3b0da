"""What the tests of kinds of networks share: models, their codes and errors."""
import json
import sys

import h5py

from support import ROOT, ProgramTest, read_datasets

sys.path.insert(0, str(ROOT / "python"))

BASE = ["--batch", "48", "--micro-batch", "6", "--epochs", "2", "--learning-rate", "3e-3"]


class NetworkTest(ProgramTest):
    def setUp(self):
        super().setUp()
        self.data = self.make_data()
        with h5py.File(self.data, "r") as file:
            self.x = file["/test/samples"][()] / 255.0

    def model(self, name, *settings, data=None, **how):
        self.train(name, "--data", data or f"{self.data}:/train/samples", *BASE, *settings, **how)
        return self.folder / name / "model.h5"

    def evaluate(self, model, data=None):
        return json.loads(
            self.success(
                "evaluate",
                "--model",
                model,
                "--data",
                data or f"{self.data}:/test/samples",
                "--json",
            ).stdout
        )

    def codes(self, model, *arguments, ranks=None):
        output = self.folder / f"codes-{len(list(self.folder.iterdir()))}.h5"
        self.success(
            "encode",
            "--model",
            model,
            "--data",
            f"{self.data}:/test/samples",
            "--output",
            output,
            *arguments,
            ranks=ranks,
        )
        return read_datasets(output)["/codes"]
