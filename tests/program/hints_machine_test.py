"""Hints about the command line and the machine: each is printed with reason, and followed
literally."""

import os
import re
import resource
import shutil
import unittest
from pathlib import Path

from hints import HintTest
from support import PROGRAM, execute

QUICK = ["--epochs", 1, "--batch", 32, "--micro-batch", 16, "--progress", "none"]
CORES = len(os.sched_getaffinity(0))


class CommandLineHints(HintTest):
    def test_names_and_examples(self):
        """Commands that want a name give an example: with files of this test it works."""
        data = self.make_data()
        train = ["--data", f"{data}:/train/samples", "--layers", "20,8", *QUICK]
        self.success("train", *train, "--output", self.folder / "run")
        for name in ("run1", "run2"):
            shutil.copytree(self.folder / "run", self.folder / name)
        table = self.folder / "SOURCE"
        table.write_text("a,b\n1,2\n")
        shutil.copy(data, self.folder / "FILE.h5")
        shutil.copy(self.folder / "run/model.h5", self.folder / "M")
        for text, command in [
            ("name a file: hourglass inspect FILE.h5", ["inspect"]),
            ("name a run folder: hourglass show run/", ["show"]),
            ("name a run folder: hourglass report run/ --output report.html", ["report"]),
            (
                "name run folders: hourglass compare run1/ run2/ --output compare.html",
                ["compare"],
            ),
            ("name a shell: hourglass completion bash, or zsh", ["completion"]),
            (
                "name a source: hourglass import SOURCE --output FILE.h5:/group",
                ["import", "--output", "x.h5"],
            ),
            (
                "name a format: hourglass export onnx|safetensors|torch --model M --output FILE",
                ["export", "--model", "M", "--output", "FILE"],
            ),
        ]:
            with self.subTest(text=text):
                printed = self.hint(text, *command, folder=self.folder)
                words = printed.command()
                if command == ["import", "--output", "x.h5"]:
                    words += ["--format", "csv"]
                for choice in words[1].split("|") if len(words) > 1 else [None]:
                    chosen = [words[0], choice, *words[2:]] if choice else words
                    if "--output" in chosen and words[0] == "export":
                        chosen[-1] += choice
                    self.success(*chosen, folder=self.folder)
        for shell in ("bash", "zsh"):
            self.success("completion", shell)
        result = self.success("show", self.folder / "run")
        words = re.search(r"next: hourglass (.*)", result.stdout).group(1).split()
        words[-1] = str(self.folder / "next.html")
        self.success(*words)

    def test_mistyped_words(self):
        printed = self.hint("; see hourglass --help", "trian")
        named = re.search(r"did you mean '(\w+)'", printed.message).group(1)
        self.success(named, "--help")
        self.success("--help")
        printed = self.hint("; did you mean '", "train", "--layer", "4,2")
        option = re.search(r"did you mean '(\S+)'", printed.message).group(1)
        self.success("train", "--print-config", option, "4,2")
        printed = self.hint(
            "unexpected '{}': options begin with --, e.g. --name value", "train", "layers", "4,2"
        )
        self.success("train", "--print-config", "--layers", "4,2")

    def test_copies_that_mpi_does_not_connect(self):
        """slurm_test starts them by srun, and as the message says."""
        data = f"{self.make_data()}:/train/samples"
        train = ["train", "--data", data, "--layers", "20,8", *QUICK]
        train += ["--output", self.folder / "run"]
        text = (
            "{} started {} copies of this program, but each is a job of one rank to {}, so all "
            "would do the same work: use {}, or --launcher none to run each copy on its own"
        )
        copy = {"SLURM_NTASKS": "4", "SLURM_PROCID": "1"}
        printed = self.hint(text, *train, environment=copy)
        self.assertIn("use srun --mpi=pmix,", printed.message)
        self.assertFalse((self.folder / "run").exists(), "refused before anything is written")
        ((option, value),) = re.findall(r"(--launcher) (\w+)", printed.message)
        self.no_hint(text, *train, option, value, environment=copy)
        printed = self.hint(text, *train, environment={"OMPI_COMM_WORLD_SIZE": "2"})
        self.assertIn("use the mpirun of that MPI library", printed.message)
        text = "--launcher {}: choose auto or none"
        printed = self.hint(text, *train, "--launcher", "slurm")
        for choice in re.search(r"choose (\w+) or (\w+)", printed.message).groups():
            self.no_hint(
                text,
                "evaluate",
                "--model",
                self.folder / "run/model.h5",
                "--data",
                data,
                "--launcher",
                choice,
            )

    def test_launched_where_it_launches(self):
        text = (
            "{0} starts its ranks itself: run it without mpirun or srun (see hourglass {0} --help "
            "for the number of ranks)"
        ).replace("{0}", "{}")
        for command, option in (("sweep", "--ranks"), ("scale", "--ranks")):
            printed = self.hint(text, command, ranks=1)
            words = re.search(r"hourglass (\w+ --help)", printed.advice).group(1).split()
            self.assertIn(option, self.success(*words).stdout)
            self.no_hint(text, command, code=64)

    def test_doctor(self):
        doctor = [PROGRAM, "doctor"]

        def advice(*command):
            result = execute([str(word) for word in command])
            self.assertEqual(result.code, 0, str(result))
            return result.stdout

        limited = ["bash", "-c", 'ulimit -Sn 512; exec "$@"', "-", *doctor]
        text = "only {} open files are allowed: ulimit -n 4096"
        printed = self.printed(text, advice(*limited))
        words = re.search(r"ulimit -n \d+", printed.advice).group().replace("-n", "-Sn")
        limited[2] = f'ulimit -Sn 512; {words}; exec "$@"'
        self.assertNotIn("open files are allowed", advice(*limited))
        text = "cannot write to {}: choose another folder for --output"
        self.printed(text, advice(*doctor, "--folder", "/proc/nowhere"))
        self.assertNotIn("another folder", advice(*doctor, "--folder", self.folder))
        self.kernel_advice(advice, doctor)
        shared = ["mpirun", "--oversubscribe", "--bind-to", "none", "-n"]
        text = (
            "{} ranks on {} share {} hardware threads: start at most {} ranks per node, or pass "
            "--mca mpi_yield_when_idle 1 to mpirun"
        )
        printed = self.printed(text, advice(*shared, CORES + 1, *doctor))
        fewer, option = re.search(
            r"at most (\d+) ranks per node, or pass (--mca \S+ \S+)", printed.advice
        ).groups()
        self.assertNotIn("at most", advice(*shared, fewer, *doctor))
        self.assertNotIn("at most", advice(*shared, CORES + 1, *option.split(), *doctor))
        text = "not tested with one rank; use mpirun -n 2 hourglass doctor"
        printed = self.printed(text, advice(*doctor))
        words = re.search(r"use (mpirun -n 2) hourglass doctor", printed.advice).group(1)
        self.assertIn("sums are correct", advice(*words.split(), "--oversubscribe", *doctor))

    def kernel_advice(self, advice, doctor):
        # Without the variable the program takes a suitable kernel, also on processors that OpenBLAS
        # does not know.
        clean = ["env", "-u", "OPENBLAS_CORETYPE"]
        self.assertNotIn("a slow one", advice(*clean, *doctor))
        if "avx2" not in Path("/proc/cpuinfo").read_text():
            return
        text = (
            "OpenBLAS uses its {} kernel, a slow one for this processor: unset OPENBLAS_CORETYPE, "
            "or set OPENBLAS_CORETYPE={}"
        )
        printed = self.printed(text, advice("env", "OPENBLAS_CORETYPE=Prescott", *doctor))
        setting = re.search(r"or set (OPENBLAS_CORETYPE=\w+)", printed.advice).group(1)
        result = advice("env", setting, *doctor)
        self.assertNotIn("a slow one", result)
        self.assertIn("kernel " + setting.split("=")[1], result)

    @unittest.skipIf(CORES < 2, "needs two cores")
    def test_doctor_on_two_cores(self):
        doctor = [PROGRAM, "doctor"]

        def advice(*words):
            result = execute(["mpirun", "--oversubscribe", *map(str, words)])
            self.assertEqual(result.code, 0, str(result))
            return result.stdout

        result = advice("--bind-to", "none", "-n", 2, *doctor)
        text = (
            "the ranks on {} are not pinned: use mpirun --map-by core --bind-to core to give each "
            "its own core (with --threads T: --map-by slot:PE=T)"
        )
        self.printed(text, result)
        binding = re.search(r"use mpirun (--map-by \S+ --bind-to \S+) to give", result).group(1)
        self.assertNotIn("not pinned", advice(*binding.split(), "-n", 2, *doctor))
        variable = ["-x", "OPENBLAS_CORETYPE=Nehalem"]
        other = ["-x", "OPENBLAS_CORETYPE=Prescott"]
        both = ["-n", 1, *variable, *doctor, ":", "-n", 1, *other, *doctor]
        text = (
            "ranks use different BLAS kernels, which train does not allow: set OPENBLAS_CORETYPE "
            "to the oldest of them on every node, e.g. Haswell"
        )
        self.printed(text, advice(*both))
        same = [word.replace("Prescott", "Nehalem") if word == other[1] else word for word in both]
        self.assertNotIn("different BLAS kernels", advice(*same))


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    unittest.main()
