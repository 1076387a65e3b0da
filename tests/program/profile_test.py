"""--profile and --trace: what they print and write, and that they change no bit."""
import json
import unittest
from pathlib import Path

from support import IO, USAGE, ProgramTest, run

BASE = ["--layers", "20,16,4", "--batch", 32, "--micro-batch", 8, "--epochs", 2, "--progress", "none"]
PHASES = ["input", "forward encoder/0", "forward encoder/1", "forward decoder/0", "forward decoder/1", "loss", "backward encoder/0",
          "backward decoder/1", "tree sum", "exchange", "update", "validation", "checkpoint", "other"]


class ProfileTest(ProgramTest):
    def arguments(self, *more):
        data = self.make_data()
        return ["--data", f"{data}:/train/samples", "--validation", f"{data}:/test/samples", *BASE, *more]

    def test_the_table_names_every_phase_and_the_weights_stay(self):
        plain = self.train("plain", *self.arguments())
        for name, ranks, threads in (("one", None, 1), ("two", 2, 2)):
            result = self.success("train", "--output", self.folder / name, *self.arguments("--profile", "--threads", threads), ranks=ranks)
            lines = [line for line in result.stdout.splitlines() if "%" in line]
            for phase in PHASES:
                self.assertTrue(any(line.startswith(phase + " ") for line in lines), f"no line for {phase}: {result}")
            self.assertRegex(result.stdout, rf"profile: {ranks or 1} ranks x {threads} threads, .* GFLOP/s .* GB/s")
            self.assertEqual(plain, self.digest(self.folder / name / "model.h5"))

    def test_the_trace_has_a_row_for_every_rank_and_worker(self):
        trace = self.folder / "trace.json"
        self.train("run", *self.arguments("--trace", trace, "--threads", 2), ranks=2)
        events = json.loads(trace.read_text())["traceEvents"]
        spans = [event for event in events if event["ph"] == "X"]
        self.assertEqual({(event["pid"], event["tid"]) for event in spans}, {(r, w) for r in (0, 1) for w in (0, 1)})
        self.assertLessEqual({"forward encoder/0", "backward decoder/1", "input", "loss", "update"}, {event["name"] for event in spans})
        self.assertTrue(all(event["dur"] >= 0 and event["ts"] >= 0 for event in spans))
        names = {event["args"]["name"] for event in events if event["ph"] == "M" and "name" in event["args"]}
        self.assertLessEqual({"rank 0", "rank 1", "worker 0", "worker 1"}, names)

    def test_a_trace_that_cannot_be_written_is_refused_before_training(self):
        result = run("train", "--output", self.folder / "run", *self.arguments("--trace", self.folder / "nowhere/trace.json"), ranks=2)
        self.assert_refused(result, IO, "--trace", "nowhere/trace.json")

    def test_a_trace_replaces_nothing_but_a_trace(self):
        kept = self.folder / "notes.txt"
        kept.write_text("precious")
        for path in (kept, self.make_data()):
            before = Path(path).read_bytes()
            result = run("train", "--output", self.folder / "run", *self.arguments("--trace", path), ranks=2)
            self.assert_refused(result, USAGE, path, "is no trace", "--trace")
            self.assertEqual(Path(path).read_bytes(), before)
            self.assertFalse((self.folder / "run").exists())
        again = ["--trace", self.folder / "again.json"]
        self.train("first", *self.arguments(*again))
        self.train("second", *self.arguments(*again))
        # The run's own model, which is not there yet when it begins.
        model = self.folder / "third/model.h5"
        self.assert_refused(run("train", "--output", self.folder / "third", *self.arguments("--trace", model)), USAGE, "is no trace")
        self.assertEqual(self.digest(model), self.digest(self.folder / "first/model.h5"))


if __name__ == "__main__":
    unittest.main()
