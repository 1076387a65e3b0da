"""Jobs of slurm/ on a real Slurm cluster of this host: what interrupts them does not change their
weights."""
import json
import os
import random
import shutil
import signal
import sys
import time
import unittest
from pathlib import Path

from extras import need_extra
from slurm_jobs import TRAINING, Job, freeze
from support import PROGRAM, ROOT, ProgramTest, execute, wait_until

NODES = 6


def has_slurm():
    return all(map(shutil.which, ["slurmctld", "slurmd", "munged", "sbatch", "srun"]))


@unittest.skipIf(
    os.environ.get("HOURGLASS_SANITIZE"), "Slurm's tests are about processes, not memory"
)
class SlurmTest(ProgramTest):
    def setUp(self):
        super().setUp()
        cluster = self.folder / "cluster"
        # Two ranks of one node talk by TCP: shared memory is named after the host, which here all
        # nodes have in common.
        self.environment = {
            "SLURM_CONF": str(cluster / "slurm.conf"),
            "HOURGLASS": PROGRAM,
            "OMPI_MCA_btl": "tcp,self",
            "OMPI_MCA_mpi_yield_when_idle": "1",
            "HOURGLASS_SRUN": "srun -K --mpi=pmix --wait=60",
        }
        self.addCleanup(self.end_cluster)
        result = execute(
            [
                str(ROOT / "tests/slurm/up.sh"),
                str(cluster),
                str(NODES),
                str(random.randrange(20000, 30000, 20)),
            ]
        )
        self.assertEqual(result.code, 0, str(result))
        self.data = self.make_data(samples=600) + ":/train/samples"

    def end_cluster(self):
        """Ends every process that speaks to this cluster: the daemons, and what they started for
        jobs."""
        configuration = f"SLURM_CONF={self.environment['SLURM_CONF']}".encode()
        daemons = (self.folder / "cluster/pids").read_text().split()
        for entry in Path("/proc").iterdir():
            try:
                if entry.name.isdigit() and (
                    entry.name in daemons
                    or configuration in (entry / "environ").read_bytes().split(b"\0")
                ):
                    os.kill(int(entry.name), signal.SIGKILL)
            except OSError:
                continue

    def complete(self, jobs, timeout=120):
        """Waits for the jobs to end well, as many starts as that may take."""
        deadline = time.monotonic() + timeout
        waiting = list(jobs)
        while waiting:
            for job in list(waiting):
                state = job.field("JobState")
                self.assertNotIn(
                    state, ("CANCELLED", "TIMEOUT", "OUT_OF_MEMORY"), f"{job.name}: {job.text()}"
                )
                job.release()
                if state == "COMPLETED":
                    waiting.remove(job)
            if time.monotonic() > deadline:
                self.fail(
                    "\n".join(
                        f"{job.name} is {job.field('JobState')}: {job.text()}" for job in waiting
                    )
                )
            time.sleep(0.2)

    def test_a_job_survives_what_a_cluster_does_to_it(self):
        two_ranks = ["--nodes=1", "--ntasks-per-node=2"]
        whole = Job(self, "undisturbed", *two_ranks, "--nodelist=n1")
        preempted = Job(self, "preempted", *two_ranks, "--nodelist=n2")
        requeued = Job(self, "requeued", *two_ranks, "--nodelist=n3")
        # One rank a node on two of them, then on the one that is left.
        lost = Job(
            self, "lost", "--nodes=2", "--ntasks-per-node=1", "--exclude=n1,n2,n3,n6", "--exclusive"
        )
        # Slurm rounds to some ten seconds: the signal comes soon after the start.
        limited = Job(
            self, "limited", *two_ranks, "--nodelist=n6", "--time=1", "--signal=B:USR1@55"
        )
        disturbed = [preempted, requeued, lost, limited]
        freeze(*disturbed)

        # A job of the partition high takes the node; the training is asked to stop, does so, and
        # comes back.
        result = execute(
            [
                "sbatch",
                "--partition=high",
                "--nodelist=n2",
                "--exclusive",
                "--output=/dev/null",
                "--wrap=sleep 2",
            ],
            environment=self.environment,
        )
        self.assertEqual(result.code, 0, str(result))
        # An administrator requeues a job, and takes a node away.
        self.assertEqual(requeued.control("requeue", requeued.id).code, 0)
        self.assertEqual(lost.field("NumNodes"), "2")
        # (Drained as well, since its daemon is alive and would report for work again.)
        for state in ("down", "drain"):
            self.assertEqual(
                lost.control("update", "nodename=n5", f"state={state}", "reason=test").code, 0
            )
        wait_until(
            lambda: lost.field("JobState") == "PENDING",
            60,
            "the requeueing of a job that lost a node",
        )
        for size in ("NumTasks=1", "NumNodes=1"):
            self.assertEqual(lost.control("update", f"JobId={lost.id}", size).code, 0)
        preempted.signal_ranks(signal.SIGCONT)
        wait_until(
            lambda: "asked to stop" in limited.text(), 90, "the signal before the time limit"
        )
        limited.signal_ranks(signal.SIGCONT)

        self.complete([whole, *disturbed])
        digest = self.digest(whole.output / "model.h5")
        for job in disturbed:
            self.assertRegex(
                job.text(),
                r"start 2 of job .*/step-0*[1-9]",
                f"{job.name} did not resume from a checkpoint",
            )
            self.assertEqual(
                self.digest(job.output / "model.h5"), digest, f"{job.name}: {job.text()}"
            )
        self.assertIn("start 2 of job {}: 1 ranks on n4".format(lost.id), lost.text())
        self.assertIn("requeueing job", limited.text())

    def test_a_killed_rank_and_a_cancelled_job(self):
        killed = Job(self, "killed", "--nodes=2", "--ntasks-per-node=1")
        cancelled = Job(self, "cancelled", "--nodes=1", "--ntasks-per-node=2")
        bad = Job(self, "bad", "--nodes=1", "--export=ALL,HOURGLASS_THREADS=0")
        freeze(killed, cancelled)
        os.kill(killed.ranks()[0], signal.SIGKILL)
        execute(["scancel", cancelled.id], environment=self.environment)
        cancelled.signal_ranks(signal.SIGCONT)
        killed.signal_ranks(signal.SIGCONT)
        self.complete([killed])
        self.assertIn("start 2 of job", killed.text())
        # A cancelled job and one that would fail again stay away.
        wait_until(
            lambda: cancelled.field("JobState") == "CANCELLED", 60, "the end of a cancelled job"
        )
        self.assertEqual(bad.field("JobState"), "FAILED", bad.text())
        self.assertEqual(bad.field("ExitCode"), "64:0", bad.text())
        self.assertIn("not requeued", bad.text())

    def test_a_sweep_whose_trial_lost_a_rank(self):
        folder = self.folder / "sweep"
        words = [folder, "--set", "seed=1", "--", "--data", self.data, *TRAINING]
        sweep = Job(
            self,
            "sweeping",
            "--nodes=2",
            "--ntasks-per-node=1",
            script="sweep",
            words=words,
            output=folder / "trial-0001",
        )
        freeze(sweep)
        os.kill(sweep.ranks()[0], signal.SIGKILL)
        sweep.signal_ranks(signal.SIGCONT)
        self.complete([sweep])
        self.assertEqual(sweep.field("Restarts"), "1", sweep.text())
        self.assertIn("trial 0001 failed", sweep.text())
        self.assertEqual(
            self.digest(folder / "trial-0001/model.h5"),
            self.train("undisturbed", "--data", self.data, *TRAINING, "--seed", 1),
        )

    def test_srun_without_pmix_is_refused(self):
        """Each task would be a job of its own: they would train the same model into one folder."""
        output = self.folder / "copies"
        words = [PROGRAM, "train", "--data", self.data, "--layers", "20,3", "--epochs", "1"]
        words += ["--batch", "64", "--micro-batch", "16", "--output", str(output)]

        def srun(mpi, *more):
            return execute(
                ["srun", f"--mpi={mpi}", "--ntasks=2", "--nodes=1", *more, *words],
                environment=self.environment,
            )

        # Debian's Open MPI knows a task of Slurm by this variable and ends it with a long text of
        # its own; without it, it starts each task as a job of one rank, as other builds do.
        result = srun("none", "env", "-u", "SLURM_NODELIST")
        self.assertNotEqual(result.code, 0)
        refused = [line for line in result.stderr.splitlines() if "hourglass: " in line]
        self.assertEqual(len(refused), 2, str(result))
        for line in refused:
            self.assertIn("srun started 2 copies", line)
            self.assertIn("use srun --mpi=pmix", line)
        self.assertFalse(output.exists())
        result = srun("pmix")
        self.assertEqual(result.code, 0, str(result))
        self.assertIn("2 ranks", result.stdout)
        # A batch script is one process, however many tasks its job has.
        log = self.folder / "batch.log"
        words[-1] = str(self.folder / "script")
        result = execute(
            ["sbatch", "--wait", "--ntasks=2", f"--output={log}", "--wrap", " ".join(words)],
            environment=self.environment,
        )
        self.assertEqual(result.code, 0, f"{result} {log.read_text()}")

    def test_scripts_are_accepted_and_an_array_shares_a_sweep(self):
        for script, options in (
            ("train", []),
            ("scaling", ["--nodes=2"]),
            ("sweep", ["--array=0-1"]),
        ):
            result = execute(
                ["sbatch", "--test-only", *options, f"slurm/{script}.sbatch"],
                folder=ROOT,
                environment=self.environment,
            )
            self.assertEqual(result.code, 0, f"{script}: {result}")
            result = execute(
                ["bash", f"slurm/{script}.sbatch"], folder=ROOT, environment=self.environment
            )
            self.assertEqual(result.code, 64, f"{script}: {result}")
            self.assertIn("usage: sbatch", result.stderr)
        sweep = self.folder / "sweep"
        self.submit_array(sweep, "--set", "seed=1,2,3", training=["--epochs", 2])
        halving = self.folder / "halving"
        epochs = ["--epochs", 4, "--validation-fraction", 0.2]
        self.submit_array(halving, "--asha", 2, "--set", "seed=1,2,3,4", training=epochs)

        def logs():
            return "".join(path.read_text() for path in self.folder.glob("*-?.log"))

        wait_until(
            lambda: all((sweep / f"trial-000{trial}/model.h5").exists() for trial in (1, 2, 3)),
            60,
            f"the sweep: {logs()}",
        )
        self.assertEqual(
            len({self.digest(sweep / f"trial-000{trial}/model.h5") for trial in (1, 2, 3)}), 3
        )

        def trials_at_rungs():
            try:
                summary = json.loads((halving / "summary.json").read_text())
            except OSError:
                return []
            return [rung["trials"] for rung in summary["rungs"]] if summary["finished"] else []

        # A task that ends before the search is over leaves a table of what was done until then.
        wait_until(lambda: trials_at_rungs()[-1:] >= [1], 60, f"the halving: {logs()}")
        self.assertEqual(trials_at_rungs()[0], 4)

    def submit_array(self, folder, *words, training):
        command = [
            *("sbatch", "--parsable", "--array=0-1"),
            f"--output={folder}-%a.log",
            *("slurm/sweep.sbatch", folder, *words, "--", "--data", self.data),
            *(*TRAINING[:-6], *training),
        ]
        result = execute(list(map(str, command)), folder=ROOT, environment=self.environment)
        self.assertEqual(result.code, 0, str(result))

    def test_a_scaling_study_of_two_sizes_ends_in_one_report(self):
        study = self.folder / "study"
        command = [
            "slurm/scaling.sh",
            study,
            "1,2",
            "--",
            "--strong",
            "--repetitions",
            1,
            "--steps",
            2,
            "--warm-up",
            1,
            "--network",
            "false",
            "--micro-batch",
            16,
            "--",
            "--data",
            self.data,
            "--layers",
            "20,8,3",
            "--batch",
            64,
        ]
        result = execute(list(map(str, command)), folder=ROOT, environment=self.environment)
        self.assertEqual(result.code, 0, str(result))

        def logs():
            return "".join(path.read_text() for path in study.glob("*.log"))

        try:
            wait_until((study / "scaling.html").exists, 90, "the report")
        except AssertionError as error:
            raise AssertionError(f"{error}: {logs()}") from None
        self.assertTrue(
            (study / "nodes-1.jsonl").exists() and (study / "nodes-2.jsonl").exists(), logs()
        )


need_extra(has_slurm(), "Slurm")
if os.geteuid() != 0:
    print("skipped: only root can start a Slurm cluster")
    sys.exit(77)
if __name__ == "__main__":
    unittest.main()
