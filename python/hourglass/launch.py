"""How the program is found, and started with settings that are given as keywords."""
from __future__ import annotations

import difflib
import os
import shlex
import shutil
import subprocess
from pathlib import Path
from typing import Any, Dict, Iterable, List, Mapping, Sequence, Tuple, Union

import numpy as np

from .errors import ProgramNotFound, error_of
from .settings import SETTINGS

Launcher = Union[None, str, Sequence[str]]
Program = Union[None, str, "os.PathLike[str]"]

# mpirun's description of a rank to that rank. A program that is started by a rank (of mpi4py, of
# srun) is a job of its own and must not take itself for one.
_OF_A_RANK = (
    "OMPI_COMM_WORLD_",
    "OMPI_UNIVERSE_",
    "PMIX_",
    "PMI_",
    "OMPI_MCA_ess",
    "OMPI_MCA_orte_",
)


def find_program(program: Program = None) -> str:
    """The path of the program: `program`, the environment variable HOURGLASS, `hourglass` on the
    PATH, or that of the installation or the source tree that this package is in."""
    if program is None:
        program = os.environ.get("HOURGLASS") or shutil.which("hourglass")
    if program is not None:
        found = shutil.which(os.fspath(program))
        if found is None:
            raise ProgramNotFound(f"{os.fspath(program)} is not a program that can be started")
        return found
    package = Path(__file__).resolve().parent
    # PREFIX/lib/python3/dist-packages/hourglass, and python/hourglass of the source tree.
    for place in (package.parents[3] / "bin", package.parents[1] / "build/release/bin"):
        if os.access(place / "hourglass", os.X_OK):
            return str(place / "hourglass")
    raise ProgramNotFound(
        "the program hourglass was not found: put it on the PATH, or name it by the environment "
        "variable HOURGLASS or the parameter program"
    )


def ranks_command(words: Sequence[str], ranks: int, launcher: Launcher) -> List[str]:
    """The program's `words` on `ranks` ranks. `launcher` is "mpirun", "srun", or a command of the
    user's in which {ranks} stands for their number."""
    if isinstance(ranks, bool) or not isinstance(ranks, (int, np.integer)) or ranks < 1:
        raise ValueError(f"ranks is {ranks!r}: choose a whole number of at least 1")
    if launcher is None:
        if ranks == 1:
            return [*words, "--launcher", "none"]
        launcher = "mpirun"
    if launcher in ("mpirun", "mpiexec"):
        launcher = [str(launcher), "-n", "{ranks}"]
    elif launcher == "srun":
        launcher = ["srun", "-K", "--mpi=pmix", "-n", "{ranks}"]
    elif isinstance(launcher, str):
        launcher = shlex.split(launcher)
    return [*(str(word).replace("{ranks}", str(ranks)) for word in launcher), *words]


def environment(launched: bool) -> Dict[str, str]:
    """The environment of the program; `launched` by mpirun or srun. A single rank starts in half
    the time without Open MPI's daemon and without a search for networks and displays."""
    values = dict(os.environ)
    if "OMPI_COMM_WORLD_SIZE" in values or "PMIX_RANK" in values:
        values = {name: v for name, v in values.items() if not name.startswith(_OF_A_RANK)}
    values.setdefault("HWLOC_COMPONENTS", "-gl")
    if not launched:
        values.setdefault("OMPI_MCA_ess_singleton_isolated", "1")
        values.setdefault("OMPI_MCA_pml", "ob1")
        values.setdefault("OMPI_MCA_btl", "self")
    return values


def text_of(value: Any) -> str:
    """A value of a setting as on the command line."""
    if isinstance(value, (bool, np.bool_)):
        return "true" if value else "false"
    if isinstance(value, Mapping):
        return ",".join(f"{name}={text_of(item)}" for name, item in value.items())
    if isinstance(value, (list, tuple)) or (isinstance(value, np.ndarray) and value.ndim == 1):
        return ",".join(text_of(item) for item in value)
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    if isinstance(value, (float, np.floating)):
        # The 5.0 epochs of a grid of numbers are 5.
        number = float(value)
        return str(int(number)) if number.is_integer() and abs(number) < 1e15 else repr(number)
    return str(value)


def setting_words(settings: Mapping[str, Any]) -> List[str]:
    """The words of the command line for keywords; None is the program's default. TypeError for
    names that are not settings."""
    words = []
    for keyword, value in settings.items():
        name = keyword.replace("_", "-")
        if name not in SETTINGS and name != "config":
            known = [setting.replace("-", "_") for setting in SETTINGS]
            near = difflib.get_close_matches(keyword, known, 1)
            raise TypeError(
                f"unknown setting {keyword!r}" + (f"; did you mean {near[0]!r}?" if near else "")
            )
        if value is not None:
            words.append(f"--{name}={text_of(value)}")
    return words


def run_program(
    words: Iterable[str],
    program: Program = None,
    ranks: int = 1,
    launcher: Launcher = None,
) -> Tuple[str, str]:
    """Standard output and error of a command that ended well; else its error is raised. An
    interrupt is passed on."""
    command = ranks_command([find_program(program), *words], ranks, launcher)
    done = subprocess.run(
        command,
        env=environment(launched=command[0] != find_program(program)),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise error_of(done.returncode, done.stderr)
    return done.stdout, done.stderr
