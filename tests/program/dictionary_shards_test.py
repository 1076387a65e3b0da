"""A dictionary that is divided among ranks has the weights and the files of a whole one."""

import unittest

import h5py
import numpy as np

from support import ProgramTest, checkpoints, run

WORDS = ["--batch", 48, "--micro-batch", 24, "--layers", "20,300", "--epochs", 2]
WORDS += ["--learning-rate", "3e-3", "--shuffle-block", 2, "--shuffle-window", 2]


class DictionaryShardsTest(ProgramTest):
    def trained(self, name, *arguments, **how):
        return self.train(name, *self.source, *WORDS, *arguments, **how)

    def setUp(self):
        super().setUp()
        data = self.make_data()
        self.source = ["--data", f"{data}:/train/samples", "--validation", f"{data}:/test/samples"]

    def assert_all_equal(self, digests):
        self.assertEqual(len(set(digests.values())), 1, digests)

    def test_short_micro_batches(self):
        """The products of a few samples may be rounded otherwise with a part of the units: then
        that is refused, and a --micro-batch that divides the samples goes."""
        words = ["--layers", "64,128", "--sparsity", "topk:4", "--batch", 48, "--epochs", 1]
        data = self.folder / "normal.h5"
        with h5py.File(data, "w") as file:
            file["x"] = np.random.default_rng(1).standard_normal((48 + 15, 64)).astype("f4")
        words += ["--data", f"{data}:/x", "--micro-batch", 48]
        one = self.train("short1", *words)
        divided = ["--dictionary-shards", 2]
        result = run("train", *words, *divided, "--output", self.folder / "short2", ranks=2)
        if result.code == 0:
            self.assertEqual(self.digest(self.folder / "short2/model.h5"), one)
            return
        self.assert_refused(
            result, 64, "15 samples with 64 units otherwise than with 128", "another --micro-batch"
        )
        words += ["--batch", 21, "--micro-batch", 21]
        one = self.train("whole1", *words)
        self.assertEqual(self.train("whole2", *words, *divided, ranks=2), one)

    def test_every_sparsity(self):
        """300 units on 2 ranks and on 4, in 2 or 4 parts, and resumed with others."""
        kinds = {
            "topk": ["--sparsity", "topk:3", "--dead-after", 60],
            "batch-topk": ["--sparsity", "batch-topk:3", "--clip-norm", 0.1],
            "prefixes": ["--sparsity", "topk:3", "--matryoshka", "50,100", "--sparse-update"],
            "jumprelu": ["--sparsity", "jumprelu:0.1", "--l0", "1e-3"],
            "l1": ["--sparsity", "l1", "--l1", "1e-3", "--pre-bias", "none"],
            "gated": ["--sparsity", "gated", "--l1", "1e-3"],
        }
        for name, own in kinds.items():
            with self.subTest(sparsity=name):
                digests = {"one": self.trained(f"{name}1", *own)}
                parts = ["--checkpoint-every", "2steps", "--keep", 9, "--dictionary-shards"]
                digests["2 of 2"] = self.trained(f"{name}2", *own, *parts, 2, ranks=2)
                if name == "topk":
                    for shards in (2, 4):
                        how = f"{shards} of 4"
                        digests[how] = self.trained(how, *own, *parts, shards, ranks=4)
                    output = self.folder / "2 of 4"
                    for shards, ranks in ((2, 2), (1, 1)):
                        for step, path in checkpoints(output).items():
                            if step > 4:
                                path.unlink()
                        (output / "model.h5").unlink()
                        again = ["--dictionary-shards", shards]
                        self.success("train", "--resume", output, *again, ranks=ranks)
                        digests[f"resumed in {shards}"] = self.digest(output / "model.h5")
                self.assert_all_equal(digests)


if __name__ == "__main__":
    unittest.main()
