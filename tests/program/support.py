"""Runs the program as a user does, makes small data, reads what the program wrote."""
import atexit
import configparser
import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
import unittest
from pathlib import Path

import h5py
import numpy as np

ROOT = Path(os.environ.get("HOURGLASS_SOURCE", Path(__file__).resolve().parents[2]))
PROGRAM = os.environ.get("HOURGLASS", str(ROOT / "build/release/bin/hourglass"))
MPIRUN = ["mpirun", "--oversubscribe", "--bind-to", "none", "--mca", "mpi_yield_when_idle", "1"]
# Open MPI's folder for a user's jobs is made by one job and removed by another that ends: each test
# has its own.
SESSIONS = tempfile.mkdtemp(prefix="hourglass-mpi-")
atexit.register(shutil.rmtree, SESSIONS, ignore_errors=True)
# As in tests/CMakeLists.txt.
ENVIRONMENT = {
    "OMPI_MCA_orte_tmpdir_base": SESSIONS,
    "OMPI_MCA_pml": "ob1",
    "HWLOC_COMPONENTS": "-gl",
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    **os.environ,
    "OMPI_ALLOW_RUN_AS_ROOT": "1",
    "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
    "OMPI_MCA_rmaps_base_oversubscribe": "1",
    # A process without mpirun starts in half the time when Open MPI starts no daemon for it, which
    # serves only those that spawn processes.
    "OMPI_MCA_ess_singleton_isolated": "1",
}
# As a user's shell has it: for tests of how processes end.
WITH_DAEMON = {"OMPI_MCA_ess_singleton_isolated": "0"}
TIMEOUT = 120

USAGE, DATA, RANK, BUG, IO, STOPPED, DIVERGED = 64, 65, 69, 70, 74, 75, 76


class Result:
    """How a command ended."""

    def __init__(self, code, stdout, stderr):
        self.code, self.stdout, self.stderr = code, stdout, stderr

    @property
    def error_lines(self):
        """The program's own lines on standard error; mpirun's are not ours."""
        return [line for line in self.stderr.splitlines() if line.startswith("hourglass: ")]

    def __str__(self):
        return f"exit code {self.code}\n--- stdout\n{self.stdout}\n--- stderr\n{self.stderr}"


def last_wins(arguments):
    """The program refuses an option given twice; a test may give common settings and then its
    own. Those of a sweep that may be repeated stay, and so do the words after --, which are the
    training's."""
    words = [str(word) for word in arguments]
    if "--" in words:
        split = words.index("--")
        return [*last_wins(words[:split]), "--", *last_wins(words[split + 1 :])]
    groups = []
    for word in words:
        if word.startswith("--") or not groups:
            groups.append([word])
        else:
            groups[-1].append(word)
    last = {group[0]: group for group in groups}

    def kept(group):
        return group[0] in ("--set", "--range") or last[group[0]] is group

    return [word for group in groups if kept(group) for word in group]


def command_line(arguments, ranks=None):
    """`ranks` None starts the program without mpirun."""
    own = [PROGRAM, *last_wins(arguments)]
    return own if ranks is None else [*MPIRUN, "-n", str(ranks), *own]


def execute(command, timeout=TIMEOUT, environment=None, folder=None):
    """Runs any command to its end. One that takes longer than `timeout` is ended with all its
    children and fails the test."""
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        stdin=subprocess.DEVNULL,
        text=True,
        cwd=folder,
        env={**ENVIRONMENT, **(environment or {})},
        start_new_session=True,
    )
    try:
        stdout, stderr = process.communicate(timeout=timeout)
    except subprocess.TimeoutExpired:
        kill_tree(process.pid)
        stdout, stderr = process.communicate()
        raise AssertionError(
            f"no end after {timeout} s: {' '.join(command)}\n{stdout}\n{stderr}"
        ) from None
    return Result(process.returncode, stdout, stderr)


def run(*arguments, ranks=None, timeout=TIMEOUT, environment=None, folder=None):
    return execute(command_line(arguments, ranks), timeout, environment, folder)


def start(*arguments, ranks=None, environment=None, folder=None):
    """Starts the program and returns the process (its output goes nowhere)."""
    return subprocess.Popen(
        command_line(arguments, ranks),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        stdin=subprocess.DEVNULL,
        cwd=folder,
        env={**ENVIRONMENT, **WITH_DAEMON, **(environment or {})},
        start_new_session=True,
    )


def children(pid):
    """The processes below `pid`, by asking each process for its parent."""
    parents = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parents[int(entry.name)] = int(
                    (entry / "stat").read_text().rpartition(")")[2].split()[1]
                )
            except (OSError, IndexError):
                continue
    found, fresh = [], [pid]
    while fresh:
        fresh = [child for child, parent in parents.items() if parent in fresh]
        found += fresh
    return found


def rank_processes(pid):
    """The processes of the program below mpirun (or the process itself)."""
    name = os.path.basename(PROGRAM)[:15]
    ours = []
    for candidate in [pid, *children(pid)]:
        try:
            if Path(f"/proc/{candidate}/comm").read_text().strip() == name:
                ours.append(candidate)
        except OSError:
            continue
    return sorted(ours)


def kill_tree(pid, number=signal.SIGKILL):
    for victim in [pid, *children(pid)]:
        try:
            os.kill(victim, number)
        except ProcessLookupError:
            continue


def wait_until(condition, timeout=60, what="it"):
    deadline = time.monotonic() + timeout
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"{what} did not happen within {timeout} s")
        time.sleep(0.01)


def read_metrics(folder, kind=None):
    """The records of metrics.jsonl; a last line still being written is left out."""
    path = Path(folder) / "metrics.jsonl"
    if not path.exists():
        return []
    lines = path.read_text().split("\n")[:-1]
    return [record for record in map(json.loads, lines) if kind in (None, record["kind"])]


def checkpoints(folder):
    """Step number -> checkpoint file, in order."""
    return {
        int(path.stem.split("-")[1]): path
        for path in sorted((Path(folder) / "checkpoints").glob("step-*.h5"))
    }


def read_config(text):
    """name -> value of a configuration file, whatever the section."""
    parser = configparser.ConfigParser(
        delimiters=("=",), interpolation=None, comment_prefixes=("#", ";")
    )
    parser.read_string(text)
    return {name: value for section in parser.sections() for name, value in parser.items(section)}


def make_samples(samples=150, features=20, seed=0):
    """Samples on a curved two-dimensional surface, uint8, so that a small autoencoder has something
    to learn."""
    random = np.random.default_rng(seed)
    hidden = random.uniform(-1, 1, (samples, 2))
    mixed = np.tanh(hidden @ random.normal(0, 1.2, (2, features))) + 0.5 * np.sin(
        3 * hidden @ random.normal(0, 1, (2, features))
    )
    return np.clip(127 + 80 * mixed, 0, 255).astype(np.uint8)


def write_file(path, **datasets):
    """An HDF5 file; `train__samples` becomes /train/samples."""
    with h5py.File(path, "w") as file:
        for name, values in datasets.items():
            file["/" + name.replace("__", "/")] = values
    return str(path)


def read_datasets(path):
    """All data sets of a file, by absolute path."""
    found = {}
    with h5py.File(path, "r") as file:
        file.visititems(
            lambda name, item: found.update({"/" + name: item[()]})
            if isinstance(item, h5py.Dataset)
            else None
        )
    return found


class ProgramTest(unittest.TestCase):
    """A test with a folder of its own, removed at the end."""

    @classmethod
    def setUpClass(cls):
        if not os.access(PROGRAM, os.X_OK):
            raise AssertionError(f"no program at {PROGRAM}; build it or set HOURGLASS")

    def setUp(self):
        self.folder = Path(tempfile.mkdtemp(prefix="hourglass-test-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)

    def make_data(self, samples=150, features=20, seed=0, name="data.h5"):
        values = make_samples(samples, features, seed)
        held_out = make_samples(47, features, seed + 1000)
        return write_file(
            self.folder / name,
            train__samples=values,
            train__labels=np.arange(samples, dtype=np.uint8) % 10,
            test__samples=held_out,
            test__labels=np.arange(47, dtype=np.uint8) % 10,
        )

    def success(self, *arguments, **how):
        result = run(*arguments, **how)
        self.assertEqual(result.code, 0, f"{' '.join(map(str, arguments))}: {result}")
        return result

    def digest(self, file):
        """The weights digest of a model or checkpoint."""
        digest = json.loads(self.success("inspect", "--json", file).stdout)["weights_digest"]
        self.assertRegex(digest, r"^[0-9a-f]{32}$")
        return digest

    def train(self, output, *arguments, **how):
        """Trains into <folder>/<output> and returns the digest of the model."""
        return self.trained_digest("--output", self.folder / output, *arguments, **how)

    def trained_digest(self, *arguments, **how):
        """The digest of the model that a training leaves: it reads the file again at its end and
        prints what `inspect` would, which saves a start of the program."""
        printed = self.success("train", *arguments, **how).stdout
        found = re.search(r"^weights digest ([0-9a-f]{32})$", printed, re.MULTILINE)
        self.assertTrue(found, printed)
        return found[1]

    def stopped_and_resumed(self, name, *arguments):
        """Digests of a training on 2 ranks, and of the same cut back to what it was in the middle
        of epoch 2 and resumed on 3."""
        output = self.folder / f"{name}-cut"
        whole = self.train(
            output.name, *arguments, "--checkpoint-every", "2steps", "--keep", 1000, ranks=2
        )
        for step, path in checkpoints(output).items():
            if step > 6:
                path.unlink()
        self.assertEqual(max(checkpoints(output)), 6)
        (output / "model.h5").unlink()
        return {"two": whole, "resumed": self.trained_digest("--resume", output, ranks=3)}

    def assert_refused(self, result, code, *words):
        """One line from the program, the right exit code, every word in the line, and no sign of a
        crash."""
        self.assertEqual(result.code, code, str(result))
        self.assertEqual(len(result.error_lines), 1, str(result))
        for word in words:
            self.assertIn(str(word).lower(), result.error_lines[0].lower(), str(result))
        for sign in (
            "terminate called",
            "Segmentation fault",
            "what():",
            "Assertion",
            "HDF5-DIAG",
            "MPI_ERR",
        ):
            self.assertNotIn(sign, result.stderr, str(result))
