"""The Python package: installed with pip and from a wheel without a network, its keywords are the
program's options, its examples run."""
import os
import re
import shutil
import subprocess
import sys
import unittest
import zipfile
from pathlib import Path

from extras import need, need_for
from support import PROGRAM, ROOT, ProgramTest, execute

sys.path.insert(0, str(ROOT / "python"))
import hourglass  # noqa: E402

# Options of the command line that are no settings of a run.
NOT_SETTINGS = {"pause-after", "resume", "extend", "config", "print-config", "help", "launcher"}
# Settings that fit() and start() have as arguments of their own.
OF_FIT = {"data", "validation", "output", "sample-weights", "condition", "validation-condition"}


def has(module):
    return execute([sys.executable, "-c", f"import {module}"]).code == 0


class PythonPackageTest(ProgramTest):
    def options(self, command):
        text = self.success(command, "--help").stdout
        return set(re.findall(r"^  --([a-z0-9-]+)", text, re.M))

    def test_keywords_are_the_options_of_the_program(self):
        written = (ROOT / "python/hourglass/settings.py").read_text()
        command = [sys.executable, "-B", str(ROOT / "scripts/python_settings.py"), PROGRAM]
        now = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        if written != now:
            self.fail(
                "the program has other settings than python/hourglass/settings.py: run "
                "scripts/python_settings.py PROGRAM > python/hourglass/settings.py"
            )
        options = self.options("train") - NOT_SETTINGS
        self.assertEqual(set(hourglass.settings.SETTINGS), options)
        parameters = set(hourglass.Autoencoder().get_params())
        own = {"ranks", "launcher", "sbatch", "program", "config", "run_folder", "verbose"}
        self.assertEqual(parameters - own, {n.replace("-", "_") for n in options - OF_FIT})
        parameters = set(hourglass.PCA().get_params())
        options = self.options("pca") - {"data", "output", "json", "help", "components"}
        own = {"ranks", "program", "n_components"}
        self.assertEqual(parameters - own, {name.replace("-", "_") for name in options})

    def test_version(self):
        version = re.search(r"hourglass VERSION (\S+)", (ROOT / "CMakeLists.txt").read_text())[1]
        self.assertEqual(hourglass.__version__, version)

    def test_installed_without_a_network(self):
        need_for(self, has("pip"), "python3-pip")
        source, target = self.folder / "source", self.folder / "target"
        skip = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / "python", source / "python", ignore=skip)
        # No index, as where there is no network; modules that are installed satisfy it.
        pip = [sys.executable, "-m", "pip", "install", "--no-index", "--no-deps", "--no-cache-dir"]
        environment = {"PIP_DISABLE_PIP_VERSION_CHECK": "1", "PYTHONWARNINGS": "ignore"}
        result = execute(
            [*pip, "--target", str(target), str(source / "python")], environment=environment
        )
        self.assertEqual(result.code, 0, str(result))
        self.assertTrue((target / "hourglass/py.typed").exists())
        text = "import hourglass; print(hourglass.__file__, hourglass.Autoencoder.__name__)"
        found = execute([sys.executable, "-B", "-c", text], environment={"PYTHONPATH": str(target)})
        self.assertEqual(found.stdout, f"{target}/hourglass/__init__.py Autoencoder\n")
        metadata = next(target.glob("hourglass-*.dist-info/METADATA")).read_text()
        self.assertIn(f"Version: {hourglass.__version__}\n", metadata)

    def test_wheel(self):
        wheels = []
        for name in ("first", "second"):
            command = [str(ROOT / "scripts/make_wheel.sh"), str(self.folder / name)]
            result = execute(command, environment={"PYTHON": sys.executable})
            self.assertEqual(result.code, 0, str(result))
            wheels.append(Path(result.stdout.strip()))
        self.assertEqual(*(wheel.read_bytes() for wheel in wheels))
        with zipfile.ZipFile(wheels[0]) as archive:
            names = set(archive.namelist())
            self.assertIsNone(archive.testzip())
        sources = {f"hourglass/{path.name}" for path in (ROOT / "python/hourglass").glob("*.py")}
        self.assertTrue(sources < names)
        self.assertIn("hourglass/py.typed", names)

    def example(self, name):
        environment = {"PYTHONPATH": str(ROOT / "python"), "HOURGLASS": PROGRAM}
        path = ROOT / "python/examples" / name
        text = path.read_text()
        self.assertIn("\n# %% [markdown]\n", text)
        compile(text, name, "exec")
        result = execute(
            [sys.executable, "-B", str(path)],
            environment={**os.environ, **environment},
            folder=self.folder,
        )
        self.assertEqual(result.code, 0, str(result))
        return result.stdout

    def test_digits(self):
        need("sklearn")
        text = self.example("digits.py")
        accuracy = {
            name: float(value) for name, value in re.findall(r"(\w+): accuracy (\S+),", text)
        }
        error = {
            name: float(value) for name, value in re.findall(r"(\w+): .*squared error (\S+)", text)
        }
        self.assertGreater(accuracy["autoencoder"], accuracy["PCA"] + 0.02, text)
        self.assertLess(error["autoencoder"], 0.6 * error["PCA"], text)
        means = {
            name: float(value)
            for name, value in re.findall(r"^(digits|upside down): (.*)$", text, re.M)
        }
        self.assertGreater(means["upside down"], 2 * means["digits"])
        self.assertIn("best: {'learning_rate': 0.01}", text)
        self.assertIn("restored: (450, 8)", text)

    def test_time_series(self):
        text = self.example("time_series.py")
        worst = int(re.search(r"worst begins at step (\d+)", text)[1])
        self.assertTrue(970 <= worst <= 1100, text)
        self.assertRegex(text, r"stopped after \d+ epochs")

    def test_cells(self):
        need("sklearn")
        self.assertGreater(float(re.search(r"Rand index: (\S+)", self.example("cells.py"))[1]), 0.7)


if __name__ == "__main__":
    unittest.main()
