"""What the tests of sweep share: a sweep of a small training, and its table."""
import csv
import json
import subprocess

from support import ENVIRONMENT, PROGRAM, ProgramTest, Result

TRAIN = ["--batch", 48, "--micro-batch", 12, "--epochs", 2, "--seed", 3]


def sweep(*arguments, **how):
    """Not through support.run: options may repeat here."""
    process = subprocess.Popen(
        [PROGRAM, "sweep", *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        stdin=subprocess.DEVNULL,
        env={**ENVIRONMENT, **how},
    )
    stdout, stderr = process.communicate(timeout=120)
    return Result(process.returncode, stdout, stderr)


class SweepTest(ProgramTest):
    def setUp(self):
        super().setUp()
        self.data = self.make_data()
        self.options = [
            "--",
            "--data",
            f"{self.data}:/train/samples",
            "--validation",
            f"{self.data}:/test/samples",
            *TRAIN,
        ]
        self.output = self.folder / "sweep"

    def swept(self, *arguments, code=0, output=None):
        result = sweep("--output", output or self.output, *arguments)
        self.assertEqual(result.code, code, str(result))
        return result

    def rows(self, output=None):
        folder = output or self.output
        rows = json.loads((folder / "results.json").read_text())
        with open(folder / "results.csv", newline="") as file:
            table = list(csv.DictReader(file))
        self.assertEqual([row["trial"] for row in rows], [int(line["trial"]) for line in table])
        for row, line in zip(rows, table):
            for name, value in row["settings"].items():
                self.assertEqual(line[name], value)
            self.assertEqual(line["status"], row["status"])
            if row["validation_sse"] is not None:
                self.assertAlmostEqual(
                    float(line["validation_sse"]), row["validation_sse"], places=12
                )
        return rows
