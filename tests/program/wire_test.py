"""--gradient-wire: the same bits on any number of ranks and threads, close to fp32, refusals."""
import json
import unittest

from support import USAGE, ProgramTest, run

BASE = [
    "--layers",
    "20,16,4",
    "--batch",
    48,
    "--micro-batch",
    8,
    "--epochs",
    2,
    "--progress",
    "none",
    "--log-every",
    0,
]
WIRE = ["--gradient-wire", "bf16"]


class WireTest(ProgramTest):
    def arguments(self, *more):
        data = self.make_data()
        return [
            "--data",
            f"{data}:/train/samples",
            "--validation",
            f"{data}:/test/samples",
            *BASE,
            *more,
        ]

    def digests(self, *more, name="run", cases=((1, 1), (1, 2), (2, 1), (2, 2), (3, 1), (4, 1))):
        return {
            self.train(
                f"{name}-{ranks}-{threads}",
                *self.arguments("--threads", threads, *more),
                ranks=ranks if ranks > 1 else None,
            )
            for ranks, threads in cases
        }

    def sse(self, name):
        report = self.success(
            "evaluate",
            "--json",
            "--model",
            self.folder / name / "model.h5",
            "--data",
            f"{self.folder}/data.h5:/test/samples",
        )
        return json.loads(report.stdout)["sse"]

    def test_one_digest_close_to_fp32(self):
        found = self.digests(*WIRE)
        self.assertEqual(len(found), 1)
        self.assertNotIn(self.train("full", *self.arguments()), found)
        self.assertLess(abs(self.sse("run-1-1") / self.sse("full") - 1), 0.05)

    def test_buckets_and_a_power_of_two_of_shards_change_nothing(self):
        for batch in (64, 56):
            with self.subTest(batch=batch):
                one = self.train(f"one-{batch}", *self.arguments(*WIRE, "--batch", batch))
                two = self.train(
                    f"two-{batch}",
                    *self.arguments(*WIRE, "--batch", batch, "--bucket-bytes", 512, "--threads", 2),
                    ranks=2,
                )
                self.assertEqual(one, two)

    def test_optimizers_that_look_at_whole_tensors_and_averages(self):
        for name, options in {
            "lamb": ["--optimizer", "lamb", "--ema", 0.9],
            "muon": ["--optimizer", "muon", "--clip-norm", 1],
        }.items():
            with self.subTest(name):
                self.assertEqual(
                    len(self.digests(*WIRE, *options, name=name, cases=((1, 1), (3, 2)))), 1
                )

    def test_resumed_with_the_same_bits(self):
        found = self.stopped_and_resumed("wire", *self.arguments(*WIRE, "--epochs", 4))
        self.assertEqual(found["two"], found["resumed"])
        self.assert_refused(
            run("train", "--resume", self.folder / "wire-cut", "--gradient-wire", "fp32"),
            USAGE,
            "--gradient-wire",
            "bf16",
        )

    def test_int8_and_low_rank(self):
        self.train("full", *self.arguments())
        seen = set()
        for wire, tolerance in (("int8", 0.02), ("powersgd:3", 0.05)):
            with self.subTest(wire):
                options = ["--gradient-wire", wire, "--clip-norm", 1]
                found = self.digests(*options, name=wire, cases=((1, 1), (2, 2), (3, 1), (4, 1)))
                self.assertEqual(len(found), 1)
                self.assertLess(abs(self.sse(f"{wire}-1-1") / self.sse("full") - 1), tolerance)
                resumed = self.stopped_and_resumed(
                    f"{wire}-resumed", *self.arguments(*options, "--ema", 0.9, "--epochs", 3)
                )
                self.assertEqual(resumed["two"], resumed["resumed"])
                seen |= found
        self.assertEqual(len(seen), 2)
        for text in ("int4", "powersgd", "powersgd:0", "powersgd:2x"):
            refused = run("train", "--output", self.folder / "no", "--gradient-wire", text)
            self.assert_refused(refused, USAGE, "--gradient-wire", "powersgd:R")

    def test_not_with_mpi_s_own_sum(self):
        result = run(
            "train",
            "--output",
            self.folder / "run",
            *self.arguments(*WIRE, "--reduction", "allreduce"),
            ranks=2,
        )
        self.assert_refused(result, USAGE, "--gradient-wire bf16", "--reduction tree")


if __name__ == "__main__":
    unittest.main()
