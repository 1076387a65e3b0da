"""Ranks that hang or are stopped end the job in a bounded time, and slow ones do not."""
import os
import signal
import unittest

from faults import RANK, SMALL, FaultTest
from support import checkpoints, rank_processes, run


class WatchdogTest(FaultTest):
    def hung(self, process, *words):
        code, lines, seconds = self.outcome(process)
        print(f"--watchdog 2s: the job ended {seconds:.1f} s later")
        self.assertEqual((code, len(lines)), (RANK, 1), lines)
        for word in ("watchdog", "--resume", *words):
            self.assertIn(word, lines[0])
        self.assertLess(seconds, 30)
        self.assertGreaterEqual(len(checkpoints(self.output)), 1)

    def test_hanging_rank(self):
        process = self.begin(
            "--watchdog", "2s", ranks=3, environment={"HOURGLASS_FAULT": "hang,rank=1,step=20"}
        )
        self.hung(process, "rank 1 (process", "made no progress", "computing gradients in step 21")

    def test_stopped_process(self):
        process = self.begin("--watchdog", "2s")
        victim = rank_processes(process.pid)[0]
        os.kill(victim, signal.SIGSTOP)
        self.hung(process, f"(process {victim} on", "does not run any more")

    def test_patience(self):
        """Slow is not hung, and the run leaves nothing behind."""
        result = run(
            "train",
            *self.source,
            *SMALL,
            "--output",
            self.output,
            "--watchdog",
            "3s",
            ranks=2,
            environment={"HOURGLASS_FAULT": "slow,rank=1,step=5"},
        )
        self.assertEqual(result.code, 0, str(result))
        self.assertFalse((self.output / ".watchdog").exists())


if __name__ == "__main__":
    unittest.main()
