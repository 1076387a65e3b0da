"""Trainings: started, watched, stopped, resumed."""
from __future__ import annotations

import fcntl
import json
import time
import warnings
import weakref
from pathlib import Path
from typing import Any, Dict, Iterator, List, Optional, Sequence, Union

from .errors import FileError, HourglassWarning, error_of
from .files import PathLike, parse_configuration, read_metrics
from .jobs import Job, LocalJob, Sbatch, SlurmJob, sbatch_options
from .launch import Launcher, Program, find_program, setting_words, text_of
from .model import Model, load
from .progress import bar, show
from .stored import Files, condition_addresses

_STOPPED = 75


def _end(job: Job, folder: Path, files: Optional[Files]) -> None:
    """Ends a training whose data or folder are temporary when its Run is gone, and them with it;
    others go on."""
    if files is not None and files.is_temporary:
        if job.poll() is None:
            if files.folder not in folder.parents:
                job.stop()
                job.wait(30)
            job.kill()
        files.close()
    job.close()


class Run:
    """A run folder, of a training of this process or of any other.

    `folder` holds config.cfg, metrics.jsonl, checkpoints/ and, at the end, model.h5.
    """

    def __init__(self, folder: PathLike) -> None:
        self.folder = Path(folder)
        if not any((self.folder / name).exists() for name in ("config.cfg", "checkpoints")):
            raise FileError(f"{self.folder} is not a run folder: it has no config.cfg", 74)
        self._job: Optional[Job] = None
        self._files: Optional[Files] = None

    @classmethod
    def _started(cls, folder: Path, job: Job, files: Optional[Files]) -> Run:
        run = cls.__new__(cls)
        run.folder, run._files = folder, files
        run._take(job)
        return run

    def _take(self, job: Job) -> None:
        self._job = job
        self._told = False
        weakref.finalize(self, _end, job, self.folder, self._files)

    def __repr__(self) -> str:
        return f"<hourglass.Run {str(self.folder)!r}: {self.state}>"

    def __enter__(self) -> Run:
        return self

    def __exit__(self, *_: object) -> None:
        """A run that goes on is stopped, with a checkpoint."""
        if self._job is not None and self._job.poll() is None:
            self._stop_and_wait()

    # What the folder holds

    @property
    def settings(self) -> Dict[str, str]:
        """Every setting in effect, by name; {} before the run has begun."""
        path = self.folder / "config.cfg"
        return parse_configuration(path.read_text()) if path.exists() else {}

    def metrics(self, kind: Optional[str] = None) -> List[Dict[str, Any]]:
        """The records so far, all or of one kind ("step", "epoch")."""
        if not (self.folder / "metrics.jsonl").exists():
            return []
        return read_metrics(self.folder, kind)

    @property
    def checkpoints(self) -> List[Path]:
        """The checkpoints, oldest first."""
        return sorted((self.folder / "checkpoints").glob("step-*.h5"))

    @property
    def model_path(self) -> Path:
        """model.h5; before the end that of the best epoch (keep_best) or the newest checkpoint."""
        for path in (self.folder / "model.h5", self.folder / "best.h5", *self.checkpoints[::-1]):
            if path.exists():
                return path
        raise FileError(f"{self.folder} has neither a model nor a checkpoint yet", 74)

    def model(self) -> Model:
        """The trained model, or the newest that there is."""
        return load(self.model_path)

    # The training

    @property
    def exit_code(self) -> Optional[int]:
        """That of the training that this process started; None while it runs."""
        return None if self._job is None else self._job.poll()

    @property
    def is_running(self) -> bool:
        if self._job is not None:
            return self._job.poll() is None
        # As the program does: the lock is held as long as the process lives.
        try:
            with open(self.folder / ".lock") as file:
                try:
                    fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
                except BlockingIOError:
                    return True
        except OSError:
            pass
        return False

    @property
    def state(self) -> str:
        """ "running", "finished", "stopped" (resume() continues it) or "failed"."""
        if self.is_running:
            return "running"
        if self._job is not None and self.exit_code not in (0, _STOPPED) and not self._job.stops:
            return "failed"
        return "finished" if (self.folder / "model.h5").exists() else "stopped"

    @property
    def output(self) -> str:
        """The program's standard output so far."""
        return "" if self._job is None else self._job.output()

    @property
    def log(self) -> str:
        """The program's standard error so far."""
        return "" if self._job is None else self._job.errors()

    def stop(self) -> None:
        """Asks the training for a checkpoint and its end; wait() waits for that. A second call ends
        it at once."""
        if self._job is None:
            raise RuntimeError(f"{self.folder} is not a run of this process")
        self._job.stop()

    def _stop_and_wait(self) -> None:
        assert self._job is not None
        self._job.stop()
        try:
            self._job.wait()
        except KeyboardInterrupt:
            self._job.stop()
            self._job.wait()
            raise

    def wait(self, timeout: Optional[float] = None) -> Run:
        """Waits for the end; TimeoutError after `timeout` seconds. Raises the program's error; a
        training that was stopped is none. Ctrl-C stops the training with a checkpoint."""
        if self._job is None:
            deadline = None if timeout is None else time.monotonic() + timeout
            while self.is_running:
                if deadline is not None and time.monotonic() > deadline:
                    raise TimeoutError(f"{self.folder} is running after {timeout} s")
                time.sleep(0.1)
            return self
        try:
            code = self._job.wait(timeout)
        except KeyboardInterrupt:
            self._stop_and_wait()
            raise
        if code is None:
            raise TimeoutError(f"{self.folder} is running after {timeout} s")
        self._tell()
        if code not in (0, _STOPPED) and not (self._job.stops and code < 0):
            raise error_of(code, self._job.errors())
        return self

    def _tell(self) -> None:
        """Warns of the program's advice, once."""
        if self._told or self._job is None:
            return
        self._told = True
        for line in self._job.output().splitlines():
            if line.startswith("advice: "):
                warnings.warn(line[8:], HourglassWarning, stacklevel=4)

    def watch(
        self, kind: Optional[str] = "epoch", progress: bool = False
    ) -> Iterator[Dict[str, Any]]:
        """The records of metrics.jsonl, past ones and then new ones as they arrive, until the
        training ends; its error is raised then. `progress` shows a bar. Ctrl-C stops the
        training with a checkpoint."""
        shown = None
        try:
            for record in self._follow():
                if progress and record["kind"] == "epoch":
                    if shown is None:
                        total = self.settings.get("epochs")
                        shown = bar(int(total) if total else None, self.folder.name)
                    show(shown, record)
                if kind is None or record["kind"] == kind:
                    yield record
        except KeyboardInterrupt:
            if self._job is not None and self._job.poll() is None:
                self._stop_and_wait()
            raise
        finally:
            if shown is not None:
                shown.close()
        if self._job is not None:
            self.wait()

    def _follow(self) -> Iterator[Dict[str, Any]]:
        path = self.folder / "metrics.jsonl"
        place, pause, newest, known = 0, 0.002, 0, 0
        longest = 0.1 if self._job is None else self._job.interval
        while True:
            ended = not self.is_running
            if path.exists():
                with open(path, "rb") as file:
                    if file.seek(0, 2) < place:
                        place, known = 0, newest  # a resume has cut it back to a checkpoint
                    file.seek(place)
                    text = file.read()
                whole = text[: text.rfind(b"\n") + 1]
                place += len(whole)
                for line in whole.splitlines():
                    record = json.loads(line)
                    newest = max(newest, record["step"])
                    if not known or record["step"] > known:
                        pause = 0.002
                        yield record
            if ended:
                return
            time.sleep(pause)
            pause = min(1.5 * pause, longest)

    def resume(
        self,
        *,
        data: Any = None,
        extend: bool = False,
        ranks: int = 1,
        launcher: Launcher = None,
        program: Program = None,
        **settings: Any,
    ) -> Run:
        """Continues a stopped training from its newest checkpoint, on any number of ranks, to the
        same weights. Settings that do not affect the weights, and `epochs`, may be changed; `data`
        tells where the samples are now, and with `extend` may hold more of them."""
        if self.is_running:
            raise RuntimeError(f"{self.folder} is running")
        words = [find_program(program), "train", "--resume", str(self.folder)]
        if data is not None:
            if self._files is None:
                self._files = Files()
            words += ["--data", self._files.address("samples", data)]
        words += ["--extend"] if extend else []
        if settings.get("progress") is None:
            settings["progress"] = "plain"
        words += setting_words(settings)
        stop_signal = text_of(
            settings.get("stop_signal") or self.settings.get("stop-signal", "USR1")
        )
        self._take(LocalJob(words, ranks, launcher, stop_signal))
        return self


def _has_checkpoint(folder: Path) -> bool:
    return any((folder / "checkpoints").glob("step-*.h5"))


def _forget_empty_run(folder: Path) -> None:
    """A start that ended before its first checkpoint leaves a folder that can neither be resumed
    nor begun again, and holds nothing yet."""
    metrics = folder / "metrics.jsonl"
    if (folder / "model.h5").exists() or (metrics.exists() and metrics.stat().st_size):
        return
    for name in ("config.cfg", "metrics.jsonl", "metrics.csv"):
        (folder / name).unlink(missing_ok=True)
    if (folder / "checkpoints").is_dir() and not any((folder / "checkpoints").iterdir()):
        (folder / "checkpoints").rmdir()


def start(
    data: Any,
    layers: Union[None, str, Sequence[Any]] = None,
    *,
    output: Union[None, PathLike] = None,
    validation: Any = None,
    sample_weights: Any = None,
    conditions: Any = None,
    validation_conditions: Any = None,
    feature_names: Optional[Sequence[str]] = None,
    resume: bool = False,
    extend: bool = False,
    ranks: int = 1,
    launcher: Launcher = None,
    sbatch: Sbatch = None,
    program: Program = None,
    _files: Optional[Files] = None,
    **settings: Any,
) -> Run:
    """Starts a training and returns at once.

    data, validation
        FILE.h5:/path (or several, as for --data), which stay where they are, or an array, a data
        frame or a sparse matrix of SciPy, which is written to a temporary file.
    layers
        As for --layers, or a list: [784, 256, 30].
    output
        The run folder; None: a temporary one, which is removed with the Run.
    sample_weights
        A weight of each sample, an address or an array.
    conditions, validation_conditions
        {name: category of each sample}, or addresses as for --condition.
    resume
        Whether a run that `output` holds is continued, which may have been stopped or killed.
    extend
        Whether the data of a continued run may hold more samples than before, appended.
    ranks, launcher
        The number of ranks, and how they are started: None (mpirun if there are several), "mpirun",
        "srun", or a command in which {ranks} stands for their number.
    sbatch
        Options of sbatch, {"nodes": 4, "time": "04:00:00"}: the training is a job of Slurm
        (slurm/train.sbatch); `output` and the data must be on a file system that all nodes share.
    program
        The path of the program (find_program()).
    settings
        Any setting of the program, with underscores: learning_rate=1e-3.
    """
    path = find_program(program)
    if sbatch is not None and output is None:
        raise ValueError("sbatch needs output, a run folder that all nodes share")
    files = _files
    if files is None:
        files = Files(None if sbatch is None else f"{output}-data")
    folder = files.folder / "run" if output is None else Path(output)
    if settings.get("progress") is None:
        settings["progress"] = "plain"
    if output is None and settings.get("checkpoint_every") is None:
        settings["checkpoint_every"] = "0"  # only when it is stopped
    words = ["--data", files.address("samples", data, feature_names)]
    if validation is not None:
        words += ["--validation", files.address("validation", validation, feature_names)]
    if sample_weights is not None:
        words += ["--sample-weights", files.address("weights", sample_weights)]
    for name, prefix, given in (
        ("--condition", "condition", conditions),
        ("--validation-condition", "validation-condition", validation_conditions),
    ):
        address = condition_addresses(files, prefix, given)
        words += [] if address is None else [name, address]
    if sbatch is not None:
        options = sbatch_options(sbatch)
        if ranks != 1:
            options.append(f"--ntasks={ranks}")
        if (threads := settings.pop("threads", None)) is not None:
            options.append(f"--cpus-per-task={threads}")
        words += setting_words({"layers": layers, **settings})
        return Run._started(folder, SlurmJob(path, folder, words, options), files)
    words += setting_words({"layers": layers, **settings})
    if resume and not _has_checkpoint(folder):
        _forget_empty_run(folder)
        resume = False
    command = [path, "train", "--resume" if resume else "--output", str(folder), *words]
    if resume and extend:
        command.append("--extend")
    stop_signal = text_of(settings.get("stop_signal") or "USR1")
    return Run._started(folder, LocalJob(command, ranks, launcher, stop_signal), files)
