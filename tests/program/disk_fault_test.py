"""Full disks, quotas, limits of the system and two runs in one folder: one line, and what was
written before stays good."""
import resource
import shutil
import signal
import subprocess
import unittest

from faults import SMALL, FaultTest
from preloads import QUOTA
from support import (
    ENVIRONMENT,
    IO,
    PROGRAM,
    USAGE,
    checkpoints,
    execute,
    kill_tree,
    run,
    start,
    wait_until,
)


class DiskFaultTest(FaultTest):
    def test_two_runs_in_one_folder(self):
        process = self.begin("--checkpoint-every", "1steps")
        for words in (["--resume", self.output], [*self.source, *SMALL, "--output", self.output]):
            self.assert_refused(run("train", *words, ranks=2), USAGE, self.output)
        self.assert_refused(
            run("train", "--resume", self.output), USAGE, "another run is writing", "process"
        )
        kill_tree(process.pid)
        process.wait()
        # What the killed one left does not keep the next one out.
        self.assertTrue((self.output / ".lock").exists())
        resumed = start("train", "--resume", self.output)
        try:
            before = max(checkpoints(self.output))
            wait_until(
                lambda: max(checkpoints(self.output)) > before or resumed.poll() is not None,
                what="the next checkpoint",
            )
            self.assertIsNone(resumed.poll())
        finally:
            kill_tree(resumed.pid)
            resumed.wait()

    def private_mount(self, script, *arguments):
        """Runs a shell script in a mount namespace of its own; $0 is a folder of the test's, the
        program and its words are "$@"."""
        place = self.folder / "mount"
        place.mkdir(exist_ok=True)
        if (
            execute(["unshare", "-Urm", "sh", "-c", 'mount -t tmpfs small "$0"', str(place)]).code
            != 0
        ):
            self.skipTest("no private mounts here")
        return execute(
            ["unshare", "-Urm", "sh", "-c", script, str(place), PROGRAM, *map(str, arguments)]
        )

    def test_full_disk_in_the_middle(self):
        """Space for two checkpoints only: the third is one line, and those before stay good."""
        for flags in ([], ["--checkpoint-async"]):
            result = self.private_mount(
                'mount -t tmpfs -o size=2400k small "$0" && "$@"; code=$?; '
                f'"{PROGRAM}" inspect "$0/run/checkpoints/step-00000000.h5" > /dev/null && ls -A '
                '"$0/run/checkpoints" >&2; exit $code',
                "train",
                *self.source,
                "--layers",
                "20,500,50,4",
                "--batch",
                48,
                "--micro-batch",
                12,
                "--epochs",
                5,
                "--keep",
                9,
                "--output",
                self.folder / "mount" / "run",
                *flags,
            )
            self.assert_refused(result, IO, "step-", "mount")
            self.assertIn("step-00000000.h5", result.stderr.split("\n", 1)[1])
            self.assertNotIn(".tmp.", result.stderr)

    def test_read_only_folder(self):
        self.train("mount/run", *self.source, *SMALL)
        result = self.private_mount(
            'mount --bind "$0" "$0" && mount -o remount,bind,ro "$0" && "$@"',
            "train",
            "--resume",
            self.folder / "mount/run",
        )
        self.assert_refused(result, IO, "mount/run", "read-only")

    def limited(self, name, value, *arguments):
        soft = {"RLIMIT_FSIZE": resource.RLIMIT_FSIZE, "RLIMIT_NOFILE": resource.RLIMIT_NOFILE}[
            name
        ]
        process = subprocess.run(
            [PROGRAM, *map(str, arguments)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=ENVIRONMENT,
            timeout=60,
            preexec_fn=lambda: (
                signal.signal(signal.SIGXFSZ, signal.SIG_DFL),
                resource.setrlimit(soft, (value, value)),
            ),
        )
        return (
            process.returncode,
            [line for line in process.stderr.splitlines() if line.startswith("hourglass: ")],
            process.stderr,
        )

    def test_file_size_limit(self):
        code, lines, text = self.limited(
            "RLIMIT_FSIZE",
            8 << 20,
            "train",
            *self.source,
            "--layers",
            "20,3000,300,4",
            "--batch",
            48,
            "--micro-batch",
            12,
            "--output",
            self.output,
        )
        self.assertEqual((code, len(lines)), (IO, 1), text)
        self.assertIn("step-00000000.h5", lines[0])
        self.assertEqual(list(self.output.rglob("*.h5")), [])

    def test_quota(self):
        """Space for two checkpoints and a half: the third is one line, and those before stay
        good."""
        library = self.compiled("quota", QUOTA)
        for flags in ([], ["--checkpoint-async"]):
            shutil.rmtree(self.output, ignore_errors=True)
            result = run(
                "train",
                *self.source,
                "--layers",
                "20,500,50,4",
                "--batch",
                48,
                "--micro-batch",
                12,
                "--epochs",
                5,
                "--keep",
                9,
                *flags,
                "--output",
                self.output,
                environment={
                    "LD_PRELOAD": library,
                    "QUOTA_FOLDER": str(self.output),
                    "QUOTA_BYTES": str(4500 << 10),
                },
            )
            self.assert_refused(result, IO, "step-", "quota")
            self.assertEqual(sorted(checkpoints(self.output)), [0, 4])
            self.assertEqual([path.name for path in self.output.rglob(".*.tmp.*")], [])
            self.success("inspect", checkpoints(self.output)[4])

    def test_file_descriptors(self):
        for count in (64, 48, 40, 36, 32, 28, 24, 20):
            shutil.rmtree(self.output, ignore_errors=True)
            code, lines, text = self.limited(
                "RLIMIT_NOFILE",
                count,
                "train",
                *self.source,
                *SMALL,
                "--output",
                self.output,
                "--memory",
                "0",
                "--validation",
                f"{self.data}:/test/samples",
                "--checkpoint-async",
                "--watchdog",
                "60s",
            )
            # With too few, MPI itself does not start.
            if code != 0 and not lines:
                self.assertFalse((self.output / "model.h5").exists())
                continue
            self.assertIn(code, (0, IO), text)
            self.assertEqual(len(lines), 0 if code == 0 else 1, text)


if __name__ == "__main__":
    unittest.main()
