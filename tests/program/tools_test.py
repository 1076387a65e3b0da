"""The small tools: completion, manual page, the configuration reference, doctor; what needs no MPI
starts without it."""
import json
import os
import shutil
import subprocess
import unittest

from extras import need_for
from support import ROOT, USAGE, ProgramTest, execute, run


class ToolsTest(ProgramTest):
    def commands(self):
        text = self.success("--help").stdout
        return [
            line.split()[0] for line in text.split("commands:\n")[1].split("\n\n")[0].splitlines()
        ]

    def test_the_configuration_reference_is_current(self):
        self.assertEqual(
            (ROOT / "docs/configuration.md").read_text(),
            self.success("man", "--markdown").stdout,
            "run: hourglass man --markdown > docs/configuration.md",
        )

    def test_the_manual_page_names_everything(self):
        text = self.success("man").stdout
        for command in self.commands():
            self.assertIn(f".SS {command}\n", text)
        self.assertIn("\\-\\-learning\\-rate", text)

    def test_groff_has_nothing_to_say_of_the_manual_page(self):
        need_for(self, shutil.which("groff"), "groff")
        page = self.folder / "hourglass.1"
        page.write_text(self.success("man").stdout)
        result = execute(["groff", "-man", "-Tascii", "-ww", str(page)])
        self.assertEqual((result.code, result.stderr), (0, ""))

    def complete(self, *words):
        """What bash offers for the last of these words."""
        script = self.folder / "completion.bash"
        script.write_text(self.success("completion", "bash").stdout)
        quoted = " ".join(f"'{word}'" for word in words)
        text = (
            f"source {script}; COMP_WORDS=({quoted}); COMP_CWORD={len(words) - 1}; _hourglass; "
            f'printf "%s\\n" "${{COMPREPLY[@]}}"'
        )
        return subprocess.run(
            ["bash", "-c", text], capture_output=True, text=True, check=True
        ).stdout.split()

    def test_bash_completes_commands_and_options(self):
        self.assertEqual(
            set(self.complete("hourglass", "")) - {"help", "--help", "--version"},
            set(self.commands()),
        )
        self.assertEqual(self.complete("hourglass", "insp"), ["inspect"])
        self.assertIn("--learning-rate", self.complete("hourglass", "train", "--learning"))
        self.assertEqual(
            self.complete("hourglass", "import", "--lab"), ["--labels", "--label-column"]
        )
        self.assertEqual(self.complete("hourglass", "train", "da"), [], "files are bash's business")
        self.assertEqual(self.complete("hourglass", "help", "tra"), ["train"])

    def test_zsh_script(self):
        text = self.success("completion", "zsh").stdout
        self.assertTrue(text.startswith("#compdef hourglass\n"))
        for command in self.commands():
            self.assertIn(f"    {command})\n", text)
        self.assert_refused(run("completion", "fish"), USAGE, "bash", "zsh")

    def test_zsh_reads_its_script(self):
        need_for(self, shutil.which("zsh"), "zsh")
        script = self.folder / "_hourglass"
        script.write_text(self.success("completion", "zsh").stdout)
        self.assertEqual(execute(["zsh", "-n", str(script)]).code, 0)

    def test_doctor(self):
        for ranks in (None, 3):
            report = json.loads(
                self.success("doctor", "--json", "--folder", self.folder, ranks=ranks).stdout
            )
            for topic in ("processor", "BLAS", "MPI", "HDF5", "memory", "ranks", "folder"):
                self.assertIn(topic, report)
            self.assertIn(f"{ranks or 1} on 1 node", report["ranks"])
            self.assertIsInstance(report["advice"], list)
            self.assertEqual("sums are correct" in report["network"], ranks == 3)
        self.assertEqual(os.listdir(self.folder), [])
        text = self.success("doctor", "--folder", self.folder / "absent").stdout
        self.assertIn("advice: cannot write to", text)

    def test_what_needs_no_mpi_starts_without_it(self):
        data = self.make_data()
        for words in (
            ["--help"],
            ["train", "--help"],
            ["--version"],
            ["inspect", data],
            ["man"],
            ["completion", "bash"],
        ):
            environment = {
                "OMPI_MCA_btl": "none-such",
                "OMPI_MCA_pml": "none-such",
            }  # MPI_Init would fail
            result = run(*words, environment=environment)
            self.assertEqual(result.code, 0, f"{words}: {result}")


if __name__ == "__main__":
    unittest.main()
