"""Every benchmark program runs, and the comparison says what got slower."""
import json
import os
import subprocess
import unittest
from pathlib import Path

import support
from support import PROGRAM, ROOT, ProgramTest

BUILD = Path(os.environ.get("HOURGLASS_BUILD", ROOT / "build/release"))
PROGRAMS = ["gemm", "elementwise", "tree_sum", "optimizer", "io", "step", "input", "exchange"]


def write_results(folder, **times):
    folder.mkdir()
    benchmarks = [
        {
            "name": name,
            "run_name": name,
            "run_type": "iteration",
            "real_time": time,
            "time_unit": "us",
        }
        for name, values in times.items()
        for time in values
    ]
    (folder / "x.json").write_text(json.dumps({"benchmarks": benchmarks}))
    return folder


class BenchTest(ProgramTest):
    def compare(self, *words):
        return support.execute([str(ROOT / "scripts/compare_bench.py"), *map(str, words)])

    def test_all_run_once(self):
        if os.environ.get("HOURGLASS_SANITIZE") or not (BUILD / "bench/gemm_bench").exists():
            self.skipTest("built without benchmarks")
        result = support.execute(
            [str(ROOT / "scripts/bench.sh"), str(self.folder / "out"), "--quick"],
            timeout=400,
            environment={"HOURGLASS_BUILD": str(BUILD)},
        )
        self.assertEqual(result.code, 0, result)
        for name in PROGRAMS:
            benchmarks = json.loads((self.folder / "out" / f"{name}.json").read_text())[
                "benchmarks"
            ]
            self.assertGreater(len(benchmarks), 0, name)
            for benchmark in benchmarks:
                self.assertFalse(benchmark.get("error_occurred", False), benchmark)
        same = self.compare(self.folder / "out", self.folder / "out")
        self.assertEqual(same.code, 0, same)
        self.assertIn("0 slower", same.stdout)

    def test_noise_is_not_called_slower(self):
        old = write_results(
            self.folder / "old", noisy=[100, 130, 110], slow=[100, 101, 102], fast=[100, 101, 99]
        )
        new = write_results(
            self.folder / "new", noisy=[125, 120, 128], slow=[120, 121, 122], fast=[80, 81, 79]
        )
        result = self.compare(old, new)
        self.assertEqual(result.code, 1, result)
        self.assertIn("slower: x: slow", result.stdout)
        self.assertIn("faster: x: fast", result.stdout)
        self.assertNotIn("noisy", result.stdout)

    def test_broken_input(self):
        good = write_results(self.folder / "good", a=[1])
        (self.folder / "bad.json").write_text("{")
        for path in [self.folder / "bad.json", self.folder / "none.json"]:
            result = self.compare(good, path)
            self.assertEqual(result.code, 65, result)
            self.assertIn(path.name, result.stderr)
        self.assertEqual(
            subprocess.run(
                [ROOT / "scripts/bench.sh", self.folder / "o", "--fast"], capture_output=True
            ).returncode,
            64,
        )

    def optimizer_cost(self, *words):
        data = self.make_data(samples=64)
        command = ["/usr/bin/python3", "-B", str(ROOT / "bench/optimizer_cost.py")]
        command += ["--program", PROGRAM, "--data", f"{data}:/train/samples"]
        command += ["--layers", "20,16,4", "--batch", "16", "--warm", "4", "--rounds", "1"]
        return support.execute([*command, *words])

    def test_optimizer_cost_is_a_table_relative_to_adam(self):
        result = self.optimizer_cost("--steps", "4", "--ranks", "1,2", "--optimizers", "muon,kfac")
        self.assertEqual(result.code, 0, result)
        rows = [line.strip("| ").split(" | ") for line in result.stdout.splitlines()[2:]]
        names = ["adam", "muon", "kfac"]
        self.assertEqual(
            [row[:3] for row in rows],
            [[ranks, "16", name] for ranks in ("1", "2") for name in names],
        )
        for row in rows:  # steps of microseconds: any number, also 0.00
            self.assertRegex(row[3], r"^\d+\.\d$")
            self.assertRegex(row[4], r"^\d+\.\d\d$")
        self.assertEqual([row[4] for row in rows if row[2] == "adam"], ["1.00", "1.00"])

    def test_optimizer_cost_refuses_what_it_cannot_measure(self):
        for words, message in (
            (["--optimizers", "lion"], "no optimizer 'lion'; one of muon"),
            (["--processor-time"], "counts one rank: add --ranks 1"),
            (["--steps", "5"], "64 rows, and 5 steps of 16 need 80: use fewer --steps"),
        ):
            result = self.optimizer_cost(*words)
            self.assertEqual(result.code, 1, result)
            self.assertIn(message, result.stderr)


if __name__ == "__main__":
    unittest.main()
