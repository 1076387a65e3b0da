"""A sweep that is stopped or killed continues where it was, and beside others waits for them."""
import fcntl
import os
import shutil
import signal
import subprocess
import unittest

from support import (
    DATA,
    ENVIRONMENT,
    WITH_DAEMON,
    MPIRUN,
    PROGRAM,
    STOPPED,
    USAGE,
    children,
    wait_until,
)
from sweeps import SweepTest, sweep


class SweepResumeTest(SweepTest):
    def test_stopped_and_continued(self):
        options = [
            "--set",
            "seed=1,2",
            *[word for word in self.options if word not in ("--seed", 3)],
            "--layers",
            "20,64,3",
        ]
        options[options.index("--epochs") + 1] = 4000
        process = subprocess.Popen(
            [PROGRAM, "sweep", "--output", str(self.output), *map(str, options)],
            env={**ENVIRONMENT, **WITH_DAEMON},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            wait_until(
                lambda: (self.output / "trial-0001/metrics.jsonl").exists(), what="the first trial"
            )
            process.send_signal(signal.SIGTERM)
            _, stderr = process.communicate(timeout=60)
        finally:
            process.kill()
        self.assertEqual(process.returncode, STOPPED, stderr)
        self.assertIn("stopped at trial 0001", stderr)
        self.assertEqual([row["status"] for row in self.rows()], ["stopped", "waiting"])
        self.assertTrue(list((self.output / "trial-0001/checkpoints").glob("*.h5")))
        (self.output / "trial-0002.json").write_text("{damaged")
        options[options.index("seed=1,2")] = "seed=1,2,3"
        self.assert_refused(sweep("--output", self.output, *options), USAGE, "another sweep")

    def test_goes_on_where_it_was_killed(self):
        search = [
            "--set",
            "seed=1,2",
            *[word for word in self.options if word not in ("--seed", 3)],
            "--layers",
            "20,3",
        ]
        self.swept(*search)
        before = {n: self.digest(self.output / f"trial-000{n}/model.h5") for n in (1, 2)}
        # As if the machine had gone down in the second trial: no model, no outcome.
        (self.output / "trial-0002/model.h5").unlink()
        (self.output / "trial-0002.json").unlink()
        first = os.stat(self.output / "trial-0001/model.h5").st_mtime_ns
        result = self.swept(*search)
        self.assertIn("trial 0002", result.stdout)
        self.assertNotIn("trial 0001 of", result.stdout)
        self.assertEqual(os.stat(self.output / "trial-0001/model.h5").st_mtime_ns, first)
        # A trial whose folder is gone is not done, whatever was written down.
        shutil.rmtree(self.output / "trial-0002")
        self.swept(*search)
        # sweep.json says which sweep it is; without it the trials are still there.
        for damage in ("", "{"):
            (self.output / "sweep.json").write_text(damage)
            self.assert_refused(
                sweep("--output", self.output, *search), DATA, "sweep.json", "delete it"
            )
        (self.output / "sweep.json").unlink()
        self.assertNotIn(" of 2:", self.swept(*search).stdout)
        self.assertEqual(
            before, {n: self.digest(self.output / f"trial-000{n}/model.h5") for n in (1, 2)}
        )

    def test_the_same_command_at_once_after_a_kill(self):
        """mpirun lives a moment longer than a killed sweep, and the trial's folder is being written
        to until then."""
        options = [
            "--set",
            "learning-rate=1e-3",
            "--launcher",
            " ".join([*MPIRUN, "-n", "2"]),
            *self.options,
            "--layers",
            "20,3",
        ]
        options[options.index("--epochs") + 1] = 600
        command = [PROGRAM, "sweep", "--output", str(self.output), *map(str, options)]
        process = subprocess.Popen(
            command,
            env={**ENVIRONMENT, **WITH_DAEMON},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            wait_until(
                lambda: (self.output / "trial-0001/metrics.jsonl").exists(), what="the first trial"
            )
            ranks = children(process.pid)
            self.assertGreaterEqual(len(ranks), 3)
        finally:
            process.kill()
            process.wait()
        again = subprocess.Popen(
            command,
            env={**ENVIRONMENT, **WITH_DAEMON},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        stdout, stderr = again.communicate(timeout=120)
        self.assertEqual(again.returncode, 0, stdout + stderr)
        self.assertFalse([pid for pid in ranks if os.path.exists(f"/proc/{pid}")])
        self.assertEqual([row["status"] for row in self.rows()], ["done"], stdout)
        self.swept("--set", "learning-rate=1e-3", *options[4:], output=self.folder / "undisturbed")
        self.assertEqual(
            *(
                self.digest(folder / "trial-0001/model.h5")
                for folder in (self.output, self.folder / "undisturbed")
            )
        )

    def test_a_trial_that_another_process_runs_is_waited_for(self):
        search = [
            "--set",
            "seed=1,2",
            *[word for word in self.options if word not in ("--seed", 3)],
            "--layers",
            "20,3",
        ]
        self.output.mkdir()
        with open(self.output / ".trial-0001.lock", "w") as held:
            fcntl.flock(held, fcntl.LOCK_EX)
            process = subprocess.Popen(
                [PROGRAM, "sweep", "--output", str(self.output), *map(str, search)],
                env={**ENVIRONMENT, **WITH_DAEMON},
                stdout=subprocess.PIPE,
                text=True,
            )
            wait_until(lambda: (self.output / "trial-0002.json").exists(), what="the other trial")
            self.assertIsNone(process.poll())
            self.assertFalse((self.output / "trial-0001").exists())
        stdout, _ = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 0)
        self.assertIn("waiting for trial 0001", stdout)
        self.assertEqual([row["status"] for row in self.rows()], ["done", "done"])


if __name__ == "__main__":
    unittest.main()
