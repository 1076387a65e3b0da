"""What a resume finds in a run's folder: checkpoints that are damaged or of something else, an
edited configuration, other data."""
import os
import re
import shutil
import unittest

from support import DATA, USAGE, ProgramTest, checkpoints, make_samples, run, write_file

SMALL = ["--layers", "20,12,3", "--batch", "48", "--micro-batch", "12", "--epochs", "5"]  # 20 steps


class ResumeTest(ProgramTest):
    def setUp(self):
        super().setUp()
        self.data = self.make_data()
        self.source = ["--data", f"{self.data}:/train/samples"]

    def damaged(self, damage):
        """A run of whose newest two checkpoints the last two are damaged goes on from the one
        before, to the same weights."""
        output = self.folder / "damaged"
        shutil.rmtree(output, ignore_errors=True)
        self.train(output.name, *self.source, *SMALL, "--checkpoint-every", "4steps", "--keep", 3)
        (output / "model.h5").unlink()
        for step in (16, 20):
            damage(checkpoints(output)[step])
        return output

    def test_damaged_checkpoints(self):
        whole = self.train("whole", *self.source, *SMALL)

        def truncate(path):
            os.truncate(path, path.stat().st_size * 2 // 3)

        def empty(path):
            os.truncate(path, 0)

        def flip(path):
            content = bytearray(path.read_bytes())
            content[len(content) // 2] ^= 16
            path.write_bytes(content)

        for damage in (truncate, empty, flip):
            with self.subTest(damage=damage.__name__):
                output = self.damaged(damage)
                result = self.success("train", "--resume", output, "--keep", 1, ranks=2)
                self.assertEqual(result.stdout.count("ignoring a checkpoint"), 2, result.stdout)
                self.assertEqual(self.digest(output / "model.h5"), whole)

    def test_damaged_checkpoints_do_not_push_out_the_good_one(self):
        output = self.damaged(lambda path: os.truncate(path, 100))
        # Stopped right after the next checkpoint, with two damaged ones that have higher numbers.
        run(
            "train",
            "--resume",
            output,
            "--keep",
            2,
            "--checkpoint-every",
            "1steps",
            environment={"HOURGLASS_FAULT": "kill,rank=0,step=14"},
        )
        self.assertEqual(sorted(checkpoints(output)), [13, 14])
        self.assertEqual(
            sorted(path.name for path in (output / "checkpoints").glob("*.damaged")),
            ["step-00000016.h5.damaged", "step-00000020.h5.damaged"],
        )
        self.success("train", "--resume", output)

    def test_what_does_not_belong_among_the_checkpoints(self):
        whole = self.train("whole", *self.source, *SMALL)
        self.train(
            "other", *self.source, *SMALL, "--seed", 77, "--checkpoint-every", "4steps", "--keep", 9
        )
        for name, stranger, reason in (
            ("a model", self.folder / "whole/model.h5", "is not a checkpoint"),
            (
                "another run's",
                self.folder / "other/checkpoints",
                "is of another run: its seed is '77'",
            ),
        ):
            with self.subTest(name=name):
                output = self.damaged(
                    lambda path: shutil.copy(
                        stranger / path.name if stranger.is_dir() else stranger, path
                    )
                )
                before = (output / "config.cfg").read_text()
                result = self.success("train", "--resume", output, ranks=2)
                self.assertEqual(result.stdout.count(reason), 2, result.stdout)
                self.assertIn("step-00000012.h5", result.stdout)
                self.assertEqual(self.digest(output / "model.h5"), whole)
                self.assertEqual((output / "config.cfg").read_text(), before)

    def test_a_configuration_that_was_edited_damaged_or_lost(self):
        whole = self.train("whole", *self.source, *SMALL)
        output = self.damaged(lambda path: None)
        file = output / "config.cfg"
        before = file.read_text()
        self.assertIn("seed = ", before)
        file.write_text(re.sub("seed = .*", "seed = 12345", before))
        for ranks in (None, 2):
            self.assert_refused(
                run("train", "--resume", output, ranks=ranks),
                DATA,
                "seed",
                "config.cfg says '12345'",
                "undo it or delete",
            )
        # Cut off, it is damaged rather than another run's.
        for content in (
            "",
            "# a comment\n",
            before[: before.index("batch = ")],
            re.sub("seed = .*", "sead = 12345", before),
            None,
        ):
            file.unlink() if content is None else file.write_text(content)
            result = self.success("train", "--resume", output, "--keep", 3)
            self.assertIn("using the settings of the checkpoint", result.stdout)
            self.assertIn("config.cfg", result.stdout)
            self.assertEqual(file.read_text(), before)
            self.assertEqual(self.digest(output / "model.h5"), whole)
        # Where, how fast and how long is free, as on the command line.
        file.write_text(
            re.sub("(?m)^keep = .*", "keep = 1", re.sub("(?m)^epochs = .*", "epochs = 8", before))
        )
        self.success("train", "--resume", output)
        self.assertEqual(len(checkpoints(output)), 1)
        self.assertEqual(
            self.digest(output / "model.h5"),
            self.train("longer", *self.source, *SMALL, "--epochs", 8),
        )

    def test_a_checkpoint_by_another_name(self):
        whole = self.train("whole", *self.source, *SMALL)
        output = self.damaged(lambda path: None)
        shutil.copy(checkpoints(output)[12], output / "checkpoints/step-00009999.h5")
        result = self.success("train", "--resume", output)
        self.assertIn("holds step 12, which does not match its name", result.stdout)
        self.assertIn("step-00000020.h5", result.stdout)
        self.assertEqual(self.digest(output / "model.h5"), whole)

    def test_validation_data_replaced(self):
        deciding = [
            ["--keep-best"],
            ["--early-stopping", 2],
            ["--schedule", "plateau", "--patience", 1],
        ]
        for number, words in enumerate([[], *deciding]):
            with self.subTest(words=words):
                held_out = write_file(self.folder / "held-out.h5", x=make_samples(40, seed=5))
                output = self.folder / f"run-{number}"
                self.train(
                    output.name, *self.source, "--validation", f"{held_out}:/x", *SMALL, *words
                )
                # From another place it is the same.
                copy = shutil.copy(held_out, self.folder / "copy.h5")
                self.success("train", "--resume", output, "--validation", f"{copy}:/x")
                write_file(held_out, x=make_samples(40, seed=6))
                result = run(
                    "train",
                    "--resume",
                    output,
                    "--validation",
                    f"{held_out}:/x",
                    "--epochs",
                    6,
                    ranks=2,
                )
                if words:
                    self.assert_refused(
                        result, USAGE, "--validation", "held-out.h5", "not what", "decide"
                    )
                else:
                    self.assertEqual(result.code, 0, result)

    def test_all_checkpoints_lost(self):
        output = self.damaged(lambda path: None)
        whole = self.train("whole", *self.source, *SMALL)
        shutil.rmtree(output / "checkpoints")
        result = self.success("train", "--resume", output, ranks=2)
        self.assertIn("from its beginning", result.stdout)
        self.assertEqual(self.digest(output / "model.h5"), whole)

    def test_data_replaced(self):
        self.train("run", *self.source, *SMALL)
        replacement = write_file(self.folder / "other.h5", train__samples=make_samples(150, seed=3))
        os.replace(replacement, self.data)
        result = run("train", "--resume", self.folder / "run", "--epochs", 9, ranks=2)
        self.assert_refused(result, USAGE, self.data, "not what")


if __name__ == "__main__":
    unittest.main()
