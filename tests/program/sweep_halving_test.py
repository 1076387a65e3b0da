"""sweep --halving and --asha: rungs, kills, several processes, the winner."""
import json
import os
import signal
import subprocess
import unittest

from support import (
    ENVIRONMENT,
    PROGRAM,
    STOPPED,
    USAGE,
    WITH_DAEMON,
    children,
    kill_tree,
    read_config,
    read_metrics,
    run,
    wait_until,
)
from sweeps import SweepTest, sweep

# What does not depend on the time.
DECIDED = ("trial", "settings", "status", "epochs", "validation_sse", "rungs")


class HalvingTest(SweepTest):
    def setUp(self):
        super().setUp()
        self.search = ["--set", "learning-rate=1e-4,3e-2,1e-2,1e30,1e-3,3e-3"]
        self.options += ["--layers", "20,8,3", "--schedule", "cosine"]
        self.options[self.options.index("--epochs") + 1] = 8

    def table(self, output=None):
        return [{key: row[key] for key in DECIDED} for row in self.rows(output)]

    def summary(self, output=None):
        return json.loads(((output or self.output) / "summary.json").read_text())

    def start(self, *arguments, output=None):
        words = ["sweep", "--output", output or self.output, *arguments, *self.search]
        return subprocess.Popen(
            [PROGRAM, *map(str, [*words, *self.options])],
            env={**ENVIRONMENT, **WITH_DAEMON},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def test_rungs_kills_and_the_winner(self):
        words = ["--halving", 2, "--min-epochs", 2, *self.search]
        result = self.swept(*words, *self.options)
        rows = self.rows()
        reached = {row["trial"]: [rung["epochs"] for rung in row["rungs"]] for row in rows}
        # 6, 3 and 1 of the trials, of which the fourth diverges.
        self.assertEqual(sorted(map(len, reached.values())), [0, 1, 1, 2, 2, 3], result)
        self.assertEqual(reached[rows[0]["trial"]], [2, 4, 8])
        self.assertEqual([row["trial"] for row in rows if row["status"] == "diverged"], [4])
        # The definition, from what the trials say themselves.
        for rung in (0, 1):
            errors = {
                row["trial"]: row["rungs"][rung]["validation_sse"]
                for row in rows
                if len(row["rungs"]) > rung
            }
            best = sorted(errors, key=lambda trial: (errors[trial], trial))[: 3 if rung == 0 else 1]
            self.assertEqual(
                {trial for trial in reached if len(reached[trial]) > rung + 1}, set(best)
            )
        summary = self.summary()
        self.assertEqual(
            summary["rungs"],
            [{"epochs": 2, "trials": 5}, {"epochs": 4, "trials": 3}, {"epochs": 8, "trials": 1}],
        )
        self.assertEqual(summary["diverged"], 1)
        self.assertEqual(
            summary["passes"],
            sum(len(read_metrics(self.output / f"trial-{n:04}", "epoch")) for n in range(1, 7)),
        )
        self.assertEqual(summary["winner"]["trial"], rows[0]["trial"])
        self.assertIn(f"winner trial {rows[0]['trial']:04}", result.stdout)
        # A trial that paused twice has the bits of one that did not.
        winner = summary["winner"]
        self.assertEqual(
            self.digest(winner["model"]),
            self.train(
                "plain", *self.options[1:], "--learning-rate", winner["settings"]["learning-rate"]
            ),
        )
        # Killed again and again, the search decides the same.
        killed = self.folder / "killed"
        for condition in (
            lambda: (killed / "trial-0002/metrics.jsonl").exists(),
            lambda: '"paused"' in "".join(p.read_text() for p in killed.glob("trial-*.json")),
            lambda: any('"goal": 4' in p.read_text() for p in killed.glob("trial-*.json")),
        ):
            process = self.start(*words[:4], output=killed)
            wait_until(lambda: condition() or process.poll() is not None)
            kill_tree(process.pid)
            process.communicate()
        self.swept(*words, *self.options, output=killed)
        self.assertEqual(self.table(killed), self.table())
        # Two processes of two trials at a time decide the same too.
        shared = self.folder / "shared"
        both = [self.start(*words[:4], "--jobs", 2, output=shared) for _ in range(2)]
        for process in both:
            _, errors = process.communicate(timeout=60)
            self.assertEqual(process.returncode, 0, errors)
        self.assertEqual(self.table(shared), self.table())
        # Nothing is done again, and the table can be had later.
        again = self.swept(*words, *self.options)
        self.assertNotIn(" of 6", again.stdout)
        self.assertIn("rung", self.swept("--report").stdout)

    def test_asynchronous_halving_shares_trials_and_retrains_the_winner(self):
        processes = [
            self.start("--asha", 2, "--retrain-winner", "--task", task, "--tasks", 2)
            for task in (0, 1)
        ]
        # A task that is killed leaves its trial to the other one, or to itself.
        wait_until(lambda: list(self.output.glob("trial-*/metrics.jsonl")))
        kill_tree(processes[0].pid)
        for process in processes:
            process.communicate(timeout=60)
        self.assertEqual(processes[1].returncode, 0)
        words = ["--asha", 2, "--retrain-winner", *self.search]
        result = self.swept(*words, *self.options)
        rows = self.rows()
        self.assertEqual(rows[0]["status"], "done")
        self.assertEqual([rung["epochs"] for rung in rows[0]["rungs"]], [2, 4, 8])
        self.assertFalse([row for row in rows if row["status"] in ("running", "waiting")], rows)
        self.assertGreaterEqual(self.summary()["rungs"][1]["trials"], 3)
        self.assertLess(self.summary()["passes"], self.summary()["grid_passes"])
        number = rows[0]["trial"]
        folder = self.output / f"winner-{number:04}"
        self.assertIn(f"model trained on all samples {folder}/model.h5", result.stdout)
        config = read_config((folder / "config.cfg").read_text())
        self.assertEqual(config["data"], f"{self.data}:/train/samples,{self.data}:/test/samples")
        self.assertEqual((config["validation"], config["epochs"]), ("", "8"))
        changed = os.stat(folder / "model.h5").st_mtime_ns
        self.swept(*words, *self.options)
        self.assertEqual(os.stat(folder / "model.h5").st_mtime_ns, changed)

    def test_a_search_that_is_stopped_goes_on(self):
        self.options[self.options.index("--epochs") + 1] = 4000
        process = self.start("--halving", 2, "--min-epochs", 2000, "--jobs", 2)
        wait_until(lambda: len(list(self.output.glob("trial-*/metrics.jsonl"))) == 2)
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=60)
        self.assertEqual(process.returncode, STOPPED, errors)
        self.assertRegex(errors, "stopped at trial 000[12]; the same command continues it")
        self.assertEqual(children(process.pid), [])
        self.assertEqual(
            sorted(row["status"] for row in self.rows()), ["stopped"] * 2 + ["waiting"] * 4
        )

    def test_a_grid_runs_several_trials_at_a_time(self):
        self.options[self.options.index("--epochs") + 1] = 1
        search = ["--set", "seed=1,2,3"]
        options = [word for word in self.options if word not in ("--seed", 3)]
        self.swept("--jobs", 3, *search, *options)
        self.assertEqual([row["status"] for row in self.rows()], ["done"] * 3)
        self.assertFalse((self.output / "summary.json").exists())

    def test_bad_input(self):
        def refused(words, *arguments, options=self.options):
            result = sweep("--output", self.output, *arguments, *options)
            self.assert_refused(result, USAGE, *words)
            self.assertFalse(self.output.exists())

        refused(["--halving and --asha"], "--halving", "--asha", *self.search)
        refused(["--min-epochs needs"], "--min-epochs", 2, *self.search)
        refused(["--halving", "2", "at least"], "--halving", 1, *self.search)
        refused(["epochs cannot be varied"], "--halving", "--set", "epochs=2,4,8")
        refused(["pause-after"], *self.search, options=[*self.options, "--pause-after", 3])
        self.swept("--halving", 2, "--min-epochs", 4, *self.search, *self.options)
        for other in (["--asha", 2, "--min-epochs", 4], ["--halving", 2, "--min-epochs", 2], []):
            result = sweep("--output", self.output, *other, *self.search, *self.options)
            self.assert_refused(result, USAGE, "another sweep")
        self.assertEqual(run("train", "--pause-after", -1).code, USAGE)


if __name__ == "__main__":
    unittest.main()
