"""Models and run folders that are missing, damaged or of something else, in every command that
reads one."""
import shutil
import unittest

import h5py
import numpy as np

from bad_input import SMALL
from support import DATA, IO, USAGE, ProgramTest, checkpoints, make_samples, run, write_file


class BadModelTest(ProgramTest):
    def setUp(self):
        super().setUp()
        self.data = self.make_data()
        self.train("run", "--data", f"{self.data}:/train/samples", *SMALL)
        self.model = self.folder / "run/model.h5"

    def each_command(self, code, words, model=None, data=None):
        model, data = model or self.model, data or f"{self.data}:/test/samples"
        output = self.folder / "out.h5"
        for command in (
            ["evaluate"],
            ["encode", "--output", output],
            ["reconstruct", "--output", output],
        ):
            for ranks in (None, 2):
                with self.subTest(command=command[0], ranks=ranks):
                    result = run(
                        command[0],
                        "--model",
                        model,
                        "--data",
                        data,
                        *command[1:],
                        ranks=ranks,
                        timeout=60,
                    )
                    self.assert_refused(result, code, *words)
                    self.assertEqual([p.name for p in self.folder.glob("*out.h5*")], [])

    def test_missing_model(self):
        self.each_command(IO, ["nothing.h5"], model=self.folder / "nothing.h5")

    def test_a_run_folder_or_an_unfinished_run_instead_of_a_model(self):
        folder = self.model.parent
        self.each_command(
            IO, ["is a folder", f"did you mean {folder}/model.h5?"], model=f"{folder}/"
        )
        self.each_command(
            IO, ["no such file", f"did you mean {folder}/model.h5?"], model=folder / "mode1.h5"
        )
        self.each_command(IO, ["name a model or checkpoint file"], model=folder / "checkpoints")
        finished = self.folder / "finished.h5"
        self.model.rename(finished)
        newest = checkpoints(folder)[max(checkpoints(folder))]
        self.each_command(IO, ["is not finished", "--resume", newest], model=self.model)

    def test_data_instead_of_a_model(self):
        self.each_command(DATA, ["data.h5"], model=self.data)

    def test_a_flipped_bit(self):
        with h5py.File(self.model, "r") as file:
            offset = file["/model/encoder/0/weight"].id.get_offset()
        content = bytearray(self.model.read_bytes())
        content[offset + 5] ^= 4
        path = self.folder / "flipped.h5"
        path.write_bytes(content)
        self.each_command(DATA, ["flipped.h5", "digest"], model=path)
        self.assert_refused(run("inspect", path), DATA, "flipped.h5")

    def test_a_truncated_model(self):
        path = self.folder / "short.h5"
        path.write_bytes(self.model.read_bytes()[:-100])
        self.each_command(DATA, ["short.h5"], model=path)

    def test_data_of_another_width(self):
        self.each_command(
            DATA,
            ["20", "21"],
            data=write_file(self.folder / "wide.h5", x=make_samples(30, 21)) + ":/x",
        )

    def test_nan(self):
        values = make_samples(30).astype(np.float32)
        values[29, 0] = np.nan
        self.each_command(
            DATA, ["row 29"], data=write_file(self.folder / "nan.h5", x=values) + ":/x"
        )

    def test_a_newest_checkpoint_that_is_damaged_is_passed_over(self):
        output = self.folder / "run"
        last = checkpoints(output)[max(checkpoints(output))]
        self.assertGreaterEqual(len(checkpoints(output)), 1)
        last.write_bytes(last.read_bytes()[:1000])
        if len(checkpoints(output)) == 1:
            self.assert_refused(run("train", "--resume", output), DATA, last.name)

    def test_resume_of_a_model(self):
        self.assert_refused(
            run("train", "--resume", self.model),
            USAGE,
            "it is a file",
            f"--resume {self.model.parent}",
        )

    def test_resume_from_another_folder(self):
        shutil.copy(self.data, self.folder / "mine.h5")
        begun = run(
            "train",
            "--data",
            "mine.h5:/train/samples",
            "--output",
            "begun",
            *SMALL,
            folder=self.folder,
        )
        self.assertEqual(begun.code, 0, str(begun))
        for ranks in (None, 2):
            result = run(
                "train", "--resume", self.folder / "begun", "--epochs", 2, ranks=ranks, folder="/"
            )
            self.assert_refused(result, IO, "mine.h5", "the folder in which it was started")
        shown = run("train", "--resume", self.folder / "begun", "--print-config", folder="/")
        self.assertEqual(
            (shown.code, "data = mine.h5:/train/samples\n" in shown.stdout), (0, True), str(shown)
        )

    def test_resume_of_nothing(self):
        for ranks in (None, 2):
            result = run("train", "--resume", self.folder / "nowhere", ranks=ranks)
            self.assertIn(result.code, (USAGE, IO), str(result))
            self.assert_refused(result, result.code, "nowhere")


if __name__ == "__main__":
    unittest.main()
