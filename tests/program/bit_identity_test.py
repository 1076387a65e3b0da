"""A run is a function of data, configuration and seed: the digest of the weights is the same on any
number of ranks and threads, streamed or in memory."""
import json
import unittest

from support import ProgramTest, checkpoints, read_metrics

# 16 shards of 8 or 9 samples: 150 samples, micro-batches of 3 divide nothing.
BASE = [
    "--layers",
    "20,12,3",
    "--batch",
    "48",
    "--micro-batch",
    "3",
    "--epochs",
    "3",
    "--learning-rate",
    "3e-3",
    "--shuffle-block",
    "2",
    "--shuffle-window",
    "2",
]
OPTIMIZERS = {
    "sgd": ["--optimizer", "sgd", "--learning-rate", "0.1"],
    "momentum": ["--optimizer", "sgd", "--momentum", "0.9", "--learning-rate", "0.05"],
    "nesterov": [
        "--optimizer",
        "sgd",
        "--momentum",
        "0.9",
        "--nesterov",
        "--learning-rate",
        "0.05",
        "--clip-norm",
        "0.05",
    ],
    "adam": [
        "--optimizer",
        "adam",
        "--weight-decay",
        "1e-3",
        "--schedule",
        "cosine",
        "--warmup-epochs",
        "1",
    ],
    "adamw": [
        "--optimizer",
        "adamw",
        "--weight-decay",
        "1e-2",
        "--schedule",
        "step",
        "--decay-epochs",
        "1",
        "--clip-norm",
        "0.1",
    ],
    "nadam": ["--optimizer", "nadam"],
    "adagrad": [
        "--optimizer",
        "adagrad",
        "--learning-rate",
        "0.01",
        "--schedule",
        "inverse-sqrt",
        "--warmup-epochs",
        "1",
    ],
    "rmsprop": ["--optimizer", "rmsprop", "--centered", "--momentum", "0.5"],
    "adadelta": [
        "--optimizer",
        "adadelta",
        "--learning-rate",
        "1",
        "--epsilon",
        "1e-6",
        "--schedule",
        "exponential",
    ],
    "sutskever": [
        "--optimizer",
        "sgd",
        "--momentum",
        "0.99",
        "--momentum-schedule",
        "sutskever",
        "--nesterov",
        "--learning-rate",
        "0.02",
    ],
    "lars": [
        "--optimizer",
        "lars",
        "--momentum",
        "0.9",
        "--trust-coefficient",
        "0.1",
        "--learning-rate",
        "0.5",
        "--weight-decay",
        "1e-3",
    ],
    "lamb": ["--optimizer", "lamb", "--weight-decay", "1e-2", "--schedule", "one-cycle"],
    "muon": ["--optimizer", "muon", "--momentum", "0.9", "--learning-rate", "0.02"],
    # Roots and bases every other step, in turns; a stop falls between two of them.
    "shampoo": [
        "--optimizer",
        "shampoo",
        "--precondition-block",
        "8",
        "--precondition-every",
        "2",
    ],
    "shampoo_adam": [
        "--optimizer",
        "shampoo",
        "--graft",
        "adam",
        "--learning-rate",
        "3e-3",
        "--statistics-every",
        "2",
    ],
    "soap": ["--optimizer", "soap", "--precondition-block", "8", "--precondition-every", "2"],
    "kfac": ["--optimizer", "kfac", "--precondition-block", "8", "--precondition-every", "2"],
    "kfac adaptive": "--optimizer kfac --kfac-damping-rule adaptive --precondition-every 2".split(),
    "kfac quadratic": (
        "--optimizer kfac --kfac-damping-rule adaptive --kfac-momentum quadratic "
        "--precondition-block 8 --precondition-every 2"
    ).split(),
    "ema": [
        "--ema",
        "0.9",
        "--encoder-rate-factor",
        "0.5",
        "--bias-rate-factor",
        "2",
        "--schedule",
        "cosine-restarts",
        "--decay-epochs",
        "1",
    ],
    "polynomial": [
        "--schedule",
        "polynomial",
        "--decay-power",
        "2",
        "--scale-learning-rate",
        "sqrt",
        "--base-batch",
        "12",
    ],
    "early": [
        "--learning-rate",
        "4",
        "--optimizer",
        "sgd",
        "--early-stopping",
        "1",
        "--epochs",
        "8",
    ],
    "plateau": [
        "--learning-rate",
        "0.5",
        "--optimizer",
        "sgd",
        "--schedule",
        "plateau",
        "--patience",
        "1",
        "--decay-factor",
        "0.5",
        "--keep-best",
    ],
}


class BitIdentityTest(ProgramTest):
    def setUp(self):
        super().setUp()
        data = self.make_data()
        self.source = ["--data", f"{data}:/train/samples", "--validation", f"{data}:/test/samples"]

    def trained(self, name, *arguments, **how):
        return self.train(name, *self.source, *BASE, *arguments, **how)

    def assert_all_equal(self, digests):
        self.assertEqual(len(set(digests.values())), 1, digests)

    def test_any_number_of_ranks(self):
        self.assert_all_equal(
            {ranks: self.trained(f"r{ranks}", ranks=ranks) for ranks in (None, 1, 2, 3, 4, 7)}
        )

    def test_threads_and_streaming(self):
        digests = {"plain": self.trained("plain", "--threads", 1)}
        for ranks, threads, memory in (
            (1, 2, "auto"),
            (3, 2, "auto"),
            (1, 1, "0"),
            (2, 2, "0"),
            (3, 1, "2KiB"),
        ):
            how = f"{ranks} ranks, {threads} threads, memory {memory}"
            digests[how] = self.trained(how, "--threads", threads, "--memory", memory, ranks=ranks)
        self.assert_all_equal(digests)

    def test_bucket_size_is_free(self):
        self.assert_all_equal(
            {
                size: self.trained(f"b{size}", "--bucket-bytes", size, ranks=3)
                for size in ("256", "1KiB", "4MiB")
            }
        )

    def test_any_number_of_shards(self):
        seen = set()
        for shards in (1, 2, 7, 16):
            settings = ["--batch", 3 * shards]
            digests = {
                ranks: self.trained(f"s{shards}r{ranks}", *settings, ranks=ranks)
                for ranks in sorted({1, min(2, shards), min(5, shards)})
            }
            digests["threads"] = self.trained(f"s{shards}t", *settings, "--threads", 2)
            self.assert_all_equal(digests)
            seen.update(digests.values())
        self.assertEqual(len(seen), 4, "the global batch must matter")

    def test_sizes_that_divide_nothing(self):
        for samples, micro_batch, shards in ((17, 5, 16), (101, 4, 7), (97, 64, 2)):
            data = self.make_data(samples=samples, name=f"d{samples}.h5")
            arguments = [
                "--data",
                f"{data}:/train/samples",
                "--layers",
                "20,7,2",
                "--micro-batch",
                micro_batch,
                "--batch",
                micro_batch * shards,
                "--epochs",
                2,
            ]
            digests = {
                ranks: self.train(f"n{samples}r{ranks}", *arguments, ranks=ranks)
                for ranks in {1, 2, min(7, shards)}
            }
            digests["streamed"] = self.train(f"n{samples}s", *arguments, "--memory", 0, ranks=2)
            self.assert_all_equal(digests)

    def test_every_optimizer(self):
        seen = set()
        for name, settings in OPTIMIZERS.items():
            with self.subTest(optimizer=name):
                digests = {
                    "one": self.trained(f"{name}1", *settings),
                    "three": self.trained(f"{name}3", *settings, ranks=3),
                }
                digests.update(self.stopped_and_resumed(name, *self.source, *BASE, *settings))
                self.assert_all_equal(digests)
                seen.update(digests.values())
        self.assertEqual(len(seen), len(OPTIMIZERS))

    def test_rules_of_matrices_on_more_ranks_than_matrices(self):
        """Seven ranks for the bands of four weight matrices, of which some have none."""
        for name in ("shampoo", "soap", "kfac"):
            with self.subTest(optimizer=name):
                settings = [*OPTIMIZERS[name], "--precondition-block", 16, "--epochs", 1]
                self.assert_all_equal(
                    {
                        ranks: self.trained(f"{name}{ranks}", *settings, ranks=ranks)
                        for ranks in (None, 4, 7)
                    }
                )

    def test_every_sparsity(self):
        """15 units of a code, the encoder's of one layer or two; 4 shards of several ranks."""
        settings = ["--batch", 48, "--micro-batch", 12, "--output-activation", "linear"]
        kinds = {
            "topk": ["--sparsity", "topk:3", "--layers", "20,15"],
            "updates": ["--sparsity", "topk:1", "--layers", "20,90", "--sparse-update"],
            "annealed": ["--sparsity", "topk:3", "--k-start", 9, "--k-anneal", "2epochs"],
            "batch-topk": ["--sparsity", "batch-topk:3", "--layers", "20,15"],
            "jumprelu": ["--sparsity", "jumprelu:0.1", "--l0", "1e-3", "--l0-warmup", "1epochs"],
            "l1": ["--sparsity", "l1", "--l1", "1e-3", "--layers", "20,15"],
            "gated": ["--sparsity", "gated", "--l1", "1e-3", "--layers", "20,15"],
        }
        seen = set()
        for name, own in kinds.items():
            with self.subTest(sparsity=name):
                words = [*settings, *own]
                if "--layers" not in own:
                    words += ["--layers", "20,12,15"]
                digests = {
                    "one": self.trained(f"{name}1", *words),
                    "three": self.trained(f"{name}3", *words, ranks=3),
                }
                if name in ("updates", "batch-topk", "l1"):
                    exchange = ["--sparse-exchange", "always"]
                    digests["packed"] = self.trained(f"{name}p", *words, *exchange, ranks=3)
                if name in ("topk", "batch-topk"):
                    digests["two"] = self.trained(f"{name}2", *words, "--threads", 2, ranks=2)
                    digests["four"] = self.trained(f"{name}4", *words, "--memory", 0, ranks=4)
                digests.update(self.stopped_and_resumed(name, *self.source, *BASE, *words))
                self.assert_all_equal(digests)
                seen.update(digests.values())
        self.assertEqual(len(seen), len(kinds))

    def test_seeds_differ(self):
        digests = {
            seed: self.trained(f"seed{seed}", "--seed", seed) for seed in (1, 2, 2**40 + 1)
        }
        self.assertEqual(len(set(digests.values())), 3, digests)
        self.assertEqual(digests[1], self.trained("default"), "the default seed is 1")

    def test_every_setting_that_shapes_the_weights_matters(self):
        plain = self.trained("plain")
        for name, value in (
            ("initialization", "he-normal"),
            ("activation", "tanh"),
            ("loss", "bce"),
            ("shuffle-window", "3"),
            ("loss-reduction", "sum"),
            ("normalize", "standardize"),
        ):
            self.assertNotEqual(plain, self.trained(name, f"--{name}", value), name)

    def test_standardized_data(self):
        self.assert_all_equal(
            {
                ranks: self.trained(
                    f"z{ranks}",
                    "--normalize",
                    "standardize",
                    "--output-activation",
                    "linear",
                    ranks=ranks,
                )
                for ranks in (1, 2, 3)
            }
        )

    def test_metrics_do_not_depend_on_ranks(self):
        def losses(ranks):
            self.trained(f"m{ranks}", "--log-every", 1, ranks=ranks)
            keys = (
                "kind",
                "epoch",
                "step",
                "loss",
                "sse",
                "validation_sse",
                "learning_rate",
                "gradient_norm",
            )
            return [
                [record.get(key) for key in keys]
                for record in read_metrics(self.folder / f"m{ranks}")
            ]

        one = losses(1)
        self.assertGreater(len(one), 3)
        self.assertEqual(one, losses(2))
        self.assertEqual(one, losses(3))

    def test_allreduce_is_close(self):
        self.trained("tree", ranks=2)
        self.trained("classic", "--reduction", "allreduce", ranks=2)
        tree, classic = (
            read_metrics(self.folder / name, "epoch")[-1] for name in ("tree", "classic")
        )
        self.assertAlmostEqual(tree["sse"], classic["sse"], delta=1e-3 * tree["sse"])
        self.assertAlmostEqual(
            tree["validation_sse"], classic["validation_sse"], delta=1e-3 * tree["validation_sse"]
        )


class InspectTest(ProgramTest):
    def test_a_checkpoint_at_the_end_has_the_digest_of_the_model(self):
        data = self.make_data()
        digest = self.train(
            "run", "--data", f"{data}:/train/samples", *BASE, "--checkpoint-every", "1epochs"
        )
        last = checkpoints(self.folder / "run")[max(checkpoints(self.folder / "run"))]
        self.assertEqual(digest, self.digest(last))
        report = json.loads(self.success("inspect", "--json", last).stdout)
        self.assertIn("weights_digest", report)


if __name__ == "__main__":
    unittest.main()
