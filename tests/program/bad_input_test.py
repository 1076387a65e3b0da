"""No input, however bad, gives a crash, a hang, a partial file or a silently wrong result: one line, the right exit code."""
import shutil
import unittest

import h5py
import numpy as np

from support import (
    DATA,
    DIVERGED,
    IO,
    MPIRUN,
    PROGRAM,
    USAGE,
    ProgramTest,
    checkpoints,
    execute,
    kill_tree,
    make_samples,
    rank_processes,
    read_metrics,
    run,
    start,
    wait_until,
    write_file,
)

SMALL = ["--layers", "20,8,2", "--batch", "16", "--micro-batch", "8", "--epochs", "1"]


class BadInputTest(ProgramTest):
    def setUp(self):
        super().setUp()
        self.data = self.make_data()
        self.output = self.folder / "run"

    def refused(self, code, words, *arguments, data=None, settings=None, ranks=(None, 2)):
        """`train` refuses with and without mpirun, and leaves no run folder behind."""
        for count in ranks:
            with self.subTest(ranks=count):
                result = run(
                    "train",
                    "--data",
                    data or f"{self.data}:/train/samples",
                    "--output",
                    self.output,
                    *(SMALL if settings is None else settings),
                    *arguments,
                    ranks=count,
                    timeout=60,
                )
                self.assert_refused(result, code, *words)
                if count is None:
                    self.assertEqual(len(result.stderr.splitlines()), 1, str(result))
                self.assertFalse(self.output.exists(), str(result))

    def make(self, name="bad.h5", **datasets):
        return write_file(self.folder / name, **datasets)

    # --- files

    def test_missing_file(self):
        self.refused(IO, ["nowhere.h5"], data=f"{self.folder}/nowhere.h5:/train/samples")

    def test_missing_validation_file(self):
        self.refused(IO, ["nowhere.h5"], "--validation", f"{self.folder}/nowhere.h5:/test/samples")

    def test_a_path_without_its_slash_or_colon(self):
        for slip in (":train/samples", "/train/samples"):
            self.refused(
                IO, [f"did you mean {self.data}:/train/samples"], data=f"{self.data}{slip}"
            )

    def test_no_advice_that_would_not_help(self):
        for slip in ("::/train/samples", ":/:/train/samples"):
            result = run("train", "--data", f"{self.data}{slip}", "--output", self.output, *SMALL)
            self.assert_refused(result, IO, "no such file")
            self.assertNotIn("did you mean", result.stderr)

    def test_folder_instead_of_file(self):
        result = run("train", "--data", f"{self.folder}:/x", "--output", self.output, *SMALL)
        self.assertIn(result.code, (DATA, IO))
        self.assert_refused(result, result.code, self.folder)

    def test_not_hdf5(self):
        path = self.folder / "text.h5"
        path.write_text("these are not the data you are looking for\n" * 100)
        self.refused(DATA, ["text.h5", "HDF5"], data=f"{path}:/train/samples")

    def test_empty_file(self):
        path = self.folder / "empty.h5"
        path.touch()
        self.refused(DATA, ["empty.h5"], data=f"{path}:/train/samples")

    def test_truncated_file(self):
        whole = self.make("whole.h5", train__samples=make_samples(4000))
        for kept in (0.5, 0.95):
            path = self.folder / f"cut{kept}.h5"
            shutil.copy(whole, path)
            with open(path, "r+b") as file:
                file.truncate(int(path.stat().st_size * kept))
            self.refused(DATA, [path.name], data=f"{path}:/train/samples")

    def test_wrong_name_lists_those_that_exist(self):
        self.refused(
            DATA,
            ["/train/sample", "/train/samples", "/test/samples"],
            data=f"{self.data}:/train/sample",
        )

    def test_group_instead_of_data_set(self):
        self.refused(DATA, ["/train"], data=f"{self.data}:/train")

    def test_text_data_set(self):
        with h5py.File(self.folder / "text.h5", "w") as file:
            file["words"] = np.array([b"a", b"b"], dtype="S4")
            file["lines"] = ["one", "two"]
        for name in ("words", "lines"):
            self.refused(DATA, [f"/{name}"], data=f"{self.folder}/text.h5:/{name}")

    def test_no_samples(self):
        self.refused(DATA, ["/none"], data=self.make(none=np.zeros((0, 20), np.float32)) + ":/none")
        self.refused(
            DATA, ["/none"], data=self.make("b.h5", none=np.zeros((5, 0), np.float32)) + ":/none"
        )

    def test_single_number(self):
        self.refused(DATA, ["/one"], data=self.make(one=np.float32(3)) + ":/one")

    # --- values

    def check_bad_value(self, value, row, *arguments):
        values = make_samples(150).astype(np.float32) / 255
        values[row, 7] = value
        path = self.make(f"v{row}{value}.h5", x=values)
        for ranks in (None, 2, 3):
            with self.subTest(ranks=ranks, row=row, value=value):
                result = run(
                    "train",
                    "--data",
                    f"{path}:/x",
                    "--output",
                    self.output,
                    "--layers",
                    "20,8,2",
                    "--batch",
                    24,
                    "--micro-batch",
                    8,
                    "--epochs",
                    1,
                    *arguments,
                    ranks=ranks,
                    timeout=60,
                )
                self.assert_refused(result, DATA, f"row {row}")
                self.assertFalse((self.output / "model.h5").exists())
                # Streamed data are first read when the run has begun, with the checkpoint that every run begins with.
                self.assertLessEqual(
                    {p.name for p in self.output.rglob("*.h5")}, {"step-00000000.h5"}
                )
                shutil.rmtree(self.output, ignore_errors=True)

    def test_nan_in_memory(self):
        self.check_bad_value(np.nan, 0)
        self.check_bad_value(np.nan, 149)

    def test_infinity_in_memory(self):
        self.check_bad_value(np.inf, 75)
        self.check_bad_value(-np.inf, 20)

    def test_nan_streamed(self):
        self.check_bad_value(np.nan, 101, "--memory", "0")

    def test_nan_in_validation(self):
        values = make_samples(40).astype(np.float64)
        values[33, 19] = np.nan
        path = self.make("v.h5", x=values)
        for ranks in (None, 2):
            result = run(
                "train",
                "--data",
                f"{self.data}:/train/samples",
                "--validation",
                f"{path}:/x",
                "--output",
                self.output,
                *SMALL,
                ranks=ranks,
            )
            self.assert_refused(result, DATA, "row 33", "v.h5")
            self.assertFalse((self.output / "model.h5").exists())
            shutil.rmtree(self.output, ignore_errors=True)

    # --- settings

    def test_width_of_the_data_differs_from_the_first_layer(self):
        self.refused(
            DATA,
            ["20", "21", "layers"],
            settings=["--layers", "21,8,2", "--batch", "16", "--micro-batch", "8"],
        )

    def test_width_of_the_validation_data_differs(self):
        path = self.make(x=make_samples(30, 19))
        self.refused(DATA, ["19", "20"], "--validation", f"{path}:/x")

    def test_batch_is_not_a_multiple_of_micro_batch(self):
        self.refused(
            USAGE,
            ["batch", "micro-batch", "100", "48"],
            settings=["--layers", "20,8,2", "--batch", "100", "--micro-batch", "48"],
        )

    def test_more_ranks_than_shards(self):
        self.refused(USAGE, ["3", "2", "batch"], ranks=(3,))

    def test_unknown_option_and_value(self):
        self.refused(USAGE, ["lerning-rate", "learning-rate"], "--lerning-rate", "1")
        self.refused(USAGE, ["activation", "rleu", "relu"], "--activation", "rleu")
        self.refused(USAGE, ["optimizer", "adma", "adam"], "--optimizer", "adma")
        self.refused(USAGE, ["loss"], "--loss", "mean-squared")
        self.refused(USAGE, ["epochs"], "--epochs", "many", ranks=(None,), settings=SMALL[:-2])
        self.refused(USAGE, ["learning-rate"], "--learning-rate", "-1", ranks=(None,))
        self.refused(USAGE, ["learning-rate"], "--learning-rate", "nan", ranks=(None,))
        self.refused(USAGE, ["momentum"], "--optimizer", "sgd", "--momentum", "1.5", ranks=(None,))
        self.refused(USAGE, ["threads"], "--threads", "0", ranks=(None,))
        self.refused(USAGE, ["memory"], "--memory", "much", ranks=(None,))
        self.refused(
            USAGE, ["checkpoint-every"], "--checkpoint-every", "3fortnights", ranks=(None,)
        )
        self.refused(USAGE, ["seed"], "--seed", "1.5", ranks=(None,))

    def test_a_blank_value(self):
        self.refused(USAGE, ["--hidden-noise"], "--hidden-noise", " ")

    def test_an_option_given_twice(self):
        result = execute([PROGRAM, "train", "--seed", "1", "--seed", "2"])
        self.assert_refused(result, USAGE, "seed", "twice")

    def test_settings_that_do_not_fit_together(self):
        self.refused(
            USAGE,
            ["loss", "output-activation"],
            "--loss",
            "bce",
            "--output-activation",
            "relu",
            ranks=(None,),
        )
        self.refused(USAGE, ["decoder-layers"], "--decoder-layers", "2,8,19", ranks=(None,))
        self.refused(USAGE, ["decoder-layers"], "--decoder-layers", "3,8,20", ranks=(None,))

    def test_bad_layers(self):
        for widths in ("20", "20,0,2", "20,-3", "20,x,2", "", "20,,2", "99999999999999999999,2"):
            with self.subTest(widths=widths):
                self.refused(
                    USAGE,
                    ["layers"],
                    settings=["--layers", widths, "--batch", "16", "--micro-batch", "8"],
                    ranks=(None,),
                )

    def test_a_model_larger_than_any_memory(self):
        result = run(
            "train",
            "--data",
            f"{self.data}:/train/samples",
            "--output",
            self.output,
            "--layers",
            "20,2000000000,2000000000",
            "--batch",
            16,
            "--micro-batch",
            8,
        )
        self.assertIn(result.code, (USAGE, IO), str(result))
        self.assert_refused(result, result.code)
        self.assertFalse(self.output.exists())

    def test_missing_settings(self):
        self.assert_refused(run("train", "--output", self.output, *SMALL), USAGE, "data")
        self.assert_refused(
            run("train", "--data", f"{self.data}:/train/samples", *SMALL), USAGE, "output"
        )
        self.assert_refused(
            run("train", "--data", f"{self.data}:/train/samples", "--output", self.output),
            USAGE,
            "layers",
        )
        self.assertFalse(self.output.exists())

    def test_config_file(self):
        config = self.folder / "a.cfg"
        for text, words in (
            ("[model]\nlayers = 20,8\nactivaton = relu\n", ["a.cfg", "line 3", "activation"]),
            ("learning-rate = fast\n", ["a.cfg", "line 1", "learning-rate"]),
            ("nonsense\n", ["a.cfg", "line 1"]),
            ("seed = 1\nseed = 2\n", ["a.cfg", "seed"]),
        ):
            config.write_text(text)
            self.refused(USAGE, words, "--config", config, ranks=(None,))
        config.write_bytes(bytes(range(256)))
        self.refused(USAGE, ["a.cfg"], "--config", config, ranks=(None,))
        self.refused(IO, ["b.cfg"], "--config", self.folder / "b.cfg", ranks=(None, 2))

    def test_unknown_command(self):
        self.assert_refused(run("trian"), USAGE, "trian", "train")
        self.assert_refused(run("trian", ranks=2), USAGE, "trian", "train")
        self.assert_refused(run("train", "something", *SMALL), USAGE, "something")

    # --- output

    def test_unwritable_output(self):
        (self.folder / "file").write_text("in the way")
        for place in (self.folder / "file" / "run", "/proc/hourglass-run"):
            for ranks in (None, 2):
                result = run(
                    "train",
                    "--data",
                    f"{self.data}:/train/samples",
                    "--output",
                    place,
                    *SMALL,
                    ranks=ranks,
                )
                self.assert_refused(result, IO, place)
        self.assertEqual((self.folder / "file").read_text(), "in the way")

    def test_output_that_holds_a_run(self):
        arguments = [
            "train",
            "--data",
            f"{self.data}:/train/samples",
            "--output",
            self.output,
            *SMALL,
        ]
        self.success(*arguments)
        before = {path: path.read_bytes() for path in self.output.rglob("*") if path.is_file()}
        for ranks in (None, 2):
            self.assert_refused(run(*arguments, ranks=ranks), USAGE, self.output, "resume")
        self.assertEqual(
            before, {path: path.read_bytes() for path in self.output.rglob("*") if path.is_file()}
        )

    def on_small_disk(self, *arguments):
        """Runs the program beside an empty file system of 200 kB at self.folder / "disk", then lists its files on standard error."""
        disk = self.folder / "disk"
        disk.mkdir(exist_ok=True)
        script = 'mount -t tmpfs -o size=200k small "$0" && "$@"; code=$?; find "$0" -type f ! -name "*.cfg" ! -name "*.jsonl" ! -name "metrics.csv" >&2; exit $code'
        if execute(["unshare", "-Urm", "sh", "-c", script, str(disk), "true"]).code != 0:
            self.skipTest("no private mounts here")
        result = execute(
            ["unshare", "-Urm", "sh", "-c", script, str(disk), PROGRAM, *map(str, arguments)]
        )
        self.assert_refused(result, IO, str(disk))
        self.assertEqual(
            len(result.stderr.splitlines()), 1, f"a partial file is left behind: {result}"
        )

    def test_disk_full_of_a_run(self):
        """The model has 1 MB."""
        self.on_small_disk(
            "train",
            "--data",
            f"{self.data}:/train/samples",
            "--output",
            self.folder / "disk" / "run",
            "--layers",
            "20,1000,100",
            "--batch",
            16,
            "--micro-batch",
            8,
            "--epochs",
            1,
        )

    def test_disk_full_of_an_output(self):
        """Codes and reconstructions of 20000 samples have more than 200 kB."""
        data = self.make_data(samples=20000, name="many.h5")
        self.train(
            "model",
            "--data",
            f"{data}:/train/samples",
            "--layers",
            "20,5",
            "--batch",
            2000,
            "--micro-batch",
            1000,
            "--epochs",
            1,
        )
        for command in ("encode", "reconstruct"):
            self.on_small_disk(
                command,
                "--model",
                self.folder / "model" / "model.h5",
                "--data",
                f"{data}:/train/samples",
                "--output",
                self.folder / "disk" / f"{command}.h5",
            )

    # --- ranks that disagree

    def mismatched(self, first, second, folders=(None, None)):
        command = list(MPIRUN)
        for number, (arguments, folder) in enumerate(zip((first, second), folders)):
            command += (
                ([":"] if number else [])
                + ["-n", "1"]
                + (["--wdir", str(folder)] if folder else [])
                + [PROGRAM, *map(str, arguments)]
            )
        return execute(command, timeout=60)

    def test_configuration_differs_across_ranks(self):
        common = ["train", "--data", f"{self.data}:/train/samples", "--output", self.output, *SMALL]
        result = self.mismatched(
            [*common, "--learning-rate", "0.1"], [*common, "--learning-rate", "0.2"]
        )
        self.assert_refused(result, USAGE, "learning-rate")
        self.assertFalse(self.output.exists())

    def test_one_rank_does_not_see_the_file(self):
        here, there = self.folder / "here", self.folder / "there"
        for place in (here, there):
            place.mkdir()
        shutil.copy(self.data, here / "data.h5")
        common = ["train", "--data", "data.h5:/train/samples", "--output", self.output, *SMALL]
        for folders in ((here, there), (there, here)):
            self.assert_refused(self.mismatched(common, common, folders), IO, "data.h5")
            self.assertFalse((self.output / "model.h5").exists())
            shutil.rmtree(self.output, ignore_errors=True)

    def test_one_rank_is_killed(self):
        process = start(
            "train",
            "--data",
            f"{self.data}:/train/samples",
            "--output",
            self.output,
            "--layers",
            "20,300,300,4",
            "--batch",
            16,
            "--micro-batch",
            8,
            "--epochs",
            100000,
            "--log-every",
            1,
            ranks=2,
        )
        try:
            wait_until(lambda: len(read_metrics(self.output, "step")) > 3, what="training")
            kill_tree(rank_processes(process.pid)[0])
            self.assertNotEqual(process.wait(timeout=30), 0)
        finally:
            kill_tree(process.pid)

    # --- divergence

    def test_divergence_names_the_step_and_the_last_checkpoint(self):
        for ranks in (None, 2):
            output = self.folder / f"diverged{ranks}"
            result = run(
                "train",
                "--data",
                f"{self.data}:/train/samples",
                "--output",
                output,
                "--layers",
                "20,16,4",
                "--activation",
                "linear",
                "--output-activation",
                "linear",
                "--optimizer",
                "sgd",
                "--learning-rate",
                "30",
                "--batch",
                16,
                "--micro-batch",
                8,
                "--epochs",
                200,
                "--checkpoint-every",
                "1steps",
                ranks=ranks,
            )
            last = checkpoints(output)[max(checkpoints(output))]
            self.assert_refused(result, DIVERGED, "step", last.name)
            self.assertFalse((output / "model.h5").exists())
            self.success("inspect", last)
            for values in _tensors(last):
                self.assertTrue(np.isfinite(values).all())


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
        self.each_command(IO, ["has not ended", "--resume", newest], model=self.model)

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
            self.assert_refused(result, IO, "mine.h5", "another folder")
        shown = run("train", "--resume", self.folder / "begun", "--print-config", folder="/")
        self.assertEqual(
            (shown.code, "data = mine.h5:/train/samples\n" in shown.stdout), (0, True), str(shown)
        )

    def test_resume_of_nothing(self):
        for ranks in (None, 2):
            result = run("train", "--resume", self.folder / "nowhere", ranks=ranks)
            self.assertIn(result.code, (USAGE, IO), str(result))
            self.assert_refused(result, result.code, "nowhere")


def _tensors(path):
    with h5py.File(path, "r") as file:
        found = []
        file["/model"].visititems(
            lambda _, item: found.append(item[()]) if isinstance(item, h5py.Dataset) else None
        )
    return [values for values in found if values.dtype.kind == "f"]


if __name__ == "__main__":
    unittest.main()
