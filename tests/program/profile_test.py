"""--profile and --trace: what they print and write, and that they change no bit."""
import json
import unittest
from pathlib import Path

from support import IO, USAGE, ProgramTest, run

BASE = [
    "--layers",
    "20,16,4",
    "--batch",
    32,
    "--micro-batch",
    8,
    "--epochs",
    2,
    "--progress",
    "none",
]
PHASES = [
    "input",
    "forward encoder/0",
    "forward encoder/1",
    "forward decoder/0",
    "forward decoder/1",
    "loss",
    "backward encoder/0",
    "backward decoder/1",
    "tree sum",
    "exchange",
    "update",
    "validation",
    "checkpoint",
    "other",
]


class ProfileTest(ProgramTest):
    def arguments(self, *more):
        data = self.make_data()
        return [
            "--data",
            f"{data}:/train/samples",
            "--validation",
            f"{data}:/test/samples",
            *BASE,
            *more,
        ]

    def test_the_table_names_every_phase_and_the_weights_stay(self):
        plain = self.train("plain", *self.arguments())
        for name, ranks, threads in (("one", None, 1), ("two", 2, 2)):
            result = self.success(
                "train",
                "--output",
                self.folder / name,
                *self.arguments("--profile", "--threads", threads),
                ranks=ranks,
            )
            lines = [line for line in result.stdout.splitlines() if "%" in line]
            for phase in PHASES:
                self.assertTrue(
                    any(line.startswith(phase + " ") for line in lines),
                    f"no line for {phase}: {result}",
                )
            self.assertRegex(
                result.stdout,
                rf"profile: {ranks or 1} ranks x {threads} threads, .* GFLOP/s .* GB/s",
            )
            self.assertEqual(plain, self.digest(self.folder / name / "model.h5"))

    def test_the_trace_has_a_row_for_every_rank_and_worker(self):
        trace = self.folder / "trace.json"
        self.train("run", *self.arguments("--trace", trace, "--threads", 2), ranks=2)
        events = json.loads(trace.read_text())["traceEvents"]
        spans = [event for event in events if event["ph"] == "X"]
        self.assertEqual(
            {(event["pid"], event["tid"]) for event in spans},
            {(r, w) for r in (0, 1) for w in (0, 1)},
        )
        self.assertLessEqual(
            {"forward encoder/0", "backward decoder/1", "input", "loss", "update"},
            {event["name"] for event in spans},
        )
        self.assertTrue(all(event["dur"] >= 0 and event["ts"] >= 0 for event in spans))
        names = {
            event["args"]["name"]
            for event in events
            if event["ph"] == "M" and "name" in event["args"]
        }
        self.assertLessEqual({"rank 0", "rank 1", "worker 0", "worker 1"}, names)

    def test_a_trace_that_cannot_be_written_is_refused_before_training(self):
        result = run(
            "train",
            "--output",
            self.folder / "run",
            *self.arguments("--trace", self.folder / "nowhere/trace.json"),
            ranks=2,
        )
        self.assert_refused(result, IO, "--trace", "nowhere/trace.json", "no such file")
        self.assert_refused(
            run("train", "--output", self.folder / "run", *self.arguments("--trace", self.folder)),
            IO,
            "--trace",
            "is a directory",
        )
        self.assertFalse(
            (self.folder / "run").exists(), "a refusal leaves nothing that looks like a run"
        )

    def test_threads_that_wait_do_not_fill_the_trace(self):
        trace = self.folder / "trace.json"
        # More threads than micro-batches: the main thread is done long before the others' last
        # bucket comes.
        result = self.success(
            "train",
            "--output",
            self.folder / "run",
            *self.arguments("--trace", trace, "--threads", 4, "--epochs", 20),
            ranks=2,
        )
        self.assertIn(f"trace {trace}: open it at https://ui.perfetto.dev\n", result.stdout)
        spans = [
            event for event in json.loads(trace.read_text())["traceEvents"] if event["ph"] == "X"
        ]
        # Waiting for them is no exchange: not one lasts as long as their work.
        for rank in (0, 1):
            steps = sum(
                event["name"] == "loss" and event["pid"] == rank and event["tid"] == 0
                for event in spans
            )
            looks = sum(
                event["name"] == "exchange" and event["pid"] == rank and event["tid"] == 0
                for event in spans
            )
            self.assertLess(looks, 20 * steps)

    def test_a_trace_that_forgets_says_so(self):
        trace = self.folder / "trace.json"
        result = self.success(
            "train",
            "--output",
            self.folder / "run",
            *self.arguments("--trace", trace, "--epochs", 800),
        )
        self.assertRegex(
            result.stdout,
            r"it holds the newest 65536 spans of each worker, [1-9][0-9]* older ones were dropped",
        )

    def test_a_trace_replaces_nothing_but_a_trace(self):
        kept = self.folder / "notes.txt"
        kept.write_text("precious")
        for path in (kept, self.make_data()):
            before = Path(path).read_bytes()
            result = run(
                "train", "--output", self.folder / "run", *self.arguments("--trace", path), ranks=2
            )
            self.assert_refused(result, USAGE, path, "is not a trace", "--trace")
            self.assertEqual(Path(path).read_bytes(), before)
            self.assertFalse((self.folder / "run").exists())
        again = ["--trace", self.folder / "again.json"]
        self.train("first", *self.arguments(*again))
        # In the run's own folder, which comes with the run.
        self.train("inside", *self.arguments("--trace", self.folder / "inside/trace.json"))
        self.assertTrue((self.folder / "inside/trace.json").exists())
        self.train("second", *self.arguments(*again))
        # The run's own model, which is not there yet when it begins.
        model = self.folder / "third/model.h5"
        self.assert_refused(
            run("train", "--output", self.folder / "third", *self.arguments("--trace", model)),
            USAGE,
            "is not a trace",
        )
        self.assertEqual(self.digest(model), self.digest(self.folder / "first/model.h5"))


if __name__ == "__main__":
    unittest.main()
