"""Hints about targets, arrays of other formats and models of SAELens, each followed literally."""

import json
import shutil
import unittest

import h5py
import numpy as np

from activations_test import write_safetensors
from hints import HintTest
from support import DATA

QUICK = ["--epochs", 1, "--batch", 32, "--micro-batch", 16, "--progress", "none"]


class TargetHints(HintTest):
    def setUp(self):
        super().setUp()
        random = np.random.default_rng(1)
        with h5py.File(self.folder / "FILE.h5", "w") as file:
            file["x"] = random.normal(size=(64, 9)).astype("f4")
            file["path"] = random.normal(size=(64, 4)).astype("f4")

    def training(self, name, *words):
        words = ["--layers", "9,3", "--output-activation", "linear", *words]
        data = ["--data", self.folder / "FILE.h5:/x", *QUICK]
        return ["train", *data, *words, "--output", self.folder / name]

    def test_commands_that_compare(self):
        target = ["--target", self.folder / "FILE.h5:/path"]
        self.success(*self.training("pair", *target))
        self.success(*self.training("plain"))
        data = ["--data", self.folder / "FILE.h5:/x"]
        pair = ["--model", self.folder / "pair/model.h5", *data]
        plain = ["--model", self.folder / "plain/model.h5", *data]
        text = (
            "was trained with --target: give the target of --data here too, --target FILE.h5:/path"
        )
        for command in ("evaluate", "score"):
            printed = self.hint(text, command, *pair)
            option, value = printed.options()[-1]
            self.success(command, *pair, option, value, folder=self.folder)
        text = "was trained without --target: leave out --target"
        self.hint(text, "evaluate", *plain, *target)
        self.success("evaluate", *plain)
        noise = ["--corruption", "masking"]
        text = "cannot be combined with --target: leave out --corruption"
        self.hint(
            "--corruption compares with the input itself and " + text,
            *("evaluate", *pair, *target, *noise),
        )
        text = (
            "--fit names no targets, which a model trained with --target needs: give "
            "--threshold-quantile alone, for the data of the training"
        )
        score = ["score", *pair, *target, "--threshold-quantile", 0.9]
        self.hint(text, *score, "--fit", self.folder / "FILE.h5:/x")
        self.success(*score)
        text = "--top lists samples of each unit: give --per-unit FILE.csv too"
        self.hint(text, "score", *plain, "--top", 3)
        self.success("score", *plain, "--top", 3, "--per-unit", "FILE.csv", folder=self.folder)
        text = "--target needs --data, the samples that it is the target of"
        report = ["report", self.folder / "pair", "--output", self.folder / "r.html", *target]
        self.hint(text, *report)
        self.success(*report, *data)

    def test_settings_that_take_the_input_for_the_target(self):
        target = ["--target", self.folder / "FILE.h5:/path"]
        text = (
            "--target cannot be combined with --{}, which takes the input for the target: leave "
            "out one of them"
        )
        for number, words in enumerate((["--variational"], ["--missing", "mask"])):
            self.hint(text, *self.training("no", *target, *words))
            self.success(*self.training(f"with{number}", *words))
        text = (
            "--loss ssim needs targets of the shape of the inputs, but --target has {} features: "
            "use --loss mse"
        )
        image = ["--image-shape", "3x3"]
        printed = self.hint(text, *self.training("no", *target, *image, "--loss", "ssim"))
        ((option, value),) = [pair for pair in printed.options() if pair[0] == "--loss"][-1:]
        self.success(*self.training("mse", *target, *image, option, value))
        text = "--target cannot be combined with --window: leave out one of them"
        data = ["--window", 1, "--select-rows", "0:9"]
        self.hint(text, *self.training("no", *target, *data), code=64)

    def test_saelens(self):
        settings = ["--sparsity", "topk:2"]
        self.success(*self.training("sparse", *settings))
        export = ["export", "safetensors", "--layout", "saelens", "--model"]
        self.success(*export, self.folder / "sparse/model.h5", "--output", self.folder / "FOLDER")
        sources = ["import", self.folder / "FOLDER", "FOLDER", "--format", "saelens"]
        text = (
            "name one folder of SAELens: hourglass import FOLDER --format saelens --output model.h5"
        )
        printed = self.hint(text, *sources, "--output", self.folder / "no.h5")
        self.success(*printed.command(), folder=self.folder)
        text = "--{} is about data, but the source is a model of SAELens: leave it out"
        words = ["import", self.folder / "FOLDER", "--output", self.folder / "more.h5"]
        self.hint(text, *words, "--rows", 3)
        self.success(*words)
        for number, (given, text, follow) in enumerate(
            (
                (
                    ["--layers", "9,5,3"],
                    "use --layers INPUTS,UNITS without --decoder-layers",
                    ["--layers", "9,3", *settings],
                ),
                (
                    [*settings, "--output-activation", "sigmoid"],
                    "use --output-activation linear",
                    [*settings, "--output-activation", "linear"],
                ),
                (
                    ["--code-activation", "linear"],
                    "train with --sparsity, or --code-activation relu",
                    ["--code-activation", "relu"],
                ),
                (
                    ["--variational"],
                    "train without --layer-norm, --missing-indicator, --variational and counts",
                    settings,
                ),
            )
        ):
            self.success(*self.training(f"given{number}", *given))
            model = self.folder / f"given{number}/model.h5"
            self.hint(text, *export, model, "--output", self.folder / "no")
            self.success(*self.training(f"right{number}", *follow))
            model = self.folder / f"right{number}/model.h5"
            self.success(*export, model, "--output", self.folder / f"sae{number}")

    def test_models_of_saelens_that_are_others(self):
        sae = self.folder / "sae"
        sae.mkdir()
        matrices = {"W_enc": np.ones((3, 4), "<f4"), "W_dec": np.ones((4, 3), "<f4")}
        vectors = {"b_enc": np.ones(4, "<f4"), "b_dec": np.ones(3, "<f4")}
        made = {name: ("F32", values) for name, values in (matrices | vectors).items()}
        factors = ("F32", np.full(4, 2, "<f4"))
        scaled = {**made, "W_dec": ("F32", factors[1][:, None] * matrices["W_dec"])}
        with_threshold = {**made, "threshold": factors}

        def importing(cfg, tensors):
            cfg = {"d_in": 3, "d_sae": 4, **cfg}
            (sae / "cfg.json").write_text(json.dumps(cfg))
            write_safetensors(sae / "sae_weights.safetensors", **tensors)
            return [
                "import",
                sae,
                "--output",
                self.folder / f"model{len(list(self.folder.iterdir()))}.h5",
            ]

        for text, given, *better in (
            (
                "{} is '{}', but {} models are read with relu{}: use a model trained with it",
                ({"activation_fn": "tanh-relu"}, made),
                ({"activation_fn": "relu"}, made),
            ),
            (
                "{} is {}, not a boolean: write true or false",
                ({"apply_b_dec_to_input": "no"}, made),
                ({"apply_b_dec_to_input": True}, made),
                ({"apply_b_dec_to_input": False}, made),
            ),
            (
                "tensor '{}' does not belong to a model of architecture {}: set the architecture "
                "that it belongs to in {}, or remove it",
                ({}, with_threshold),
                ({"architecture": "jumprelu"}, with_threshold),
                ({}, made),
            ),
            (
                "finetuning_scaling_factor is {}, with a tensor scaling_factor that is not 1: "
                "multiply the rows of W_dec by it, remove the tensor and set "
                "finetuning_scaling_factor to false",
                ({"finetuning_scaling_factor": True}, {**made, "scaling_factor": factors}),
                ({"finetuning_scaling_factor": False}, scaled),
            ),
        ):
            self.hint(text, *importing(*given), code=DATA)
            for follow in better:
                self.success(*importing(*follow))

    def test_arrays(self):
        values = np.arange(12, dtype="f4").reshape(6, 2)
        np.save(self.folder / "x.npy", values)
        pca = ["pca", "--components", 1, "--output", self.folder / "pca.h5", "--data"]
        again = ["pca", "--components", 1, "--output", self.folder / "again.h5", "--data"]
        text = ": is one NumPy array, without data sets: leave :"
        self.hint(text, *pca, self.folder / "x.npy:/x", code=DATA)
        self.success(*pca, self.folder / "x.npy")
        write_safetensors(self.folder / "x.safetensors", NAME=("F32", values))
        shutil.move(self.folder / "x.safetensors", self.folder / "x.dat")
        text = "make an HDF5 file of a tensor: hourglass import {}:NAME --output OUT.h5:/train"
        printed = self.hint(text, *again, self.folder / "x.dat", code=DATA)
        self.success(*printed.command(), folder=self.folder)


if __name__ == "__main__":
    unittest.main()
