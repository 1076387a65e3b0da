"""Every command that the README's tour, the tutorial, the usage and the formats show is run, in
their order, on a small part of the data that they speak of. (Those of whole clusters, of hours of
training and of other machines are checked against the options that there are.)"""
import gzip
import os
import re
import shlex
import subprocess
import unittest
from pathlib import Path

import h5py
import numpy as np

from support import ENVIRONMENT, PROGRAM, ROOT, ProgramTest

PACKAGE = Path("/usr/share/dataset-fashion-mnist")


def read_idx(name, head, shape):
    found = sorted(PACKAGE.rglob(name)) or sorted(Path("/usr/share").rglob(name))
    if not found:
        raise unittest.SkipTest("no Fashion-MNIST (Debian's dataset-fashion-mnist)")
    with gzip.open(found[0]) as file:
        return np.frombuffer(file.read()[head:], np.uint8).reshape(shape)


def small_fashion_mnist(path):
    with h5py.File(path, "w") as file:
        for group, prefix, count in (("train", "train", 2048), ("test", "t10k", 512)):
            file[f"{group}/samples"] = read_idx(f"{prefix}-images-idx3-ubyte.gz", 16, (-1, 28, 28))[
                :count
            ]
            file[f"{group}/labels"] = read_idx(f"{prefix}-labels-idx1-ubyte.gz", 8, (-1,))[:count]


def commands_of(document):
    """The lines of the blocks marked as sh, with their continuation lines joined."""
    commands = []
    for block in re.findall(
        r"^```sh\n(.*?)^```", (ROOT / document).read_text(), re.MULTILINE | re.DOTALL
    ):
        commands += [
            line
            for line in re.sub(r" *\\\n *", " ", block).splitlines()
            if line and not line.startswith("#")
        ]
    return commands


# The usage shows a study of 36 jobs: scale_test runs its like.
TOO_LONG = "hourglass scale "


class DocsTest(ProgramTest):
    def run_all(self, *documents):
        small_fashion_mnist(self.folder / "fashion-mnist.h5")
        with h5py.File(self.folder / "mine.h5", "w") as file:
            for group, samples in (("train", 160), ("test", 60)):
                file[f"{group}/samples"] = np.random.default_rng(samples).random(
                    (samples, 64), np.float32
                )
                file[f"{group}/labels"] = np.arange(samples) % 10
        random = np.random.default_rng(1)
        table = "\n".join(
            f"{a:.3f},{b:.3f},{c:.3f},{'ab'[i % 2]}"
            for i, (a, b, c) in enumerate(random.random((40, 3)))
        )
        (self.folder / "table.csv").write_text("x,y,z,kind\n" + table + "\n")
        for name in ("data", "scripts", "python"):
            (self.folder / name).symlink_to(ROOT / name)
        environment = {
            **ENVIRONMENT,
            "PATH": f"{Path(PROGRAM).parent}:{os.environ['PATH']}",
            "OMPI_MCA_mpi_yield_when_idle": "1",
            "OMPI_MCA_hwloc_base_binding_policy": "none",
        }
        commands = [command for document in documents for command in commands_of(document)]
        self.assertTrue(commands, documents)
        outputs = {}
        for command in commands:
            if command.startswith("data/fashion-mnist.sh"):
                continue  # its result, small, is there
            if command.startswith(TOO_LONG) or command.startswith("hourglass report scaling"):
                continue
            words, _, into = command.partition(" > ")
            with self.subTest(command=command):
                result = subprocess.run(
                    shlex.split(words),
                    cwd=self.folder,
                    env=environment,
                    capture_output=True,
                    text=True,
                    timeout=120,
                    check=False,
                )
                self.assertEqual(
                    result.returncode, 0, f"{command}\n{result.stdout}\n{result.stderr}"
                )
                outputs[command] = result.stdout
                if into:
                    (self.folder / into).write_text(result.stdout)
        return outputs

    def test_tutorial(self):
        outputs = self.run_all("docs/tutorial.md")
        digests = {
            re.search(r"weights digest (\w+)", outputs[f"hourglass inspect runs/{run}/model.h5"])[1]
            for run in ("first", "again")
        }
        self.assertEqual(len(digests), 1, "the tutorial says that two digests are the same")
        self.assertTrue((self.folder / "first.html").stat().st_size > 10000)

    def test_readme(self):
        self.run_all("README.md")

    def test_usage_and_formats(self):
        self.run_all("docs/usage.md", "docs/formats.md")

    def test_figures_are_those_of_the_results(self):
        measured = set(re.findall(r"\d+\.\d+", (ROOT / "docs/results.md").read_text()))
        # PCA's are given to four digits there.
        measured |= {
            f"{float(figure):.3f}" for figure in measured if re.fullmatch(r"\d+\.\d{4}", figure)
        }
        for figure in re.findall(
            r"(?<![\w.-])\d+\.\d{3}(?![\d.])", (ROOT / "docs/autoencoders.md").read_text()
        ):
            self.assertIn(
                figure,
                measured,
                "docs/autoencoders.md has a figure that docs/results.md has not: run "
                "scripts/results.sh",
            )

    def test_every_command_shown_has_the_options_it_is_shown_with(self):
        helps = {}

        def options_of(command):
            if command not in helps:
                helps[command] = set(
                    re.findall(
                        r"^  (--[a-z0-9-]+)", self.success(command, "--help").stdout, re.MULTILINE
                    )
                )
            return helps[command]

        count = 0
        for document in [
            ROOT / "README.md",
            *(ROOT / "docs").glob("*.md"),
            *(ROOT / "data").glob("*.md"),
            ROOT / "slurm/README.md",
        ]:
            if document.name == "configuration.md":
                continue  # made from the options
            text = re.sub(r" *\\\n *", " ", document.read_text())
            blocks = re.findall(r"^```[^\n]*\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
            for line in "\n".join(blocks).splitlines():
                found = re.search(r"(?:^|\s|/)hourglass ([a-z]+)\b(.*)", line)
                if not found or found[1] not in self.commands():
                    continue
                command, rest = found[1], found[2]
                own, _, passed_on = rest.partition(" -- ")
                for name, words in ((command, own), ("train", passed_on)):
                    for option in re.findall(r"(?<=[\s\[])--[a-z0-9-]+", words):
                        count += 1
                        self.assertIn(option, options_of(name), f"{document.name}: {line}")
        self.assertGreater(count, 200)

    def commands(self):
        if not hasattr(self, "known"):
            self.known = set(
                re.findall(r"^  ([a-z]+) ", self.success("--help").stdout, re.MULTILINE)
            )
        return self.known

    def test_sources_and_tests_that_documents_name_exist(self):
        named = re.compile(r"`((?:tests/)?\w+/\w+(?:\.[hc]pp|_test(?:\.\w+)?))`")
        roots = [ROOT, ROOT / "src", ROOT / "include", ROOT / "include/hourglass", ROOT / "tests"]
        count = 0
        for document in [ROOT / "README.md", *ROOT.glob("docs/*.md")]:
            for name in named.findall(document.read_text()):
                if "/x_" in name:  # the pattern of a name
                    continue
                count += 1
                found = any(
                    (root / f"{name}{suffix}").is_file()
                    for root in roots
                    for suffix in ("", ".cpp", ".py")
                )
                self.assertTrue(found, f"{document.name} names {name}")
        self.assertGreater(count, 10)

    def test_the_life_of_a_micro_batch_names_functions_that_exist(self):
        text = (ROOT / "docs/design.md").read_text()
        page = text[text.index("## The life of a micro-batch") :]
        rows = re.findall(r"^\| `(?:(\w+)::)?(\w+)` \| `(\w+/\w+\.cpp)` \|", page, re.MULTILINE)
        self.assertGreater(len(rows), 20)
        for owner, function, file in rows:
            with self.subTest(function=function, file=file):
                source = (ROOT / "src" / file).read_text()
                defined = rf"\b{owner}::{function}\(" if owner else rf"^[\w:<>]+ {function}\("
                inside = rf"\bclass {owner}\b[^;]*{{[\s\S]*^ +\w+ {function}\("
                found = re.search(defined, source, re.MULTILINE)
                found = found or (owner and re.search(inside, source, re.MULTILINE))
                self.assertTrue(found, f"{file} does not define {owner}::{function}")

    def test_links_between_documents(self):
        for document in [
            ROOT / "README.md",
            *(ROOT / "docs").glob("*.md"),
            *(ROOT / "data").glob("*.md"),
            ROOT / "slurm/README.md",
        ]:
            text = re.sub(r"^```.*?^```", "", document.read_text(), flags=re.MULTILINE | re.DOTALL)
            for target in re.findall(r"\]\((?!https?:|#)([^)#]+)", text):
                self.assertTrue(
                    (document.parent / target).exists(), f"{document}: {target} is not there"
                )


if __name__ == "__main__":
    unittest.main()
