"""What the tests of faults share: a training that goes on for ever and how it ends."""
import shutil
import subprocess
import time

from support import (
    ENVIRONMENT,
    WITH_DAEMON,
    ProgramTest,
    command_line,
    execute,
    kill_tree,
    read_metrics,
    wait_until,
)

RANK = 69
SMALL = ["--layers", "20,12,3", "--batch", "48", "--micro-batch", "12", "--epochs", "5"]  # 20 steps
ENDLESS = [
    "--layers",
    "20,160,80,4",
    "--batch",
    "32",
    "--micro-batch",
    "8",
    "--epochs",
    "100000",
    "--log-every",
    "1",
]


class FaultTest(ProgramTest):
    def setUp(self):
        super().setUp()
        self.data = self.make_data()
        self.source = ["--data", f"{self.data}:/train/samples"]
        self.output = self.folder / "run"

    def begin(self, *arguments, ranks=2, steps=3, environment=None):
        """Starts a training that would go on for ever and returns the process once it has made some
        steps."""
        command = command_line(
            ["train", *self.source, *ENDLESS, "--output", self.output, *arguments], ranks
        )
        process = subprocess.Popen(
            command,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            stdin=subprocess.DEVNULL,
            text=True,
            env={**ENVIRONMENT, **WITH_DAEMON, **(environment or {})},
            start_new_session=True,
        )
        self.addCleanup(self.end, process)
        wait_until(
            lambda: len(read_metrics(self.output, "step")) > steps or process.poll() is not None,
            what="training",
        )
        return process

    @staticmethod
    def end(process):
        kill_tree(process.pid)
        process.communicate()

    def outcome(self, process, timeout=60):
        """Exit code and our lines on standard error; also how long the end took."""
        begin = time.monotonic()
        _, text = process.communicate(timeout=timeout)
        return (
            process.returncode,
            [line for line in text.splitlines() if line.startswith("hourglass: ")],
            time.monotonic() - begin,
        )

    def compiled(self, name, text):
        """A library to preload, made of C text."""
        source, library = self.folder / f"{name}.c", self.folder / f"{name}.so"
        source.write_text(text)
        if shutil.which("cc") is None:
            self.skipTest("no C compiler")
        result = execute(["cc", "-shared", "-fPIC", "-o", str(library), str(source), "-ldl"])
        self.assertEqual(result.code, 0, str(result))
        return str(library)
