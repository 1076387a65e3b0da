"""What the tests of other tools' files share: the values that the program reads, its refusals, and
the commands that its advice gives."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "program"))

from support import DATA, ROOT, ProgramTest, execute, run  # noqa: E402

READER = str(Path(os.environ.get("HOURGLASS_BUILD", ROOT / "build/release")) / "tests/read_samples")


class DialectTest(ProgramTest):
    def path(self, name):
        return str(self.folder / name)

    def values(self, address):
        """The samples as the reader of every command delivers them."""
        output = self.path("values.bin")
        result = execute([READER, str(address), output])
        self.assertEqual(result.code, 0, str(result))
        kind, *shape = result.stdout.split()
        return np.fromfile(output, kind).reshape([int(extent) for extent in shape])

    def reads(self, address, expected, rtol=0.0):
        """That the values are those of the tool's own decoding; masked ones are NaN."""
        found = self.values(address)
        if np.ma.isMaskedArray(expected):
            expected = expected.astype(found.dtype).filled(np.nan)
        self.assertEqual(found.shape, np.shape(expected))
        np.testing.assert_allclose(found, expected, rtol=rtol, equal_nan=True)
        return found

    def refusal(self, address, *texts, command=("pca", "--components", "1"), code=DATA):
        """The one line with which an address is refused; it holds all of `texts`."""
        output = self.path("refused.h5")
        result = run(*command, "--data", address, "--output", output, folder=self.folder)
        self.assertEqual(result.code, code, str(result))
        self.assertEqual(len(result.error_lines), 1, str(result))
        for text in texts:
            self.assertIn(text, result.error_lines[0])
        return result.error_lines[0]

    def follow(self, message):
        """Runs the command of Python that a refusal gives, as a shell does, and returns the
        address that it says to name."""
        command = re.search(r'python3 -c "[^"]*"', message).group()
        command = command.replace("python3", "/usr/bin/python3 -W ignore", 1)
        done = subprocess.run(
            command, shell=True, cwd=self.folder, capture_output=True, text=True, env=os.environ
        )
        self.assertEqual(done.returncode, 0, done.stderr)
        named = re.search(r" and name (\S+)$", message)
        return str(self.folder / named.group(1)) if named else None

    def inspect(self, path):
        result = run("inspect", path)
        self.assertEqual(result.code, 0, str(result))
        return result.stdout

    def columns(self, path, dataset):
        """The names of the columns that inspect shows of a data set."""
        result = run("inspect", path, "--json")
        self.assertEqual(result.code, 0, str(result))
        (entry,) = [e for e in json.loads(result.stdout)["datasets"] if e["path"] == dataset]
        return entry.get("columns")
