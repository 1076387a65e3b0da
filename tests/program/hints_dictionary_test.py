"""Hints about dictionaries of sparse codes: each is printed with reason, and followed literally."""
import unittest

import numpy as np

from hints import HintTest
from support import write_file

QUICK = ["--epochs", 1, "--batch", 32, "--micro-batch", 16]
SPARSE = ["--layers", "16,24", "--sparsity", "topk:2"]


class DictionaryHints(HintTest):
    def setUp(self):
        super().setUp()
        self.runs = 0
        values = np.random.default_rng(1).normal(0, 1, (64, 16)).astype(np.float32)
        self.data = write_file(self.folder / "x.h5", x=values) + ":/x"

    def training(self, *words):
        self.runs += 1
        output = self.folder / f"run{self.runs}"
        return ["train", "--data", self.data, *QUICK, "--output", output, *words]

    def refused(self, text, words, better):
        self.hint(text, *self.training(*words))
        self.success(*self.training(*better))

    def test_pre_bias(self):
        dense = ["--layers", "16,24", "--pre-bias", "mean"]
        linear = ["--output-activation", "linear"]
        self.refused(
            "--pre-bias is added to the reconstruction: use --output-activation linear instead of "
            "{}",
            dense,
            [*dense, *linear],
        )
        text = (
            "--pre-bias subtracts from whole samples of numbers and cannot be combined with --{}: "
            "use --pre-bias none"
        )
        words = [*dense, *linear, "--contractive", 0.1]
        self.refused(text, words, [*words, "--pre-bias", "none"])
        text = (
            "--pre-bias needs a dense first and a dense last layer: use --pre-bias none, or "
            "--layers without convolutions instead of {}"
        )
        convolution = ["--layers", "4x4,conv:2x3s2,8", *linear, "--pre-bias", "mean"]
        self.refused(text, convolution, [*convolution, "--pre-bias", "none"])
        self.success(*self.training(*convolution, "--layers", "16,8"))

    def test_start_and_constraint(self):
        words = ["--layers", "16,24", "--tied", "--unit-norm-decoder"]
        text = (
            "--unit-norm-decoder cannot be combined with --tied, whose encoder would have unit "
            "weights too: use --tied-initialization instead of --tied"
        )
        self.refused(text, words, [*words[:2], "--tied-initialization", "--unit-norm-decoder"])
        text = (
            "--tied-initialization begins with tied weights that are then trained apart: leave out "
            "--tied or --tied-initialization"
        )
        words = ["--layers", "16,24", "--tied", "--tied-initialization"]
        self.refused(text, words, words[:3])
        self.success(*self.training(*words[:2], "--tied-initialization"))
        text = (
            "--predictive keeps the dictionary's columns at norm 1 itself: leave out "
            "--unit-norm-decoder"
        )
        words = ["--layers", "16,24", "--predictive", "--l1", 0.1, "--output-activation", "linear"]
        self.refused(text, [*words, "--unit-norm-decoder"], words)
        text = (
            "--unit-norm-decoder needs a decoder whose first layer is dense, a dictionary, but "
            "--decoder-layers is {}: leave it out"
        )
        words = ["--layers", "4x4,conv:2x3s2"]
        self.refused(text, [*words, "--unit-norm-decoder"], words)
        text = (
            "--tied-initialization needs dense layers that mirror each other on both sides of the "
            "code, but --layers is {} and --decoder-layers {}: leave it out"
        )
        self.refused(text, [*words, "--tied-initialization"], words)
        text = (
            "--tied-initialization cannot be combined with --variational, whose last encoder layer "
            "has twice the code's width: leave it out"
        )
        words = ["--layers", "16,4", "--variational"]
        self.refused(text, [*words, "--tied-initialization"], words)
        text = (
            "--{} is about the start of the whole network and cannot be combined with --pretrain: "
            "leave out one of them"
        )
        words = ["--layers", "16,8,4", "--pretrain", "autoencoder"]
        self.refused(text, [*words, "--tied-initialization"], words)
        self.success(*self.training("--layers", "16,8,4", "--tied-initialization"))

    def test_dead_units_and_prefixes(self):
        text = (
            "--aux-k needs --sparsity topk:K or batch-topk:K with one layer on each side of the "
            "code, --output-activation linear and --loss mse of whole samples: use --aux-k 0"
        )
        words = [*SPARSE, "--aux-k", 4]
        self.refused(text, [*words, "--loss", "mae"], [*words, "--loss", "mae", "--aux-k", 0])
        self.success(*self.training(*words))
        text = (
            "--matryoshka needs --sparsity topk:K or batch-topk:K with one layer on each side of "
            "the code and --output-activation linear: leave it out"
        )
        deep = ["--layers", "16,12,24", "--sparsity", "topk:2"]
        self.refused(text, [*deep, "--matryoshka", "4,8"], deep)
        self.success(*self.training(*SPARSE, "--matryoshka", "4,8"))
        text = (
            "--resample-dead gives units the direction of samples and needs one layer on each side "
            "of the code: leave it out"
        )
        self.refused(text, [*deep, "--resample-dead", "1epochs"], deep)
        text = (
            "advice: --aux-weight has no effect without the auxiliary loss of --aux-k, which needs "
            "--sparsity topk:K or batch-topk:K with one layer on each side of the code, "
            "--output-activation linear and --loss mse of whole samples"
        )
        weight = ["--aux-weight", 0.1]
        words = ["--layers", "16,24", "--sparsity", "l1", "--l1", 0.01, *weight]
        self.hint(text, *self.training(*words), code=0)
        self.no_hint(text, *self.training(*SPARSE, *weight))
        text = "advice: --aux-weight has no effect with --aux-k 0"
        self.hint(text, *self.training(*SPARSE, *weight, "--aux-k", 0), code=0)
        self.no_hint(text, *self.training(*SPARSE, *weight, "--aux-k", 4))

    def test_units_that_die(self):
        """More units than samples would use, all of which share a constant."""
        values = 20 + np.random.default_rng(2).normal(0, 0.1, (256, 16)).astype(np.float32)
        data = write_file(self.folder / "shifted.h5", x=values) + ":/x"
        words = ["--data", data, "--layers", "16,48", "--k-sparse", 2, "--output-activation"]
        words += ["linear", "--epochs", 8, "--dead-after", 64, "--learning-rate", 0.003]
        text = "try --pre-bias mean, which keeps what all samples share out of the code"
        printed = self.hint(text, *self.training(*words), code=0)
        (option,) = printed.options()
        self.no_hint(text, *self.training(*words, *option))

    def test_equal_samples(self):
        """There is no fraction of a variance of 0."""
        for name, values in (("zero", np.zeros((64, 16))), ("constant", np.full((64, 16), 0.1))):
            with self.subTest(name):
                data = write_file(self.folder / f"{name}.h5", x=values.astype(np.float32)) + ":/x"
                words = [*SPARSE, "--output-activation", "linear", "--validation-fraction", 0.2]
                text = (
                    "advice: the samples of {} looked at are all equal (variance 0): there is "
                    "nothing to learn, and no fraction of variance (fvu); check --data"
                )
                printed = self.hint(text, *self.training(*words, "--data", data), code=0)
                self.assertIn("fvu -  l0", printed.message)
                self.assertNotIn("nan", printed.message)
                page = self.folder / f"{name}.html"
                self.success("report", self.folder / f"run{self.runs}", "--output", page)
                self.assertNotRegex(page.read_text(), r"[> -]nan\b")
                self.no_hint(text, *self.training(*words))


if __name__ == "__main__":
    unittest.main()
