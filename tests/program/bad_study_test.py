"""hourglass scale and hourglass report scaling: bad input, and files that are in the way."""
import os
import re
import unittest

import support
from studies import MODEL, QUICK, StudyTest, scale
from support import DATA, IO, PROGRAM, USAGE, run


class BadStudyTest(StudyTest):
    def test_a_page_replaces_nothing_beside_it(self):
        results, _ = self.study("--weak", "--ranks", 1, "--repetitions", 1)
        for name in ("own.csv", "own-speedup.svg"):
            kept = self.folder / name
            kept.write_text("precious")
            self.assert_refused(
                run("report", "scaling", results, "--output", self.folder / "own.html"),
                USAGE,
                name,
                "already exists",
            )
            self.assertEqual(kept.read_text(), "precious")
            self.assertFalse((self.folder / "own.html").exists())
            kept.unlink()
        for _ in range(2):
            self.success("report", "scaling", results, "--output", self.folder / "own.html")

    def test_bad_input(self):
        output = self.folder / "bad.jsonl"
        for words, code, hints in [
            (["--weak", "--ranks", "1", "--repetitions", "0"], USAGE, ["repetitions", "0"]),
            (["--weak", "--ranks", "1", "--steps", "0"], USAGE, ["steps"]),
            (["--weak", "--ranks", "0"], USAGE, ["ranks"]),
            (["--weak", "--ranks", "1,,2"], USAGE, ["ranks"]),
            (["--weak", "--ranks", "2,2"], USAGE, ["twice"]),
            (["--weak"], USAGE, ["ranks", "missing"]),
            (["--ranks", "1"], USAGE, ["--strong", "--weak"]),
            (["--strong", "--weak", "--ranks", "1"], USAGE, ["--strong", "--weak"]),
            (["--strong", "--ranks", "1,9"], USAGE, ["9", "micro-batch"]),
            (["--strong", "--ranks", "1", "--reduction", "ring"], USAGE, ["ring", "allreduce"]),
            (["--strong", "--ranks", "1", "--launcher", "ssh"], USAGE, ["ssh"]),
            (["--strong", "--ranks", "1", "--rank", "1"], USAGE, ["--rank", "ranks"]),
        ]:
            with self.subTest(words=words):
                self.assert_refused(scale(*words, "--output", output, *MODEL), code, *hints)
                self.assertFalse(output.exists())
        for options, hints in [
            (["--layers", "20,8", "--output", "x"], ["--output"]),
            (["--layers", "20,8", "--micro-batch", "3"], ["--micro-batch"]),
            ([], ["model"]),
            (["--layers", "20,8", "--optimizer", "newton"], ["newton"]),
            (["--layers", "20,8", "--optimizer", "lbfgs"], ["lbfgs", "line search"]),
            (["--layers", "20,8", "--pretrain", "rbm"], ["--pretrain", "--layers"]),
        ]:
            with self.subTest(options=options):
                self.assert_refused(
                    scale("--weak", "--ranks", 1, "--output", output, "--", *options), USAGE, *hints
                )
        # What only the job can find out has the job's exit code.
        result = scale(
            "--weak",
            "--ranks",
            1,
            "--output",
            output,
            *QUICK,
            "--",
            "--layers",
            "20,8",
            "--data",
            self.folder / "none.h5:/x",
        )
        self.assertNotEqual(result.code, 0, result)
        self.assertIn("none.h5", result.stderr)
        self.assertIn("no measurements yet", result.stderr)
        # Nothing is there to be kept apart from.
        self.assertEqual(
            scale(
                "--weak", "--ranks", 1, "--repetitions", 1, "--output", output, *QUICK, *MODEL
            ).code,
            0,
        )
        pipe = self.folder / "pipe"
        os.mkfifo(pipe)
        for special in (pipe, "/dev/null"):
            self.assert_refused(
                scale("--weak", "--ranks", 1, "--output", special, *QUICK, *MODEL),
                USAGE,
                special,
                "not a regular file",
            )
            self.assert_refused(
                run("report", "scaling", output, "--output", special, timeout=20),
                USAGE,
                special,
                "not a regular file",
            )

    def test_a_results_file_that_is_none(self):
        page = self.folder / "page.html"
        good, _ = self.study("--weak", "--ranks", 1, "--repetitions", 1)
        first, second = good.read_text().splitlines()[:2]
        for name, text, hints in [
            ("future", first.replace('"format":1', '"format":99') + "\n", ["line 1", "format 99"]),
            ("text", "hello\n", ["line 1"]),
            ("other", '{"kind":"step","loss":1}\n', ["line 1", "not a results file"]),
            ("empty", "", ["empty"]),
            ("half", first + "\n" + second[:50] + "\n" + second + "\n", ["line 2"]),
            (
                "negative",
                first + "\n" + second.replace('"step_seconds":', '"step_seconds":-') + "\n",
                ["line 2", "step_seconds"],
            ),
            (
                "batch",
                first + "\n" + second.replace('"batch":', '"batch":-') + "\n",
                ["line 2", "batch"],
            ),
            (
                "half-a-rank",
                first + "\n" + second.replace('"ranks":1', '"ranks":1.5') + "\n",
                ["line 2", "ranks"],
            ),
            (
                "mode",
                first.replace('"mode":"weak"', '"mode":"foo"') + "\n" + second + "\n",
                ["line 1", "foo"],
            ),
            (
                "phase",
                first + "\n" + re.sub('"update":{"max":', '"update":{"max":-', second) + "\n",
                ["line 2", "max"],
            ),
            (
                "no-phases",
                first + "\n" + re.sub('"phases":{.*?}}', '"phases":{}', second) + "\n",
                ["line 2", "phases"],
            ),
            (
                "kind",
                first + "\n" + second.replace('"imbalance":', '"imbalance":"x","was":') + "\n",
                ["line 2", "another type"],
            ),
            ("list", first + "\n[1]\n", ["line 2", "another type"]),
            (
                "lacking",
                first + "\n" + second.replace('"phases"', '"faces"') + "\n",
                ["line 2", "phases"],
            ),
            ("nothing", first + "\n", ["no measurement"]),
        ]:
            with self.subTest(name=name):
                path = self.folder / f"{name}.jsonl"
                path.write_text(text)
                self.assert_refused(
                    run("report", "scaling", path, "--output", page), DATA, name, *hints
                )
                self.assertFalse(page.exists())
        self.assert_refused(run("report", "scaling", "--output", page), USAGE, "results.jsonl")
        self.assert_refused(
            run("report", "scaling", self.folder, "--output", page),
            IO,
            "is a folder",
            "results.jsonl",
        )
        self.assert_refused(
            run("report", "scaling", self.folder / "none.jsonl", "--output", page),
            IO,
            "no such file",
        )
        self.assert_refused(run("report", "weather", "--output", page), IO, "weather")

    def test_mpirun_is_not_for_the_study_itself(self):
        result = support.execute(
            [
                *support.MPIRUN,
                "-n",
                "2",
                PROGRAM,
                "scale",
                "--weak",
                "--ranks",
                "1",
                "--output",
                str(self.folder / "x.jsonl"),
                *MODEL,
            ]
        )
        self.assert_refused(result, USAGE, "scale", "without mpirun")


if __name__ == "__main__":
    unittest.main()
