"""scripts/results.sh --quick: everything behind docs/results.md runs, and the page has its
tables."""
import unittest

from support import PROGRAM, ROOT, ProgramTest, execute


class ResultsTest(ProgramTest):
    def test_quick_form(self):
        page = self.folder / "page/results.md"
        page.parent.mkdir()
        command = [
            str(ROOT / "scripts/results.sh"),
            "--quick",
            "--output",
            str(self.folder / "results"),
            "--document",
            str(page),
        ]
        environment = {"HOURGLASS": PROGRAM, "RANKS": "1"}
        result = execute(command, timeout=300, environment=environment)
        self.assertEqual(result.code, 0, str(result))
        text = page.read_text()
        for heading in (
            "Deep against linear",
            "CURVES",
            "Non-linearity of the code",
            "Error functions",
            "Denoising",
            "Sparse",
            "Contractive",
            "Variational: evidence",
            "Variational: used units",
            "Every other variant",
        ):
            self.assertIn(f"## {heading}", text)
        self.assertIn(
            "hourglass train --config data/experiments/deep-30.cfg --data "
            "fashion-mnist.h5:/train/samples",
            text,
        )
        self.assertTrue(
            (page.parent / "img/variational-samples.png").read_bytes().startswith(b"\x89PNG")
        )
        again = execute(command, environment=environment)
        self.assertEqual(again.code, 0, str(again))
        self.assertNotIn("==", again.stdout, "what is there is not trained again")

    def test_wrong_option(self):
        result = execute([str(ROOT / "scripts/results.sh"), "--fast"])
        self.assertEqual(result.code, 64, str(result))


if __name__ == "__main__":
    unittest.main()
