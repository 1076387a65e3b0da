"""Errors of the program as exceptions."""
from __future__ import annotations

from typing import Any, Dict, Optional, Tuple, Type


class HourglassError(Exception):
    """The program failed. The text is its one line; `exit_code` is one of README.md, or negative
    for the signal that ended it; `log` is all of its standard error."""

    def __init__(self, message: str, exit_code: Optional[int] = None, log: str = "") -> None:
        super().__init__(message)
        self.message, self.exit_code, self.log = message, exit_code, log

    def __reduce__(self) -> Tuple[Any, ...]:
        return type(self), (self.message, self.exit_code, self.log)


class ProgramNotFound(HourglassError):
    """There is no program to start."""


class SettingsError(HourglassError, ValueError):
    """Settings that are unknown, missing or contradictory (exit code 64)."""


class DataError(HourglassError, ValueError):
    """Data that are malformed, not finite, or of the wrong shape (65)."""


class RankError(HourglassError):
    """A rank, its node or its network failed (69): resume the run."""


class FileError(HourglassError):
    """Input or output failed: missing file, no permission, disk full (74)."""


class Stopped(HourglassError):
    """The run was stopped on request and left a checkpoint (75): resume it."""


class Diverged(HourglassError, ArithmeticError):
    """A loss, gradient or parameter is not finite (76)."""


class HourglassWarning(UserWarning):
    """Advice of the program."""


_BY_CODE: Dict[int, Type[HourglassError]] = {
    64: SettingsError,
    65: DataError,
    69: RankError,
    74: FileError,
    75: Stopped,
    76: Diverged,
}


def error_of(exit_code: int, log: str) -> HourglassError:
    """The exception for a program that ended with `exit_code` and wrote `log` to standard error."""
    own = [line[11:] for line in log.splitlines() if line.startswith("hourglass: ")]
    own = [line for line in own if not line.startswith("advice: ")]
    if own:
        message = own[-1]
    elif exit_code < 0:
        message = f"the program was ended by signal {-exit_code}"
    elif exit_code == 75:
        message = "the run was stopped, with a checkpoint"
    else:
        last = log.strip().splitlines()[-1:]
        message = last[0] if last else f"the program ended with exit code {exit_code}"
    return _BY_CODE.get(exit_code, HourglassError)(message, exit_code, log)
