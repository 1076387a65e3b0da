"""Settings from command line, file and default; help, version and corrections of misspelt names."""
import re
import unittest

from support import ROOT, USAGE, read_config, run
from training import SETTINGS, TrainingTest


class SettingsTest(TrainingTest):
    def config(self, *arguments, ranks=None):
        return read_config(self.success("train", *arguments, "--print-config", ranks=ranks).stdout)

    def test_blanks_in_lists(self):
        self.assertIn(
            "layers = 20,8,2\n",
            self.success("train", "--layers", "20, 8 ,2", "--print-config").stdout,
        )

    def test_print_config_round_trip(self):
        arguments = [
            *self.source,
            *SETTINGS,
            "--output",
            self.folder / "run",
            "--optimizer",
            "sgd",
            "--momentum",
            "0.25",
            "--nesterov",
            "--learning-rate",
            "0.1",
            "--memory",
            "3MiB",
            "--checkpoint-every",
            "7steps",
            "--seed",
            "18446744073709551615",
        ]
        first = self.success("train", *arguments, "--print-config").stdout
        self.assertFalse((self.folder / "run").exists(), "--print-config trains nothing")
        path = self.folder / "run.cfg"
        path.write_text(first)
        self.assertEqual(first, self.success("train", "--config", path, "--print-config").stdout)
        config = read_config(first)
        for name, value in (
            ("momentum", "0.25"),
            ("nesterov", "true"),
            ("memory", "3MiB"),
            ("checkpoint-every", "7steps"),
            ("seed", "18446744073709551615"),
            ("layers", "20,12,3"),
        ):
            self.assertEqual(config[name], value)
        self.success("train", "--config", path)
        self.assertEqual(self.digest(self.folder / "run/model.h5"), self.rerun(path))

    def rerun(self, path):
        """The same file on two ranks, with the output named on the command line."""
        self.success("train", "--config", path, "--output", self.folder / "again", ranks=2)
        return self.digest(self.folder / "again/model.h5")

    def test_command_line_beats_file_beats_default(self):
        path = self.folder / "a.cfg"
        path.write_text(
            "# a comment\n[model]\nlayers = 20,9,2\n\n"
            "[optimizer]\nepochs = 7\nlearning-rate = 0.5\nnesterov = true\n"
        )
        config = self.config("--config", path, "--epochs", 2, *self.source, "--output", "x")
        self.assertEqual(
            (config["epochs"], config["layers"], config["nesterov"]), ("2", "20,9,2", "true")
        )
        self.assertEqual(float(config["learning-rate"]), 0.5)
        self.assertEqual(float(config["beta1"]), 0.9)

    def test_the_configuration_in_the_run_folder_starts_the_same_run(self):
        digest = self.train("first", *self.source, *SETTINGS, "--seed", 9)
        self.success(
            "train",
            "--config",
            self.folder / "first/config.cfg",
            "--output",
            self.folder / "second",
        )
        self.assertEqual(digest, self.digest(self.folder / "second/model.h5"))

    def test_help_and_version(self):
        overview = self.success("--help").stdout
        for command in ("train", "evaluate", "encode", "reconstruct", "inspect", "import"):
            self.assertRegex(overview, rf"\b{command}\b")
            self.assertIn("--", self.success(command, "--help").stdout)
        text = self.success("train", "--help").stdout
        for name in self.config(*self.source, *SETTINGS, "--output", "x"):
            self.assertIn(f"--{name}", text)
        for name, default in (
            ("learning-rate", "0.001"),
            ("micro-batch", "128"),
            ("optimizer", "adam"),
        ):
            self.assertRegex(text, rf"--{name}\b[^\n]*\n?[^\n]*{re.escape(default)}")
        version = self.success("--version").stdout
        cmake = (ROOT / "CMakeLists.txt").read_text()
        for word in (
            re.search(r"^project\(hourglass VERSION (\S+)", cmake, re.M)[1],
            "OpenBLAS",
            "Open MPI",
            "HDF5",
            "GCC" if "GCC" in version else "clang",
        ):
            self.assertIn(word, version)
        self.assertEqual(self.success("--help", ranks=2).stdout, overview, "one rank speaks")

    def test_no_arguments(self):
        result = run()
        self.assertEqual(result.code, USAGE)
        self.assertIn("usage:", result.stdout)

    def test_did_you_mean(self):
        self.assert_refused(
            run(
                "train",
                *self.source,
                *SETTINGS,
                "--output",
                self.folder / "run",
                "--weight-deacy",
                "1",
            ),
            USAGE,
            "weight-decay",
        )
        self.assert_refused(run("evalute"), USAGE, "evaluate")
        self.assert_refused(run("evaluate", "--modle", "x"), USAGE, "'--model'")


if __name__ == "__main__":
    unittest.main()
