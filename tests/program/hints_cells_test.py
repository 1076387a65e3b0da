"""Hints about single cells: each is printed with reason for it, and followed literally."""

import unittest

import numpy as np

from extras import need
from hints import HintTest
from support import write_file

anndata, pd = need("anndata", "pandas")


class CellHints(HintTest):
    def test_generated_cells_fill_a_file(self):
        words = ["generate", "cells", "--cells", 3, "--genes", 8]
        text = "use --output {}"
        printed = self.hint(text, *words, "--output", f"{self.folder}/c.h5ad:/train")
        ((option, value),) = printed.options()
        self.no_hint(text, *words, option, value)

    def test_results_in_an_anndata_file(self):
        rng = np.random.default_rng(0)
        file = self.folder / "a.h5ad"
        anndata.AnnData(rng.random((40, 6), np.float32), dtype=np.float32).write_h5ad(file)
        quick = ["--batch", 20, "--micro-batch", 10, "--epochs", 1, "--progress", "none"]
        run = self.folder / "run"
        self.success("train", "--data", f"{file}:/X", "--layers", "6,2", *quick, "--output", run)
        encode = ["encode", "--model", run / "model.h5", "--data"]
        one, copy = [*encode, f"{file}:/X"], self.folder / "b.h5ad"

        text = "--in-place writes to the file of the samples: leave out --output or --in-place"
        self.hint(text, *one, "--output", copy, "--in-place")
        text = "--key needs an AnnData file: --output FILE.h5ad"
        self.hint(text, *one, "--output", self.folder / "c.h5", "--key", "k")
        self.no_hint(text, *one, "--output", copy, "--key", "k")
        text = (
            "{}: is several data sets, but the output is a copy of one AnnData file: give one "
            "--data"
        )
        self.hint(text, *encode, f"{file}:/X,{file}:/X", "--in-place")
        self.no_hint(text, *one, "--in-place")
        text = "{}:{}: already exists; give another name with --key"
        self.hint(text, *one, "--in-place")
        self.no_hint(text, *one, "--in-place", "--key", "again")
        text = (
            "{}: {} samples were chosen of the {} rows of an AnnData file, which takes results for "
            "all: write to --output FILE.h5"
        )
        rows = [*one, "--select-rows", "0:10"]
        self.hint(text, *rows, "--output", self.folder / "d.h5ad")
        self.no_hint(text, *rows, "--output", self.folder / "d.h5")

    def test_conditions(self):
        rng = np.random.default_rng(1)
        file = self.folder / "c.h5ad"
        data = anndata.AnnData(rng.random((40, 6), np.float32), dtype=np.float32)
        data.obs["batch"] = pd.Categorical(["a", "b"] * 20)
        donor = np.array(["x", "y"] * 20, object)
        donor[3] = None
        data.obs["donor"] = pd.Categorical(donor)
        data.write_h5ad(file)
        quick = ["--batch", 20, "--micro-batch", 10, "--epochs", 1, "--progress", "none"]
        train = ["train", "--data", f"{file}:/X", "--layers", "6,2", *quick, "--output"]
        batch, one = f"{file}:/obs/batch", self.folder / "one"
        self.success(*train, one, "--condition", batch)
        plain = self.folder / "plain"
        self.success(*train, plain)

        text = "give --unknown-condition to take them for unknown"
        given = ["--condition", f"{file}:/obs/donor"]
        self.hint(text, *train, self.folder / "two", *given, code=65)
        self.no_hint(text, *train, self.folder / "two", *given, "--unknown-condition")
        text = "--condition cannot be combined with --{}: leave out one of them"
        given = ["--condition", batch, "--contractive", 0.1]
        self.hint(text, *train, self.folder / "three", *given)
        for more in (given[:2], given[2:]):
            self.no_hint(text, *train, self.folder / f"three{more[0]}", *more)
        text = (
            "--condition with --validation needs --validation-condition, the same of those samples"
        )
        given = ["--condition", batch, "--validation", f"{file}:/X"]
        self.hint(text, *train, self.folder / "four", *given)
        self.no_hint(text, *train, self.folder / "four", *given, "--validation-condition", batch)
        for text, words, others in (
            (
                "--validation-condition needs --condition",
                ["--validation-condition", batch],
                ["--condition", batch, "--validation", f"{file}:/X"],
            ),
            (
                "--validation-condition needs --validation",
                ["--validation-condition", batch, "--condition", batch],
                ["--validation", f"{file}:/X"],
            ),
        ):
            folder = self.folder / f"five{len(words)}"
            self.hint(text, *train, folder, *words)
            self.no_hint(text, *train, folder, *words, *others)
        text = "--condition cannot be combined with --pretrain: leave out one of them"
        given = ["--condition", batch, "--pretrain", "denoising"]
        self.hint(text, *train, self.folder / "pre", *given)
        self.no_hint(text, *train, self.folder / "pre", *given[2:])
        text = "--condition cannot be combined with --window: leave out one of them"
        given = ["--condition", batch, "--window", 2, "--layers", "12,2"]
        self.hint(text, *train, self.folder / "six", *given)
        self.no_hint(text, *train, self.folder / "six", *given[2:])

        encode = ["encode", "--data", f"{file}:/X", "--output", self.folder / "codes.h5", "--model"]
        text = "{}: the model has no conditions: leave out --condition"
        self.hint(text, *encode, plain / "model.h5", "--condition", batch)
        self.no_hint(text, *encode, plain / "model.h5")
        encode = ["encode", "--data", f"{file}:/X", "--output", self.folder / "more.h5", "--model"]
        text = (
            "{}: the model has conditions ({}): give those of the samples with "
            "--condition FILE:/path"
        )
        self.hint(text, *encode, one / "model.h5")
        text = (
            "--condition {}: the model has the condition{} {}; give each as NAME=FILE:/path, "
            "with + between them"
        )
        self.hint(text, *encode, one / "model.h5", "--condition", f"{file}:/obs/donor")
        text = "--condition names {} twice: call one of them otherwise with NAME=FILE:/path"
        self.hint(text, *train, self.folder / "seven", "--condition", f"{batch}+{batch}")
        self.no_hint(text, *train, self.folder / "seven", "--condition", f"{batch}+again={batch}")
        text = "--condition {}: name what lies in the file: FILE:/path"
        self.hint(text, *encode, one / "model.h5", "--condition", file)
        self.no_hint(text, *encode, one / "model.h5", "--condition", batch)
        reconstruct = ["reconstruct", *encode[1:], one / "model.h5", "--condition", batch]
        text = "--set-condition {}: give NAME=CATEGORY of the model's conditions {}"
        self.hint(text, *reconstruct, "--set-condition", "a")
        self.no_hint(text, *reconstruct, "--set-condition", "batch=a")

    def test_conditions_of_probes_and_samples(self):
        rng = np.random.default_rng(3)
        batch = np.array(["a", "b"] * 20, "S1")
        file = write_file(
            self.folder / "p.h5", x=rng.random((40, 6)), labels=np.arange(40) % 3, batch=batch
        )
        quick = ["--batch", 20, "--micro-batch", 10, "--epochs", 1]
        train = ["train", "--data", f"{file}:/x", "--layers", "6,2", *quick, "--progress", "none"]
        given = ["--condition", f"{file}:/batch"]
        one, plain = self.folder / "one", self.folder / "plain"
        self.success(*train, "--variational", *given, "--output", one)
        self.success(*train, "--variational", "--output", plain)

        probe = ["probe", "--model", one / "model.h5", "--data", f"{file}:/x", *quick]
        text = (
            "--condition with --validation needs --validation-condition, the same of those samples"
        )
        held_out = ["--validation", f"{file}:/x"]
        self.hint(text, *probe, *given, *held_out)
        both = [*given, *held_out, "--validation-condition", f"{file}:/batch"]
        self.no_hint(text, *probe, *both)
        text = "--validation-condition needs --validation"
        split = ["--validation-fraction", 0.3]
        self.hint(text, *probe, *split, *given, "--validation-condition", f"{file}:/batch")
        self.no_hint(text, *probe, *split, *given)
        text = (
            "{}: the model has conditions of its samples, with which its encoder is not trained "
            "further: leave out --fine-tune"
        )
        self.hint(text, *probe, *both, "--fine-tune")
        raw = ["probe", "--raw", "--data", f"{file}:/x", *quick, *split]
        text = "--condition is told to a model, but --raw has none: leave it out"
        self.hint(text, *raw, *given)
        self.no_hint(text, *raw)

        sample = ["sample", "--samples", 3, "--output", self.folder / "new.h5", "--model"]
        text = "{}: the model has no conditions: leave out --set-condition"
        self.hint(text, *sample, plain / "model.h5", "--set-condition", "batch=a")
        self.no_hint(text, *sample, plain / "model.h5")
        (self.folder / "new.h5").unlink()
        text = "{}: the model has conditions: give the samples' with --set-condition, e.g. {}"
        printed = self.hint(text, *sample, one / "model.h5")
        value = printed.advice.split()[-1]
        self.no_hint(text, *sample, one / "model.h5", "--set-condition", value)

    def test_highly_variable_genes(self):
        counts = np.random.default_rng(2).poisson(1, (40, 6))
        counts[:, 4:] = 1
        file = write_file(self.folder / "n.h5", x=counts.astype(np.uint8))
        quick = ["--batch", 20, "--micro-batch", 10, "--epochs", 1, "--progress", "none"]
        train = ["train", "--data", f"{file}:/x", *quick, "--output", self.folder / "run"]
        text = "{}: --highly-variable {} of {} genes: choose fewer"
        self.hint(text, *train, "--layers", "7,2", "--highly-variable", 7)
        text = "{}: only {} genes vary: use --highly-variable {}"
        printed = self.hint(text, *train, "--layers", "6,2", "--highly-variable", 6, code=65)
        ((option, value),) = printed.options()
        self.no_hint(text, *train[:-1], self.folder / "four", option, value, "--layers", "4,2")
        text = "--highly-variable cannot be combined with --{}: leave out one of them"
        choice = ["--highly-variable", 2, "--select-columns", "0:2"]
        self.hint(text, *train, "--layers", "2,2", *choice)
        self.no_hint(text, *train, "--layers", "2,2", *choice[:2])


if __name__ == "__main__":
    unittest.main()
