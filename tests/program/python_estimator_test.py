"""hourglass.Autoencoder and hourglass.PCA as scikit-learn's estimators, with its own checks."""
import os
import pickle
import signal
import sys
import tempfile
import threading
import unittest
import warnings
from pathlib import Path

import numpy as np

from extras import need
from support import PROGRAM, ROOT, ProgramTest, wait_until, write_file

need("sklearn")
from sklearn.base import clone  # noqa: E402
from sklearn.model_selection import GridSearchCV  # noqa: E402
from sklearn.pipeline import make_pipeline  # noqa: E402
from sklearn.preprocessing import MinMaxScaler  # noqa: E402
from sklearn.utils.estimator_checks import check_estimator  # noqa: E402

sys.path.insert(0, str(ROOT / "python"))
import hourglass  # noqa: E402

os.environ["HOURGLASS"] = PROGRAM
MPIRUN = "mpirun --oversubscribe --bind-to none -n {ranks}"
SMALL = {"layers": [12, 6, 2], "batch": 32, "micro_batch": 8, "epochs": 3}


class EstimatorTest(ProgramTest):
    def setUp(self):
        super().setUp()
        warnings.simplefilter("ignore", hourglass.HourglassWarning)
        warnings.simplefilter("error", ResourceWarning)
        self.x = np.random.default_rng(0).random((150, 12)).astype(np.float32)

    def check(self, estimator, at_least):
        """Every check of scikit-learn, none of which is skipped."""
        count = 0
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            for one, check in check_estimator(estimator, generate_only=True):
                with self.subTest(check=check.func.__name__):
                    check(one)
                    count += 1
        self.assertGreaterEqual(count, at_least)

    def test_scikit_learn_checks_the_autoencoder(self):
        self.check(hourglass.Autoencoder(epochs=2), 41)

    def test_scikit_learn_checks_pca(self):
        self.check(hourglass.PCA(), 34)

    def test_search_clone_pickle_and_files(self):
        pipeline = make_pipeline(MinMaxScaler(), hourglass.Autoencoder(**SMALL))
        grid = {"autoencoder__learning_rate": [1e-5, 1e-2], "autoencoder__epochs": [3.0]}
        search = GridSearchCV(pipeline, grid, cv=2).fit(self.x)
        self.assertEqual(search.best_params_["autoencoder__learning_rate"], 1e-2)
        fitted = hourglass.Autoencoder(seed=4, activation="tanh", **SMALL).fit(self.x)
        codes = fitted.transform(self.x)
        self.assertEqual(codes.dtype, np.float32)
        path = self.folder / "model.h5"
        fitted.save(path)
        restored = hourglass.Autoencoder.load(path)
        again = clone(restored).fit(self.x)
        for other in (pickle.loads(pickle.dumps(fitted)), restored, again):
            np.testing.assert_array_equal(other.transform(self.x), codes)
        self.assertEqual((restored.seed, restored.activation), (4, "tanh"))
        again.save(self.folder / "again.h5")
        self.assertEqual(self.digest(path), self.digest(self.folder / "again.h5"))
        self.assertEqual(list(fitted.history_["epoch"]), [1, 2, 3])
        self.assertFalse(hasattr(fitted, "run_"))
        pca = hourglass.PCA(3).fit(self.x)
        pca.save(self.folder / "pca.h5")
        restored = hourglass.PCA.load(self.folder / "pca.h5")
        np.testing.assert_array_equal(restored.components_, pca.components_)
        np.testing.assert_allclose(pca.mean_, self.x.mean(axis=0), atol=1e-6)
        centred = self.x - self.x.mean(axis=0)
        variances = np.linalg.svd(centred, compute_uv=False)[:3] ** 2 / len(self.x)
        ratio = variances / centred.var(axis=0).sum()
        np.testing.assert_allclose(pca.explained_variance_ratio_, ratio, rtol=1e-5)

    def test_the_same_bits_as_the_program(self):
        """By ranks, by array or address; scores and codes as the commands compute them."""
        address = write_file(self.folder / "x.h5", a=self.x, w=np.arange(150.0)) + ":/a"
        words = ["--layers", "12,6,2", "--batch", 32, "--micro-batch", 8, "--epochs", 3]
        expected = self.train("own", "--data", address, *words)
        weights = np.arange(150.0)
        weighted = self.train(
            "weighted", "--data", address, "--sample-weights", f"{self.folder}/x.h5:/w", *words
        )
        for name, data, how, ranks, digest in (
            ("array", self.x, {}, 1, expected),
            ("address", address, {"validation": address}, 1, expected),
            ("weights", self.x, {"sample_weight": weights, "validation": self.x}, 2, weighted),
        ):
            launcher = MPIRUN if ranks > 1 else None
            run = self.folder / name
            found = hourglass.Autoencoder(run_folder=run, ranks=ranks, launcher=launcher, **SMALL)
            found.fit(data, **how)
            self.assertEqual(self.digest(run / "model.h5"), digest, name)
            self.assertEqual(found.run_.state, "finished")
        validation = found.history_["validation_sse"][-1]
        self.assertAlmostEqual(-found.score(self.x), validation, places=4)
        np.testing.assert_allclose(found.transform(address), found.transform(self.x), atol=1e-5)
        self.assertAlmostEqual(found.score(address), found.score(self.x), places=4)
        with self.assertRaisesRegex(hourglass.SettingsError, "already holds a run") as caught:
            found.fit(self.x)
        self.assertEqual(caught.exception.exit_code, 64)

    def test_images_sparse_rows_series_and_conditions(self):
        random = np.random.default_rng(2)
        images = random.integers(0, 256, (60, 8, 6, 3)).astype(np.uint8)
        small = {"batch": 32, "micro_batch": 8, "epochs": 1}
        for samples in (images, np.ascontiguousarray(np.moveaxis(images, -1, 1))):
            one = hourglass.Autoencoder(["8x6x3", "conv:4x3s2", 5], **small).fit(samples)
            codes = one.transform(samples)
            self.assertEqual(codes.shape, (60, 5))
            back = one.inverse_transform(codes)
            self.assertEqual(back.shape, samples.shape)
            np.testing.assert_allclose(back, one.reconstruct(samples))
            self.assertGreater(back.max(), 10)  # in the units of the data
        sparse = need("scipy.sparse")[0].random(90, 30, 0.1, format="csr", random_state=0)
        one = hourglass.Autoencoder([None, 4], **small).fit(sparse)
        np.testing.assert_array_equal(one.transform(sparse), one.transform(sparse.toarray()))
        series = random.random((80, 2))
        one = hourglass.Autoencoder([None, 4], window=16, stride=2, **small).fit(series)
        self.assertEqual(one.transform(series).shape, (33, 4))
        address = write_file(self.folder / "series.h5", a=series) + ":/a"
        np.testing.assert_allclose(one.transform(address), one.transform(series), atol=1e-5)
        batches = {"batch": ["a", "b"] * 75}
        one = hourglass.Autoencoder(**SMALL).fit(self.x, conditions=batches)
        told = one.transform(self.x, batches)
        self.assertGreater(np.abs(told - one.transform(self.x)).max(), 1e-4)
        address = write_file(self.folder / "x.h5", a=self.x) + ":/a"
        np.testing.assert_allclose(one.transform(address, batches), told, atol=1e-5)
        holes = self.x.copy()
        holes[::7, 3] = np.nan
        with self.assertRaisesRegex(ValueError, "NaN"):
            one.fit(holes)
        one = hourglass.Autoencoder(missing="mask", **SMALL).fit(holes)
        self.assertTrue(np.isfinite(one.transform(holes)).all())

    def test_an_interrupt_leaves_a_checkpoint(self):
        whole = hourglass.Autoencoder(**SMALL)
        for ranks, launcher in ((1, None), (2, MPIRUN)):
            one = clone(whole).set_params(ranks=ranks, launcher=launcher)

            def interrupt(one=one):
                wait_until(lambda: hasattr(one, "run_") and one.run_.metrics("epoch"))
                os.kill(os.getpid(), signal.SIGINT)

            thread = threading.Thread(target=interrupt)
            thread.start()
            with self.assertRaises(KeyboardInterrupt):
                one.set_params(epochs=1000000).fit(self.x)
            thread.join()
            self.assertEqual((one.run_.state, one.run_.exit_code), ("stopped", 75))
            self.assertTrue(one.run_.checkpoints)
            self.assertFalse(one.__sklearn_is_fitted__())
            done = len(one.run_.metrics("epoch"))
            one.set_params(epochs=done + 2, ranks=1, launcher=None).fit(self.x, resume=True)
            whole.set_params(epochs=done + 2).fit(self.x)
            np.testing.assert_array_equal(one.transform(self.x), whole.transform(self.x))

    def test_nothing_is_left_in_the_temporary_folder(self):
        with tempfile.TemporaryDirectory() as folder:
            before, tempfile.tempdir = tempfile.tempdir, folder
            try:
                hourglass.Autoencoder(**SMALL).fit(self.x)
                with self.assertRaises(hourglass.DataError):
                    hourglass.Autoencoder([3, 2]).fit(self.x)
                hourglass.PCA(2).fit(self.x)
            finally:
                tempfile.tempdir = before
            self.assertEqual(list(Path(folder).iterdir()), [])

    def test_names_of_features(self):
        pandas = need("pandas")[0]
        frame = pandas.DataFrame(self.x, columns=[f"gene {i}" for i in range(12)])
        one = hourglass.Autoencoder(**SMALL).fit(frame)
        one.save(self.folder / "model.h5")
        self.assertEqual(one.model_.data["feature_names"][11], "gene 11")
        restored = hourglass.Autoencoder.load(self.folder / "model.h5")
        with self.assertRaisesRegex(ValueError, "feature names"):
            restored.transform(frame[frame.columns[::-1]])


if __name__ == "__main__":
    unittest.main()
