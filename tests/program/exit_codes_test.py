"""README.md, the manual page, the scripts and the tests use the codes of core/exit_codes.hpp."""

import re
import unittest

import support
from support import ROOT, run


def manual_page_table():
    """Code -> meaning, as `hourglass man` prints them."""
    page = run("man").stdout.split(".SH EXIT STATUS\n")[1].replace("\\-", "-")
    return {int(code): meaning for code, meaning in re.findall(r"\.TP\n\.B (\d+)\n(.+)\n", page)}


def read_me_table():
    section = (ROOT / "README.md").read_text().split("## Exit codes\n")[1].split("\n## ")[0]
    return {
        int(code): meaning
        for code, meaning in re.findall(r"^\| (\d+) \| (.+) \|$", section, re.MULTILINE)
    }


class ExitCodesTest(unittest.TestCase):
    def setUp(self):
        self.table = manual_page_table()

    def test_every_kind_of_error_has_a_row(self):
        header = (ROOT / "src/core/exit_codes.hpp").read_text()
        self.assertEqual(len(re.findall(r"\{ErrorKind::\w+, ", header)), len(self.table) - 1)
        self.assertEqual(list(self.table), sorted(self.table))

    def test_read_me_has_the_same_table(self):
        self.assertEqual(read_me_table(), self.table)

    def test_codes_in_the_tests_are_in_the_table(self):
        for name in ("USAGE", "DATA", "RANK", "BUG", "IO", "STOPPED", "DIVERGED"):
            self.assertIn(getattr(support, name), self.table, name)

    def test_documents_and_scripts_name_no_other_codes(self):
        pattern = re.compile(r"exit codes? ((?:\d+(?:, | and | or )?)+)")
        files = [*(ROOT / "docs").glob("*.md"), *(ROOT / "slurm").iterdir(), ROOT / "README.md"]
        named = 0
        for file in files:
            for codes in pattern.findall(file.read_text()):
                for code in map(int, re.findall(r"\d+", codes)):
                    named += 1
                    self.assertIn(code, self.table, f"{file.name}: exit code {code}")
        self.assertGreater(named, 5)

    def test_batch_script_gives_up_exactly_on_codes_that_would_come_again(self):
        script = (ROOT / "slurm/train.sbatch").read_text()
        given_up = re.search(r"^\s*((?:\d+ \| )+\d+)\) ", script, re.MULTILINE).group(1)
        codes = {int(code) for code in given_up.split(" | ")}
        self.assertEqual(codes, set(self.table) - {0, support.RANK, support.STOPPED})


if __name__ == "__main__":
    unittest.main()
