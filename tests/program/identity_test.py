"""A model knows its data: the same data stored in another way give the same results in every
command, and other data are refused."""
import importlib
import json
import re
import sys
import unittest

import h5py
import numpy as np

from support import DATA, ROOT, ProgramTest, make_samples, read_datasets, run, write_file

SIDE, CHANNELS = 12, 3
FEATURES = SIDE * SIDE * CHANNELS


def colour_images(count, seed):
    """Images N x H x W x C of whole numbers up to 255."""
    values = make_samples(count, FEATURES, 5)
    random = np.random.default_rng(seed)
    values = values[random.permutation(count)]
    values[0, 0] = 255
    return values.reshape(count, SIDE, SIDE, CHANNELS)


class IdentityTest(ProgramTest):
    """Models of images, and their images stored in several ways."""

    def setUp(self):
        super().setUp()
        self.images = colour_images(96, 1)
        self.labels = np.arange(96, dtype=np.uint8) % 3
        self.file("bytes.h5", self.images)
        self.file("fractions.h5", (self.images / np.float32(255)).astype(np.float32))
        self.file("doubles.h5", self.images / 255.0)
        self.file("numbers.h5", self.images.astype(np.float32))
        self.file("first.h5", self.images.transpose(0, 3, 1, 2))
        self.file("flat.h5", self.images.reshape(len(self.images), -1))
        self.file("centred.h5", (self.images / np.float32(127.5) - 1).astype(np.float32))

    def file(self, name, values):
        write_file(self.folder / name, x=values, labels=self.labels[: len(values)])

    def address(self, name):
        return f"{self.folder / name}.h5:/x"

    def trained(self, name, *arguments):
        output = f"model-{name}"
        self.train(
            output,
            *("--data", self.address(name), "--batch", 32, "--micro-batch", 16, "--epochs", 2),
            *("--layers", f"{FEATURES},16,4", "--learning-rate", 0.01, *arguments),
        )
        return self.folder / output / "model.h5"

    def evaluated(self, model, name, *arguments, **how):
        result = run(
            *("evaluate", "--json", "--model", model, "--data", self.address(name)),
            *arguments,
            **how,
        )
        return result

    def sse(self, model, name, *arguments, **how):
        result = self.evaluated(model, name, *arguments, **how)
        self.assertEqual(result.code, 0, str(result))
        return json.loads(result.stdout)["sse"]

    def test_what_is_kept(self):
        model = self.trained("bytes")
        with h5py.File(model) as file:
            kept = {name: value for name, value in file["model"].attrs.items()}
        text = {
            name: value.decode() if isinstance(value, bytes) else value
            for name, value in kept.items()
        }
        self.assertEqual(text["data_type"], "uint8")
        self.assertEqual(text["data_shape"], f"{SIDE}x{SIDE}x{CHANNELS}")
        self.assertEqual(text["data_normalize"], "unit")
        lowest, highest = map(float, text["data_range"].split())
        self.assertEqual((lowest, highest), (self.images.min(), 255))
        self.assertEqual(text["data_range_rows"], "96")
        self.assertEqual(text["data_whole_numbers"], "true")
        newest = max((self.folder / "model-bytes/checkpoints").glob("*.h5"))
        with h5py.File(newest) as file:
            self.assertIn("data_type", file["model"].attrs)

    def test_bytes_and_fractions(self):
        for trained, others in {
            "bytes": ["fractions", "doubles", "numbers", "flat"],
            "fractions": ["bytes", "doubles"],
            "numbers": ["bytes", "fractions", "doubles"],
        }.items():
            model = self.trained(trained)
            own = self.sse(model, trained)
            for other in others:
                with self.subTest(trained=trained, given=other):
                    result = self.evaluated(model, other)
                    self.assertEqual(result.code, 0, str(result))
                    self.assertAlmostEqual(json.loads(result.stdout)["sse"] / own, 1, 5)
                    said = re.findall("divided by", result.stderr)
                    values_differ = (trained, other) not in [
                        ("bytes", "numbers"),
                        ("bytes", "flat"),
                        ("fractions", "doubles"),
                        ("numbers", "bytes"),
                    ]
                    self.assertEqual(len(said), int(values_differ), str(result))

    def test_standardized(self):
        options = ("--normalize", "standardize", "--output-activation", "linear")
        model = self.trained("bytes", *options)
        own = self.sse(model, "bytes")
        self.assertAlmostEqual(self.sse(model, "fractions") / own, 1, 4)
        model = self.trained("fractions", *options)
        self.assertAlmostEqual(self.sse(model, "bytes") / self.sse(model, "fractions"), 1, 4)

    def test_other_normalization_is_refused(self):
        for trained in ("bytes", "fractions"):
            model = self.trained(trained)
            with self.subTest(trained):
                result = self.evaluated(model, "centred")
                self.assert_refused(result, DATA, "not those that the model was", "--data-scale 1")
                self.sse(model, "centred", "--data-scale", 1)
        model = self.folder / "model-bytes/model.h5"
        self.file("deviations.h5", np.random.default_rng(1).normal(size=(9, FEATURES)))
        self.assert_refused(self.evaluated(model, "deviations"), DATA, "--data-scale")
        # Photographs of 12 bits, divided by 4095.
        dark = np.random.default_rng(1).integers(0, 4096, (60, SIDE, SIDE), dtype=np.uint16)
        dark[0, 0, 0] = 4095
        self.labels = np.zeros(60, np.uint8)
        self.file("dark.h5", dark)
        self.file("dark-fractions.h5", dark / 4095.0)
        self.train(
            "dark",
            *("--data", self.address("dark"), "--layers", f"{SIDE * SIDE},4", "--batch", 32),
            *("--micro-batch", 16, "--epochs", 1),
        )
        model = self.folder / "dark/model.h5"
        refused = self.evaluated(model, "dark-fractions")
        self.assert_refused(refused, DATA, "--data-scale")
        own = self.sse(model, "dark")
        self.assertAlmostEqual(self.sse(model, "dark-fractions", "--data-scale", 4095) / own, 1, 4)

    def test_ranks_agree(self):
        model = self.trained("bytes")
        found = {self.sse(model, "fractions", ranks=ranks) for ranks in (None, 1, 2, 3, 4)}
        self.assertEqual(len(found), 1)

    def test_every_command(self):
        """The images as fractions: what each command computes is what it computes of bytes."""
        model = self.trained("bytes", "--validation", self.address("bytes"))
        outputs = {}
        for name in ("bytes", "fractions"):
            data = ("--model", model, "--data", self.address(name))
            for command in ("encode", "reconstruct", "score"):
                target = self.folder / f"{command}-{name}.h5"
                self.success(command, *data, "--output", target)
                outputs[command, name] = read_datasets(target)
            for options in ([], ["--fine-tune"]):
                printed = self.success(
                    *("probe", *data, "--validation", self.address(name), "--json"),
                    *("--epochs", 2, *options),
                ).stdout
                outputs[f"probe{options}", name] = json.loads(printed)
        for command in {command for command, _ in outputs}:
            with self.subTest(command):
                self.assert_close(outputs[command, "bytes"], outputs[command, "fractions"])

    def assert_close(self, one, other):
        self.assertEqual(set(one), set(other))
        for name, values in one.items():
            np.testing.assert_allclose(values, other[name], rtol=1e-5, atol=1e-6, err_msg=name)

    def test_validation(self):
        errors = {}
        for name in ("bytes", "fractions", "numbers"):
            target = self.folder / f"validated-{name}"
            result = self.success(
                *("train", "--output", target, "--data", self.address("bytes"), "--epochs", 2),
                *("--validation", self.address(name), "--layers", f"{FEATURES},16,4"),
                *("--batch", 32, "--micro-batch", 16),
            )
            self.assertEqual("read as such" in result.stdout, name == "fractions", str(result))
            with h5py.File(target / "model.h5") as file:
                errors[name] = file["history/validation_sse"][()]
        np.testing.assert_allclose(errors["fractions"], errors["bytes"], rtol=1e-6)
        np.testing.assert_array_equal(errors["numbers"], errors["bytes"])
        resumed = self.success("train", "--resume", target, "--epochs", 3)
        self.assertEqual(resumed.code, 0)
        common = (
            *("train", "--output", self.folder / "refused", "--data", self.address("bytes")),
            *("--validation", self.address("centred"), "--layers", f"{FEATURES},16,4"),
            *("--batch", 32, "--micro-batch", 16, "--epochs", 1),
        )
        self.assert_refused(run(*common), DATA, "--validation-scale 1")
        self.success(*common, "--validation-scale", 1)

    def test_probe_of_samples(self):
        probed = {}
        for name in ("bytes", "fractions"):
            result = self.success(
                *("probe", "--raw", "--data", self.address("bytes"), "--epochs", 2, "--json"),
                *("--validation", self.address(name)),
            )
            probed[name] = json.loads(result.stdout)
        self.assertEqual(probed["bytes"], probed["fractions"])

    def test_report(self):
        self.trained("bytes")
        for name, words in {"bytes": [], "fractions": ["divided by 255"]}.items():
            target = self.folder / f"{name}.html"
            printed = self.success(
                *("report", self.folder / "model-bytes", "--output", target),
                *("--data", self.address(name)),
            ).stdout
            for word in words:
                self.assertIn(word, printed)
        refused = run(
            *("report", self.folder / "model-bytes", "--output", self.folder / "x.html"),
            *("--data", self.address("centred")),
        )
        self.assert_refused(refused, DATA, "--data-scale")

    def test_pca_is_a_model_that_knows_its_data(self):
        model = self.folder / "pca.h5"
        self.success(
            *("pca", "--data", self.address("bytes"), "--components", 4, "--output", model)
        )
        own = self.sse(model, "bytes")
        self.assertAlmostEqual(self.sse(model, "fractions") / own, 1, 4)

    def test_python(self):
        """hourglass.load converts and refuses like the program."""
        sys.path.insert(0, str(ROOT / "python"))
        self.addCleanup(sys.path.remove, str(ROOT / "python"))
        module = importlib.import_module("hourglass")
        stored = {name: module.read_rows(self.address(name)) for name in ("bytes", "fractions")}
        stored["first"] = module.read_rows(self.address("first"))
        stored["flat"] = module.read_rows(self.address("flat"))
        model = module.load(self.trained("bytes"))
        self.assertEqual(model.data["type"], "uint8")
        self.assertEqual(model.data["shape"], (SIDE, SIDE, CHANNELS))
        own = model.normalize(stored["bytes"])
        for name, samples in stored.items():
            np.testing.assert_allclose(model.normalize(samples), own, atol=1e-6, err_msg=name)
        restored = model.denormalize(own).reshape(self.images.shape)
        np.testing.assert_allclose(restored, self.images, atol=1e-9)
        model = module.load(self.trained("fractions"))
        np.testing.assert_allclose(model.normalize(stored["bytes"]), own, atol=1e-6)
        with self.assertRaisesRegex(ValueError, "give scale"):
            model.normalize(self.images // 10)
        model.normalize(self.images // 10, scale=1)

    def test_channels_first(self):
        model = self.trained("bytes")
        own = self.sse(model, "bytes")
        self.assertEqual(self.sse(model, "first"), own)
        self.assertIn("channels first", self.evaluated(model, "first").stderr)
        # Flat rows are taken in the order of the training.
        self.assertEqual(self.sse(model, "flat"), own)

    def test_other_shapes(self):
        images = self.images[:, :, :, 0]
        self.file("grey.h5", images)
        self.train(
            "grey",
            *("--data", self.address("grey"), "--layers", f"{SIDE * SIDE},4", "--epochs", 1),
            *("--batch", 32, "--micro-batch", 16),
        )
        model = self.folder / "grey/model.h5"
        own = self.sse(model, "grey")
        for name, values in {
            "rows": images.reshape(len(images), -1),
            "one-channel": images[:, None],
            "channel-last": images[..., None],
        }.items():
            self.file(f"{name}.h5", values)
            self.assertEqual(self.sse(model, name), own, name)
        self.file("wide.h5", images.reshape(len(images), SIDE // 2, SIDE * 2))
        self.assert_refused(
            self.evaluated(model, "wide"), DATA, f"{SIDE} x {SIDE}", "flat rows", "transpose"
        )
        self.file("small.h5", images[:, 1:])
        self.assert_refused(self.evaluated(model, "small"), DATA, "features")


if __name__ == "__main__":
    unittest.main()
