"""Sliding windows of time series: the same bits as a data set of windows written out."""
import json
import unittest

import h5py
import numpy as np

from support import USAGE, ProgramTest, read_datasets, run, write_file
from training import SETTINGS

LENGTH, STRIDE, CHANNELS = 8, 3, 2


def series(rows, seed):
    random = np.random.default_rng(seed)
    t = np.arange(rows)[:, None]
    wave = np.sin(t / 5 + np.array([0, 1])) + 0.1 * random.normal(size=(rows, CHANNELS))
    return (0.5 + 0.3 * wave).astype("f4")


def windows_of(parts, length=LENGTH, stride=STRIDE):
    """All windows, and the first row of each among the rows of all parts."""
    windows, starts, begin = [], [], 0
    for part in parts:
        for row in range(0, len(part) - length + 1, stride):
            windows.append(part[row : row + length])
            starts.append(begin + row)
        begin += len(part)
    return np.stack(windows), starts


class WindowsTest(ProgramTest):
    def setUp(self):
        super().setUp()
        # The third is too short for a window.
        self.parts = [series(rows, seed) for seed, rows in enumerate((200, 61, 5, 90))]
        paths = [
            write_file(self.folder / f"s{i}.h5", x=part, y=part[:, ::-1])
            for i, part in enumerate(self.parts)
        ]
        self.windows, self.starts = windows_of(self.parts)
        self.list = ["--data", ",".join(paths) + ":/x"]
        self.views = ["--window", LENGTH, "--stride", STRIDE]
        self.written = [
            "--data",
            write_file(self.folder / "windows.h5", windows=self.windows) + ":/windows",
        ]
        self.shape = ["--layers", f"{LENGTH * CHANNELS},7,2"]

    def evaluate(self, model, *arguments, **how):
        return json.loads(
            self.success("evaluate", "--model", model, *arguments, "--json", **how).stdout
        )

    def test_training_has_the_bits_of_written_windows(self):
        for normalize in ("none", "standardize"):
            settings = [*SETTINGS, *self.shape, "--normalize", normalize]
            settings += ["--epochs", 2]
            expected = self.train(f"written-{normalize}", *self.written, *settings)
            for ranks in (1, 2, 3, 4):
                for memory in (["--threads", 2], ["--memory", 0]):
                    self.assertEqual(
                        self.train(
                            f"{normalize}-{ranks}-{len(memory[0])}",
                            *self.list,
                            *self.views,
                            *settings,
                            *memory,
                            ranks=ranks,
                        ),
                        expected,
                    )
        found = self.stopped_and_resumed(
            "cut", *self.list, *self.views, *SETTINGS, *self.shape, "--memory", 0
        )
        self.assertEqual(found["two"], found["resumed"])
        self.assertEqual(found["two"], self.train("whole", *self.written, *SETTINGS, *self.shape))

    def test_channels_of_windows_are_last(self):
        """Also more than are channels anywhere, and fewer steps than channels."""
        random = np.random.default_rng(3)
        path = write_file(self.folder / "many.h5", x=random.random((90, 6), np.float32))
        for length, layers in ((16, "16x6,conv1d:4x3s2,3"), (3, "3x6,conv1d:4x3,3")):
            words = [*SETTINGS, "--data", f"{path}:/x", "--window", length, "--layers", layers]
            words += ["--epochs", 1]
            found = self.train(f"plain{length}", *words)
            self.assertEqual(self.train(f"said{length}", *words, "--channels", "last"), found)
            self.evaluate(self.folder / f"plain{length}/model.h5", "--data", f"{path}:/x")

    def test_views_below_windows(self):
        rows = [*range(0, 120), *range(120, 240, 2)]
        one = self.parts[0]
        chosen = [one[:120, [1]], one[120:200:2, [1]], self.parts[1][:40:2, [1]]]
        windows, _ = windows_of(chosen, 6, 1)
        self.assertEqual(len(rows), 180)
        settings = [*SETTINGS, "--layers", "6,4,2"]
        written = write_file(self.folder / "chosen.h5", x=windows)
        self.assertEqual(
            self.train(
                "chosen",
                *self.list,
                "--select-rows",
                "0:120,120:240:2",
                "--select-columns",
                "1",
                "--window",
                6,
                *settings,
                ranks=2,
            ),
            self.train("written", "--data", f"{written}:/x", *settings),
        )
        beside = self.list[1].split(",")[0]
        both, _ = windows_of([np.concatenate([one, one[:, ::-1]], axis=1)])
        written = write_file(self.folder / "beside.h5", x=both)
        settings = [*SETTINGS, "--layers", f"{4 * LENGTH},7,2"]
        self.assertEqual(
            self.train("beside", "--data", f"{beside}:/x+{beside}:/y", *self.views, *settings),
            self.train("beside-written", "--data", f"{written}:/x", *settings),
        )

    def test_commands_know_the_windows_of_the_model(self):
        training = [*self.list, *self.views, *SETTINGS, *self.shape, "--validation", self.list[1]]
        self.train("run", *training)
        model = self.folder / "run/model.h5"
        self.train("written", *self.written, *SETTINGS, *self.shape)
        # Digests agree, so the model of the written windows stands for it.
        other = self.folder / "written/model.h5"
        self.assertEqual(
            self.evaluate(model, *self.list, ranks=2), self.evaluate(other, *self.written)
        )
        self.assertEqual(
            self.evaluate(model, *self.written, "--window", 0), self.evaluate(other, *self.written)
        )
        outputs = {}
        for command in ("encode", "reconstruct", "score"):
            for name, m, data, ranks in (
                ("one", model, self.list, None),
                ("three", model, self.list, 3),
                ("four", model, self.list, 4),
                ("written", other, self.written, None),
            ):
                path = self.folder / f"{command}-{name}.h5"
                more = ["--micro-batch", 16, "--threads", 1 if ranks is None else 2]
                self.success(
                    command, "--model", m, *data, "--output", path, *more, ranks=ranks, timeout=60
                )
                outputs[command, name] = read_datasets(path)
            for name in ("three", "four"):
                for path, values in outputs[command, "one"].items():
                    np.testing.assert_array_equal(outputs[command, name][path], values, path)
        np.testing.assert_array_equal(
            outputs["encode", "one"]["/codes"], outputs["encode", "written"]["/codes"]
        )
        np.testing.assert_array_equal(
            outputs["score", "one"]["/scores"], outputs["score", "written"]["/scores"]
        )
        # The reference for time steps, from the windows' reconstructions.
        y = outputs["reconstruct", "written"]["/reconstructions"].reshape(self.windows.shape)
        steps = sum(map(len, self.parts))
        sums = np.zeros((steps, CHANNELS))
        errors, counts = np.zeros(steps), np.zeros(steps)
        for start, out, window in zip(self.starts, y.astype("f8"), self.windows.astype("f8")):
            sums[start : start + LENGTH] += out
            errors[start : start + LENGTH] += ((out - window) ** 2).sum(axis=1)
            counts[start : start + LENGTH] += 1
        with np.errstate(invalid="ignore"):
            mean, scores = sums / counts[:, None], errors / counts
        self.assertTrue(np.isnan(scores).any())
        np.testing.assert_array_equal(
            outputs["reconstruct", "one"]["/reconstructions"], mean.astype("f4")
        )
        np.testing.assert_allclose(outputs["score", "one"]["/step_scores"], scores, rtol=1e-12)
        page = self.folder / "page.html"
        self.success("report", self.folder / "run", "--output", page)
        self.assertNotIn("No samples are shown", page.read_text())
        labels = write_file(self.folder / "labels.h5", y=np.arange(len(self.windows)) % 3)
        arguments = ["--labels", f"{labels}:/y", "--validation-labels", f"{labels}:/y"]
        arguments += ["--epochs", 2, "--json"]
        probed = [
            self.success(
                "probe", "--model", m, *data, "--validation", data[1], *arguments, ranks=2
            ).stdout
            for m, data in ((model, self.list), (other, self.written))
        ]
        self.assertEqual(*probed)

    def test_pca_of_windows(self):
        found = []
        for name, data in (("list", [*self.list, *self.views]), ("written", self.written)):
            path = self.folder / f"{name}.h5"
            self.success("pca", *data, "--components", 3, "--output", path, ranks=2)
            found.append(self.digest(path))
        self.assertEqual(*found)
        self.assertEqual(
            self.evaluate(self.folder / "list.h5", *self.list),
            self.evaluate(self.folder / "written.h5", *self.written),
        )

    def test_refusals(self):
        for words, arguments in (
            (["longer than every series", "the longest has 200 rows"], ["--window", 201]),
            (["--window must be at least 1"], ["--window", -1]),
            (["--stride at least 1"], ["--window", 8, "--stride", 0]),
        ):
            self.assert_refused(
                run("train", *self.list, *SETTINGS, *arguments, "--output", self.folder / "no"),
                USAGE,
                *words,
            )
        with h5py.File(self.folder / "hole.h5", "w") as file:
            values = series(50, 0)
            values[33, 1] = np.nan
            file["x"] = values
        for memory in ("auto", "0"):
            self.assert_refused(
                run(
                    "train",
                    "--data",
                    f"{self.folder}/hole.h5:/x",
                    *self.views,
                    *SETTINGS,
                    *self.shape,
                    "--memory",
                    memory,
                    "--output",
                    self.folder / f"hole-{memory}",
                ),
                65,
                "row 33 holds a NaN (feature 1)",
            )


if __name__ == "__main__":
    unittest.main()
