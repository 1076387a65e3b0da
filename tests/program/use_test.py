"""evaluate, encode, reconstruct, inspect and import: the same results on any number of ranks, and
the right ones."""
import gzip
import json
import struct
import unittest
from pathlib import Path

import h5py
import numpy as np

from reference import Autoencoder, read_layers
from support import ProgramTest, read_datasets, read_metrics, run, USAGE, IO, DATA

SETTINGS = [
    "--layers",
    "20,16,8,3",
    "--batch",
    "32",
    "--micro-batch",
    "8",
    "--epochs",
    "4",
    "--learning-rate",
    "1e-2",
]


class UseTest(ProgramTest):
    def setUp(self):
        super().setUp()
        self.data = self.make_data()
        with h5py.File(self.data, "r") as file:
            self.stored, self.labels = file["/test/samples"][()], file["/test/labels"][()]
        self.x = (self.stored / np.float32(255)).astype(np.float32)
        self.model = self.trained("run")

    def trained(self, name, *settings):
        self.train(
            name,
            "--data",
            f"{self.data}:/train/samples",
            "--validation",
            f"{self.data}:/test/samples",
            *SETTINGS,
            *settings,
        )
        return self.folder / name / "model.h5"

    def use(self, command, *arguments, ranks=None, model=None):
        return self.success(
            command,
            "--model",
            model or self.model,
            "--data",
            f"{self.data}:/test/samples",
            *arguments,
            ranks=ranks,
        )

    def check_against_numpy(self, model, x, **shape):
        network = Autoencoder(*read_layers(model), **shape)
        report = json.loads(self.use("evaluate", "--json", model=model).stdout)
        self.assertEqual(report["samples"], len(x))
        sse = network.sse(x)
        self.assertAlmostEqual(report["sse"], sse, delta=1e-4 * sse)
        self.assertAlmostEqual(report["mse"], sse / x.shape[1], delta=1e-4 * sse)
        return network, report

    def test_evaluate_is_right(self):
        _, report = self.check_against_numpy(self.model, self.x)
        self.assertAlmostEqual(report["psnr"], 10 * np.log10(1 / report["mse"]), places=3)
        last = read_metrics(self.folder / "run", "epoch")[-1]
        self.assertEqual(last["validation_sse"], report["sse"])

    def test_evaluate_of_other_models_is_right(self):
        self.check_against_numpy(
            self.trained("tanh", "--activation", "tanh", "--code-activation", "sigmoid"),
            self.x,
            activation="tanh",
            code_activation="sigmoid",
        )
        self.check_against_numpy(
            self.trained("bce", "--activation", "gelu", "--loss", "bce"),
            self.x,
            activation="gelu",
            loss="bce",
        )
        self.check_against_numpy(
            self.trained("lopsided", "--decoder-layers", "3,5,20", "--output-activation", "linear"),
            self.x,
            output_activation="linear",
        )

    def test_evaluate_is_the_same_on_any_number_of_ranks(self):
        texts = {
            ranks: self.use("evaluate", "--json", ranks=ranks).stdout for ranks in (None, 1, 2, 3)
        }
        self.assertEqual(len(set(texts.values())), 1, texts)
        self.assertEqual(self.use("evaluate").stdout, self.use("evaluate", ranks=3).stdout)

    def test_evaluate_prints_what_a_person_reads(self):
        text = self.use("evaluate").stdout
        for word in ("sse", "mse", "psnr"):
            self.assertIn(word, text)

    def outputs(self, command):
        """The data sets that the command writes on 1, 2 and 3 ranks, all the same."""
        files = {}
        for ranks in (None, 2, 3):
            path = self.folder / f"{command}{ranks}.h5"
            self.use(command, "--output", path, ranks=ranks)
            files[ranks] = read_datasets(path)
        for other in (2, 3):
            self.assertEqual(list(files[None]), list(files[other]))
            for name, values in files[None].items():
                self.assertEqual(values.dtype, files[other][name].dtype)
                np.testing.assert_array_equal(values, files[other][name], err_msg=name)
        return files[None]

    def named(self, datasets, ending):
        return next(values for name, values in datasets.items() if name.endswith(ending))

    def test_encode(self):
        found = self.outputs("encode")
        codes = next(values for values in found.values() if values.ndim == 2)
        self.assertEqual((codes.shape, codes.dtype), ((len(self.x), 3), np.float32))
        expected = Autoencoder(*read_layers(self.model)).encode(self.x)
        np.testing.assert_allclose(codes, expected, rtol=1e-4, atol=1e-4 * np.abs(expected).max())
        np.testing.assert_array_equal(self.named(found, "labels"), self.labels)

    def test_reconstruct(self):
        found = self.outputs("reconstruct")
        images = next(values for values in found.values() if values.ndim == 2)
        self.assertEqual(images.shape, self.x.shape)
        np.testing.assert_allclose(
            images, Autoencoder(*read_layers(self.model)).reconstruct(self.x), atol=1e-5
        )

    def test_standardized_model(self):
        model = self.trained(
            "standard", "--normalize", "standardize", "--output-activation", "linear"
        )
        with h5py.File(self.data, "r") as file:
            train = file["/train/samples"][()].astype(float)
        deviation = train.std(axis=0)
        x = (self.stored - train.mean(axis=0)) / np.where(deviation > 0, deviation, 1)
        self.check_against_numpy(model, x, output_activation="linear")

    def test_inspect(self):
        text = self.success("inspect", self.model).stdout
        self.assertIn("weights digest", text)
        self.assertIn(self.digest(self.model), text)
        for word in ("encoder/0/weight", "16", "20", "layers"):
            self.assertIn(word, text)
        foreign = self.success("inspect", self.data).stdout
        for word in ("/train/samples", "/test/labels", "uint8", "150", "20"):
            self.assertIn(word, foreign)
        self.assertNotIn(
            "weights_digest", json.loads(self.success("inspect", "--json", self.data).stdout)
        )

    def test_inspect_refuses_what_is_not_hdf5(self):
        (self.folder / "x.txt").write_text("no")
        self.assert_refused(run("inspect", self.folder / "x.txt"), DATA, "x.txt")
        self.assert_refused(run("inspect", self.folder / "y.h5"), IO, "y.h5")
        self.assert_refused(run("inspect"), USAGE)

    def test_no_file_is_replaced(self):
        """Nobody's only copy is lost to a name given twice; a report may replace a report."""
        before = Path(self.data).read_bytes()
        run_folder = Path(self.model).parent
        for words in (
            ["pca", "--data", f"{self.data}:/train/samples", "--components", 2],
            ["export", "onnx", "--model", self.model],
            ["report", run_folder],
            ["encode", "--model", self.model, "--data", f"{self.data}:/test/samples"],
        ):
            with self.subTest(words[0]):
                output = self.data
                if words[0] == "encode":
                    self.success(*words, "--output", self.folder / "codes.h5")
                    output = self.folder / "codes.h5"
                self.assert_refused(run(*words, "--output", output), USAGE, "already exists")
        self.assertEqual(Path(self.data).read_bytes(), before)
        for _ in range(2):
            self.success(
                "report", run_folder, "--output", self.folder / "page.html", "--samples", 20
            )

    def test_a_checkpoint_is_a_model_too(self):
        checkpoint = max((self.folder / "run/checkpoints").glob("*.h5"))
        self.assertEqual(
            self.use("evaluate", "--json").stdout,
            self.use("evaluate", "--json", model=checkpoint).stdout,
        )


def idx(values):
    """MNIST's file format: two zero bytes, type, number of dimensions, sizes (big-endian), data."""
    kinds = {"uint8": 8, "int8": 9, "int16": 11, "int32": 12, "float32": 13, "float64": 14}
    header = struct.pack(">HBB", 0, kinds[values.dtype.name], values.ndim) + struct.pack(
        f">{values.ndim}I", *values.shape
    )
    return header + values.astype(values.dtype.newbyteorder(">")).tobytes()


class ImportTest(ProgramTest):
    def setUp(self):
        super().setUp()
        random = np.random.default_rng(0)
        self.images = random.integers(0, 256, (37, 6, 5)).astype(np.uint8)
        self.labels = random.integers(0, 10, 37).astype(np.uint8)

    def write(self, name, content, compress=False):
        path = self.folder / name
        path.write_bytes(gzip.compress(content) if compress else content)
        return path

    def test_idx_plain_and_compressed(self):
        for compress in (False, True):
            suffix = ".gz" if compress else ""
            output = self.folder / f"out{suffix}.h5"
            for group, images in (("train", self.images), ("test", self.images[::-1])):
                self.success(
                    "import",
                    self.write(f"images{suffix}", idx(images), compress),
                    "--labels",
                    self.write(f"labels{suffix}", idx(self.labels), compress),
                    "--output",
                    f"{output}:/{group}",
                )
            with h5py.File(output, "r") as file:
                self.assertEqual(file["/train/samples"].dtype, np.uint8)
                self.assertIsNotNone(file["/train/samples"].chunks)
                np.testing.assert_array_equal(file["/train/samples"][()], self.images)
                np.testing.assert_array_equal(file["/test/samples"][()], self.images[::-1])
                np.testing.assert_array_equal(file["/test/labels"][()], self.labels)
            self.train(
                f"run{suffix}",
                "--data",
                f"{output}:/train/samples",
                "--layers",
                "30,4",
                "--batch",
                8,
                "--micro-batch",
                4,
            )

    def test_other_types_and_compressed_output(self):
        for kind in (np.float32, np.int16, np.float64, np.int32):
            values = (self.images.reshape(37, 30) * 3.0).astype(kind)
            output = self.folder / f"{np.dtype(kind).name}.h5"
            self.success(
                "import",
                self.write("x.idx", idx(values)),
                "--output",
                f"{output}:/data",
                "--compress",
            )
            with h5py.File(output, "r") as file:
                self.assertEqual(file["/data/samples"].dtype, kind)
                self.assertEqual(file["/data/samples"].compression, "gzip")
                np.testing.assert_array_equal(file["/data/samples"][()], values)

    def test_bad_sources(self):
        good = idx(self.images)
        cases = {
            "short": good[:-1],
            "long": good + b"x",
            "magic": b"\x00\x01" + good[2:],
            "kind": good[:2] + b"\x07" + good[3:],
            "header": good[:9],
            "empty": b"",
            "huge": good[:4] + b"\xff" * 12 + good[16:],
        }
        for name, content in cases.items():
            for compress in (False, True):
                with self.subTest(case=name, compress=compress):
                    source = self.write(f"{name}.gz" if compress else name, content, compress)
                    result = run("import", source, "--output", f"{self.folder}/out.h5:/x")
                    self.assert_refused(result, DATA, source.name)
                    self.assertEqual([path.name for path in self.folder.glob("*out.h5*")], [])
        with self.subTest("cut gzip"):
            source = self.write("cut.gz", gzip.compress(good)[:-20])
            self.assert_refused(
                run("import", source, "--output", f"{self.folder}/out.h5:/x"), DATA, "cut.gz"
            )
        with self.subTest("labels of another length"):
            result = run(
                "import",
                self.write("images", good),
                "--labels",
                self.write("labels", idx(self.labels[:-1])),
                "--output",
                f"{self.folder}/out.h5:/x",
            )
            self.assert_refused(result, DATA, "36", "37")
        self.assertEqual([path.name for path in self.folder.glob("*out.h5*")], [])
        self.assert_refused(
            run("import", self.folder / "none", "--output", f"{self.folder}/out.h5:/x"), IO, "none"
        )


if __name__ == "__main__":
    unittest.main()
