#!/usr/bin/env python3
"""Writes python/hourglass/settings.py, the settings of a training as keywords, from the program:
    scripts/python_settings.py build/release/bin/hourglass > python/hourglass/settings.py
"""
import re
import subprocess
import sys
import textwrap

# What an estimator gets by fit() or by parameters of its own.
ELSEWHERE = {"data", "validation", "output", "sample-weights", "condition", "validation-condition"}

HEAD = '''"""The settings of a training as keywords. scripts/python_settings.py writes this file."""
from __future__ import annotations

import os
from typing import Any, Dict, Mapping, Optional, Sequence, Tuple, Union

Flag = Optional[bool]
Number = Union[None, float, str, Sequence[float]]
Text = Union[None, str, "os.PathLike[str]", Sequence[Any]]

# name as on the command line -> (section, default, whether it affects the weights)
SETTINGS: Dict[str, Tuple[str, str, bool]] = {
'''

CLASS = '''

class TrainingParameters:
    """Every setting of the program as a parameter; None is the program's default, in brackets.

    Parameters
    ----------
    layers
        Encoder layers from the input to the code: [784, 256, 30], or an image shape and
        convolutions: ["28x28", "conv:16x3s2", 30]. A first item None stands for the number of
        features of the data. None: [features, features / 2, features / 4].
    ranks, launcher, sbatch, program
        How the program is started, as for hourglass.start().
    config
        Settings file; parameters that are given take precedence over it.
    run_folder
        Where checkpoints, metrics and model.h5 stay; None: in a temporary folder that is removed.
    verbose
        Whether fit() shows its progress: a bar where tqdm is installed.
'''

PARAMETERS = """        layers: Union[None, str, Sequence[Any]] = None,
        *,
        ranks: int = 1,
        launcher: Union[None, str, Sequence[str]] = None,
        sbatch: Union[None, str, Sequence[str], Mapping[str, Any]] = None,
        program: Union[None, str, "os.PathLike[str]"] = None,
        config: Union[None, str, "os.PathLike[str]"] = None,
        run_folder: Union[None, str, "os.PathLike[str]"] = None,
        verbose: bool = False,
"""


def settings(program):
    """(section, name, default, meaning, whether it is fixed) of every setting."""
    command = [program, "man", "--markdown"]
    text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    text = text[text.index("\n## Settings") : text.index("\n## Commands")]
    section, found = "", []
    for line in text.splitlines():
        if line.startswith("### "):
            section = line[4:]
        row = re.fullmatch(r"\| `([^`]+)` \| (?:`([^`]*)`)? ?\| (.*) \| (fixed|free) \|", line)
        if row:
            found.append(
                (section, row[1], row[2] or "", row[3].replace("\\|", "|"), row[4] == "fixed")
            )
    return found


def kind_of(default):
    if default in ("true", "false"):
        return "Flag"
    return "Number" if re.fullmatch(r"-?\d+(\.\d*)?(e-?\d+)?", default) else "Text"


def module(program):
    rows = settings(program)
    text = HEAD
    for section, name, default, _, fixed in rows:
        text += f'    "{name}": ("{section}", "{default}", {fixed}),\n'
    text += "}\n" + CLASS
    keywords = [row for row in rows if row[1] not in ELSEWHERE and row[1] != "layers"]
    for _, name, default, meaning, _ in keywords:
        text += f"    {name.replace('-', '_')}\n"
        described = f"{meaning} [{default}]" if default else meaning
        text += (
            textwrap.indent(textwrap.fill(described, 92, break_on_hyphens=False), " " * 8) + "\n"
        )
    text += '    """\n\n    def __init__(\n        self,\n' + PARAMETERS
    for _, name, default, _, _ in keywords:
        text += f"        {name.replace('-', '_')}: {kind_of(default)} = None,\n"
    text += "    ) -> None:\n        given = dict(locals())\n"
    text += "        for name, value in given.items():\n"
    text += '            if name not in ("self", "__class__"):\n'
    text += "                setattr(self, name, value)\n"
    return text


if __name__ == "__main__":
    if len(sys.argv) != 2 or sys.argv[1].startswith("-"):
        sys.exit("usage: scripts/python_settings.py PROGRAM > python/hourglass/settings.py")
    sys.stdout.write(module(sys.argv[1]))
