"""report and show: one page of a run, right in a browser (where there is one), and the essentials
in a terminal."""
import re
import subprocess
import tempfile
import unittest

import h5py
import numpy as np

from browser import CHROMIUM
from extras import need_for
from support import ProgramTest, read_metrics, run, DATA, IO, USAGE

SETTINGS = [
    "--layers",
    "36,24,4",
    "--batch",
    "32",
    "--micro-batch",
    "8",
    "--epochs",
    "3",
    "--learning-rate",
    "1e-2",
]


def dump_of(page):
    """The page as the browser has it after its scripts have run, and what the browser said of
    it."""
    with tempfile.TemporaryDirectory() as profile:
        command = [
            CHROMIUM,
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            f"--user-data-dir={profile}",
            "--enable-logging=stderr",
            "--dump-dom",
            f"file://{page}",
        ]
        return subprocess.run(command, capture_output=True, text=True, timeout=60)


class ReportTest(ProgramTest):
    def setUp(self):
        super().setUp()
        self.data = self.folder / "images.h5"
        random = np.random.default_rng(1)
        with h5py.File(self.data, "w") as file:
            file["/train/samples"] = random.integers(0, 256, (200, 6, 6), dtype=np.uint8)
            file["/train/labels"] = random.integers(0, 12, 200)
        self.train(
            "run",
            "--data",
            f"{self.data}:/train/samples",
            "--validation",
            f"{self.data}:/train/samples",
            *SETTINGS,
        )
        self.run_folder = self.folder / "run"
        self.page = self.folder / "page.html"

    def report(self, *arguments):
        return self.success("report", self.run_folder, "--output", self.page, *arguments)

    def test_page_shows_the_run(self):
        result = self.report("--samples", 50)
        self.assertIn(str(self.page), result.stdout)
        text = self.page.read_text()
        for part in (
            "Reconstruction error",
            "Time per epoch",
            "Largest errors",
            "Latent traversal",
            "Interpolation",
            "First-layer filters",
            "Codes: t-SNE",
            "Error by label",
            "units are dead",
            "weights digest",
            "mpirun -n 2 hourglass train",
        ):
            self.assertIn(part, text)
        last = [r for r in read_metrics(self.run_folder) if r["kind"] == "epoch"][-1]
        self.assertIn(f"{last['validation_sse']:.4f}", text)
        # Nothing is loaded from anywhere: every picture is in the page.
        self.assertEqual(re.findall(r'(?:src|href)="(?!data:)', text), [])
        self.assertIsNone(re.search(r"[>\s,](nan|inf)[<\s,]", text))

    def test_the_same_page_twice(self):
        self.report()
        first = self.page.read_text()
        self.report()
        self.assertEqual(first, self.page.read_text())

    def test_vectors_instead_of_images(self):
        with h5py.File(self.folder / "vectors.h5", "w") as file:
            file["/x"] = np.random.default_rng(2).random((64, 5), dtype=np.float32)
        self.train(
            "flat",
            "--data",
            f"{self.folder}/vectors.h5",
            "--layers",
            "5,8,2",
            "--batch",
            "32",
            "--micro-batch",
            "8",
            "--epochs",
            "1",
        )
        self.success("report", self.folder / "flat", "--output", self.page)
        text = self.page.read_text()
        self.assertIn("Largest error: sse", text)
        self.assertNotIn("First-layer filters", text)

    def test_data_that_are_gone_are_a_remark(self):
        self.data.rename(self.folder / "elsewhere.h5")
        result = self.report()
        self.assertIn("--data", result.stdout)
        self.assertIn("Reconstruction error", self.page.read_text())
        self.report("--data", f"{self.folder}/elsewhere.h5:/train/samples")
        self.assertIn("Largest errors", self.page.read_text())

    def test_a_run_without_a_model_yet(self):
        (self.run_folder / "model.h5").unlink()
        self.report()
        self.assertIn("newest checkpoint", self.page.read_text())

    def test_show(self):
        result = self.success("show", self.run_folder)
        self.assertIn("finished after 3 epochs", result.stdout)
        self.assertIn("* training", result.stdout)
        self.assertIn("weights digest", result.stdout)

    def test_bad_input(self):
        self.assert_refused(run("report", self.folder / "none"), IO, "no run")
        self.assert_refused(run("report"), USAGE, "run folder")
        self.assert_refused(run("show"), USAGE, "run folder")
        self.assert_refused(
            run("report", self.run_folder, "--output", self.folder / "no/such/page.html"),
            IO,
            "page.html",
        )
        self.assert_refused(
            run("report", self.run_folder, "--samples", "100000"), USAGE, "--samples"
        )
        self.assert_refused(
            run(
                "report",
                self.run_folder,
                "--output",
                self.page,
                "--data",
                f"{self.data}:/train/labels",
            ),
            DATA,
            "features",
        )
        self.assert_refused(
            run(
                "report",
                self.run_folder,
                "--output",
                self.page,
                "--labels",
                f"{self.data}:/train/names",
            ),
            DATA,
            "/train/names",
        )
        metrics = self.run_folder / "metrics.jsonl"
        metrics.write_text("no record\n" + metrics.read_text())
        self.assert_refused(run("report", self.run_folder, "--output", self.page), DATA, "line 1")
        self.assertFalse(self.page.exists())

    def test_in_a_browser(self):
        need_for(self, CHROMIUM, "Chromium")
        self.report()
        result = dump_of(self.page)
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertNotRegex(result.stderr, r"CONSOLE.*(rror|xception)")
        self.assertIn("save as SVG", result.stdout)  # the script has run to its end
        self.assertIn("<button>mean sse</button>", result.stdout)


if __name__ == "__main__":
    unittest.main()
