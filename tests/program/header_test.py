"""Every header compiles alone, twice in a row, without a warning.

What comes before a header is only what it includes anyway, itself or by others of ours: so it sees
nothing that it would not see alone. That is headers of the standard library, which are precompiled,
and others of ours, so that one run of the compiler checks several."""
import collections
import concurrent.futures
import json
import os
import re
import subprocess
import tempfile
import unittest
from pathlib import Path

ROOT = Path(os.environ.get("HOURGLASS_SOURCE", Path(__file__).resolve().parents[2]))
BUILD = Path(os.environ.get("HOURGLASS_BUILD", ROOT / "build/release"))
COSTLY = {"string", "vector", "memory", "functional", "chrono"}
INCLUDE = re.compile(r'^\s*#\s*include\s*[<"]([^>"]+)[>"]', re.MULTILINE)


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
]


def compiled(*words, text=None):
    return subprocess.run(
        [*COMPILE, *words], input=text, capture_output=True, text=True, timeout=120
    ).stderr


def complaint(text, before=()):
    """What the compiler says of a source text that is read after the header files `before`."""
    words = [word for path in before for word in ("-include", str(path))]
    return compiled(*words, "-fsyntax-only", "-x", "c++", "-", text=text)


def our_headers():
    """Name in an include -> text."""
    return {
        str(path.relative_to(root)): path.read_text()
        for root in (ROOT / "include", ROOT / "src")
        for path in sorted(root.rglob("*.hpp"))
    }


def included_by(name, headers):
    """All that a header includes, itself or by others of ours."""
    found, fresh = set(), [name]
    while fresh:
        more = set(INCLUDE.findall(headers[fresh.pop()])) - found
        found |= more
        fresh += more & headers.keys()
    return found


def sequences(names, included):
    """All of `names`, in as few sequences as possible in which each header includes those before
    it: by augmenting paths (inclusion is transitive)."""
    after, names = {}, list(names)

    def placed(name, seen):
        for before in names:
            if before not in included[name] or before == name or before in seen:
                continue
            seen.add(before)
            if before not in after or placed(after[before], seen):
                after[before] = name
                return True
        return False

    firsts = [name for name in names if not placed(name, set())]
    result = []
    for name in firsts:
        result.append([name])
        while result[-1][-1] in after:
            result[-1].append(after[result[-1][-1]])
    return result


class HeaderTest(unittest.TestCase):
    def setUp(self):
        self.headers = our_headers()
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def precompiled(self, names):
        """A header file that includes `names`, beside its precompiled form."""
        path = self.folder / ("-".join(names) + ".hpp")
        path.write_text("".join(f"#include <{name}>\n" for name in names))
        self.assertEqual(compiled("-x", "c++-header", str(path), "-o", f"{path}.gch"), "")
        return path

    def test_each_header_stands_alone(self):
        self.assertGreater(len(self.headers), 10)
        included = {name: included_by(name, self.headers) for name in self.headers}
        count = collections.Counter(tuple(sorted(COSTLY & found)) for found in included.values())
        usual = [names for names, headers in count.items() if names and headers > 3]
        groups = collections.defaultdict(list)
        for name, found in included.items():
            fitting = [names for names in usual if found.issuperset(names)]
            groups[max(fitting, key=len, default=())].append(name)
        checks = [
            (before, names)
            for before, members in groups.items()
            for names in sequences(members, included)
        ]
        self.assertEqual(sorted(name for _, names in checks for name in names), sorted(included))
        with concurrent.futures.ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
            files = dict(zip(usual, pool.map(self.precompiled, usual)))

            def check(task):
                before, names = task
                text = "".join(2 * f'#include "{name}"\n' for name in names)
                return complaint(text, [files[before]] if before else [])

            for (_, names), message in zip(checks, pool.map(check, checks)):
                with self.subTest(headers=names):
                    self.assertEqual(message, "")

    def test_a_header_with_something_missing_would_be_found(self):
        self.assertIn("string", complaint("#pragma GCC diagnostic push\nstd::string text();\n"))

    def test_what_comes_before_a_header_is_what_it_includes(self):
        headers = {"a.hpp": '#include <vector>\n#include "b.hpp"\n', "b.hpp": "#include <chrono>\n"}
        self.assertEqual(included_by("a.hpp", headers), {"vector", "b.hpp", "chrono"})
        self.assertEqual(included_by("b.hpp", headers), {"chrono"})
        included = {name: included_by(name, headers) for name in headers}
        self.assertEqual(sequences(headers, included), [["b.hpp", "a.hpp"]])
        text = "std::vector<std::string> texts();\n"
        self.assertEqual(complaint(text, [self.precompiled(["string", "vector"])]), "")
        self.assertIn("vector", complaint(text, [self.precompiled(["string"])]))


if __name__ == "__main__":
    unittest.main()
