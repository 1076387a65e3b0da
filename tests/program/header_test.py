"""Every public header compiles alone, twice in a row, without a warning, with nothing but the standard library beside it."""
import concurrent.futures
import os
import subprocess
import unittest
from pathlib import Path

ROOT = Path(os.environ.get("HOURGLASS_SOURCE", Path(__file__).resolve().parents[2]))
COMPILE = [os.environ.get("CXX", "c++"), "-std=gnu++20", "-fsyntax-only", "-Wall", "-Wextra", "-Wpedantic", "-Wshadow",
           "-Wno-missing-field-initializers", "-Werror", "-I", str(ROOT / "include"), "-x", "c++", "-"]


def complaint(text):
    return subprocess.run(COMPILE, input=text, capture_output=True, text=True, timeout=120).stderr


class HeaderTest(unittest.TestCase):
    def test_each_public_header_stands_alone(self):
        headers = sorted(str(p.relative_to(ROOT / "include")) for p in (ROOT / "include").rglob("*.hpp"))
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
