"""sweep: grids and random search, one after another or as tasks; bad input."""
import shutil
import unittest

from support import IO, MPIRUN, USAGE, read_config, run
from sweeps import TRAIN, SweepTest, sweep


class SearchTest(SweepTest):
    def test_a_grid_sorted_with_its_failures(self):
        result = self.swept(
            "--set",
            "learning-rate=1e-3,1e-2,1e30",
            "--set",
            "layers=20,12,3 20,3",
            "--set",
            "k-sparse=0,3",
            *self.options,
        )
        rows = self.rows()
        self.assertEqual(len(rows), 12)
        self.assertEqual(
            {
                (r["settings"]["learning-rate"], r["settings"]["layers"], r["settings"]["k-sparse"])
                for r in rows
            },
            {
                (rate, layers, k)
                for rate in ("1e-3", "1e-2", "1e30")
                for layers in ("20,12,3", "20,3")
                for k in ("0", "3")
            },
        )
        done = [row for row in rows if row["status"] == "done"]
        errors = [row["validation_sse"] for row in done]
        self.assertEqual(errors, sorted(errors))
        self.assertEqual(rows[: len(done)], done, "what has no figure comes last")
        bad = rows[len(done) :]
        self.assertTrue(
            bad
            and all(
                row["status"] == "diverged"
                and row["exit_code"] == 76
                and "diverged" in row["message"]
                for row in bad
            )
        )
        for row in done:
            config = read_config((self.output / f"trial-{row['trial']:04}/config.cfg").read_text())
            for name, value in row["settings"].items():
                self.assertEqual(
                    float(config[name]) if name != "layers" else config[name],
                    float(value) if name != "layers" else value,
                )
            self.assertEqual(config["seed"], "3")
        for word in ("trial", "learning-rate", "validation_sse", "0012"):
            self.assertIn(word, result.stdout)
        before = (self.output / "results.csv").read_text()
        again = self.swept("--report")
        self.assertEqual((self.output / "results.csv").read_text(), before)
        self.assertNotIn(" of 12:", again.stdout)
        first = self.swept("--report", "--sort", "trial")
        self.assertEqual([row["trial"] for row in self.rows()], list(range(1, 13)), first.stdout)

    def test_refused_trials_are_rows_too(self):
        self.swept("--set", "k-sparse=2,100", *self.options, "--layers", "20,3")
        good, bad = self.rows()
        self.assertEqual(
            (good["status"], bad["status"], bad["exit_code"]), ("done", "refused", USAGE)
        )
        self.assertIn("k-sparse", bad["message"])
        self.assertFalse((self.output / "trial-0002").exists())

    def test_the_same_weights_as_train_and_on_any_number_of_ranks(self):
        launcher = " ".join([*MPIRUN, "-n", "2"])
        self.swept(
            "--set", "learning-rate=3e-3", "--launcher", launcher, *self.options, "--layers", "20,3"
        )
        self.swept(
            "--set",
            "learning-rate=3e-3",
            *self.options,
            "--layers",
            "20,3",
            output=self.folder / "alone",
        )
        digests = {
            self.digest(self.output / "trial-0001/model.h5"),
            self.digest(self.folder / "alone/trial-0001/model.h5"),
            self.train(
                "train",
                "--data",
                f"{self.data}:/train/samples",
                *TRAIN,
                "--layers",
                "20,3",
                "--learning-rate",
                "3e-3",
            ),
        }
        self.assertEqual(len(digests), 1)

    def test_random_search_is_reproducible_and_may_grow(self):
        search = [
            "--range",
            "learning-rate=log:1e-4:1e-2",
            "--range",
            "momentum=linear:0.1:0.9",
            "--range",
            "seed=integer:5:7",
            "--set",
            "activation=relu,tanh",
            "--seed",
            11,
        ]
        options = [word for word in self.options if word not in ("--seed", 3)]
        self.swept("--random", 3, *search, *options, "--layers", "20,3")
        three = {row["trial"]: row["settings"] for row in self.rows()}
        self.assertEqual(len(three), 3)
        self.swept("--random", 4, *search, *options, "--layers", "20,3")
        four = {row["trial"]: row["settings"] for row in self.rows()}
        self.assertEqual({trial: four[trial] for trial in three}, three)
        for settings in four.values():
            self.assertTrue(1e-4 <= float(settings["learning-rate"]) <= 1e-2)
            self.assertTrue(0.1 <= float(settings["momentum"]) <= 0.9)
            self.assertIn(settings["seed"], "567")
            self.assertIn(settings["activation"], ("relu", "tanh"))
        self.assertEqual(len({settings["learning-rate"] for settings in four.values()}), 4)

    def test_tasks_share_the_trials(self):
        search = ["--set", "learning-rate=1e-3,3e-3,1e-2", "--tasks", 2]
        self.swept(*search, "--task", 1, *self.options, "--layers", "20,3")
        self.assertEqual(
            [row["status"] for row in sorted(self.rows(), key=lambda row: row["trial"])],
            ["waiting", "done", "waiting"],
        )
        self.swept(*search, "--task", 0, *self.options, "--layers", "20,3")
        self.assertEqual([row["status"] for row in self.rows()], ["done"] * 3)

    def test_configurations_as_trials(self):
        for name, layers in (("a", "20,3"), ("b", "20,8,3")):
            (self.folder / f"{name}.cfg").write_text(f"layers = {layers}\n")
        self.swept(
            "--set",
            f"config={self.folder / 'a.cfg'},{self.folder / 'b.cfg'}",
            "--sort",
            "trial",
            *self.options,
        )
        self.assertEqual(
            [
                read_config((self.output / f"trial-000{n}/config.cfg").read_text())["layers"]
                for n in (1, 2)
            ],
            ["20,3", "20,8,3"],
        )

    def test_bad_input(self):
        def refused(words, *arguments, code=USAGE):
            self.assert_refused(sweep("--output", self.output, *arguments), code, *words)
            self.assertFalse(self.output.exists())

        options = [*self.options, "--layers", "20,3"]
        rate = ["--set", "learning-rate=1e-3"]
        refused(["nothing to vary"], *options)
        refused(["learning-rate"], "--set", "lerning-rate=1", *options)
        refused(["name=", "--set"], "--set", "learning-rate", *options)
        refused(["no value"], "--set", "learning-rate=", *options)
        refused(["twice"], *rate, *rate, *options)
        refused(["layers", "also set by"], "--set", "layers=20,3", *options)
        refused(["--random"], "--range", "learning-rate=log:1e-4:1e-2", *options)
        for bad in (
            "learning-rate=log:0:1",
            "learning-rate=log:1",
            "learning-rate=log:2:1",
            "learning-rate=cubic:1:2",
            "seed=integer:1.5:3",
            "learning-rate=linear:a:3",
        ):
            refused(["--range"], "--random", 2, "--range", bad, *options)
        refused(["--random"], "--random", 0, *rate, *options)
        refused(["inside the sweep"], *rate, *options, "--output", "elsewhere")
        refused(["--layer", "layers"], *rate, *options, "--layer", 3)
        refused(["no trial is valid", "--k-sparse"], "--set", "k-sparse=50,60", *options)
        refused(["--tasks"], *rate, "--task", 0, *options)
        refused(["--task 2"], *rate, "--task", 2, "--tasks", 2, *options)
        refused(["--ranks", "--launcher"], *rate, "--ranks", 2, "--launcher", "mpirun", *options)
        refused(["--sort"], *rate, "--sort", "beauty", *options)
        refused(["no sweep"], "--report", code=74)
        self.assert_refused(
            sweep("--output", self.output, *rate, *options, OMPI_COMM_WORLD_RANK="0"),
            USAGE,
            "without mpirun",
        )
        self.assert_refused(run("sweep", *rate, *options), USAGE, "--output")
        self.output.mkdir()
        (self.output / "config.cfg").touch()
        self.assert_refused(
            sweep("--output", self.output, *rate, *options), USAGE, "holds a single run"
        )
        shutil.rmtree(self.output)
        self.assert_refused(
            sweep("--output", self.output, *rate, "--launcher", "no-such-launcher", *options),
            IO,
            "cannot start no-such-launcher",
            "PATH",
        )
        # Neither is a launcher that starts nothing and says that all went well.
        nothing = sweep("--output", self.output, *rate, "--launcher", "true", *options)
        self.assertEqual(nothing.code, 69, str(nothing))
        self.assertIn("it wrote no model", nothing.stdout)
        # Ranks that were lost are the cluster's fault, not the trial's: slurm/sweep.sbatch tries
        # again.
        lost = sweep("--output", self.output, *rate, "--launcher", "false", *options)
        self.assertEqual(lost.code, 69, str(lost))


if __name__ == "__main__":
    unittest.main()
