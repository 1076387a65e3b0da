"""--precision bf16 and --gemm onednn: the same bits everywhere, close to fp32, plain files,
refusals. Needs a build with oneDNN."""
import json
import subprocess
import unittest

from extras import WANTED, missing, need_extra
from support import PROGRAM, USAGE, ProgramTest, checkpoints, read_datasets, run

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
BF16 = ["--precision", "bf16", "--force-precision"]


def has_onednn():
    return (
        "oneDNN"
        in subprocess.run(
            [PROGRAM, "--version"], capture_output=True, text=True, check=False
        ).stdout
    )


ONEDNN = has_onednn()


@unittest.skipUnless(ONEDNN, missing("program with oneDNN (libdnnl-dev)"))
class PrecisionTest(ProgramTest):
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

    def digests(self, *more):
        """On 1, 2 and 3 ranks with 1 and 2 threads."""
        return {
            self.train(
                f"run-{ranks}-{threads}",
                *self.arguments("--threads", threads, *more),
                ranks=ranks if ranks > 1 else None,
            )
            for ranks in (1, 2, 3)
            for threads in (1, 2)
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

    def test_bf16_has_one_digest_and_is_close_to_fp32(self):
        found = self.digests(*BF16)
        self.assertEqual(len(found), 1)
        full = self.train("full", *self.arguments())
        self.assertNotIn(full, found)
        self.assertLess(abs(self.sse("run-1-1") / self.sse("full") - 1), 0.05)
        stored = read_datasets(self.folder / "run-1-1/model.h5")
        self.assertEqual(str(stored["/model/encoder/0/weight"].dtype), "float32")

    def test_bf16_variants_have_one_digest_each(self):
        for name, options in {
            "tied": ["--tied"],
            "sparse": ["--kl-weight", 0.1, "--code-activation", "sigmoid"],
            "contractive": [
                "--contractive",
                0.01,
                "--code-activation",
                "sigmoid",
                "--activation",
                "sigmoid",
            ],
        }.items():
            with self.subTest(name):
                one = self.train(f"{name}-1", *self.arguments(*BF16, *options))
                two = self.train(
                    f"{name}-2", *self.arguments(*BF16, *options, "--threads", 2), ranks=2
                )
                self.assertEqual(one, two)

    def test_rounded_optimizers_have_one_digest_each(self):
        for name in ("muon", "shampoo"):
            options = ["--optimizer", name, "--optimizer-precision", "bf16", "--force-precision"]
            with self.subTest(name):
                found = {
                    self.train(f"{name}-{ranks}", *self.arguments(*options), ranks=ranks)
                    for ranks in (1, 2, 3, 4)
                }
                self.assertEqual(len(found), 1)

    def test_onednn_in_fp32_has_one_digest(self):
        self.assertEqual(len(self.digests("--gemm", "onednn")), 1)

    def test_a_bf16_run_is_resumed_with_the_same_bits_and_in_no_other_precision(self):
        found = self.stopped_and_resumed("half", *self.arguments(*BF16, "--epochs", 4))
        self.assertEqual(found["two"], found["resumed"])
        output = self.folder / "half-cut"
        for step, path in checkpoints(output).items():
            if step > 6:
                path.unlink()
        self.assert_refused(
            run("train", "--resume", output, "--precision", "fp32"),
            USAGE,
            "--precision",
            "bf16",
            "new run",
        )
        self.assert_refused(
            run("train", "--resume", output, "--gemm", "onednn"), USAGE, "--gemm", "openblas"
        )

    def test_where_bf16_does_not_pay_it_is_refused_with_advice(self):
        result = run(
            "train",
            "--output",
            self.folder / "run",
            *self.arguments("--precision", "bf16"),
            ranks=2,
        )
        if result.code != 0:  # a question of the machine
            self.assert_refused(result, USAGE, "--precision bf16", "fp32", "--force-precision")

    def test_an_unknown_precision_is_refused(self):
        self.assert_refused(
            run("train", "--output", self.folder / "run", *self.arguments("--precision", "bf8")),
            USAGE,
            "bf8",
            "fp32",
            "bf16",
        )
        self.assert_refused(
            run("train", "--output", self.folder / "run", *self.arguments("--gemm", "mkl")),
            USAGE,
            "mkl",
            "openblas",
        )


@unittest.skipIf(ONEDNN, "the program was built with oneDNN")
class WithoutOnednnTest(ProgramTest):
    def test_the_settings_are_refused_with_advice(self):
        data = self.make_data()
        for option in (["--precision", "bf16"], ["--gemm", "onednn"]):
            result = run(
                "train",
                "--output",
                self.folder / "run",
                "--data",
                f"{data}:/train/samples",
                *BASE,
                *option,
                ranks=2,
            )
            self.assert_refused(
                result, USAGE, " ".join(option), "oneDNN", "install_deps.sh --extras"
            )


if __name__ == "__main__":
    need_extra(ONEDNN or not WANTED, "program with oneDNN (libdnnl-dev)")
    unittest.main()
