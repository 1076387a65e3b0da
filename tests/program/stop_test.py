"""Signals and limits that end a run at the end of a step, with a checkpoint to resume from."""
import os
import re
import signal
import time
import unittest
from pathlib import Path

from faults import ENDLESS, SMALL, FaultTest
from preloads import CLOCK
from support import (
    STOPPED,
    USAGE,
    checkpoints,
    kill_tree,
    rank_processes,
    read_metrics,
    run,
    start,
    wait_until,
)
from training import LONG, SETTINGS, TrainingTest


# 5 steps per epoch. Step 22 takes a second longer, so that a signal comes before it ends.
MEDIUM = [*LONG, "--epochs", "20"]
SLOW_STEP = {"HOURGLASS_FAULT": "slow,rank=0,step=21"}


class StopSignalTest(TrainingTest):
    def stop(self, name, number, send, ranks):
        """Trains until step 21, sends the signal, and returns the exit code."""
        output = self.folder / name
        process = start(
            "train",
            *self.source,
            *MEDIUM,
            "--output",
            output,
            ranks=ranks,
            environment=SLOW_STEP,
        )
        try:
            wait_until(
                lambda: len(read_metrics(output, "step")) > 20 or process.poll() is not None,
                what="step 21",
            )
            self.assertIsNone(process.poll(), "the run ended before it could be stopped")
            send(process.pid, number)
            return process.wait(timeout=30)
        finally:
            kill_tree(process.pid)

    def test_stopped_on_request_and_resumed(self):
        whole = self.train("whole", *self.source, *MEDIUM)

        def to_rank(pid, number):
            os.kill(rank_processes(pid)[-1], number)

        for name, number, send, ranks, then in (
            ("term", signal.SIGTERM, os.kill, None, 2),
            ("int", signal.SIGINT, os.kill, None, 3),
            ("usr1", signal.SIGUSR1, os.kill, 2, None),
            ("one", signal.SIGTERM, to_rank, 3, 2),
        ):
            with self.subTest(signal=name, ranks=ranks):
                self.assertEqual(self.stop(name, number, send, ranks), STOPPED)
                output = self.folder / name
                self.assertFalse((output / "model.h5").exists())
                last = max(checkpoints(output))
                self.assertGreater(last, 20)
                self.assertEqual(
                    last, read_metrics(output, "step")[-1]["step"], "stopped at the end of a step"
                )
                self.success("train", "--resume", output, "--threads", 2, ranks=then)
                self.assertEqual(whole, self.digest(output / "model.h5"))

    def wait_for_the_first_line(self, process):
        def caught():
            mask = re.search(r"SigCgt:\s*(\w+)", Path(f"/proc/{process.pid}/status").read_text())
            return int(mask[1], 16) >> (signal.SIGUSR1 - 1) & 1

        wait_until(
            caught, what="the program's first line"
        )  # until then it is the system's loader that dies

    def test_a_stop_signal_before_training_does_not_kill(self):
        process = start("train", "--output", self.folder / "run", *self.source, *SETTINGS)
        self.wait_for_the_first_line(process)
        while process.poll() is None:
            process.send_signal(signal.SIGUSR1)
            time.sleep(0.01)
        self.assertIn(process.returncode, (0, STOPPED))

    def test_a_stop_signal_before_training_is_not_lost(self):
        process = start("train", "--output", self.folder / "run", *self.source, *LONG)
        self.wait_for_the_first_line(process)
        process.send_signal(signal.SIGUSR1)  # MPI has not even begun
        self.assertEqual(process.wait(timeout=60), STOPPED)
        self.assertTrue(checkpoints(self.folder / "run"))


class StopTest(FaultTest):
    def test_time_limit(self):
        result = run(
            "train", *self.source, *ENDLESS, "--output", self.output, "--time-limit", "3s", ranks=2
        )
        self.assert_refused(result, STOPPED, "time-limit", "3s", "--resume")
        last = max(checkpoints(self.output))
        self.assertGreater(last, 0)
        self.assertEqual(last, read_metrics(self.output, "step")[-1]["step"])

    def test_stop_signal(self):
        process = self.begin("--stop-signal", "USR2,HUP", ranks=None)
        os.kill(process.pid, signal.SIGUSR2)
        code, lines, _ = self.outcome(process)
        self.assertEqual((code, len(lines)), (STOPPED, 1), lines)

    def test_second_interrupt_stops_at_once(self):
        process = self.begin(
            "--checkpoint-every",
            "0",
            ranks=None,
            environment={"HOURGLASS_FAULT": "hang,rank=0,step=10"},
            steps=8,
        )
        wait_until(lambda: len(read_metrics(self.output, "step")) == 10, what="the tenth step")
        os.kill(process.pid, signal.SIGINT)
        time.sleep(0.2)
        self.assertIsNone(process.poll(), "one interrupt waits for the end of the step")
        os.kill(process.pid, signal.SIGINT)
        code, _, seconds = self.outcome(process)
        self.assertEqual(code, 128 + signal.SIGINT)
        self.assertLess(seconds, 10)
        self.assertEqual(checkpoints(self.output), {})

    def test_refused_settings(self):
        for name, value in (
            ("time-limit", "soon"),
            ("stop-signal", "KILL"),
            ("watchdog", "0.1s"),
            ("verify-every", "-1"),
        ):
            self.assert_refused(
                run("train", *self.source, *SMALL, "--output", self.output, f"--{name}", value),
                USAGE,
                name,
            )
        self.assert_refused(
            run(
                "train",
                *self.source,
                *SMALL,
                "--output",
                self.output,
                environment={"HOURGLASS_FAULT": "boom"},
            ),
            USAGE,
            "HOURGLASS_FAULT",
        )


class ClockTest(FaultTest):
    def test_jumping_clock(self):
        """A clock that is set back and forth changes neither limits and intervals nor weights."""
        library = self.compiled("clock", CLOCK)
        settings = [
            *self.source,
            *SMALL,
            "--checkpoint-every",
            "600s",
            "--time-limit",
            "30m",
            "--watchdog",
            "60s",
        ]
        whole = self.train("whole", *settings)
        self.assertEqual(
            whole, self.train("jumping", *settings, environment={"LD_PRELOAD": library})
        )
        self.assertEqual(
            sorted(checkpoints(self.folder / "jumping")), [0, 20], "no checkpoint by a jump"
        )


if __name__ == "__main__":
    unittest.main()
