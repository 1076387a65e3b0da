"""compare: several runs and sweeps as one page, right in a browser (where there is one)."""
import json
import os
import re
import shutil
import unittest

from browser import CHROMIUM
from extras import need_for
from report_test import dump_of
from support import IO, USAGE, ProgramTest, read_metrics, run


class CompareTest(ProgramTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # Made once: the tests only read them.
        maker = cls("make_runs")
        maker.setUp()
        maker.make_runs()
        cls.runs = maker.folder
        cls.addClassCleanup(maker.doCleanups)

    def make_runs(self):
        """Two runs, one of which has been killed, and a sweep of two trials."""
        self.data = self.make_data() + ":/train/samples"
        settings = ["--data", self.data, "--layers", "20,6,2", "--batch", 32, "--micro-batch", 8]
        validation = ["--validation", self.data.replace("train", "test")]
        self.train("done", *settings, *validation, "--epochs", 4, "--learning-rate", "1e-2")
        self.train(
            "killed",
            *settings,
            *validation,
            "--epochs",
            3,
            "--optimizer",
            "sgd",
            "--learning-rate",
            "1e-3",
        )
        (self.folder / "killed/model.h5").unlink()
        config = self.folder / "killed/config.cfg"
        config.write_text(config.read_text().replace("epochs = 3", "epochs = 9"))
        sweep = ["sweep", "--set", "seed=1,2", "--output", self.folder / "sweep", "--"]
        self.success(*sweep, *settings, "--epochs", 2)

    def compare(self, *words):
        page = self.folder / "page.html"
        result = self.success("compare", *words, "--output", page, folder=self.runs)
        return page, page.read_text(), result.stdout

    def test_runs_and_a_sweep(self):
        page, text, printed = self.compare("done", "killed/", "sweep", "done/")
        for part in (
            "Comparison of 4 runs",
            "1 of the 4 runs have not finished.",
            "learning-rate",
            "optimizer",
            "3 of 9 epochs",
            "sweep/trial-0002",
            "layers = 20,6,2",
            f"hourglass compare done killed/ sweep done/ --output {page}",
        ):
            self.assertIn(part, text)
        last = read_metrics(self.runs / "done", "epoch")[-1]
        self.assertIn(f"<td class=\"number\">{last['validation_sse']:.4f}</td>", text)
        self.assertRegex(printed, r"run +epochs +sse +validation\ndone +4 ")
        self.assertEqual(re.findall(r'(?:src|href)="(?!data:)', text), [])
        self.assertIsNone(re.search(r"[>\s,](nan|inf)[<\s,]", text))
        self.assertEqual(self.compare("done", "killed/", "sweep", "done/")[1], text)

    def test_in_a_browser(self):
        need_for(self, CHROMIUM, "chromium")
        page, text, _ = self.compare("done", "killed", "sweep")
        # The script puts a column's head into a button and tells what it has sorted.
        probe = (
            "<script>var b=[...document.querySelectorAll('th button')].find(function(b){"
            "return b.textContent==='training sse'});b.click();"
            "document.title=JSON.stringify({width:document.documentElement.scrollWidth<="
            "window.innerWidth,charts:document.querySelectorAll('figure svg').length,"
            "column:[...document.querySelectorAll('tbody tr')].map(function(r){"
            "return parseFloat(r.cells[b.closest('th').cellIndex].textContent)})})</script>"
        )
        page.write_text(text.replace("</body>", probe + "</body>"))
        dump = dump_of(page)
        self.assertNotRegex(dump.stderr, r"CONSOLE.*(Uncaught|Error|Refused)")
        found = json.loads(re.search(r"<title>(.*?)</title>", dump.stdout)[1])
        self.assertTrue(found["width"])
        self.assertEqual(found["charts"], 6)
        self.assertEqual(len(found["column"]), 4)
        self.assertEqual(found["column"], sorted(found["column"]))

    def test_runs_that_have_only_begun_and_bad_input(self):
        begun = self.folder / "begun"
        begun.mkdir()
        shutil.copy(self.runs / "done/config.cfg", begun)
        _, text, printed = self.compare("done", begun)
        self.assertIn("0 of 4 epochs", text)
        self.assertRegex(printed, rf"{begun} +0 +- +-")
        self.assert_refused(run("compare"), USAGE, "name run folders")
        self.assert_refused(run("compare", self.folder / "none"), IO, "holds no run")
        precious = self.folder / "precious"
        precious.write_text("x")
        self.assert_refused(run("compare", begun, "--output", precious), USAGE, "choose another")
        (begun / "metrics.jsonl").write_text("{}\n[\n")
        self.assertNotEqual(run("compare", begun, "--output", self.folder / "p.html").code, 0)
        self.assertFalse(os.path.exists(self.folder / "p.html"))


if __name__ == "__main__":
    unittest.main()
