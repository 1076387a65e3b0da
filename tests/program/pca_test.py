"""pca: scikit-learn's figures, the same bits on any number of ranks and threads, a model like any
other; and a linear autoencoder that gets to the same subspace."""
import json
import unittest

import h5py
import numpy as np
from scipy.sparse.linalg import svds

from reference import read_layers
from support import PROGRAM, ROOT, DATA, IO, USAGE, ProgramTest, execute, run, write_file


def principal(x, components):
    """Mean, components (one a row) and all variances, by NumPy."""
    mean = x.mean(axis=0)
    _, singular, rows = np.linalg.svd(x - mean, full_matrices=False)
    return mean, rows[:components], singular**2 / len(x)


class FashionTest(ProgramTest):
    # sklearn.decomposition.PCA(K).fit(60000 training images / 255), squared error of the 10000 test
    # images.
    SCIKIT_LEARN = {2: 36.1394, 10: 19.0916, 30: 12.2429, 64: 8.1286}

    def test_figures_of_scikit_learn(self):
        data = self.folder / "fashion.h5"
        made = execute(
            [str(ROOT / "data/fashion-mnist.sh"), str(data)], environment={"HOURGLASS": PROGRAM}
        )
        self.assertEqual(made.code, 0, str(made))
        for (components, expected), ranks in zip(self.SCIKIT_LEARN.items(), (None, 2, 3, 2)):
            model = self.folder / f"pca-{components}.h5"
            self.success(
                "pca",
                "--data",
                f"{data}:/train/samples",
                "--components",
                components,
                "--output",
                model,
                ranks=ranks,
            )
            report = json.loads(
                self.success(
                    "evaluate", "--json", "--model", model, "--data", f"{data}:/test/samples"
                ).stdout
            )
            self.assertAlmostEqual(
                report["sse"], expected, delta=0.5e-4, msg=f"{components} components"
            )


class PcaTest(ProgramTest):
    def setUp(self):
        super().setUp()
        self.data = self.make_data()
        with h5py.File(self.data, "r") as file:
            self.x = file["/train/samples"][()] / 255
            self.test = file["/test/samples"][()] / 255

    def pca(self, name, *arguments, **how):
        output = self.folder / f"{name}.h5"
        self.success(
            "pca", "--data", f"{self.data}:/train/samples", "--output", output, *arguments, **how
        )
        return output

    def test_is_that_of_numpy(self):
        model = self.pca("five", "--components", 5)
        mean, rows, variance = principal(self.x, 5)
        ((weight, bias),) = read_layers(model)[0]
        np.testing.assert_allclose(
            np.abs(np.sum(weight * rows, axis=1)),
            1,
            atol=1e-5,
            err_msg="the components, up to their signs",
        )
        np.testing.assert_allclose(bias, -weight @ mean, atol=1e-5)
        ((decoder, decoder_bias),) = read_layers(model)[1]
        np.testing.assert_array_equal(decoder, weight.T)
        np.testing.assert_allclose(decoder_bias, mean, atol=1e-6)
        report = json.loads(
            self.success(
                "pca",
                "--json",
                "--data",
                f"{self.data}:/train/samples",
                "--components",
                5,
                "--output",
                self.folder / "again.h5",
            ).stdout
        )
        np.testing.assert_allclose(report["variance"], variance[:5], rtol=1e-6)
        self.assertAlmostEqual(report["total_variance"], variance.sum(), places=6)
        self.assertAlmostEqual(report["sse"], variance[5:].sum(), places=5)
        self.assertEqual(report["samples"], len(self.x))

    def test_same_bits_on_any_number_of_ranks_and_threads(self):
        digests = {
            (ranks, threads): self.digest(
                self.pca(
                    f"p{ranks}-{threads}", "--components", 4, "--threads", threads, ranks=ranks
                )
            )
            for ranks, threads in ((None, 1), (1, 3), (2, 1), (2, 2), (3, 1), (3, 2))
        }
        self.assertEqual(len(set(digests.values())), 1, digests)

    def test_works_wherever_a_model_does(self):
        model = self.pca("three", "--components", 3)
        mean, rows, _ = principal(self.x, 3)
        expected = (self.test - mean) @ rows.T @ rows + mean
        arguments = ["--model", model, "--data", f"{self.data}:/test/samples"]
        report = json.loads(self.success("evaluate", "--json", *arguments, ranks=2).stdout)
        self.assertAlmostEqual(
            report["sse"], np.sum((expected - self.test) ** 2) / len(self.test), places=4
        )
        self.success("encode", *arguments, "--output", self.folder / "codes.h5", ranks=3)
        self.success("reconstruct", *arguments, "--output", self.folder / "back.h5")
        with h5py.File(self.folder / "codes.h5") as codes, h5py.File(
            self.folder / "back.h5"
        ) as back:
            np.testing.assert_allclose(
                np.abs(codes["codes"][()]), np.abs((self.test - mean) @ rows.T), atol=1e-4
            )
            np.testing.assert_allclose(
                back["reconstructions"][()].reshape(expected.shape), expected, atol=1e-5
            )
        self.assertIn("20", self.success("inspect", model).stdout)

    def test_standardized(self):
        model = self.pca("standard", "--components", 4, "--normalize", "standardize")
        z = (self.x - self.x.mean(axis=0)) / self.x.std(axis=0)
        report = json.loads(
            self.success(
                "evaluate", "--json", "--model", model, "--data", f"{self.data}:/train/samples"
            ).stdout
        )
        self.assertAlmostEqual(report["sse"], principal(z, 4)[2][4:].sum(), delta=1e-3)

    def test_all_components_and_constant_features(self):
        constant = write_file(
            self.folder / "constant.h5", samples=np.full((9, 5), 0.25, np.float32)
        )
        for components in (1, 5):
            self.success(
                "pca",
                "--data",
                constant,
                "--components",
                components,
                "--output",
                self.folder / f"c{components}.h5",
                ranks=2,
            )
        report = json.loads(
            self.success(
                "evaluate", "--json", "--model", self.folder / "c5.h5", "--data", constant
            ).stdout
        )
        self.assertLess(report["sse"], 1e-10)
        whole = self.pca("whole", "--components", 20)
        report = json.loads(
            self.success(
                "evaluate", "--json", "--model", whole, "--data", f"{self.data}:/test/samples"
            ).stdout
        )
        self.assertLess(report["sse"], 1e-8)

    def test_bad_input(self):
        address = f"{self.data}:/train/samples"
        output = self.folder / "bad.h5"
        for ranks in (None, 2):

            def refused(code, words, *arguments):
                self.assert_refused(run("pca", *arguments, ranks=ranks), code, *words)
                self.assertFalse(output.exists())

            refused(USAGE, ["--components", "missing"], "--data", address, "--output", output)
            refused(
                USAGE,
                ["--components", "21", "20"],
                "--data",
                address,
                "--components",
                21,
                "--output",
                output,
            )
            refused(
                USAGE,
                ["--components", "0"],
                "--data",
                address,
                "--components",
                0,
                "--output",
                output,
            )
            refused(USAGE, ["--data"], "--components", 2, "--output", output)
            refused(
                IO,
                ["nowhere"],
                "--data",
                self.folder / "nowhere.h5",
                "--components",
                2,
                "--output",
                output,
            )
            refused(
                IO,
                ["no-folder"],
                "--data",
                address,
                "--components",
                2,
                "--output",
                self.folder / "no-folder/pca.h5",
            )
            refused(
                USAGE,
                ["normalization", "standardize"],
                "--data",
                address,
                "--components",
                2,
                "--normalize",
                "scale",
                "--output",
                output,
            )
        one = write_file(self.folder / "one.h5", samples=np.ones((1, 4), np.float32))
        self.assert_refused(
            run("pca", "--data", one, "--components", 1, "--output", output), DATA, "2 samples"
        )
        broken = np.ones((30, 4), np.float32)
        broken[17, 2] = np.nan
        broken = write_file(self.folder / "nan.h5", samples=broken)
        for ranks in (None, 3):
            self.assert_refused(
                run("pca", "--data", broken, "--components", 1, "--output", output, ranks=ranks),
                DATA,
                "row 17",
            )
        self.assertFalse(output.exists())


class LargePcaTest(ProgramTest):
    """More features, or more samples, than a matrix of their square is made for."""

    def explained(self, x, components, *arguments, **how):
        data = write_file(self.folder / "large.h5", samples=x)
        output = self.folder / f"large-{len(list(self.folder.iterdir()))}.h5"
        command = ["pca", "--json", "--data", data, "--components", components]
        report = json.loads(self.success(*command, "--output", output, *arguments, **how).stdout)
        return report, output

    def test_few_samples_of_many_features(self):
        random = np.random.default_rng(3)
        x = (random.normal(size=(200, 6)) @ random.normal(size=(6, 6000))).astype(np.float32)
        x += random.normal(scale=0.1, size=x.shape).astype(np.float32)
        found, model = self.explained(x, 30)
        self.assertEqual(found["method"], "gram")
        mean, rows, variance = principal(x.astype(float), 30)
        np.testing.assert_allclose(found["variance"], variance[:30], rtol=1e-9)
        self.assertAlmostEqual(found["total_variance"] / variance.sum(), 1, places=9)
        ((weight, _),) = read_layers(model)[0]
        np.testing.assert_allclose(np.abs(np.sum(weight * rows, axis=1)), 1, atol=1e-5)
        digests = {self.digest(model)}
        for ranks, threads in ((2, 1), (3, 2)):
            again, model = self.explained(x, 30, "--threads", threads, ranks=ranks)
            self.assertEqual(again, found)
            digests.add(self.digest(model))
        self.assertEqual(len(digests), 1)
        # More components than the samples have dimensions.
        self.assert_refused(
            run("pca", "--data", self.folder / "large.h5", "--components", 200, "--output", "x.h5"),
            USAGE,
            "choose 1 to 199",
        )

    def test_memory_and_time_of_few_samples(self):
        """200 x 6000 took 4.9 GB and half a minute."""
        x = np.random.default_rng(3).normal(size=(200, 6000)).astype(np.float32)
        data = write_file(self.folder / "wide.h5", samples=x)
        output = self.folder / "wide-pca.h5"
        words = ["pca", "--data", data, "--components", 10, "--output", output]
        limited = ["bash", "-c", 'ulimit -v 1500000; exec "$@"', "-", PROGRAM, *map(str, words)]
        done = execute(limited, timeout=20)
        self.assertEqual(done.code, 0, str(done))
        self.assertRegex(done.stdout, r"method gram; memory of a rank: about \d\d MiB")

    def test_many_samples_of_many_features(self):
        random = np.random.default_rng(4)
        spread = 0.8 ** np.arange(40)
        x = (random.normal(size=(4200, 40)) * spread) @ random.normal(size=(40, 4100))
        x = (x + random.normal(scale=0.01, size=x.shape)).astype(np.float32)
        found, _ = self.explained(x, 10, "--threads", 2)
        self.assertEqual(found["method"], "range-finder")
        centred = x.astype(float) - x.mean(axis=0, dtype=float)
        values = np.sort(svds(centred, 10, return_singular_vectors=False))[::-1] ** 2 / len(x)
        np.testing.assert_allclose(found["variance"], values, rtol=1e-6)
        self.assertAlmostEqual(found["total_variance"] / (centred**2).sum() * len(x), 1, places=9)
        self.assertEqual(self.explained(x, 10, ranks=3)[0], found)


class LinearAutoencoderTest(ProgramTest):
    """Baldi and Hornik 1989: the minimum of the linear autoencoder with squared error is the
    principal subspace."""

    def test_reaches_the_subspace_and_the_error(self):
        data = self.make_data()
        self.train(
            "linear",
            "--data",
            f"{data}:/train/samples",
            "--layers",
            "20,3",
            "--code-activation",
            "linear",
            "--output-activation",
            "linear",
            "--loss",
            "mse",
            "--batch",
            150,
            "--micro-batch",
            75,
            "--epochs",
            2000,
            "--learning-rate",
            "5e-2",
            "--beta2",
            "0.99",
            "--schedule",
            "cosine",
            "--checkpoint-every",
            0,
            "--log-every",
            0,
        )
        model = self.folder / "linear/model.h5"
        with h5py.File(data, "r") as file:
            x = file["/train/samples"][()] / 255
        _, rows, variance = principal(x, 3)
        report = json.loads(
            self.success(
                "evaluate", "--json", "--model", model, "--data", f"{data}:/train/samples"
            ).stdout
        )
        best = variance[3:].sum()
        self.assertGreaterEqual(report["sse"], best * (1 - 1e-5), "nothing linear is better")
        self.assertLess(report["sse"], best * 1.001)
        ((decoder, _),) = read_layers(model)[1]
        cosines = np.linalg.svd(np.linalg.qr(decoder)[0].T @ rows.T, compute_uv=False)
        self.assertGreater(
            cosines.min(), 0.9999, "cosine of the largest angle between the two subspaces"
        )


if __name__ == "__main__":
    unittest.main()
