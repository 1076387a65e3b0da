"""The scripts that work on commits: a release's archive, the search for a changed digest."""

import hashlib
import os
import re
import shutil
import subprocess
import tarfile
import tempfile
import unittest
from pathlib import Path

ROOT = Path(os.environ.get("HOURGLASS_SOURCE", Path(__file__).resolve().parents[2]))


def run(*command, folder=None, **environment):
    return subprocess.run(
        list(map(str, command)),
        cwd=folder,
        env={**os.environ, **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


class Git:
    """A repository in a folder, whose commits do not depend on the user's settings."""

    SETTINGS = (
        "user.name=test",
        "user.email=test@localhost",
        "commit.gpgsign=false",
        "tag.gpgsign=false",
    )

    def __init__(self, folder):
        self.folder = Path(folder)

    def __call__(self, *words):
        options = [word for setting in self.SETTINGS for word in ("-c", setting)]
        done = run("git", *options, *words, folder=self.folder)
        if done.returncode:
            raise AssertionError(f"git {' '.join(words)}: {done.stderr}")
        return done.stdout.strip()

    def commit(self, message, **files):
        """Writes files (`CHANGELOG__md` is CHANGELOG.md) and commits everything."""
        for name, text in files.items():
            path = self.folder / name.replace("__", ".")
            path.write_text(text)
            path.chmod(0o755 if text.startswith("#!") else 0o644)
        self("add", "--all")
        self("commit", "--quiet", "--allow-empty", "-m", message)
        return self("rev-parse", "HEAD")


class TemporaryTest(unittest.TestCase):
    def setUp(self):
        if shutil.which("git") is None:
            self.skipTest("no git (apt-get install git)")
        self.folder = Path(tempfile.mkdtemp(prefix="hourglass-test-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)


@unittest.skipUnless((ROOT / ".git").exists(), "not a git clone")
class ReleaseTest(TemporaryTest):
    def setUp(self):
        super().setUp()
        self.git = self.clone("clone")
        # A later version than any, so that no tag of the real clone stands in the way.
        cmake = (ROOT / "CMakeLists.txt").read_text()
        self.git.commit(
            "release",
            CMakeLists__txt=re.sub(r"(?m)^(project\(hourglass VERSION )\S+", r"\g<1>99.1.0", cmake),
            CHANGELOG__md="## [Unreleased]\n\n## [99.1.0] - 2031-01-02\n\n## [0.1.0] - 2026\n",
        )

    def clone(self, name):
        Git(self.folder)("clone", "--quiet", str(ROOT), name)
        shutil.copy(
            ROOT / "scripts/make_release.sh", self.folder / name / "scripts/make_release.sh"
        )
        return Git(self.folder / name)

    def make(self, git, output, **environment):
        return run(
            git.folder / "scripts/make_release.sh", self.folder / output, folder="/", **environment
        )

    def assert_refused(self, *words):
        result = self.make(self.git, "refused")
        self.assertEqual(result.returncode, 1, result.stderr)
        for word in words:
            self.assertIn(word, result.stderr)
        self.assertFalse((self.folder / "refused").exists())

    def test_an_archive_is_the_tag_and_always_the_same(self):
        self.git("tag", "-a", "v99.1.0", "-m", "Hourglass 99.1.0")
        result = self.make(self.git, "one")
        self.assertEqual(result.returncode, 0, result.stderr)
        archive = self.folder / "one/hourglass-99.1.0.tar.gz"
        content = archive.read_bytes()
        self.assertEqual(
            (self.folder / "one/hourglass-99.1.0.tar.gz.sha256").read_text(),
            f"{hashlib.sha256(content).hexdigest()}  {archive.name}\n",
        )
        with tarfile.open(archive) as tar:
            members = {member.name: member for member in tar.getmembers() if not member.isdir()}
        self.assertEqual(
            set(members), {f"hourglass-99.1.0/{name}" for name in self.git("ls-files").splitlines()}
        )
        self.assertEqual(members["hourglass-99.1.0/.ci/run"].mode, 0o755)
        # Another clone, user, umask, time zone and language.
        other = self.folder / "other"
        Git(self.folder)("clone", "--quiet", str(self.git.folder), "other")
        Git(other)("config", "tar.umask", "0077")
        result = self.make(Git(other), "two", TZ="Asia/Tokyo", LC_ALL="C.UTF-8")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual((self.folder / "two" / archive.name).read_bytes(), content)

    def test_what_does_not_agree_is_refused(self):
        self.assert_refused("no tag v99.1.0")
        self.git("tag", "v99.1.0", "HEAD~1")
        self.assert_refused("v99.1.0 is not this commit")
        self.git.commit(
            "another change log", CHANGELOG__md="## [Unreleased]\n\n## [99.0.0] - 2031-01-02\n"
        )
        self.git("tag", "--force", "v99.1.0")
        self.assert_refused("[99.0.0] - 2031-01-02", "expected '[99.1.0] - YYYY-MM-DD'")
        self.git.commit("no date", CHANGELOG__md="## [99.1.0]\n")
        self.git("tag", "--force", "v99.1.0")
        self.assert_refused("YYYY-MM-DD")
        (self.git.folder / "left-over").write_text("")
        self.assert_refused("not clean", "left-over")


FAKE_CMAKE = """cmake_minimum_required(VERSION 3.22)
project(fake LANGUAGES NONE)
add_custom_target(hourglass_program COMMAND ${CMAKE_COMMAND} -E make_directory bin
  COMMAND ${CMAKE_COMMAND} -E copy ${CMAKE_SOURCE_DIR}/program.sh bin/hourglass)
"""
FAKE_PRESETS = """{"version": 4, "configurePresets": [
  {"name": "release", "generator": "Ninja", "binaryDir": "${sourceDir}/build/release"}]}
"""
# Trains to the digest DIGEST: `train ... --output FOLDER`, `inspect FILE`.
FAKE_PROGRAM = """#!/bin/sh
[ "$1" = inspect ] && exec cat "$2"
while [ "$1" != --output ]; do shift; done
mkdir "$2" && echo "weights digest DIGEST" >"$2/model.h5"
"""
GOOD, BAD = "0123456789abcdef" * 2, "fedcba9876543210" * 2


@unittest.skipIf(
    shutil.which("ninja") is None or shutil.which("cmake") is None, "no CMake and Ninja"
)
class BisectTest(TemporaryTest):
    def test_the_commit_that_changed_the_digest_is_found(self):
        self.folder = self.folder.resolve()
        git = Git(self.folder)
        git("init", "--quiet")
        good, bad = FAKE_PROGRAM.replace("DIGEST", GOOD), FAKE_PROGRAM.replace("DIGEST", BAD)
        first = git.commit(
            "good",
            __gitignore="build/\n",
            CMakeLists__txt=FAKE_CMAKE,
            CMakePresets__json=FAKE_PRESETS,
            program__sh=good,
        )
        broken = git.commit(
            "does not configure", CMakeLists__txt=FAKE_CMAKE + "message(FATAL_ERROR broken)\n"
        )
        refuses = git.commit(
            "does not train", CMakeLists__txt=FAKE_CMAKE, program__sh="#!/bin/sh\nexit 64\n"
        )
        git.commit("good again", program__sh=good)
        culprit = git.commit("other bits", program__sh=bad)
        last = git.commit("later")
        (self.folder / "build").mkdir()
        script = shutil.copy(
            ROOT / "scripts/bisect_digest.sh", self.folder / "build/bisect_digest.sh"
        )
        training = ["--", "--seed", "1"]

        def at(commit, *words):
            git("checkout", "--quiet", commit)
            return run(script, *words, folder=self.folder)

        self.assertEqual(at(first, *training).stdout, GOOD + "\n")
        self.assertEqual(at(first, "--expect", GOOD, *training).returncode, 0)
        self.assertEqual(at(last, "--expect", GOOD, *training).returncode, 1)
        for commit, why in ((broken, "does not configure"), (refuses, "does not train")):
            result = at(commit, "--expect", GOOD, *training)
            self.assertEqual(result.returncode, 125, result.stderr)
            self.assertIn(why, result.stderr)
        for words in (
            [],
            ["--expect"],
            ["--expect", "short", *training],
            ["--ranks", "0", *training],
            ["--"],
            ["--seed", "1"],
        ):
            self.assertEqual(at(last, *words).returncode, 200, words)
        git("bisect", "start", last, first)
        self.assertIn(
            f"{culprit} is the first bad commit",
            git("bisect", "run", script, "--expect", GOOD, *training),
        )


if __name__ == "__main__":
    unittest.main()
