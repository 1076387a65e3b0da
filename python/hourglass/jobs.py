"""A training that runs: a process of this machine, or a job of Slurm."""
from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any, List, Mapping, Optional, Sequence, Union

from .errors import FileError, HourglassError, ProgramNotFound
from .launch import Launcher, environment, ranks_command

Sbatch = Union[None, str, Sequence[str], Mapping[str, Any]]


class LocalJob:
    """A process, with mpirun and its ranks below it."""

    interval = 0.1  # seconds, at most, between two looks

    def __init__(
        self, words: Sequence[str], ranks: int, launcher: Launcher, stop_signal: str = "USR1"
    ) -> None:
        command = ranks_command(words, ranks, launcher)
        launched = command[0] != words[0]
        # mpirun ends its ranks at SIGINT; it passes USR1 on to them.
        named = stop_signal.split(",")[0].strip().upper()
        name = named if named.startswith("SIG") else f"SIG{named}"
        self._signal = getattr(signal, name, signal.SIGTERM) if launched else signal.SIGINT
        if shutil.which(command[0]) is None:
            raise ProgramNotFound(f"no {command[0]} on the PATH to start {ranks} ranks with")
        self._output = tempfile.TemporaryFile()
        self._errors = tempfile.TemporaryFile()
        # In a session of its own: Ctrl-C reaches this process alone, which passes it on.
        self._process = subprocess.Popen(
            command,
            env=environment(launched),
            stdin=subprocess.DEVNULL,
            stdout=self._output,
            stderr=self._errors,
            start_new_session=True,
        )
        self.pid = self._process.pid
        self.stops = 0

    def poll(self) -> Optional[int]:
        return self._process.poll()

    def wait(self, timeout: Optional[float] = None) -> Optional[int]:
        try:
            return self._process.wait(timeout)
        except subprocess.TimeoutExpired:
            return None

    def stop(self) -> None:
        """Asks for a checkpoint and an end; the second time for an end at once."""
        self.stops += 1
        if self._process.poll() is None:
            at_once = self.stops > 1 and self._signal != signal.SIGINT
            self._process.send_signal(signal.SIGTERM if at_once else self._signal)

    def kill(self) -> None:
        if self._process.poll() is None:
            try:
                os.killpg(self.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
            self._process.wait()

    @staticmethod
    def _text(file: Any) -> str:
        place = file.fileno()
        return os.pread(place, os.fstat(place).st_size, 0).decode(errors="replace")

    def output(self) -> str:
        return self._text(self._output)

    def errors(self) -> str:
        return self._text(self._errors)

    def close(self) -> None:
        self._output.close()
        self._errors.close()


# States of a job that has come to an end, as exit codes; None is that of the script.
_ENDS = {
    "COMPLETED": 0,
    "FAILED": None,
    "CANCELLED": 75,
    "TIMEOUT": 69,
    "NODE_FAIL": 69,
    "BOOT_FAIL": 69,
    "OUT_OF_MEMORY": 74,
    "DEADLINE": 75,
}


def slurm_folder(program: str) -> Path:
    """The folder of train.sbatch: HOURGLASS_SLURM_DIR, or that of the installation or the source
    tree of the program."""
    path = Path(program).resolve()
    places = [path.parents[1] / "share/hourglass/slurm"]
    if len(path.parents) > 3:
        places.append(path.parents[3] / "slurm")
    if given := os.environ.get("HOURGLASS_SLURM_DIR"):
        places = [Path(given)]
    for place in places:
        if (place / "train.sbatch").is_file():
            return place
    raise FileError(
        f"no train.sbatch in {' or '.join(map(str, places))}: set HOURGLASS_SLURM_DIR",
        74,
    )


def sbatch_options(options: Sbatch) -> List[str]:
    """{"nodes": 4, "exclusive": True} as --nodes=4 --exclusive."""
    if options is None:
        return []
    if isinstance(options, str):
        return options.split()
    if isinstance(options, Mapping):
        words = []
        for keyword, value in options.items():
            name = f"--{keyword.replace('_', '-')}"
            if value is True:
                words.append(name)
            elif value is not None and value is not False:
                words.append(f"{name}={value}")
        return words
    return [str(word) for word in options]


class SlurmJob:
    """A job of slurm/train.sbatch, which checkpoints, requeues itself and resumes."""

    interval = 2.0

    def __init__(
        self, program: str, folder: Path, words: Sequence[str], options: Sequence[str]
    ) -> None:
        slurm = slurm_folder(program)
        self.log = folder.with_name(folder.name + ".log")
        command = ["sbatch", "--parsable", f"--output={self.log}", *options]
        command += [str(slurm / "train.sbatch"), str(folder), *words]
        self.stops = 0
        self._code: Optional[int] = None
        self.id = self._ask(command, HOURGLASS=program, HOURGLASS_SLURM_DIR=str(slurm)).split(";")[
            0
        ]

    @staticmethod
    def _ask(command: Sequence[str], **variables: str) -> str:
        try:
            done = subprocess.run(
                command,
                env={**environment(launched=True), **variables},
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                check=False,
            )
        except FileNotFoundError:
            raise ProgramNotFound(
                f"no {command[0]} on the PATH: is Slurm installed here?"
            ) from None
        if done.returncode != 0:
            lines = done.stderr.strip().splitlines() or [f"{command[0]} failed"]
            raise HourglassError(lines[-1], done.returncode, done.stderr)
        return done.stdout.strip()

    def poll(self) -> Optional[int]:
        if self._code is None:
            try:
                text = self._ask(["scontrol", "show", "job", self.id])
            except HourglassError as error:
                if "Invalid job id" not in error.log:
                    return None  # the controller does not answer: ask again
                text = "JobState=FAILED ExitCode=69:0"  # forgotten, minutes after its end
            found = re.search(r"\bJobState=(\w+)", text)
            state = found[1] if found else ""
            if state in _ENDS:
                code = _ENDS[state]
                if code is None:
                    script = re.search(r"\bExitCode=(\d+)", text)
                    code = int(script[1]) if script else 69
                self._code = code
        return self._code

    def wait(self, timeout: Optional[float] = None) -> Optional[int]:
        deadline = None if timeout is None else time.monotonic() + timeout
        while self.poll() is None and (deadline is None or time.monotonic() < deadline):
            time.sleep(self.interval)
        return self._code

    def stop(self) -> None:
        """Ends the job: its ranks get TERM and leave a checkpoint."""
        self.stops += 1
        self._ask(["scancel", self.id])

    def kill(self) -> None:
        self._ask(["scancel", "--signal=KILL", "--full", self.id])

    def output(self) -> str:
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    errors = output

    def close(self) -> None:
        pass


Job = Union[LocalJob, SlurmJob]
