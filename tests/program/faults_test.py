"""Faults: kills, hangs, full disks, two runs in one folder, clocks that jump, ranks that disagree.
Each ends in one clear line and a bounded time, and loses no work beyond the last checkpoint.

HOURGLASS_FAULT_KILLS sets the number of kills (scripts/faults.sh, the long form, asks for 200 and more)."""
import os
import random
import resource
import shutil
import signal
import subprocess
import time
import unittest

import numpy as np

from preloads import CLOCK, QUOTA
from support import (
    DIVERGED,
    ENVIRONMENT,
    IO,
    MPIRUN,
    PROGRAM,
    STOPPED,
    USAGE,
    ProgramTest,
    checkpoints,
    children,
    command_line,
    execute,
    kill_tree,
    rank_processes,
    read_metrics,
    run,
    start,
    wait_until,
    write_file,
)

RANK = 69
KILLS = int(os.environ.get("HOURGLASS_FAULT_KILLS", "6"))
SEED = int(os.environ.get("HOURGLASS_FAULT_SEED", "1"))
SMALL = ["--layers", "20,12,3", "--batch", "48", "--micro-batch", "12", "--epochs", "5"]  # 20 steps
ENDLESS = [
    "--layers",
    "20,160,80,4",
    "--batch",
    "32",
    "--micro-batch",
    "8",
    "--epochs",
    "100000",
    "--log-every",
    "1",
]


def alive(pid):
    try:
        os.kill(pid, 0)
        return True
    except ProcessLookupError:
        return False


class FaultTest(ProgramTest):
    def setUp(self):
        super().setUp()
        self.data = self.make_data()
        self.source = ["--data", f"{self.data}:/train/samples"]
        self.output = self.folder / "run"

    def begin(self, *arguments, ranks=2, steps=3, environment=None):
        """Starts a training that would go on for ever and returns the process once it has made some steps."""
        command = command_line(
            ["train", *self.source, *ENDLESS, "--output", self.output, *arguments], ranks
        )
        process = subprocess.Popen(
            command,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            stdin=subprocess.DEVNULL,
            text=True,
            env={**ENVIRONMENT, **(environment or {})},
            start_new_session=True,
        )
        self.addCleanup(self.end, process)
        wait_until(
            lambda: len(read_metrics(self.output, "step")) > steps or process.poll() is not None,
            what="training",
        )
        return process

    @staticmethod
    def end(process):
        kill_tree(process.pid)
        process.communicate()

    def outcome(self, process, timeout=60):
        """Exit code and our lines on standard error; also how long the end took."""
        begin = time.monotonic()
        _, text = process.communicate(timeout=timeout)
        return (
            process.returncode,
            [line for line in text.splitlines() if line.startswith("hourglass: ")],
            time.monotonic() - begin,
        )

    def compiled(self, name, text):
        """A library to preload, made of C text."""
        source, library = self.folder / f"{name}.c", self.folder / f"{name}.so"
        source.write_text(text)
        if (
            shutil.which("cc") is None
            or execute(["cc", "-shared", "-fPIC", "-o", str(library), str(source), "-ldl"]).code
            != 0
        ):
            self.skipTest("no C compiler")
        return str(library)


class KillTest(FaultTest):
    """SIGKILL of one rank, of mpirun or of everything, at random moments, inside checkpoint writes too."""

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
        """One training, killed again and again; returns the kills, and those that left a half-written file."""
        output = self.folder / f"campaign-{number}"
        kills = torn = newest = 0
        flags = ["--checkpoint-async"] if asynchronous else []
        while not (output / "model.h5").exists():
            words = (
                ["--resume", output]
                if (output / "config.cfg").exists()
                else [*self.source, *self.TRAINING, *flags, "--output", output]
            )
            # How long mpirun lets the others live when a rank is dead, in seconds: mostly not at all, which saves waiting for its end.
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


class SilentErrorTest(FaultTest):
    def test_parameters_that_differ(self):
        for ranks, words in (
            (3, ["rank 2 (on", "than the rest"]),
            (2, ["rank 0 (on", "rank 1 (on", "than each other"]),
        ):
            shutil.rmtree(self.output, ignore_errors=True)
            result = run(
                "train",
                *self.source,
                *SMALL,
                "--output",
                self.output,
                "--verify-every",
                "1",
                "--reduction",
                "allreduce",
                ranks=ranks,
                environment={"HOURGLASS_FAULT": f"flip,rank={ranks - 1},step=7"},
            )
            self.assert_refused(
                result, RANK, *words, "encoder/0/weight", "after step 8", "step-00000004.h5"
            )
            self.assertLess(max(checkpoints(self.output)), 8)

    def test_verified_run_is_the_same_run(self):
        whole = self.train("whole", *self.source, *SMALL)
        self.assertEqual(
            whole,
            self.train(
                "verified",
                *self.source,
                *SMALL,
                "--verify-every",
                3,
                "--watchdog",
                "60s",
                "--checkpoint-async",
                "--time-limit",
                "1h",
                ranks=3,
            ),
        )

    def test_nan_names_tensor_and_checkpoint(self):
        result = run(
            "train",
            *self.source,
            *SMALL,
            "--output",
            self.output,
            ranks=2,
            environment={"HOURGLASS_FAULT": "nan,step=6"},
        )
        self.assert_refused(result, DIVERGED, "step 7", "encoder/0/weight", "step-00000004.h5")

    def test_overflow_names_layer_and_samples(self):
        values = np.full((96, 20), 0.5, np.float32)
        values[[13, 70]] = 3e38
        path = write_file(self.folder / "large.h5", x=values)
        for memory in ("1GiB", "0"):
            result = run(
                "train",
                "--data",
                f"{path}:/x",
                *SMALL,
                "--output",
                self.folder / f"large{memory}",
                "--output-activation",
                "linear",
                "--memory",
                memory,
                ranks=2,
            )
            self.assert_refused(result, DIVERGED, "the loss is not finite", "it began in", "13")

    def test_mixed_kernels(self):
        common = [PROGRAM, "train", *self.source, *SMALL, "--output", str(self.output)]
        result = execute(
            [
                *MPIRUN,
                "-n",
                "1",
                *common,
                ":",
                "-n",
                "1",
                "-x",
                "OPENBLAS_CORETYPE=Sandybridge",
                *common,
            ]
        )
        self.assert_refused(result, USAGE, "rank 1", "blas", "Sandybridge")


class FileTest(FaultTest):
    def test_two_runs_in_one_folder(self):
        process = self.begin("--checkpoint-every", "1steps")
        for words in (["--resume", self.output], [*self.source, *SMALL, "--output", self.output]):
            self.assert_refused(run("train", *words, ranks=2), USAGE, self.output)
        self.assert_refused(
            run("train", "--resume", self.output), USAGE, "another run is writing", "process"
        )
        kill_tree(process.pid)
        process.wait()
        # What the killed one left does not keep the next one out.
        self.assertTrue((self.output / ".lock").exists())
        resumed = start("train", "--resume", self.output)
        try:
            before = max(checkpoints(self.output))
            wait_until(
                lambda: max(checkpoints(self.output)) > before or resumed.poll() is not None,
                what="the next checkpoint",
            )
            self.assertIsNone(resumed.poll())
        finally:
            kill_tree(resumed.pid)
            resumed.wait()

    def private_mount(self, script, *arguments):
        """Runs a shell script in a mount namespace of its own; $0 is a folder of the test's, the program and its words are "$@"."""
        place = self.folder / "mount"
        place.mkdir(exist_ok=True)
        if (
            execute(["unshare", "-Urm", "sh", "-c", 'mount -t tmpfs small "$0"', str(place)]).code
            != 0
        ):
            self.skipTest("no private mounts here")
        return execute(
            ["unshare", "-Urm", "sh", "-c", script, str(place), PROGRAM, *map(str, arguments)]
        )

    def test_full_disk_in_the_middle(self):
        """Space for two checkpoints only: the third is one line, and those before stay good."""
        for flags in ([], ["--checkpoint-async"]):
            result = self.private_mount(
                'mount -t tmpfs -o size=2400k small "$0" && "$@"; code=$?; '
                f'"{PROGRAM}" inspect "$0/run/checkpoints/step-00000000.h5" > /dev/null && ls -A "$0/run/checkpoints" >&2; exit $code',
                "train",
                *self.source,
                "--layers",
                "20,500,50,4",
                "--batch",
                48,
                "--micro-batch",
                12,
                "--epochs",
                5,
                "--keep",
                9,
                "--output",
                self.folder / "mount" / "run",
                *flags,
            )
            self.assert_refused(result, IO, "step-", "mount")
            self.assertIn("step-00000000.h5", result.stderr.split("\n", 1)[1])
            self.assertNotIn(".tmp.", result.stderr)

    def test_read_only_folder(self):
        self.train("mount/run", *self.source, *SMALL)
        result = self.private_mount(
            'mount --bind "$0" "$0" && mount -o remount,bind,ro "$0" && "$@"',
            "train",
            "--resume",
            self.folder / "mount/run",
        )
        self.assert_refused(result, IO, "mount/run", "read-only")

    def limited(self, name, value, *arguments):
        soft = {"RLIMIT_FSIZE": resource.RLIMIT_FSIZE, "RLIMIT_NOFILE": resource.RLIMIT_NOFILE}[
            name
        ]
        process = subprocess.run(
            [PROGRAM, *map(str, arguments)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=ENVIRONMENT,
            timeout=60,
            preexec_fn=lambda: (
                signal.signal(signal.SIGXFSZ, signal.SIG_DFL),
                resource.setrlimit(soft, (value, value)),
            ),
        )
        return (
            process.returncode,
            [line for line in process.stderr.splitlines() if line.startswith("hourglass: ")],
            process.stderr,
        )

    def test_file_size_limit(self):
        code, lines, text = self.limited(
            "RLIMIT_FSIZE",
            8 << 20,
            "train",
            *self.source,
            "--layers",
            "20,3000,300,4",
            "--batch",
            48,
            "--micro-batch",
            12,
            "--output",
            self.output,
        )
        self.assertEqual((code, len(lines)), (IO, 1), text)
        self.assertIn("step-00000000.h5", lines[0])
        self.assertEqual(list(self.output.rglob("*.h5")), [])

    def test_quota(self):
        """Space for two checkpoints and a half: the third is one line, and those before stay good."""
        library = self.compiled("quota", QUOTA)
        for flags in ([], ["--checkpoint-async"]):
            shutil.rmtree(self.output, ignore_errors=True)
            result = run(
                "train",
                *self.source,
                "--layers",
                "20,500,50,4",
                "--batch",
                48,
                "--micro-batch",
                12,
                "--epochs",
                5,
                "--keep",
                9,
                *flags,
                "--output",
                self.output,
                environment={
                    "LD_PRELOAD": library,
                    "QUOTA_FOLDER": str(self.output),
                    "QUOTA_BYTES": str(4500 << 10),
                },
            )
            self.assert_refused(result, IO, "step-", "quota")
            self.assertEqual(sorted(checkpoints(self.output)), [0, 4])
            self.assertEqual([path.name for path in self.output.rglob(".*.tmp.*")], [])
            self.success("inspect", checkpoints(self.output)[4])

    def test_file_descriptors(self):
        for count in (64, 48, 40, 36, 32, 28, 24, 20):
            shutil.rmtree(self.output, ignore_errors=True)
            code, lines, text = self.limited(
                "RLIMIT_NOFILE",
                count,
                "train",
                *self.source,
                *SMALL,
                "--output",
                self.output,
                "--memory",
                "0",
                "--validation",
                f"{self.data}:/test/samples",
                "--checkpoint-async",
                "--watchdog",
                "60s",
            )
            # With too few, MPI itself does not start.
            if code != 0 and not lines:
                self.assertFalse((self.output / "model.h5").exists())
                continue
            self.assertIn(code, (0, IO), text)
            self.assertEqual(len(lines), 0 if code == 0 else 1, text)


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
