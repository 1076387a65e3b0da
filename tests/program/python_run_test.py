"""hourglass.start and hourglass.Run: trainings from Python, watched, stopped, resumed, as a process
and as a job of Slurm; errors as exceptions."""
import os
import sys
import unittest
import warnings

import numpy as np

from support import MPIRUN, PROGRAM, ROOT, ProgramTest, execute, write_file

sys.path.insert(0, str(ROOT / "python"))
import hourglass  # noqa: E402

os.environ["HOURGLASS"] = PROGRAM
SMALL = {"layers": [20, 6, 2], "batch": 32, "micro_batch": 8}

# A cluster of one process: slurm/train.sbatch, started, looked at and ended by these.
SBATCH = """#!/bin/bash
# sbatch --parsable --output=LOG [options] train.sbatch RUN WORDS...
echo "$@" > "$FAKE/arguments"
while [[ "$1" == --* ]]; do
  [[ "$1" == --output=* ]] && log=${1#--output=}
  shift
done
export SLURM_JOB_ID=7 SLURM_NTASKS=1 SLURM_JOB_NODELIST=here HOURGLASS_SRUN=env
(
  bash "$@" >> "$log" 2>&1 &
  echo $! > "$FAKE/pid"
  wait $!
  echo $? > "$FAKE/code"
) > /dev/null 2>&1 < /dev/null &
echo 7
"""
SCONTROL = """#!/bin/bash
# scontrol show job 7
if [ -e "$FAKE/cancelled" ] && [ -e "$FAKE/code" ]; then echo "JobState=CANCELLED ExitCode=0:15"
elif [ -e "$FAKE/cancelled" ]; then echo "JobState=COMPLETING"
elif [ ! -e "$FAKE/code" ]; then echo "JobState=RUNNING"
elif [ "$(cat "$FAKE/code")" = 0 ]; then echo "JobState=COMPLETED ExitCode=0:0"
else echo "JobState=FAILED ExitCode=$(cat "$FAKE/code"):0"
fi
"""
SCANCEL = """#!/bin/bash
touch "$FAKE/cancelled"
kill -TERM "$(cat "$FAKE/pid")"
"""


class RunTest(ProgramTest):
    def setUp(self):
        super().setUp()
        warnings.simplefilter("error", ResourceWarning)
        self.data = self.make_data() + ":/train/samples"

    def test_watched_stopped_and_resumed(self):
        run = hourglass.start(self.data, output=self.folder / "run", epochs=1000000, **SMALL)
        seen = []
        for record in run.watch():
            seen.append(record["epoch"])
            if len(seen) == 20:
                self.assertEqual(run.state, "running")
                self.assertTrue(hourglass.Run(run.folder).is_running)
                self.assertEqual(run.model().code_size, 2)  # of a checkpoint
                run.stop()
        self.assertEqual(seen, list(range(1, len(seen) + 1)))
        self.assertEqual((run.wait().state, run.exit_code), ("stopped", 75))
        total = len(run.metrics("epoch")) + 3
        run.resume(epochs=total, ranks=2, launcher=MPIRUN + ["-n", "{ranks}"]).wait()
        self.assertEqual((run.state, run.exit_code), ("finished", 0))
        self.assertEqual(len(list(run.watch())), total)
        with hourglass.start(self.data, epochs=total, **SMALL) as other:
            other.wait()
            self.assertEqual(self.digest(other.model_path), self.digest(run.model_path))
            temporary = other.folder
        del other
        self.assertFalse(temporary.exists())
        existing = hourglass.Run(run.folder)
        self.assertEqual(existing.state, "finished")
        self.assertEqual(existing.settings["layers"], "20,6,2")
        self.assertEqual(existing.metrics(), run.metrics())
        with self.assertRaisesRegex(hourglass.FileError, "not a run folder"):
            hourglass.Run(self.folder)

    def test_resume_of_a_killed_run(self):
        output = self.folder / "run"
        with hourglass.start(self.data, output=output, epochs=1000000, **SMALL) as run:
            next(iter(run.watch()))
            run._job.kill()
            with self.assertRaisesRegex(hourglass.HourglassError, "signal 9"):
                run.wait()
            self.assertEqual(run.state, "failed")
        epochs = len(run.metrics("epoch")) + 2
        again = hourglass.start(self.data, output=output, epochs=epochs, resume=True, **SMALL)
        self.assertEqual(again.wait().state, "finished")
        fresh = self.folder / "fresh"
        fresh = hourglass.start(self.data, output=fresh, epochs=epochs, resume=True, **SMALL)
        self.assertEqual(self.digest(again.model_path), self.digest(fresh.wait().model_path))
        samples = hourglass.read_rows(self.data)
        grown = np.concatenate([samples, samples[:50]])
        with self.assertRaises(hourglass.HourglassError):
            again.resume(data=grown, epochs=epochs + 1).wait()
        again.resume(data=grown, epochs=epochs + 1, extend=True).wait()
        self.assertEqual((again.state, len(again.metrics("epoch"))), ("finished", epochs + 1))

    def test_errors_and_advice(self):
        x = np.random.default_rng(0).normal(size=(60, 20))
        with self.assertRaisesRegex(hourglass.DataError, "20 features") as caught:
            hourglass.start(x, [19, 2]).wait()
        self.assertEqual(caught.exception.exit_code, 65)
        with self.assertRaisesRegex(hourglass.SettingsError, "learning-rate"):
            list(hourglass.start(x, [20, 2], learning_rate=-1).watch())
        with self.assertRaises(hourglass.FileError):
            hourglass.start("nowhere.h5:/x", [20, 2]).wait()
        with self.assertRaises(hourglass.Diverged):
            hourglass.start(
                x * 1e18, [20, 2], output_activation="linear", optimizer="sgd", learning_rate=1e6
            ).wait()
        with self.assertRaisesRegex(TypeError, "did you mean 'learning_rate'"):
            hourglass.start(x, [20, 2], learning_rat=1)
        with self.assertRaisesRegex(ValueError, "at least 1"):
            hourglass.start(x, [20, 2], ranks=0)
        with self.assertRaisesRegex(hourglass.ProgramNotFound, "no-such-program"):
            hourglass.start(x, [20, 2], program="no-such-program")
        with self.assertRaisesRegex(hourglass.ProgramNotFound, "no-such-launcher"):
            hourglass.start(x, [20, 2], launcher="no-such-launcher -n {ranks}")
        with self.assertWarnsRegex(hourglass.HourglassWarning, "output-activation linear"):
            hourglass.start(x, [20, 2], epochs=1).wait()
        with self.assertRaises(TimeoutError), hourglass.start(x, [20, 2], epochs=1000000) as run:
            run.wait(timeout=0.01)
        self.assertFalse(run.is_running)

    def test_a_job_of_slurm(self):
        """slurm_test.py has the script on a real cluster; here are submission, end and errors."""
        for name, text in (("sbatch", SBATCH), ("scontrol", SCONTROL), ("scancel", SCANCEL)):
            path = self.folder / "bin" / name
            path.parent.mkdir(exist_ok=True)
            path.write_text(text)
            path.chmod(0o755)
        before = dict(os.environ)
        self.addCleanup(os.environ.update, PATH=before["PATH"])
        os.environ.update(PATH=f"{self.folder}/bin:{before['PATH']}", FAKE=str(self.folder))
        os.environ["HOURGLASS_SLURM_DIR"] = str(ROOT / "slurm")
        options = {"nodes": 2, "time": "00:10:00", "exclusive": True, "mem": None}
        x = np.random.default_rng(0).random((60, 20))

        def submit(**settings):
            for name in ("code", "cancelled"):
                (self.folder / name).unlink(missing_ok=True)
            run = self.folder / "run"
            run = hourglass.start(x, output=run, sbatch=options, ranks=8, threads=1, **settings)
            run._job.interval = 0.05
            return run

        run = submit(epochs=1000000, **SMALL)
        next(iter(run.watch()))
        run.stop()
        self.assertEqual(run.wait().state, "stopped")
        epochs = len(run.metrics("epoch")) + 2
        words = (self.folder / "arguments").read_text()
        self.assertIn("--nodes=2 --time=00:10:00 --exclusive --ntasks=8 --cpus-per-task=1", words)
        # The job goes on from its checkpoint, with the settings that it has.
        (self.folder / "run/config.cfg").write_text(
            (self.folder / "run/config.cfg").read_text().replace("1000000", str(epochs))
        )
        run = submit(epochs=epochs, **SMALL)
        self.assertEqual(run.wait().state, "finished", run.output)
        self.assertEqual(len(run.metrics("epoch")), epochs)
        execute(["rm", "-r", str(run.folder)])
        with self.assertRaisesRegex(hourglass.DataError, "20 features"):
            submit(layers=[3, 2]).wait()
        with self.assertRaisesRegex(ValueError, "output"):
            hourglass.start(x, [20, 2], sbatch="--nodes=1")

    def python(self, text, *launcher):
        """The output of a Python program that imports the package."""
        environment = {"PYTHONPATH": str(ROOT / "python"), "HOURGLASS": PROGRAM}
        command = [*launcher, sys.executable, "-B", "-c", text]
        result = execute(command, environment=environment, folder=self.folder)
        self.assertEqual(result.code, 0, str(result))
        return result.stdout.split("\n")

    def test_imports_only_what_it_needs(self):
        found = self.python(
            "import sys, hourglass\n"
            "print({name.partition('.')[0] for name in sys.modules} & set("
            "'sklearn scipy pandas torch tqdm matplotlib'.split()))"
        )
        self.assertEqual(found[0], "set()")

    def test_without_scikit_learn_and_tqdm(self):
        write_file(self.folder / "x.h5", x=np.random.default_rng(0).random((40, 6)))
        found = self.python(
            "import sys\n"
            "sys.modules.update(sklearn=None, tqdm=None)\n"
            "import hourglass, pickle\n"
            "x = hourglass.read_rows('x.h5:/x')\n"
            "one = hourglass.Autoencoder([6, 2], epochs=2, verbose=True)\n"
            "print(one.fit_transform(x).shape, one.get_params()['epochs'], one)\n"
            "print((pickle.loads(pickle.dumps(one)).transform(x) == one.transform(x)).all())\n"
            "print(list(one.get_feature_names_out()), hourglass.PCA(2).fit(x).score(x) < 0)\n"
            "for bad in (x[0], x[:, 1:], x * float('nan')):\n"
            "    try:\n"
            "        one.transform(bad)\n"
            "    except ValueError as error:\n"
            "        print(error)\n"
        )
        self.assertRegex(found[0], r"\(40, 2\) 2 Autoencoder\(.*epochs=2")
        self.assertEqual(found[1:3], ["True", "['autoencoder0', 'autoencoder1'] True"])
        self.assertRegex("\n".join(found[3:]), "1 dimensions.*\n.*5 features.*\n.*NaN")

    def test_under_mpirun(self):
        """A rank of another job (mpi4py, srun) starts trainings of its own."""
        found = self.python(
            "import hourglass, numpy as np\n"
            "x = np.random.default_rng(0).random((40, 6))\n"
            "print(hourglass.start(x, [6, 2], epochs=1).wait().state)\n",
            *(*MPIRUN, "-n", "2"),
        )
        self.assertEqual(found.count("finished"), 2)


if __name__ == "__main__":
    unittest.main()
