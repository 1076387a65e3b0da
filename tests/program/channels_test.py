"""Data with their channels first, as PyTorch writes them: a model of them is the model of the same
data with the channels last, to the bit, and every command reads and writes their own order."""
import re
import unittest

import h5py
import numpy as np

from networks import BASE, NetworkTest
from support import ROOT, read_config, read_datasets, write_file

import hourglass  # networks knows where it is

LAYERS = ["--layers", "8x6x3,conv:4x3s2,5"]
SERIES = ["--layers", "30x4,conv1d:4x5s2,5"]
VOLUMES = ["--layers", "6x7x5x2,conv3d:4x3s2,5"]


def channels_last(x):
    return np.moveaxis(x, 1, -1)


class ChannelsTest(NetworkTest):
    def setUp(self):
        super().setUp()
        random = np.random.default_rng(3)
        self.stored = {
            "images": random.integers(0, 256, (120, 3, 8, 6), dtype=np.uint8),
            "series": random.normal(size=(120, 4, 30)).astype(np.float32),
            "volumes": random.random((120, 2, 6, 7, 5)),
        }
        for name, x in self.stored.items():
            write_file(
                self.folder / f"{name}.h5",
                first=x,
                last=np.ascontiguousarray(channels_last(x)),
                flat=x.reshape(len(x), -1),
            )

    def address(self, name, order):
        return f"{self.folder / name}.h5:/{order}"

    def test_the_weights_are_those_of_the_same_data_with_the_channels_last(self):
        for name, layers in (("images", LAYERS), ("series", SERIES), ("volumes", VOLUMES)):
            with self.subTest(name):
                linear = [*BASE, *layers, "--output-activation", "linear"]
                linear += ["--normalize", "standardize"]
                digests = {
                    "last": self.train(
                        f"{name}-last", "--data", self.address(name, "last"), *linear
                    ),
                    "flat": self.train(
                        f"{name}-flat",
                        "--data",
                        self.address(name, "flat"),
                        "--channels",
                        "first",
                        *linear,
                    ),
                }
                first = ["--data", self.address(name, "first"), *linear]
                for ranks in (1, 2, 3, 4):
                    digests[ranks] = self.train(
                        f"{name}-{ranks}",
                        *first,
                        "--validation",
                        self.address(name, "last"),
                        ranks=ranks,
                    )
                digests["streamed"] = self.train(
                    f"{name}-streamed", *first, "--memory", 0, "--threads", 2
                )
                digests.update(self.stopped_and_resumed(f"{name}-stopped", *first))
                self.assertEqual(len(set(digests.values())), 1, digests)
                config = read_config((self.folder / f"{name}-1" / "config.cfg").read_text())
                self.assertEqual(config["channels"], "first")

    def test_the_order_is_said(self):
        words = [*BASE, *LAYERS, "--epochs", 1, "--progress", "plain"]
        for order, said in (
            ("first", "the 3 channels of a sample are stored first and read last, as 8x6x3"),
            ("last", "the channels of a sample are last, 3 of 8x6x3"),
        ):
            output = self.folder / f"said-{order}"
            result = self.success(
                "train", "--data", self.address("images", order), *words, "--output", output
            )
            self.assertIn(said, result.stdout + result.stderr)

    def test_every_command_reads_and_writes_the_order_of_the_data(self):
        for name, layers in (("images", LAYERS), ("series", SERIES), ("volumes", VOLUMES)):
            with self.subTest(name):
                linear = [*layers, "--output-activation", "linear"]
                first, last = (
                    self.model(f"{name}-{order}", *linear, data=self.address(name, order))
                    for order in ("first", "last")
                )
                outputs = {}
                for model, order in ((first, "first"), (last, "last")):
                    data = self.address(name, order)
                    codes, rows = (model.parent / f"{c}.h5" for c in ("codes", "rows"))
                    for command, path in (("encode", codes), ("reconstruct", rows)):
                        self.success(
                            command, "--model", model, "--data", data, "--output", path, ranks=2
                        )
                    outputs[order] = (
                        self.evaluate(model, data),
                        read_datasets(codes)["/codes"],
                        read_datasets(rows)["/reconstructions"],
                    )
                    self.success("report", model.parent, "--output", model.parent / "page.html")
                self.assertEqual(outputs["first"][0], outputs["last"][0])
                np.testing.assert_array_equal(outputs["first"][1], outputs["last"][1])
                shape = self.stored[name].shape
                np.testing.assert_array_equal(
                    channels_last(outputs["first"][2].reshape(shape)),
                    outputs["last"][2].reshape(channels_last(self.stored[name]).shape),
                )
                # Data whose axes show that their channels are last are read so; any order can be
                # said.
                other = self.address(name, "last")
                self.assertEqual(self.evaluate(first, other), outputs["first"][0])
                flat = ["--data", self.address(name, "flat"), "--json"]
                self.success("evaluate", "--model", last, *flat, "--channels", "first")
                model = hourglass.load(first)
                x = model.normalize(self.stored[name])
                np.testing.assert_allclose(
                    model.encode(x), outputs["first"][1], rtol=1e-4, atol=1e-5
                )
                np.testing.assert_allclose(
                    model.as_stored(model.reconstruct(x)),
                    outputs["first"][2],
                    rtol=1e-4,
                    atol=1e-5,
                )

    def test_new_samples_have_the_order_of_the_data(self):
        words = ["--variational", "--loss", "bce"]
        samples = {}
        for order in ("first", "last"):
            model = self.model(order, *LAYERS, *words, data=self.address("images", order))
            path = self.folder / f"new-{order}.h5"
            self.success("sample", "--model", model, "--samples", 7, "--output", path)
            samples[order] = read_datasets(path)["/samples"]
        self.assertEqual(samples["first"].shape, (7, 3, 8, 6))
        np.testing.assert_array_equal(channels_last(samples["first"]), samples["last"])

    def test_weights_of_features_have_the_order_of_the_data(self):
        weights = np.random.default_rng(4).random((3, 8, 6)).astype(np.float32)
        write_file(
            self.folder / "w.h5",
            first=weights,
            last=np.ascontiguousarray(weights.transpose(1, 2, 0)),
        )
        digests = {
            order: self.train(
                f"weighted-{order}",
                "--data",
                self.address("images", order),
                "--feature-weights",
                f"{self.folder}/w.h5:/{order}",
                *BASE,
                *LAYERS,
            )
            for order in ("first", "last")
        }
        self.assertEqual(digests["first"], digests["last"])

    def test_names_of_the_axes_tell_where_extents_do_not(self):
        """Dimension scales, as netCDF and h5py write them."""
        x = np.random.default_rng(5).random((40, 8, 8, 8)).astype(np.float32)
        orders = {"first": ("time", "band", "y", "x"), "last": ("time", "y", "x", "band")}
        for order, names in orders.items():
            path = self.folder / f"scales-{order}.h5"
            with h5py.File(path, "w") as file:
                file["data"] = x
                for axis, scale in enumerate(names):
                    file[scale] = np.arange(x.shape[axis], dtype=float)
                    file[scale].make_scale(scale)
                    file["data"].dims[axis].attach_scale(file[scale])
            output = self.folder / f"named-{order}"
            words = [*BASE, "--layers", "8x8x8,conv:4x3s2,5", "--output", output]
            self.success("train", "--data", f"{path}:/data", *words)
            config = read_config((output / "config.cfg").read_text())
            self.assertEqual(config["channels"], order)

    def test_dense_layers_see_the_samples_as_they_are_stored(self):
        flat, images = (
            self.train(order, "--data", self.address("images", order), *BASE, "--layers", "144,5")
            for order in ("flat", "first")
        )
        self.assertEqual(flat, images)

    def test_the_commands_of_the_documents(self):
        shapes = {
            "grey": (28, 28),
            "last": (16, 16, 3),
            "first": (3, 16, 16),
            "bands": (12, 16, 16),
            "flat": (768,),
            "volumes": (12, 12, 12),
            "vectors": (3, 6, 8, 8),
            "signals": (64,),
            "series": (64, 3),
            "leads": (12, 64),
        }
        folder = self.folder / "documents"
        folder.mkdir()
        random = np.random.default_rng(7)
        for name, shape in shapes.items():
            write_file(folder / f"{name}.h5", x=random.random((48, *shape)))
        text = (ROOT / "docs/data.md").read_text()
        seen = set()
        for title in ("Images", "Volumes", "Series"):
            section = re.search(rf"^## {title}$.*?(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
            for command in re.findall(r"`hourglass (train .*?)`", section.group()):
                with self.subTest(command):
                    words = command.split()
                    seen.add(words[words.index("--data") + 1])
                    words[words.index("--output") + 1] = f"run{len(seen)}"
                    self.success(
                        *words, "--epochs", 1, "--batch", 16, "--micro-batch", 16, folder=folder
                    )
        self.assertEqual(seen, {f"{name}.h5:/x" for name in shapes})


if __name__ == "__main__":
    unittest.main()
