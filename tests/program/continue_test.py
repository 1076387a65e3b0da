"""--resume with more epochs, moved or other data, other settings or another folder."""
import os
import unittest

from support import DATA, IO, USAGE, checkpoints, make_samples, run, write_file
from training import SETTINGS, TrainingTest


class ContinueTest(TrainingTest):
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
            "stays in its folder",
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


if __name__ == "__main__":
    unittest.main()
