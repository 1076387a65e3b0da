"""The scaling page in a real browser: no console message, nothing wider than a phone."""
import re
import shutil
import unittest

import support
from extras import need_extra
from support import PROGRAM, ProgramTest

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")


class ScalingPageTest(ProgramTest):
    def test_no_console_message_and_no_overflow_on_a_phone(self):
        results, page = self.folder / "r.jsonl", self.folder / "page.html"
        made = support.execute(
            [
                PROGRAM,
                "scale",
                "--weak",
                "--ranks",
                "1,2",
                "--repetitions",
                "1",
                "--steps",
                "2",
                "--warm-up",
                "0",
                "--output",
                str(results),
                "--",
                "--layers",
                "20,8",
            ]
        )
        self.assertEqual(made.code, 0, made)
        self.success("report", "scaling", results, "--output", page)
        # A copy that says how wide it is; the page itself has no script.
        probe = self.folder / "probe.html"
        probe.write_text(
            page.read_text().replace(
                "</body>",
                "<script>document.title="
                "'wide '+document.documentElement.scrollWidth+' of '+innerWidth"
                "</script></body>",
            )
        )
        for file in (page, probe):
            shown = support.execute(
                [
                    CHROMIUM,
                    "--headless",
                    "--no-sandbox",
                    "--disable-gpu",
                    "--disable-background-networking",
                    "--enable-logging=stderr",
                    f"--user-data-dir={self.folder / 'profile'}",
                    "--window-size=500,900",
                    "--dump-dom",
                    f"file://{file}",
                ],
                timeout=100,
            )
            self.assertEqual(shown.code, 0, shown)
            self.assertNotIn("CONSOLE", shown.stderr)
            self.assertGreater(shown.stdout.count("<svg"), 4)
        wide = re.search(r"wide (\d+) of (\d+)", shown.stdout)
        self.assertLessEqual(int(wide[1]), int(wide[2]))


if __name__ == "__main__":
    need_extra(CHROMIUM, "Chromium")
    unittest.main()
