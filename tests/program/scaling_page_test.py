"""The scaling page in a browser: no console message, fits a phone, saves its figures."""
import base64
import re
import shutil
import struct
import unittest
import urllib.parse
import zlib
from xml.etree import ElementTree

import support
from extras import need_extra
from support import PROGRAM, ProgramTest

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")


# Clicks every button that saves a figure, and writes the links to be saved into the page.
SAVE_ALL = """<script>
HTMLAnchorElement.prototype.click = function() {
  var saved = document.createElement('pre');
  saved.className = 'saved'; saved.textContent = this.download + ' ' + this.href;
  document.body.appendChild(saved);
};
document.querySelectorAll('.save').forEach(function(b) { b.click(); });
</script></body>"""
WIDTH = """<script>document.title='wide '+document.documentElement.scrollWidth+' of '+innerWidth
</script></body>"""


def png_bytes(data):
    """Width, height and the filtered bytes of a PNG file's pixels."""
    place, pixels = 8, b""
    while place < len(data):
        (length,) = struct.unpack(">I", data[place : place + 4])
        if data[place + 4 : place + 8] == b"IDAT":
            pixels += data[place + 8 : place + 8 + length]
        place += 12 + length
    return *struct.unpack(">II", data[16:24]), zlib.decompress(pixels)


class ScalingPageTest(ProgramTest):
    def setUp(self):
        super().setUp()
        results, self.page = self.folder / "r.jsonl", self.folder / "page.html"
        words = "scale --weak --ranks 1,2 --repetitions 1 --steps 2 --warm-up 0".split()
        made = support.execute(
            [PROGRAM, *words, "--output", str(results), "--", "--layers", "20,8"]
        )
        self.assertEqual(made.code, 0, made)
        self.success("report", "scaling", results, "--output", self.page)

    def shown(self, file):
        """The page as the browser has it after its scripts have run."""
        result = support.execute(
            [
                CHROMIUM,
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                "--disable-background-networking",
                "--enable-logging=stderr",
                f"--user-data-dir={self.folder / 'profile'}",
                "--window-size=500,900",
                "--virtual-time-budget=10000",
                "--dump-dom",
                f"file://{file}",
            ],
            timeout=100,
        )
        self.assertEqual(result.code, 0, result)
        self.assertNotIn("CONSOLE", result.stderr)
        self.assertGreater(result.stdout.count("<svg"), 4)
        return result.stdout

    def probe(self, script):
        """A copy of the page with a script at its end."""
        copy = self.folder / "probe.html"
        copy.write_text(self.page.read_text().replace("</body>", script))
        return self.shown(copy)

    def test_no_console_message_and_no_overflow_on_a_phone(self):
        self.shown(self.page)
        wide = re.search(r"wide (\d+) of (\d+)", self.probe(WIDTH))
        self.assertLessEqual(int(wide[1]), int(wide[2]))

    def test_every_figure_is_saved_as_svg_and_as_png(self):
        shown = self.probe(SAVE_ALL)
        saved = re.findall(
            r'<pre class="saved">(figure-\d+)\.(svg|png) data:([^,]*),(.*?)</pre>', shown
        )
        figures = self.page.read_text().count("<figure>")
        self.assertEqual(len(saved), 2 * figures)
        names = {suffix: {s[0] for s in saved if s[1] == suffix} for suffix in ("svg", "png")}
        self.assertEqual(len(names["svg"]), figures)
        self.assertEqual(names["svg"], names["png"])
        for _, suffix, kind, content in saved:
            if suffix == "svg":
                self.assertEqual(kind, "image/svg+xml;charset=utf-8")
                root = ElementTree.fromstring(urllib.parse.unquote(content))
                self.assertEqual(root.tag, "{http://www.w3.org/2000/svg}svg")
                continue
            self.assertEqual(kind, "image/png;base64")
            width, height, pixels = png_bytes(base64.b64decode(content))
            self.assertEqual((width, height), (3 * 560, 3 * 380))
            self.assertGreater(len(set(pixels)), 50, "an empty picture")


if __name__ == "__main__":
    need_extra(CHROMIUM, "Chromium")
    unittest.main()
