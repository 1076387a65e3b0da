"""What contributors use: forms, the workflow, documents, the API's reference."""

import json
import os
import re
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

try:
    import yaml
except ImportError:
    yaml = None

ROOT = Path(os.environ.get("HOURGLASS_SOURCE", Path(__file__).resolve().parents[2]))
EXTRAS = os.environ.get("HOURGLASS_EXTRAS") == "1"
FORMS = sorted((ROOT / ".github/ISSUE_TEMPLATE").glob("*.yml"))
DOCUMENTS = [
    *sorted(ROOT.glob("*.md")),
    *sorted((ROOT / ".github").glob("*.md")),
    ROOT / "docs/releasing.md",
]
CODE_BLOCK = re.compile(r"^ *```.*?^ *```", re.MULTILINE | re.DOTALL)
# A path of this tree in a text; placeholders (tests/<room>, x_test.py) are none.
PATH = re.compile(
    r"(?<![\w/.-])(?:scripts|tests|docs|python|bench|slurm|packaging|cmake|data|\.ci|\.github)"
    r"/[\w./-]*\w"
)
PLACEHOLDER = re.compile(r"(^|/)x[_.]")


def run(*command):
    return subprocess.run(
        list(map(str, command)),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@unittest.skipIf(
    yaml is None and not EXTRAS, "no python3-yaml, to read the forms and the workflow with"
)
class FormsTest(unittest.TestCase):
    def test_issue_forms(self):
        self.assertGreater(len(FORMS), 3)
        for path in FORMS:
            form = yaml.safe_load(path.read_text())
            if path.name == "config.yml":
                self.assertEqual(set(form), {"blank_issues_enabled"})
                continue
            with self.subTest(form=path.name):
                self.assertEqual(set(form), {"name", "description", "labels", "body"})
                fields = [item for item in form["body"] if item["type"] != "markdown"]
                self.assertTrue(fields)
                self.assertEqual(
                    len({item["id"] for item in fields}), len(fields), "two fields of one id"
                )
                for item in form["body"]:
                    self.assertLessEqual(set(item), {"type", "id", "attributes", "validations"})
                    self.assertIn(
                        item["type"], {"markdown", "textarea", "input", "dropdown", "checkboxes"}
                    )
                    self.assertTrue(
                        item["attributes"]["value" if item["type"] == "markdown" else "label"]
                    )
                    options = [
                        option["label"] if isinstance(option, dict) else option
                        for option in item["attributes"].get("options", [])
                    ]
                    self.assertEqual(len(set(options)), len(options))
                    self.assertEqual(bool(options), item["type"] in {"dropdown", "checkboxes"})

    def test_the_workflow_runs_what_every_change_must_pass(self):
        workflow = yaml.safe_load((ROOT / ".github/workflows/ci.yml").read_text())
        triggers = workflow[True]  # YAML 1.1 reads the key "on" as a truth value
        self.assertLessEqual({"push", "pull_request"}, set(triggers))
        (job,) = workflow["jobs"].values()
        self.assertEqual((job["container"]["image"], job["timeout-minutes"]), ("debian:12", 90))
        self.assertIn("--user root", job["container"]["options"])
        self.assertIn("bash .ci/run", [step.get("run") for step in job["steps"]])


class DocumentsTest(unittest.TestCase):
    def headings(self, path):
        """The anchors that GitHub makes of a document's headings."""
        text = CODE_BLOCK.sub("", path.read_text())
        return {
            re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
            for heading in re.findall(r"^#+ +(.*)$", text, re.MULTILINE)
        }

    def test_links_lead_to_files_and_headings(self):
        count = 0
        for document in DOCUMENTS:
            for target, anchor in re.findall(
                r"\]\((?!https?:)([^)#]*)#?([^)]*)\)", CODE_BLOCK.sub("", document.read_text())
            ):
                path = document.parent / target if target else document
                self.assertTrue(path.exists(), f"{document.name}: {target} is not there")
                if anchor:
                    self.assertIn(
                        anchor,
                        self.headings(path),
                        f"{document.name}: no such heading in {path.name}",
                    )
                count += 1
        self.assertGreater(count, 20)

    def test_files_that_contributors_are_told_to_use_exist(self):
        texts = {
            path.name: path.read_text()
            for path in [*DOCUMENTS[:-1], *FORMS]
            if path.name not in ("README.md", "CHANGELOG.md")
        }
        texts["releasing.md"] = "\n".join(CODE_BLOCK.findall(DOCUMENTS[-1].read_text()))
        found = {
            (name, path)
            for name, text in texts.items()
            for path in PATH.findall(text)
            if not PLACEHOLDER.search(path)
        }
        self.assertGreater(len(found), 20)
        for name, path in found:
            self.assertTrue((ROOT / path).exists(), f"{name} names {path}")
        for name, path in found:
            if path.startswith("scripts/") and path.endswith(".sh"):
                self.assertTrue(os.access(ROOT / path, os.X_OK), f"{name}: {path} cannot be run")

    def test_tests_presets_and_faults_that_contributing_names_exist(self):
        text = (ROOT / "CONTRIBUTING.md").read_text()
        presets = {
            preset["name"]
            for preset in json.loads((ROOT / "CMakePresets.json").read_text())["configurePresets"]
        }
        self.assertEqual(set(re.findall(r"--preset (\w+)", text)) - presets, set())
        table = set(re.findall(r"^\| `(\w+)` \| `build/", text, re.MULTILINE))
        self.assertLessEqual({"release", "debug"}, table)
        self.assertLessEqual(table, presets)
        sources = "\n".join(path.read_text() for path in (ROOT / "tests").rglob("*_test.cpp"))
        for suite in re.findall(r"--gtest_filter='(\w+)\.", text):
            self.assertRegex(sources, rf"\bTEST\w*\({suite},")
        for name in re.findall(r"-R program_(\w+)", text):
            self.assertTrue((ROOT / f"tests/program/{name}.py").exists(), name)
        for path, suite, case in re.findall(r"(tests/program/\w+\.py) -v (\w+)\.(\w+)", text):
            self.assertRegex((ROOT / path).read_text(), rf"(?s)class {suite}\(.*def {case}\(")
        (source,) = (ROOT / "src").rglob("fault_injection.cpp")
        kinds = re.search(r'\{((?:"\w+"(?:, )?)+)\}', source.read_text())[1]
        table = text.split("| kind |")[1].split("\n\n")[0]
        self.assertEqual(
            set(re.findall(r"^\| `(\w+)`", table, re.MULTILINE)), set(re.findall(r"\w+", kinds))
        )

    def test_changelog(self):
        text = (ROOT / "CHANGELOG.md").read_text()
        first, *releases = re.findall(r"^## (.*)$", text, re.MULTILINE)
        self.assertEqual(first, "[Unreleased]")
        matches = [
            re.fullmatch(r"\[(\d+)\.(\d+)\.(\d+)\] - \d{4}-\d\d-\d\d", release)
            for release in releases
        ]
        self.assertTrue(matches and all(matches), releases)
        versions = [tuple(map(int, match.groups())) for match in matches]
        self.assertEqual(versions, sorted(versions, reverse=True))
        current = re.search(
            r"^project\(hourglass VERSION (\d+)\.(\d+)\.(\d+) ",
            (ROOT / "CMakeLists.txt").read_text(),
            re.MULTILINE,
        )
        self.assertGreaterEqual(
            tuple(map(int, current.groups())),
            versions[0],
            "a release that CMakeLists.txt does not know",
        )
        kinds = {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security", "Digests"}
        self.assertEqual(set(re.findall(r"^### (.*)$", text, re.MULTILINE)) - kinds, set())

    def test_shell_scripts_are_shell_scripts(self):
        scripts = [
            ROOT / ".ci/run",
            *(
                p
                for folder in ("scripts", "slurm", "bench", "data", "tests")
                for p in (ROOT / folder).rglob("*")
                if p.suffix in (".sh", ".sbatch")
            ),
        ]
        self.assertGreater(len(scripts), 15)
        for path in scripts:
            result = run("bash", "-n", path)
            self.assertEqual((result.returncode, result.stderr), (0, ""), path)


@unittest.skipIf(
    shutil.which("doxygen") is None and not EXTRAS, "no Doxygen (scripts/install_deps.sh --extras)"
)
class ReferenceTest(unittest.TestCase):
    def test_the_reference_of_the_api_is_made_without_a_warning(self):
        with tempfile.TemporaryDirectory() as folder:
            result = run(ROOT / "scripts/api_docs.sh", folder)
            self.assertEqual((result.returncode, result.stderr), (0, ""))
            self.assertTrue(Path(folder, "html/index.html").is_file())
            self.assertIn("Error", Path(folder, "html/annotated.html").read_text())


if __name__ == "__main__":
    unittest.main()
