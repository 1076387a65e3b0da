"""The training command: run folder, metrics, configuration, help, signals, resume."""
import json
import os
import re
import signal
import subprocess
import time
import unittest
from pathlib import Path

import numpy as np

from support import (
    ENVIRONMENT,
    IO,
    STOPPED,
    USAGE,
    DATA,
    ProgramTest,
    checkpoints,
    command_line,
    kill_tree,
    make_samples,
    rank_processes,
    read_config,
    read_metrics,
    run,
    start,
    wait_until,
    write_file,
)

SETTINGS = [
    "--layers",
    "20,12,3",
    "--batch",
    "48",
    "--micro-batch",
    "12",
    "--epochs",
    "3",
    "--shuffle-block",
    "2",
    "--shuffle-window",
    "4",
]
# Long enough to be stopped in the middle: about 1600 steps of a step each millisecond or slower.
LONG = [
    "--layers",
    "20,160,80,4",
    "--batch",
    "32",
    "--micro-batch",
    "8",
    "--epochs",
    "320",
    "--log-every",
    "1",
]
KEYS = {
    "kind",
    "phase",
    "layer",
    "epoch",
    "step",
    "loss",
    "sse",
    "learning_rate",
    "gradient_norm",
    "samples_per_second",
    "seconds_compute",
    "seconds_exchange_exposed",
    "seconds_input_wait",
    "seconds_checkpoint",
    "seconds_verify",
    "resident_bytes",
}


class TrainTest(ProgramTest):
    def setUp(self):
        super().setUp()
        self.data = self.make_data()
        self.source = [
            "--data",
            f"{self.data}:/train/samples",
            "--validation",
            f"{self.data}:/test/samples",
        ]

    def config(self, *arguments, ranks=None):
        return read_config(self.success("train", *arguments, "--print-config", ranks=ranks).stdout)

    def test_run_folder(self):
        self.train("run", *self.source, *SETTINGS, "--log-every", 2, "--keep", 2, ranks=2)
        folder = self.folder / "run"
        self.assertEqual(
            sorted(path.name for path in folder.iterdir() if path.name != ".lock"),
            ["checkpoints", "config.cfg", "metrics.csv", "metrics.jsonl", "model.h5"],
        )
        # 150 samples in 4 shards of 37 or 38: 4 steps an epoch.
        self.assertEqual(
            sorted(path.name for path in (folder / "checkpoints").iterdir()),
            ["step-00000008.h5", "step-00000012.h5"],
        )
        config = read_config((folder / "config.cfg").read_text())
        self.assertEqual(config["layers"], "20,12,3")
        self.assertEqual(config["data"], f"{self.data}:/train/samples")

    def test_metrics(self):
        self.train("run", *self.source, *SETTINGS, "--log-every", 3, ranks=2)
        steps, epochs = (read_metrics(self.folder / "run", kind) for kind in ("step", "epoch"))
        self.assertEqual([record["step"] for record in steps], [3, 6, 9, 12])
        self.assertEqual([record["step"] for record in epochs], [4, 8, 12])
        self.assertEqual([record["epoch"] for record in epochs], [1, 2, 3])
        for record in steps + epochs:
            self.assertLessEqual(KEYS, set(record))
            self.assertGreater(record["samples_per_second"], 0)
            self.assertGreater(record["resident_bytes"], 1 << 20)
            for key in ("loss", "sse", "learning_rate", "gradient_norm"):
                self.assertGreater(record[key], 0)
            for key in ("seconds_compute", "seconds_exchange_exposed", "seconds_input_wait"):
                self.assertGreaterEqual(record[key], 0)
        for record in epochs:
            self.assertGreater(record["validation_sse"], 0)
        self.assertLess(epochs[-1]["sse"], epochs[0]["sse"])

    def test_no_step_records_unless_asked_for(self):
        self.train("run", *self.source, *SETTINGS, "--log-every", 0)
        self.assertEqual(
            {record["kind"] for record in read_metrics(self.folder / "run")}, {"epoch"}
        )

    def test_advice_when_the_output_cannot_reach_the_samples(self):
        data = write_file(
            self.folder / "wide.h5", x=np.linspace(-3, 5, 1200).reshape(60, 20).astype(np.float32)
        )
        for name, settings, advised in (
            ("sigmoid", [], True),
            ("linear", ["--output-activation", "linear"], False),
            ("relu", ["--output-activation", "relu", "--normalize", "standardize"], True),
        ):
            result = self.success(
                "train",
                "--output",
                self.folder / name,
                "--data",
                f"{data}:/x",
                *SETTINGS,
                *settings,
                ranks=2,
            )
            self.assertEqual(
                bool(
                    re.search(
                        r"advice: samples reach from -\S+ to \S+, but --output-activation",
                        result.stdout,
                    )
                ),
                advised,
                result.stdout,
            )

    def test_advice_for_integers_that_use_little_of_their_range(self):
        data = write_file(self.folder / "wide.h5", x=np.arange(1200).reshape(60, 20) % 256)
        result = self.success(
            "train", "--output", self.folder / "run", "--data", f"{data}:/x", *SETTINGS
        )
        self.assertRegex(result.stdout, r"advice: integers were divided by 9.22337e\+18")

    def test_advice_for_bits(self):
        bits = write_file(
            self.folder / "bits.h5",
            bytes=(make_samples() > 127).astype(np.uint8),
            bools=make_samples() > 127,
        )
        for name in ("bytes", "bools"):
            words = ["--data", f"{bits}:/{name}", *SETTINGS, "--epochs", 1]
            result = self.success("train", "--output", self.folder / name, *words)
            self.assertIn("samples are 0 and 1", result.stdout)
            self.assertIn("use --normalize none\n", result.stdout)
            self.assertNotIn(
                "advice",
                self.success(
                    "train", "--output", self.folder / f"{name}-raw", *words, "--normalize", "none"
                ).stdout,
            )

    def test_advice_for_settings_without_effect(self):
        advice = "advice: --beta has no effect without --variational"
        self.assertIn(
            advice,
            self.success(
                "train",
                "--output",
                self.folder / "a",
                *self.source,
                *SETTINGS,
                "--beta",
                4,
                ranks=2,
            ).stdout,
        )
        self.assertNotIn(
            "no effect",
            self.success(
                "train",
                "--output",
                self.folder / "b",
                *self.source,
                *SETTINGS,
                "--beta",
                4,
                "--variational",
            ).stdout,
        )

    def test_blanks_in_lists(self):
        self.assertIn(
            "layers = 20,8,2\n",
            self.success("train", "--layers", "20, 8 ,2", "--print-config").stdout,
        )

    def test_plain_progress_when_not_a_terminal(self):
        result = self.success(
            "train",
            *self.source,
            *SETTINGS,
            "--epochs",
            300,
            "--output",
            self.folder / "run",
            ranks=2,
        )
        text = result.stdout + result.stderr
        self.assertNotIn("\r", text)
        self.assertNotIn("\x1b", text)
        self.assertIn("epoch", text.lower())
        quiet = self.success(
            "train",
            *self.source,
            *SETTINGS,
            "--output",
            self.folder / "quiet",
            "--progress",
            "none",
        )
        self.assertNotIn("epoch", quiet.stderr.lower())

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
            "# a comment\n[model]\nlayers = 20,9,2\n\n[optimizer]\nepochs = 7\nlearning-rate = 0.5\nnesterov = true\n"
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
        for word in (
            "0.1.0",
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
        self.assert_refused(run("evaluate", "--modle", "x"), USAGE, "'model'")

    # --- stop and resume

    def stop(self, name, number, send, ranks):
        """Trains until step 20, sends the signal, and returns the exit code."""
        output = self.folder / name
        process = start("train", *self.source, *LONG, "--output", output, ranks=ranks)
        try:
            wait_until(
                lambda: len(read_metrics(output, "step")) > 20 or process.poll() is not None,
                what="step 20",
            )
            self.assertIsNone(process.poll(), "the run ended before it could be stopped")
            send(process.pid, number)
            return process.wait(timeout=30)
        finally:
            kill_tree(process.pid)

    def test_stopped_on_request_and_resumed(self):
        whole = self.train("whole", *self.source, *LONG)

        def to_rank(pid, number):
            os.kill(rank_processes(pid)[-1], number)

        for name, number, send, ranks, then in (
            ("term", signal.SIGTERM, os.kill, None, 2),
            ("int", signal.SIGINT, os.kill, None, 3),
            ("usr1", signal.SIGUSR1, os.kill, 2, None),
            ("one", signal.SIGTERM, to_rank, 3, 2),
        ):
            with self.subTest(signal=name, ranks=ranks):
                self.assertEqual(self.stop(name, number, send, ranks), STOPPED)
                output = self.folder / name
                self.assertFalse((output / "model.h5").exists())
                last = max(checkpoints(output))
                self.assertGreater(last, 20)
                self.assertEqual(
                    last, read_metrics(output, "step")[-1]["step"], "stopped at the end of a step"
                )
                self.success("train", "--resume", output, "--threads", 2, ranks=then)
                self.assertEqual(whole, self.digest(output / "model.h5"))

    def test_resume_of_a_finished_run_keeps_the_model(self):
        digest = self.train("run", *self.source, *SETTINGS)
        self.success("train", "--resume", self.folder / "run", ranks=2)
        self.assertEqual(digest, self.digest(self.folder / "run/model.h5"))

    def test_resume_with_more_epochs(self):
        whole = self.train("whole", *self.source, *SETTINGS, "--epochs", 5)
        self.train("run", *self.source, *SETTINGS)
        self.success("train", "--resume", self.folder / "run", "--epochs", 5, ranks=2)
        self.assertEqual(whole, self.digest(self.folder / "run/model.h5"))

    def test_resume_with_fewer_epochs_than_are_done(self):
        self.train("run", *self.source, *SETTINGS)
        result = run("train", "--resume", self.folder / "run", "--epochs", 2, ranks=2)
        self.assert_refused(result, USAGE, "--epochs 2", "epoch 3")

    def wait_for_the_first_line(self, process):
        def caught():
            mask = re.search(r"SigCgt:\s*(\w+)", Path(f"/proc/{process.pid}/status").read_text())
            return int(mask[1], 16) >> (signal.SIGUSR1 - 1) & 1

        wait_until(
            caught, what="the program's first line"
        )  # until then it is the system's loader that dies

    def test_a_stop_signal_before_training_does_not_kill(self):
        process = start("train", "--output", self.folder / "run", *self.source, *SETTINGS)
        self.wait_for_the_first_line(process)
        while process.poll() is None:
            process.send_signal(signal.SIGUSR1)
            time.sleep(0.01)
        self.assertIn(process.returncode, (0, STOPPED))

    def test_a_stop_signal_before_training_is_not_lost(self):
        process = start("train", "--output", self.folder / "run", *self.source, *LONG)
        self.wait_for_the_first_line(process)
        process.send_signal(signal.SIGUSR1)  # MPI has not even begun
        self.assertEqual(process.wait(timeout=60), STOPPED)
        self.assertTrue(checkpoints(self.folder / "run"))

    def test_an_output_that_is_full(self):
        whole = self.train("run", *self.source, *SETTINGS)
        for words, code in (
            (["train", *self.source, *SETTINGS, "--output", self.folder / "full"], IO),
            (["train", *self.source, *SETTINGS, "--output", "x", "--print-config"], IO),
            (
                [
                    "evaluate",
                    "--model",
                    self.folder / "run/model.h5",
                    "--data",
                    f"{self.data}:/test/samples",
                    "--json",
                ],
                IO,
            ),
            (["man"], IO),
            (["--help"], IO),
        ):
            with self.subTest(words=words[0]), open("/dev/full", "w") as full:
                process = subprocess.run(
                    command_line(words),
                    stdout=full,
                    stderr=subprocess.PIPE,
                    text=True,
                    env=ENVIRONMENT,
                    timeout=60,
                )
                self.assertEqual(process.returncode, code, process.stderr)
                self.assertEqual(len(process.stderr.splitlines()), 1, process.stderr)
                self.assertRegex(process.stderr, "cannot write to .*(No space left|is full)")
        self.assertEqual(self.digest(self.folder / "full/model.h5"), whole)

    def test_names_that_are_too_long(self):
        long = "x" * 300
        self.assert_refused(
            run("train", *self.source, *SETTINGS, "--output", long, folder=self.folder),
            IO,
            "name too long",
        )
        self.assert_refused(
            run("train", "--data", f"{long}.h5:/x", *SETTINGS, "--output", "y", ranks=2),
            IO,
            "name too long",
        )
        self.assert_refused(
            run("evaluate", "--model", long, "--data", f"{self.data}:/x"), IO, "name too long"
        )

    def test_resume_passes_over_a_damaged_checkpoint(self):
        whole = self.train(
            "run", *self.source, *SETTINGS, "--checkpoint-every", "2steps", "--keep", 100
        )
        output = self.folder / "run"
        (output / "model.h5").unlink()
        files = checkpoints(output)
        for step in (8, 10, 12):
            content = bytearray(files[step].read_bytes())
            files[step].write_bytes(content[: len(content) // 2])
        self.success("train", "--resume", output)
        self.assertEqual(whole, self.digest(output / "model.h5"))

    def test_resume_refuses_another_run(self):
        self.train("run", *self.source, *SETTINGS, "--checkpoint-every", "2steps", "--keep", 100)
        output = self.folder / "run"
        for name, value in (
            ("layers", "20,11,3"),
            ("learning-rate", "0.5"),
            ("seed", "7"),
            ("batch", "96"),
            ("micro-batch", "24"),
            ("activation", "tanh"),
            ("shuffle-window", "9"),
            ("loss-reduction", "sum"),
            ("optimizer", "sgd"),
        ):
            for ranks in (None, 2):
                with self.subTest(setting=name, ranks=ranks):
                    self.assert_refused(
                        run("train", "--resume", output, f"--{name}", value, ranks=ranks),
                        USAGE,
                        name,
                        value.split(",")[0],
                    )

    def test_resume_refuses_other_data(self):
        self.train("run", *self.source, *SETTINGS)
        for values in (make_samples(151), make_samples(150, 21), make_samples(150, seed=77)):
            other = write_file(
                self.folder / f"other{values.shape[0]}-{values.shape[1]}.h5",
                train__samples=values,
                test__samples=values,
            )
            result = run(
                "train",
                "--resume",
                self.folder / "run",
                "--epochs",
                5,
                "--data",
                f"{other}:/train/samples",
            )
            self.assertIn(result.code, (USAGE, DATA), str(result))
            self.assert_refused(result, result.code, os.path.basename(other))

    def test_resume_goes_on_in_its_own_folder(self):
        self.train("run", *self.source, *SETTINGS)
        output = self.folder / "run"
        self.assert_refused(
            run("train", "--resume", output, "--output", self.folder / "elsewhere", "--epochs", 5),
            USAGE,
            "--output",
            "elsewhere",
            "own folder",
        )
        self.assertFalse((self.folder / "elsewhere").exists())
        self.success("train", "--resume", output, "--output", f"{output}/", "--epochs", 4)
        for wrong, code, hint in (
            (output / "checkpoints", IO, f": --resume {output}"),
            (next((output / "checkpoints").iterdir()), USAGE, f": --resume {output}"),
            (output / "model.h5", USAGE, f": --resume {output}"),
            (self.folder / "rnu", IO, f"did you mean '{output}'"),
        ):
            with self.subTest(wrong=wrong):
                self.assert_refused(
                    run("train", "--resume", wrong, ranks=2), code, "cannot resume", hint
                )
        self.assert_refused(
            run("train", "--resume", "model.h5", folder=output), USAGE, ": --resume ."
        )

    def test_resume_of_moved_data(self):
        whole = self.train("whole", *self.source, *SETTINGS, "--epochs", 5)
        self.train("run", *self.source, *SETTINGS)
        moved = self.folder / "moved.h5"
        os.rename(self.data, moved)
        self.success(
            "train",
            "--resume",
            self.folder / "run",
            "--epochs",
            5,
            "--data",
            f"{moved}:/train/samples",
            "--validation",
            f"{moved}:/test/samples",
        )
        self.assertEqual(whole, self.digest(self.folder / "run/model.h5"))

    def test_checkpoints_by_time(self):
        process = start(
            "train",
            *self.source,
            *LONG,
            "--output",
            self.folder / "run",
            "--checkpoint-every",
            "0.2s",
            "--keep",
            2,
        )
        try:
            wait_until(lambda: len(checkpoints(self.folder / "run")) == 2, what="two checkpoints")
            time.sleep(0.5)
            self.assertLessEqual(len(checkpoints(self.folder / "run")), 3)
        finally:
            kill_tree(process.pid)
            process.wait()

    def test_json_lines_are_json(self):
        self.train("run", *self.source, *SETTINGS, "--log-every", 1)
        for line in (self.folder / "run/metrics.jsonl").read_text().splitlines():
            self.assertIsInstance(json.loads(line), dict)


if __name__ == "__main__":
    unittest.main()
