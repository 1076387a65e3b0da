"""Files of earlier releases are read, resumed and scored as by their own program.

tests/golden has a folder for each release, made by tests/golden/make.py with the release's program;
expected.json holds the values that this program found. Files of a newer format are refused."""
import csv
import json
import os
import re
import shutil
import sys
import unittest
from pathlib import Path

import h5py
import numpy as np

from support import (
    DATA,
    PROGRAM,
    ROOT,
    ProgramTest,
    checkpoints,
    execute,
    read_datasets,
    read_metrics,
    run,
)

sys.path.insert(0, str(ROOT / "python"))
import hourglass  # noqa: E402

GOLDEN = ROOT / "tests/golden"
RELEASES = sorted(path.parent.name for path in GOLDEN.glob("*/expected.json"))
TOLERANCE = 1e-5
OUTPUTS = {
    "/encode/codes",
    "/encode/labels",
    "/score/scores",
    "/score/anomalous",
    "/reconstruct/reconstructions",
}
TRIAL_KEYS = ("trial", "folder", "settings", "status", "exit_code", "epochs", "message")


def haswell():
    """The environment in which OpenBLAS uses the kernels that the files were made with."""
    flags = re.search(r"^flags\s*:(.*)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    runs_here = flags and {"avx2", "fma"} <= set(flags[1].split())
    return {"OPENBLAS_CORETYPE": "Haswell"} if runs_here else {}


ENVIRONMENT = haswell()


class Release:
    """The files of a release, copied to a folder in which they may be changed."""

    def __init__(self, version, folder):
        self.folder = folder / version
        shutil.copytree(GOLDEN / version, self.folder)
        self.expected = json.loads((self.folder / "expected.json").read_text())
        about = run("--version", environment=ENVIRONMENT).stdout
        blas = re.search(r"^BLAS +(.*)$", about, re.MULTILINE)[1]
        here = f"{blas}, {os.confstr('CS_GNU_LIBC_VERSION')}"
        there = f"{self.expected['blas']}, {self.expected['libc']}"
        self.has_same_bits = here == there
        self.difference = f"{version} was made with {there}, and here is {here}"


def of_each_release(test):
    """A method of a release as a test that calls it for each of them."""

    def call_for_each(self):
        self.assertTrue(RELEASES, f"{GOLDEN} has no release")
        for version in RELEASES:
            with self.subTest(release=version):
                test(self, Release(version, self.folder))

    return call_for_each


class GoldenTest(ProgramTest):
    def output(self, release, *arguments, **how):
        return self.success(
            *arguments, environment=ENVIRONMENT, folder=release.folder, **how
        ).stdout

    def assert_same(self, release, found, wanted, what):
        """Bit for bit with the libraries of the release, else to 1e-5 of the largest value."""
        found, wanted = np.asarray(found), np.asarray(wanted)
        self.assertEqual(found.shape, wanted.shape, what)
        if release.has_same_bits or not np.issubdtype(wanted.dtype, np.floating):
            np.testing.assert_array_equal(found, wanted, what)
        else:
            np.testing.assert_allclose(
                found,
                wanted,
                rtol=0,
                atol=TOLERANCE * np.max(np.abs(wanted), initial=0),
                err_msg=what,
            )

    def assert_records(self, release, folder, wanted):
        keys = release.expected["record_keys"]
        records = read_metrics(folder)
        self.assertEqual([[record[key] for key in keys] for record in records], wanted)

    def assert_table_is_the_metrics(self, folder):
        """metrics.csv, begun by one program and continued by another, is metrics.jsonl."""
        records = read_metrics(folder)
        with open(folder / "metrics.csv", newline="") as file:
            rows = list(csv.DictReader(file))
        self.assertEqual(len(rows), len(records))
        for row, record in zip(rows, records):
            self.assertEqual((row["kind"], row["phase"]), (record["kind"], record["phase"]))
            for key in ("epoch", "step", "loss", "sse", "validation_sse"):
                self.assertEqual(float(row[key]) if row[key] else None, record[key], key)

    @of_each_release
    def test_models(self, release):
        models = release.expected["models"]
        self.assertEqual(
            sorted(models), sorted(path.stem for path in (release.folder / "models").iterdir())
        )
        for name, wanted in models.items():
            with self.subTest(model=name):
                self.assert_model(release, name, wanted)

    def assert_model(self, release, name, wanted):
        path, new = release.folder / f"models/{name}.h5", f"new-{name}.h5"
        self.assertEqual(self.digest(path), wanted["digest"])
        words = ["--model", path, "--data", "data.h5:/test/samples"]
        found = json.loads(self.output(release, "evaluate", *words, "--code", "--json"))
        for key, value in wanted["evaluate"].items():
            self.assert_same(release, found[key], value, key)
        self.output(release, "encode", *words, "--output", f"{new}:/encode")
        fit = ["--threshold-quantile", 0.9, "--fit", "data.h5:/train/samples"]
        self.output(release, "score", *words, *fit, "--output", f"{new}:/score")
        self.output(release, "reconstruct", *words, "--output", f"{new}:/reconstruct")
        outputs = read_datasets(release.folder / f"outputs/{name}.h5")
        if "/sample/samples" in outputs:
            words = ["--model", path, "--samples", len(outputs["/sample/samples"])]
            self.output(release, "sample", *words, "--output", f"{new}:/sample")
        found = read_datasets(release.folder / new)
        self.assertGreaterEqual(outputs.keys(), OUTPUTS)
        for dataset, values in outputs.items():
            self.assertEqual(found[dataset].dtype, values.dtype)
            self.assert_same(release, found[dataset], values, dataset)
        # The Python module is a reader of its own.
        model = hourglass.load(path)
        codes = model.encode(
            model.normalize(read_datasets(release.folder / "data.h5")["/test/samples"])
        )
        np.testing.assert_allclose(
            codes, outputs["/encode/codes"], rtol=0, atol=TOLERANCE * np.max(np.abs(codes))
        )

    @of_each_release
    def test_checkpoints_are_resumed_to_the_same_bits(self, release):
        runs = release.expected["runs"]
        self.assertEqual(
            sorted(runs), sorted(path.name for path in (release.folder / "runs").iterdir())
        )
        for name, wanted in runs.items():
            with self.subTest(run=name):
                self.assertEqual(
                    self.digest(release.folder / wanted["checkpoint"]),
                    wanted["checkpoint_digest"],
                )
        if not release.has_same_bits:
            self.skipTest(f"the checkpoints are read, not resumed: {release.difference}")
        for name, wanted in runs.items():
            with self.subTest(run=name):
                folder = release.folder / "runs" / name
                report = self.output(release, "train", "--resume", f"runs/{name}", ranks=2)
                self.assertIn(f"resuming runs/{name} from {wanted['checkpoint']}", report)
                self.assertEqual(self.digest(folder / "model.h5"), wanted["digest"])
                self.assert_records(release, folder, wanted["records"])
                self.assert_table_is_the_metrics(folder)

    @of_each_release
    def test_a_finished_run(self, release):
        wanted = release.expected["finished"]
        last = dict(zip(release.expected["record_keys"], wanted["records"][-1]))
        self.assert_table_is_the_metrics(release.folder / "finished")
        shown = self.output(release, "show", "finished")
        self.output(release, "report", "finished", "--output", "page.html")
        for text in (shown, (release.folder / "page.html").read_text()):
            self.assertIn(wanted["digest"], text)
            self.assertIn(f"{last['validation_sse']:.4f}", text)
        if not release.has_same_bits:
            self.skipTest(f"config.cfg is not trained again: {release.difference}")
        self.output(release, "train", "--config", "finished/config.cfg", "--output", "again")
        self.assertEqual(self.digest(release.folder / "again/model.h5"), wanted["digest"])
        self.assert_records(release, release.folder / "again", wanted["records"])

    @of_each_release
    def test_a_sweep_goes_on(self, release):
        wanted = release.expected["sweep"]
        folder = release.folder / "sweep"
        self.output(release, "sweep", "--report", "--output", "sweep")
        statuses = {
            row["trial"]: row["status"] for row in json.loads((folder / "results.json").read_text())
        }
        self.assertEqual(statuses, {1: "done", 2: "waiting"})
        before = (folder / "trial-0001/model.h5").stat().st_mtime_ns
        self.output(release, "sweep", *wanted["command"])
        self.assertEqual((folder / "trial-0001/model.h5").stat().st_mtime_ns, before)
        rows = json.loads((folder / "results.json").read_text())
        for row, recorded in zip(rows, wanted["rows"], strict=True):
            for key in TRIAL_KEYS:
                self.assertEqual(row[key], recorded[key], key)
            for key in ("loss", "sse", "validation_sse"):
                self.assert_same(release, row[key], recorded[key], key)
        self.assertEqual(self.digest(folder / "trial-0001/model.h5"), wanted["digests"][0])
        if release.has_same_bits:
            self.assertEqual(self.digest(folder / "trial-0002/model.h5"), wanted["digests"][1])

    @of_each_release
    def test_a_scaling_study(self, release):
        self.output(release, "report", "scaling", "scaling.jsonl", "--output", "scaling.html")
        with open(release.folder / "scaling.csv", newline="") as file:
            rows = list(csv.DictReader(file))
        wanted = release.expected["scaling"]
        self.assertEqual([row["ranks"] for row in rows], ["1", "2"])
        self.assertEqual([{key: row[key] for key in wanted[0]} for row in rows], wanted)

    @of_each_release
    def test_data_sets(self, release):
        with h5py.File(release.folder / "table.h5", "r") as file:
            self.assertEqual(
                file["/imported/labels"].attrs["classes"].decode().split("\n"),
                ["east", "north", "south", "west"],
            )
        for part in ("data", "codes"):
            words, wanted = release.expected[part]["probe"], release.expected[part]["probed"]
            found = json.loads(self.output(release, "probe", *words))
            for key, value in wanted.items():
                self.assert_same(release, found[key], value, key)
        if not release.has_same_bits:
            self.skipTest(f"the data sets are read, not trained on: {release.difference}")
        for number, (words, digest) in enumerate(release.expected["data"]["trainings"]):
            self.output(release, "train", *words, "--output", f"trained-{number}")
            self.assertEqual(self.digest(release.folder / f"trained-{number}/model.h5"), digest)


class VersionTest(ProgramTest):
    """The format's version is looked at before anything else in the file."""

    def setUp(self):
        super().setUp()
        self.release = Release(RELEASES[0], self.folder)
        self.model = self.release.folder / "models/dense.h5"

    def set_version(self, path, version):
        with h5py.File(path, "r+") as file:
            file["/model"].attrs.modify("format_version", np.int64(version))

    def assert_newer(self, result, *words):
        hints = ("newer version", "format 1000", "reads up to", "upgrade hourglass")
        self.assert_refused(result, DATA, *hints, *words)

    def test_files_of_a_newer_version_are_refused(self):
        self.set_version(self.model, 1000)
        data = f"{self.release.folder}/data.h5:/test/samples"
        exported = self.folder / "model.safetensors"
        for command in (
            ["inspect"],
            ["evaluate", "--data", data, "--model"],
            ["export", "safetensors", "--output", exported, "--model"],
        ):
            with self.subTest(command=command[0]):
                self.assert_newer(run(*command, self.model), "dense.h5")
        self.assertFalse(exported.exists())

    def test_checkpoints_of_a_newer_version_are_refused_and_kept(self):
        output = self.release.folder / "runs/adam"
        ((step, path),) = checkpoints(output).items()
        self.set_version(path, 1000)
        for ranks in (None, 2):
            result = run("train", "--resume", output, ranks=ranks, folder=self.release.folder)
            self.assert_newer(result, "cannot resume", path.name)
        self.assertEqual(checkpoints(output), {step: path})

    def test_an_impossible_version_is_damage(self):
        self.set_version(self.model, 0)
        result = run("inspect", self.model)
        self.assert_refused(result, DATA, "dense.h5", "impossible format version")

    def test_the_promise_names_every_version(self):
        document = (ROOT / "docs/formats.md").read_text()
        promise = document.partition("\n## Versions\n")[2].partition("\n## ")[0]
        for release in RELEASES:
            with h5py.File(GOLDEN / release / "models/dense.h5", "r") as file:
                version = file["/model"].attrs["format_version"]
            row = rf"(?m)^\| {version} \| [^|]*\b{re.escape(release)}\b"
            self.assertRegex(promise, row)


@unittest.skipUnless(
    Path("/usr/share/datasets/fashion-mnist").is_dir(),
    "no Fashion-MNIST (Debian's dataset-fashion-mnist)",
)
class CompareDigestsTest(ProgramTest):
    def test_a_digest_that_differs_is_found(self):
        saved = self.folder / "saved.json"
        command = [str(ROOT / "scripts/compare_digests.py"), PROGRAM, "--only", "dense"]
        result = execute([*command, "--save", str(saved)])
        self.assertEqual(result.code, 0, str(result))
        digest = re.search(r"^dense +1, 2, 3 ([0-9a-f]{32})$", result.stdout, re.MULTILINE)[1]
        for changed in (digest, digest[::-1]):
            saved.write_text(saved.read_text().replace(digest, changed))
            result = execute([*command, "--against", str(saved)])
            self.assertEqual(result.code, 0 if changed == digest else 1, str(result))


if __name__ == "__main__":
    unittest.main()
