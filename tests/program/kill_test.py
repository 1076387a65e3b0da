"""Processes killed without warning lose no checkpoint and change no weight.

HOURGLASS_FAULT_KILLS sets the number of kills (scripts/faults.sh, the long form, asks for 200 and
more)."""
import os
import random
import shutil
import signal
import time
import unittest

from faults import FaultTest
from support import (
    ProgramTest,
    checkpoints,
    children,
    kill_tree,
    rank_processes,
    read_metrics,
    start,
    wait_until,
)

KILLS = int(os.environ.get("HOURGLASS_FAULT_KILLS", "6"))
SEED = int(os.environ.get("HOURGLASS_FAULT_SEED", "1"))


def alive(pid):
    try:
        os.kill(pid, 0)
        return True
    except ProcessLookupError:
        return False


class KillTest(FaultTest):
    """SIGKILL of one rank, of mpirun or of everything, at random moments, inside checkpoint writes
    too."""

    TRAINING = [
        "--layers",
        "20,300,200,4",
        "--batch",
        "48",
        "--micro-batch",
        "8",
        "--epochs",
        "20" if KILLS > 20 else "8",
        "--checkpoint-every",
        "1steps",
        "--keep",
        "2",
        "--log-every",
        "1",
        "--progress",
        "none",
    ]  # 80 or 32 steps

    def kill_once(self, chance, process):
        """Kills after a random time and waits until nothing of the job is left."""
        job = [process.pid, *children(process.pid)]
        victim = chance.choice(["rank", "mpirun", "all"])
        ranks = rank_processes(process.pid)
        victims = {
            "rank": [chance.choice(ranks)] if ranks else [process.pid],
            "mpirun": [process.pid],
            "all": job,
        }[victim]
        for pid in victims:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        process.wait(timeout=60)
        # Ranks that lost their mpirun notice by themselves.
        wait_until(lambda: not any(alive(pid) for pid in ranks), what="the end of the ranks")

    def campaign(self, number, chance, asynchronous):
        """One training, killed again and again; returns the kills, and those that left a
        half-written file."""
        output = self.folder / f"campaign-{number}"
        kills = torn = newest = 0
        flags = ["--checkpoint-async"] if asynchronous else []
        while not (output / "model.h5").exists():
            words = (
                ["--resume", output]
                if (output / "config.cfg").exists()
                else [*self.source, *self.TRAINING, *flags, "--output", output]
            )
            # How long mpirun lets the others live when a rank is dead, in seconds: mostly not at
            # all, which saves waiting for its end.
            grace = {"OMPI_MCA_odls_base_sigkill_timeout": chance.choice("0001")}
            process = start("train", *words, ranks=chance.choice([1, 2, 3]), environment=grace)
            try:
                began = time.monotonic()
                patience = chance.uniform(0.0, 1.2)
                # Most kills come after the run has got going, some while it starts.
                before = len(read_metrics(output))
                if chance.random() < 0.85:
                    wait_until(
                        lambda: len(read_metrics(output)) > before or process.poll() is not None,
                        what="a step",
                    )
                    patience += time.monotonic() - began
                while time.monotonic() - began < patience and process.poll() is None:
                    time.sleep(0.002)
                if process.poll() is None:
                    self.kill_once(chance, process)
                    kills += 1
                    torn += bool([path for path in output.rglob(".*.tmp.*")])
                else:
                    self.assertEqual(process.returncode, 0)
            finally:
                self.end(process)
            found = max(checkpoints(output), default=0)
            self.assertGreaterEqual(found, newest, "a checkpoint was lost")
            newest = found
            if kills >= 40:
                self.success("train", "--resume", output, ranks=2)
        self.assertEqual(self.digest(output / "model.h5"), self.whole)
        self.assertEqual([path.name for path in output.rglob(".*.tmp.*")], [])
        shutil.rmtree(output)
        return kills, torn

    def test_kills(self):
        self.whole = self.train("whole", *self.source, *self.TRAINING)
        chance = random.Random(SEED)
        kills = torn = campaigns = 0
        began = time.monotonic()
        while kills < KILLS:
            more, half = self.campaign(campaigns, chance, campaigns % 2 == 1)
            kills, torn, campaigns = kills + more, torn + half, campaigns + 1
        print(
            f"{kills} kills in {campaigns} trainings, {torn} of them inside the writing of a file, "
            f"{time.monotonic() - began:.0f} s: every run ended with the same weights"
        )

    def test_killed_rank_ends_the_job(self):
        process = self.begin()
        os.kill(rank_processes(process.pid)[-1], signal.SIGKILL)
        code, _, seconds = self.outcome(process)
        self.assertNotEqual(code, 0)
        self.assertLess(seconds, 30)


class ResumeAfterKillTest(ProgramTest):
    """Killed without warning, at a moment nobody chose."""

    def killed_and_resumed(self, name, victims, ranks, then):
        data = self.make_data(samples=3000, features=64)
        arguments = [
            "--data",
            f"{data}:/train/samples",
            "--layers",
            "64,96,48,8",
            "--batch",
            112,
            "--micro-batch",
            16,
            "--epochs",
            12,
            "--seed",
            5,
            "--log-every",
            1,
            "--checkpoint-every",
            "5steps",
            "--keep",
            2,
        ]
        undisturbed = self.train(f"{name}-whole", *arguments)
        history = [
            [record[key] for key in ("epoch", "step", "loss", "sse")]
            for record in read_metrics(self.folder / f"{name}-whole", "epoch")
        ]
        output = self.folder / name
        process = start("train", "--output", output, *arguments, ranks=ranks)
        try:
            wait_until(
                lambda: len(read_metrics(output, "step")) >= 40 or process.poll() is not None,
                what="step 40",
            )
            self.assertIsNone(
                process.poll(), "the run ended before it could be killed: make it longer"
            )
            for victim in victims(process.pid):
                os.kill(victim, signal.SIGKILL)
            process.wait(timeout=30)
        finally:
            kill_tree(process.pid)
        self.assertFalse((output / "model.h5").exists())
        self.assertTrue(checkpoints(output))
        self.success("train", "--resume", output, "--threads", 2, ranks=then)
        self.assertEqual(undisturbed, self.digest(output / "model.h5"))
        steps = [record["step"] for record in read_metrics(output, "step")]
        self.assertEqual(
            steps, list(range(1, len(steps) + 1)), "metrics.jsonl tells every step once"
        )
        self.assertEqual(
            history,
            [
                [record[key] for key in ("epoch", "step", "loss", "sse")]
                for record in read_metrics(output, "epoch")
            ],
        )
        leftovers = [
            path.name for path in output.rglob("*") if path.is_file() and "tmp" in path.name
        ]
        self.assertEqual(leftovers, [])

    def test_one_rank_of_two_killed_resumed_on_three(self):
        self.killed_and_resumed("one", lambda pid: rank_processes(pid)[-1:], 2, 3)

    def test_a_lone_process_killed_resumed_on_two(self):
        self.killed_and_resumed("lone", lambda pid: [pid], None, 2)


if __name__ == "__main__":
    unittest.main()
