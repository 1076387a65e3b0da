"""generate and sample: reproducible on any number of ranks, in range, and refusing what makes no
sense."""
import hashlib
import unittest
from pathlib import Path

import h5py
import numpy as np

from support import IO, USAGE, ProgramTest, read_datasets, run

KINDS = {
    "curves": (784, 6),
    "swiss-roll": (3, 2),
    "s-curve": (3, 2),
    "gaussian-mixture": (10, 1),
    "manifold": (100, 3),
}


def content(path):
    """All data sets of a file as text to compare."""
    return {
        name: (values.shape, hashlib.sha256(values.tobytes()).hexdigest())
        for name, values in read_datasets(path).items()
    }


class GenerateTest(ProgramTest):
    def made(self, kind, name="made", samples=70, **how):
        options = how.pop("options", [])
        output = self.folder / f"{name}.h5"
        self.success("generate", kind, "--samples", samples, "--output", output, *options, **how)
        return output

    def test_the_same_on_any_number_of_ranks(self):
        for kind, (features, latent) in KINDS.items():
            contents = {
                ranks: content(self.made(kind, f"{kind}-{ranks}", ranks=ranks))
                for ranks in (None, 2, 3)
            }
            self.assertEqual(contents[None], contents[2])
            self.assertEqual(contents[None], contents[3])
            values = read_datasets(self.folder / f"{kind}-3.h5")
            self.assertEqual(values["/samples"].reshape(70, -1).shape, (70, features))
            self.assertEqual(values["/latent"].shape, (70, latent))
            self.assertEqual(values["/labels"].shape, (70,))

    def test_superposition_stores_what_its_samples_are_made_of(self):
        options = ["--atoms", 50, "--dimension", 12, "--active", 3, "--noise", 0]
        files = [self.made("superposition", f"s{r}", ranks=r, options=options) for r in (None, 3)]
        self.assertEqual(content(files[0]), content(files[1]))
        values = read_datasets(files[0])
        parts = values["/atoms"][values["/active_atoms"]] * values["/active_values"][..., None]
        np.testing.assert_allclose(values["/samples"], parts.sum(axis=1), atol=1e-5)
        result = run(
            *("generate", "superposition", "--samples", 3, "--components", 2),
            *("--output", self.folder / "no.h5"),
        )
        self.assert_refused(result, USAGE, "--components does not apply to superposition")

    def test_a_longer_set_begins_with_the_shorter_one(self):
        for kind in KINDS:
            short, long = (
                read_datasets(self.made(kind, f"{kind}-{n}", n))["/samples"]
                for n in (5, 9000 if kind == "s-curve" else 50)
            )
            np.testing.assert_array_equal(short, long[:5])

    def test_seeds_and_options_matter(self):
        plain = read_datasets(self.made("manifold"))["/samples"]
        other = read_datasets(self.made("manifold", "seed", options=["--seed", 2]))["/samples"]
        self.assertFalse(np.array_equal(plain, other))
        wide = read_datasets(
            self.made("manifold", "wide", options=["--dimension", 7, "--intrinsic", 2])
        )
        self.assertEqual(wide["/samples"].shape, (70, 7))
        self.assertEqual(wide["/latent"].shape, (70, 2))
        noisy = read_datasets(self.made("s-curve", "noisy", 2000, options=["--noise", 0.1]))[
            "/samples"
        ]
        clean = read_datasets(self.made("s-curve", "clean", 2000))["/samples"]
        self.assertAlmostEqual((noisy - clean).std(), 0.1, delta=0.005)

    def test_shapes_of_the_data(self):
        roll = read_datasets(self.made("swiss-roll"))
        t, height = roll["/latent"].T
        np.testing.assert_allclose(
            roll["/samples"], np.stack([t * np.cos(t), height, t * np.sin(t)], axis=1), atol=1e-5
        )
        curves = read_datasets(self.made("curves", "curves"))
        self.assertEqual(curves["/samples"].shape, (70, 28, 28))
        self.assertTrue(0 <= curves["/samples"].min() and curves["/samples"].max() <= 1)
        x = curves["/latent"][:, ::2]
        self.assertTrue(
            np.all(np.diff(x, axis=1) >= 2 - 1e-5), "each x at least 2 greater than the one before"
        )
        self.assertTrue(curves["/latent"].min() >= 2 and curves["/latent"].max() <= 26)
        mixture = read_datasets(
            self.made("gaussian-mixture", "mixture", 3000, options=["--components", 3])
        )
        self.assertEqual(set(mixture["/labels"]), {0, 1, 2})
        for label in range(3):
            self.assertAlmostEqual(
                mixture["/samples"][mixture["/labels"] == label].std(axis=0).mean(), 1, delta=0.05
            )

    def test_a_group_of_a_file_and_training_on_it(self):
        output = f"{self.folder / 'group.h5'}:/train"
        self.success("generate", "swiss-roll", "--samples", 64, "--output", output)
        self.train(
            "run",
            "--data",
            f"{output}/samples",
            "--layers",
            "3,8,2",
            "--output-activation",
            "linear",
            "--epochs",
            1,
            "--batch",
            32,
            "--micro-batch",
            16,
        )

    def test_bad_input(self):
        output = self.folder / "bad.h5"
        for ranks in (None, 2):

            def refused(code, words, *arguments):
                self.assert_refused(run("generate", *arguments, ranks=ranks), code, *words)
                self.assertFalse(output.exists())

            refused(USAGE, ["curves", "manifold"], "--samples", 5, "--output", output)
            refused(USAGE, ["circles", "swiss-roll"], "circles", "--samples", 5, "--output", output)
            refused(USAGE, ["--samples"], "curves", "--output", output)
            refused(USAGE, ["--samples", "0"], "curves", "--samples", 0, "--output", output)
            refused(USAGE, ["--output"], "curves", "--samples", 5)
            refused(USAGE, ["--noise"], "curves", "--samples", 5, "--noise", -1, "--output", output)
            refused(
                USAGE,
                ["--components"],
                "gaussian-mixture",
                "--samples",
                5,
                "--components",
                257,
                "--output",
                output,
            )
            refused(
                USAGE,
                ["--intrinsic"],
                "manifold",
                "--samples",
                5,
                "--intrinsic",
                2000,
                "--output",
                output,
            )
            refused(
                IO,
                ["no-folder"],
                "curves",
                "--samples",
                5,
                "--output",
                self.folder / "no-folder/x.h5",
            )


class SampleTest(ProgramTest):
    def setUp(self):
        super().setUp()
        data = self.make_data()
        self.base = [
            "--data",
            f"{data}:/train/samples",
            "--layers",
            "20,12,3",
            "--batch",
            48,
            "--micro-batch",
            16,
            "--epochs",
            2,
        ]
        self.train("vae", *self.base, "--variational", "--loss", "bce", "--image-shape", "4x5")
        self.model = self.folder / "vae/model.h5"

    def sampled(self, name, *arguments, **how):
        output = self.folder / f"{name}.h5"
        self.success(
            "sample", "--model", self.model, "--samples", 300, "--output", output, *arguments, **how
        )
        return output

    def test_the_same_on_any_number_of_ranks(self):
        contents = {
            ranks: content(self.sampled(f"s{ranks}", ranks=ranks)) for ranks in (None, 2, 3)
        }
        self.assertEqual(contents[None], contents[2])
        self.assertEqual(contents[None], contents[3])
        self.assertNotEqual(contents[None], content(self.sampled("other", "--seed", 2)))

    def test_codes_are_of_the_prior_and_samples_are_their_decoding(self):
        values = read_datasets(self.sampled("many", "--samples", 4000))
        codes, samples = values["/codes"], values["/samples"]
        self.assertEqual(samples.shape, (4000, 4, 5))
        np.testing.assert_allclose(codes.mean(axis=0), 0, atol=0.08)
        np.testing.assert_allclose(codes.std(axis=0), 1, atol=0.05)
        self.assertTrue(0 <= samples.min() and samples.max() <= 1)
        with h5py.File(self.model) as file:
            h = codes.astype(float)
            for layer in range(2):
                h = (
                    h @ file[f"model/decoder/{layer}/weight"][()].T.astype(float)
                    + file[f"model/decoder/{layer}/bias"][()]
                )
                h = np.maximum(h, 0) if layer == 0 else 1 / (1 + np.exp(-h))
        np.testing.assert_allclose(samples.reshape(4000, 20), h, atol=1e-5)

    def test_bad_input(self):
        output = self.folder / "bad.h5"
        self.train("plain", *self.base)
        plain = self.folder / "plain/model.h5"
        for ranks in (None, 2):

            def refused(code, words, *arguments):
                self.assert_refused(run("sample", *arguments, ranks=ranks), code, *words)
                self.assertFalse(Path(output).exists())

            refused(USAGE, ["--variational"], "--model", plain, "--samples", 3, "--output", output)
            refused(USAGE, ["--model"], "--samples", 3, "--output", output)
            refused(USAGE, ["--samples"], "--model", self.model, "--output", output)
            refused(
                USAGE, ["--samples"], "--model", self.model, "--samples", -3, "--output", output
            )
            refused(
                IO,
                ["nowhere"],
                "--model",
                self.folder / "nowhere.h5",
                "--samples",
                3,
                "--output",
                output,
            )
            refused(
                IO,
                ["no-folder"],
                "--model",
                self.model,
                "--samples",
                3,
                "--output",
                self.folder / "no-folder/x.h5",
            )


if __name__ == "__main__":
    unittest.main()
