"""Every header compiles alone, twice in a row, without a warning."""
import concurrent.futures
import json
import os
import re
import subprocess
import unittest
from pathlib import Path

ROOT = Path(os.environ.get("HOURGLASS_SOURCE", Path(__file__).resolve().parents[2]))
BUILD = Path(os.environ.get("HOURGLASS_BUILD", ROOT / "build/release"))


def library_folders():
    """Where the build found MPI's, HDF5's and the other libraries' headers."""
    commands = json.loads((BUILD / "compile_commands.json").read_text())
    command = next(c["command"] for c in commands if c["file"].endswith("src/hdf5/hdf5_handle.cpp"))
    return [
        word for folder in re.findall(r"-isystem (\S+)", command) for word in ("-isystem", folder)
    ]


COMPILE = [
    os.environ.get("CXX", "c++"),
    "-std=gnu++20",
    "-fsyntax-only",
    "-Wall",
    "-Wextra",
    "-Wpedantic",
    "-Wshadow",
    "-Wno-missing-field-initializers",
    "-Werror",
    "-I",
    str(ROOT / "include"),
    "-I",
    str(ROOT / "src"),
    *library_folders(),
    "-x",
    "c++",
    "-",
]


def complaint(text):
    return subprocess.run(COMPILE, input=text, capture_output=True, text=True, timeout=120).stderr


class HeaderTest(unittest.TestCase):
    def test_each_header_stands_alone(self):
        roots = [ROOT / "include", ROOT / "src"]
        headers = sorted(str(p.relative_to(root)) for root in roots for p in root.rglob("*.hpp"))
        self.assertGreater(len(headers), 10)
        with concurrent.futures.ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
            texts = [f'#include "{name}"\n#include "{name}"\n' for name in headers]
            for name, message in zip(headers, pool.map(complaint, texts)):
                with self.subTest(header=name):
                    self.assertEqual(message, "")

    def test_a_header_with_something_missing_would_be_found(self):
        self.assertIn("string", complaint("#pragma GCC diagnostic push\nstd::string text();\n"))


if __name__ == "__main__":
    unittest.main()
