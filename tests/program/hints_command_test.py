"""Hints of the other commands: each is printed with reason for it, and followed literally."""

import os
import re
import resource
import signal
import shutil
import unittest

import h5py
import numpy as np

from hints import HintTest
from support import (
    DATA,
    DIVERGED,
    IO,
    STOPPED,
    checkpoints,
    start,
    wait_until,
    write_file,
)

QUICK = ["--epochs", 1, "--batch", 32, "--micro-batch", 16, "--progress", "none"]


class ModelHints(HintTest):
    """Commands that use a model."""

    def setUp(self):
        super().setUp()
        self.file = self.make_data()
        self.samples = f"{self.file}:/train/samples"
        self.run_folder = self.folder / "run"
        self.train_words = ["train", "--data", self.samples, "--layers", "20,8", *QUICK]
        self.success(*self.train_words, "--output", self.run_folder)
        self.model = self.run_folder / "model.h5"

    def test_model_files(self):
        evaluate = ["evaluate", "--data", self.samples, "--model"]
        printed = self.hint("{}: {}; did you mean {}?", *evaluate, self.run_folder, code=IO)
        named = re.search(r"did you mean (\S+)\?", printed.message).group(1)
        self.success(*evaluate, named)
        (self.folder / "empty").mkdir()
        text = "{}: is a folder; name a model or checkpoint file"
        self.hint(text, *evaluate, self.folder / "empty", code=IO)
        content = self.model.read_bytes()
        with h5py.File(self.model) as file:
            header = h5py.h5o.get_info(file["model/encoder/0/weight"].id).addr
        self.model.unlink()
        text = (
            "{}: {}; the run is not finished: continue it with train --resume, or name its newest "
            "checkpoint: {}"
        )
        printed = self.hint(text, *evaluate, self.run_folder, code=IO)
        newest = re.search(r"newest checkpoint: (\S+)", printed.message).group(1)
        self.success(*evaluate, newest)
        self.success("train", "--resume", self.run_folder)
        self.success(*evaluate, self.model)
        broken = bytearray(content)
        broken[header + 8] ^= 0x55
        for text, damage in [
            ("copy it again", content[: len(content) // 2]),
            ("use another copy", broken),
        ]:
            self.model.write_bytes(damage)
            self.hint(text, *evaluate, self.model, code=DATA)
        self.model.write_bytes(content)
        self.hint("use another copy", *evaluate, self.damaged_value(), code=DATA)
        self.success(*evaluate, self.model)

    def damaged_value(self):
        path = self.folder / "damaged.h5"
        shutil.copy(self.model, path)
        with h5py.File(path, "a") as file:
            weights = file["model/encoder/0/weight"]
            weights[0, 0] += 1
        return path

    def test_labels(self):
        bare = write_file(self.folder / "bare.h5", x=np.zeros((30, 20), np.float32))
        labels = write_file(self.folder / "labels.h5", y=np.arange(30, dtype=np.uint8) % 3)
        score = ["score", "--model", self.model, "--data", f"{bare}:/x"]
        self.hint(
            "--labels needs --anomaly-label, the labels of anomalies",
            *score,
            "--labels",
            f"{labels}:/y",
        )
        self.success(*score, "--labels", f"{labels}:/y", "--anomaly-label", 1)
        text = "{}: no labels beside the samples{}; name them with --labels FILE.h5:/path"
        printed = self.hint(text, *score, "--anomaly-label", 1, code=DATA)
        (option,) = [name for name, value in printed.options() if value == "FILE.h5:/path"]
        self.success(*score, "--anomaly-label", 1, option, f"{labels}:/y")
        probe = ["probe", "--model", self.model, "--epochs", 1]
        probe += ["--data", f"{bare}:/x", "--validation", f"{self.file}:/test/samples"]
        text = "name them with --{} FILE.h5:/path"
        printed = self.hint(text, *probe, code=DATA)
        (option,) = [name for name, value in printed.options() if value == "FILE.h5:/path"]
        self.success(*probe, option, f"{labels}:/y")

    def test_labels_of_other_kinds(self):
        x = np.random.default_rng(1).random((30, 20), np.float32)
        y = np.arange(30) % 3
        odd = write_file(
            self.folder / "odd.h5",
            samples=x,
            twice=np.ones((30, 2)),
            numbers=y,
            names=np.array(["a", "b", "c"])[y].astype("S"),
        )
        probe = ["probe", "--raw", "--epochs", 1, "--data", f"{odd}:/samples"]
        probe += ["--validation", f"{odd}:/samples", "--validation-labels", f"{odd}:/names"]
        text = (
            "{} numbers per sample are labels only as one 1 and zeros, but row {} is different; "
            "name labels of one number per sample"
        )
        self.hint(text, *probe, "--labels", f"{odd}:/twice", code=DATA)
        text = "{} names its classes ({}, ...), but {} only numbers them: give labels of one kind"
        self.hint(text, *probe, "--labels", f"{odd}:/numbers", code=DATA)
        self.success(*probe, "--labels", f"{odd}:/names")
        self.success(*probe[:-2], *(f"--{n}labels={odd}:/numbers" for n in ("", "validation-")))

    def test_few_samples_of_many_features(self):
        wide = write_file(self.folder / "wide.h5", x=np.random.default_rng(1).random((5, 4100)))
        pca = ["pca", "--data", f"{wide}:/x", "--output", self.folder / "pca.h5", "--components"]
        text = "--components is {}, but the {} samples of {} lie in {} dimensions: choose 1 to {}"
        printed = self.hint(text, *pca, 5)
        most = re.search(r"choose 1 to (\d+)", printed.message).group(1)
        self.success(*pca, most)

    def test_export_of_a_clock(self):
        x = np.random.default_rng(1).random((64, 4))
        x[:, 1] += 1.7e9
        data = write_file(self.folder / "clock.h5", x=x)
        self.success(
            *["train", "--data", f"{data}:/x", "--layers", "4,2", "--normalize", "standardize"],
            *["--output-activation", "linear", *QUICK, "--output", self.folder / "clock"],
        )
        export = ["--model", self.folder / "clock/model.h5", "--output"]
        text = (
            "{}: its samples need double precision, but the input of the graph is of single "
            "precision; use --normalized-input, or safetensors"
        )
        printed = self.hint(text, "export", "onnx", *export, self.folder / "clock.onnx")
        option, other = re.search(r"use (--\S+), or (\w+)", printed.message).groups()
        self.success("export", "onnx", *export, self.folder / "clock.onnx", option)
        self.success("export", other, *export, self.folder / "clock.safetensors")

    def test_probe(self):
        probe = ["probe", "--data", self.samples, "--validation", f"{self.file}:/test/samples"]
        probe += ["--epochs", 1]
        self.hint("give one of --model FILE, and --raw to classify the samples themselves", *probe)
        self.success(*probe, "--model", self.model)
        self.success(*probe, "--raw")
        text = "--fine-tune trains a model's encoder, but --raw has none: give --model"
        self.hint(text, *probe, "--raw", "--fine-tune")
        self.success(*probe, "--model", self.model, "--fine-tune")
        words = [*probe, "--raw", "--optimizer", "sgd", "--learning-rate", "3e38", "--epochs", 20]
        text = "diverged in epoch {}: the loss is not finite; try a --learning-rate below {:g}"
        self.hint(text, *words, code=DIVERGED)
        self.no_hint(text, *words, "--learning-rate", 0.01)

    def test_sample(self):
        sample = ["sample", "--samples", 4, "--output", self.folder / "new.h5", "--model"]
        self.hint(
            "{} was not trained with --variational, so the distribution of its codes is unknown; "
            "train with --variational",
            *sample,
            self.model,
            code=64,
        )
        words = [*self.train_words, "--variational", "--code-activation", "linear"]
        self.success(*words, "--output", self.folder / "variational")
        self.success(*sample, self.folder / "variational/model.h5")

    def test_samples_of_a_bound(self):
        words = [*self.train_words, "--variational", "--code-activation", "linear"]
        self.success(*words, "--output", self.folder / "bounded")
        evaluate = ["evaluate", "--model", self.folder / "bounded/model.h5"]
        evaluate += ["--data", self.samples, "--samples", 3]
        text = "--samples has no effect without --elbo: add --elbo"
        self.hint(text, *evaluate)
        self.no_hint(text, *evaluate, "--elbo")

    def test_outputs(self):
        words = ["encode", "--model", self.model, "--data", self.samples, "--output"]
        self.hint(": is a model or checkpoint; choose another --output", *words, self.model)
        self.success(*words, self.folder / "codes.h5")
        pca = ["pca", "--data", self.samples, "--components", 2, "--output", self.folder / "p.h5"]
        self.success(*pca)
        self.hint(": already exists; choose another --output or remove it", *pca)
        self.success(*pca[:-1], self.folder / "q.h5")
        (self.folder / "p.h5").unlink()
        self.success(*pca)
        report = ["report", self.run_folder, "--output"]
        page = self.folder / "page.html"
        page.write_text("precious")
        printed = self.hint("; choose another ", *report, page)
        self.assertIn("choose another --output or remove it", printed.advice)
        self.success(*report, self.folder / "other.html")
        page.unlink()
        self.success(*report, page)
        self.hint(" not a regular file; choose another ", *report, "/dev/null")
        self.hint(": is a folder; name a file", *report, self.folder, code=IO)

    def test_run_folders(self):
        text = "{} holds no run (config.cfg is missing); name the folder given to train --output"
        self.hint(text, "show", self.folder, code=IO)
        self.success("show", self.run_folder)
        text = (
            "{} holds no run, nor do the folders in it; name the folder given to train or sweep "
            "--output"
        )
        page = self.folder / "compared.html"
        empty = self.folder / "empty"
        empty.mkdir()
        self.hint(text, "compare", empty, "--output", page, code=IO)
        self.success("compare", self.run_folder, "--output", page)
        os.rename(self.file, self.folder / "moved.h5")
        page = self.folder / "page.html"
        self.success("report", self.run_folder, "--output", page)
        named = re.search(r"name them with (--data) FILE.h5:/path", page.read_text()).group(1)
        moved = f"{self.folder}/moved.h5:/train/samples"
        self.success("report", self.run_folder, "--output", page, named, moved)
        self.assertNotIn("name them with", page.read_text())

    def test_a_run_that_is_being_written(self):
        output = self.folder / "busy"
        words = [*self.train_words, "--epochs", 10**6, "--output", output]
        process = start(*words)
        self.addCleanup(process.kill)
        wait_until(lambda: (output / ".lock").exists() and checkpoints(output))
        text = "another run is writing to {}{}: wait for it to end, or use another folder"
        self.hint(text, "train", "--resume", output)
        self.success(*self.train_words, "--output", self.folder / "free")
        process.send_signal(signal.SIGUSR1)
        self.assertEqual(process.wait(60), STOPPED)
        resume = ["train", "--resume", output, "--time-limit", "2s"]
        self.no_hint(text, *resume, code=STOPPED)


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    unittest.main()
