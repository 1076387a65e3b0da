"""Jobs of slurm/ that a test submits, watches and holds."""
import os
import re
import signal
import time
from pathlib import Path

from support import PROGRAM, ROOT, checkpoints, execute

# Small, but with some seconds of steps: each disturbance has to come in the middle of it.
TRAINING = [
    "--layers",
    "20,64,3",
    "--batch",
    64,
    "--micro-batch",
    16,
    "--epochs",
    120,
    "--checkpoint-every",
    "40steps",
    "--keep",
    2,
]


class Job:
    """A submitted training; or, with `words`, another script of slurm/ that trains into
    `output`."""

    def __init__(self, test, name, *options, script="train", words=None, output=None):
        self.name, self.output, self.log = (
            name,
            output or test.folder / name,
            test.folder / f"{name}.log",
        )
        command = [
            "sbatch",
            "--parsable",
            f"--job-name={name}",
            f"--output={self.log}",
            *options,
            f"slurm/{script}.sbatch",
            *(words or [self.output, "--data", test.data, *TRAINING]),
        ]
        result = execute(list(map(str, command)), folder=ROOT, environment=test.environment)
        test.assertEqual(result.code, 0, str(result))
        self.id, self.environment, self.gone_since = result.stdout.strip(), test.environment, None

    def control(self, *words):
        return execute(["scontrol", *words], environment=self.environment)

    def field(self, name):
        found = re.search(rf"\b{name}=(\S+)", self.control("show", "job", self.id).stdout)
        return found.group(1) if found else ""

    def text(self):
        return self.log.read_text() if self.log.exists() else ""

    def ranks(self):
        """The processes of the job's ranks: those that have its run folder among their
        arguments."""
        found = []
        for entry in Path("/proc").iterdir():
            try:
                if (
                    entry.name.isdigit()
                    and (entry / "comm").read_text().strip() == os.path.basename(PROGRAM)[:15]
                ):
                    if str(self.output).encode() in (entry / "cmdline").read_bytes().split(b"\0"):
                        found.append(int(entry.name))
            except OSError:
                continue
        return found

    def signal_ranks(self, number):
        for rank in self.ranks():
            try:
                os.kill(rank, number)
            except ProcessLookupError:
                continue

    def release(self):
        """Lets a requeued job start at once: Slurm holds one back for two minutes. But not before
        what it ran is gone, whose end would be taken for that of the new start."""
        if self.field("JobState") != "PENDING" or self.steps():
            self.gone_since = None
        elif self.gone_since is None:
            self.gone_since = time.monotonic()
        elif (
            time.monotonic() - self.gone_since > 3
        ):  # the report of its end may still be on its way
            self.control("update", f"JobId={self.id}", "StartTime=now")

    def steps(self):
        """Whether this cluster still watches over a step of the job."""
        configuration = f"SLURM_CONF={self.environment['SLURM_CONF']}".encode()
        for entry in Path("/proc").iterdir():
            try:
                if entry.name.isdigit() and (entry / "cmdline").read_bytes().startswith(
                    f"slurmstepd: [{self.id}.".encode()
                ):
                    if configuration in (entry / "environ").read_bytes().split(b"\0"):
                        return True
            except OSError:
                continue
        return False


def freeze(*jobs):
    """Holds the ranks of each job in the middle of its run, so that a disturbance comes there on a
    machine of any speed."""
    waiting = list(jobs)
    deadline = time.monotonic() + 60
    while waiting:
        for job in list(waiting):
            if max(checkpoints(job.output), default=0) > 0:
                job.signal_ranks(signal.SIGSTOP)
                waiting.remove(job)
        if time.monotonic() > deadline:
            raise AssertionError(
                "\n".join(f"{job.name} is {job.field('JobState')}: {job.text()}" for job in waiting)
            )
        time.sleep(0.02)
    for job in jobs:
        if not job.ranks():
            raise AssertionError(f"{job.name} ended before its disturbance: {job.text()}")
