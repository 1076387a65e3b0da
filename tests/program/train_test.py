"""The training command: run folder, metrics, progress, output."""
import json
import subprocess
import time
import unittest

from support import (
    ENVIRONMENT,
    IO,
    checkpoints,
    command_line,
    kill_tree,
    read_config,
    read_metrics,
    run,
    start,
    wait_until,
)
from training import LONG, SETTINGS, TrainingTest

KEYS = {
    "kind",
    "phase",
    "layer",
    "epoch",
    "step",
    "loss",
    "sse",
    "learning_rate",
    "gradient_norm",
    "samples_per_second",
    "seconds_compute",
    "seconds_exchange_exposed",
    "seconds_input_wait",
    "seconds_checkpoint",
    "seconds_verify",
    "resident_bytes",
}


class TrainTest(TrainingTest):
    def test_run_folder(self):
        self.train("run", *self.source, *SETTINGS, "--log-every", 2, "--keep", 2, ranks=2)
        folder = self.folder / "run"
        self.assertEqual(
            sorted(path.name for path in folder.iterdir() if path.name != ".lock"),
            ["checkpoints", "config.cfg", "metrics.csv", "metrics.jsonl", "model.h5"],
        )
        # 150 samples in 4 shards of 37 or 38: 4 steps an epoch.
        self.assertEqual(
            sorted(path.name for path in (folder / "checkpoints").iterdir()),
            ["step-00000008.h5", "step-00000012.h5"],
        )
        config = read_config((folder / "config.cfg").read_text())
        self.assertEqual(config["layers"], "20,12,3")
        self.assertEqual(config["data"], f"{self.data}:/train/samples")

    def test_metrics(self):
        self.train("run", *self.source, *SETTINGS, "--log-every", 3, ranks=2)
        steps, epochs = (read_metrics(self.folder / "run", kind) for kind in ("step", "epoch"))
        self.assertEqual([record["step"] for record in steps], [3, 6, 9, 12])
        self.assertEqual([record["step"] for record in epochs], [4, 8, 12])
        self.assertEqual([record["epoch"] for record in epochs], [1, 2, 3])
        for record in steps + epochs:
            self.assertLessEqual(KEYS, set(record))
            self.assertGreater(record["samples_per_second"], 0)
            self.assertGreater(record["resident_bytes"], 1 << 20)
            for key in ("loss", "sse", "learning_rate", "gradient_norm"):
                self.assertGreater(record[key], 0)
            for key in ("seconds_compute", "seconds_exchange_exposed", "seconds_input_wait"):
                self.assertGreaterEqual(record[key], 0)
        for record in epochs:
            self.assertGreater(record["validation_sse"], 0)
        self.assertLess(epochs[-1]["sse"], epochs[0]["sse"])

    def test_json_lines_are_json(self):
        self.train("run", *self.source, *SETTINGS, "--log-every", 1)
        for line in (self.folder / "run/metrics.jsonl").read_text().splitlines():
            self.assertIsInstance(json.loads(line), dict)

    def test_no_step_records_unless_asked_for(self):
        self.train("run", *self.source, *SETTINGS, "--log-every", 0)
        self.assertEqual(
            {record["kind"] for record in read_metrics(self.folder / "run")}, {"epoch"}
        )

    def test_plain_progress_when_not_a_terminal(self):
        result = self.success(
            "train",
            *self.source,
            *SETTINGS,
            "--epochs",
            300,
            "--output",
            self.folder / "run",
            ranks=2,
        )
        text = result.stdout + result.stderr
        self.assertNotIn("\r", text)
        self.assertNotIn("\x1b", text)
        self.assertIn("epoch", text.lower())
        quiet = self.success(
            "train",
            *self.source,
            *SETTINGS,
            "--output",
            self.folder / "quiet",
            "--progress",
            "none",
        )
        self.assertNotIn("epoch", quiet.stderr.lower())

    def test_checkpoints_by_time(self):
        process = start(
            "train",
            *self.source,
            *LONG,
            "--output",
            self.folder / "run",
            "--checkpoint-every",
            "0.2s",
            "--keep",
            2,
        )
        try:
            wait_until(lambda: len(checkpoints(self.folder / "run")) == 2, what="two checkpoints")
            time.sleep(0.5)
            self.assertLessEqual(len(checkpoints(self.folder / "run")), 3)
        finally:
            kill_tree(process.pid)
            process.wait()

    def test_an_output_that_is_full(self):
        whole = self.train("run", *self.source, *SETTINGS)
        for words, code in (
            (["train", *self.source, *SETTINGS, "--output", self.folder / "full"], IO),
            (["train", *self.source, *SETTINGS, "--output", "x", "--print-config"], IO),
            (
                [
                    "evaluate",
                    "--model",
                    self.folder / "run/model.h5",
                    "--data",
                    f"{self.data}:/test/samples",
                    "--json",
                ],
                IO,
            ),
            (["man"], IO),
            (["--help"], IO),
        ):
            with self.subTest(words=words[0]), open("/dev/full", "w") as full:
                process = subprocess.run(
                    command_line(words),
                    stdout=full,
                    stderr=subprocess.PIPE,
                    text=True,
                    env=ENVIRONMENT,
                    timeout=60,
                )
                self.assertEqual(process.returncode, code, process.stderr)
                self.assertEqual(len(process.stderr.splitlines()), 1, process.stderr)
                self.assertRegex(process.stderr, "cannot write to .*(No space left|is full)")
        self.assertEqual(self.digest(self.folder / "full/model.h5"), whole)

    def test_names_that_are_too_long(self):
        long = "x" * 300
        self.assert_refused(
            run("train", *self.source, *SETTINGS, "--output", long, folder=self.folder),
            IO,
            "name too long",
        )
        self.assert_refused(
            run("train", "--data", f"{long}.h5:/x", *SETTINGS, "--output", "y", ranks=2),
            IO,
            "name too long",
        )
        self.assert_refused(
            run("evaluate", "--model", long, "--data", f"{self.data}:/x"), IO, "name too long"
        )


if __name__ == "__main__":
    unittest.main()
