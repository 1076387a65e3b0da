"""Activations as other programs store them: two-byte floats, NumPy arrays and safetensors files
read without an import; several layers as one input."""
import json
import struct
import unittest

import h5py
import numpy as np

from support import DATA, IO, ProgramTest, read_datasets, run


def brain(values):
    """The bits of bfloat16 of numbers that it holds."""
    return (np.ascontiguousarray(values, dtype="<f4").view("<u4") >> 16).astype("<u2")


def write_safetensors(path, **tensors):
    """name=(dtype of the format, array of the bytes)."""
    header, data = {"__metadata__": {"format": "np"}}, b""
    for name, (dtype, values) in tensors.items():
        end = len(data) + values.nbytes
        header[name] = {"dtype": dtype, "shape": values.shape, "data_offsets": [len(data), end]}
        data += values.tobytes()
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)
    return path


class ActivationsTest(ProgramTest):
    def setUp(self):
        super().setUp()
        random = np.random.default_rng(3)
        # Numbers that all formats hold.
        self.values = (random.integers(-32, 33, (300, 12)) / 8).astype(np.float32)
        with h5py.File(self.folder / "acts.h5", "w") as file:
            file["single"] = self.values
            file["half"] = self.values.astype(np.float16)
            file.create_dataset(
                "brain", data=brain(self.values), chunks=(64, 12), compression="gzip"
            )
            file["brain"].attrs["dtype"] = "bfloat16"
        np.save(self.folder / "acts.npy", self.values.astype(">f2"))
        for name, part in (("a", self.values[:110]), ("b", self.values[110:])):
            write_safetensors(
                self.folder / f"{name}.safetensors",
                other=("F32", np.zeros((2, 3), "<f4")),
                **{"layer.1": ("BF16", brain(part)), "F": ("F64", part.astype("<f8"))},
            )

    def trained(self, name, data, *arguments, **how):
        settings = ["--layers", "12,5", "--output-activation", "linear", "--epochs", 2]
        settings += ["--batch", 64, "--micro-batch", 16, "--progress", "none"]
        settings += ["--validation-fraction", 0.2]
        return self.train(name, "--data", data, *settings, *arguments, folder=self.folder, **how)

    def test_bytes_without_a_type_are_refused_with_a_way_out(self):
        """bfloat16 of NumPy, which neither .npy nor h5py have a type for; acts.h5:/brain holds the
        same bits as the refusals say."""
        void = brain(self.values).view("V2")
        np.save(self.folder / "void.npy", void)
        with h5py.File(self.folder / "void.h5", "w") as file:
            file["x"] = void
        for data in ("void.npy", "void.h5:/x"):
            result = run(
                *("train", "--data", self.folder / data, "--layers", "12,5", "--output"),
                self.folder / "none",
            )
            self.assert_refused(result, DATA, "bfloat16", "as uint16 with the attribute dtype")

    def test_the_same_numbers_in_any_format_make_the_same_model(self):
        expected = self.trained("single", "acts.h5:/single")
        stream = ["--memory", 0]
        parts = "a.safetensors:/layer.1,b.safetensors:/layer.1"
        for number, (data, arguments, ranks) in enumerate(
            [
                ("acts.h5:/half", [], 2),
                ("acts.h5:/brain", stream, 3),
                ("acts.npy", stream, 1),
                ("acts.npy", [], 3),
                (parts, stream, 2),
                ("?.safetensors:/layer.1", [], None),
            ]
        ):
            digest = self.trained(f"run{number}", data, *arguments, ranks=ranks)
            self.assertEqual(digest, expected, data)
        for file in ("acts.h5", "a.safetensors"):
            self.assertIn("bfloat16", self.success("inspect", self.folder / file).stdout)
        self.assertIn("float16", self.success("inspect", self.folder / "acts.npy").stdout)
        # What a model needs to be used: encode, and labels that lie in an array.
        np.save(self.folder / "labels.npy", np.arange(300) % 3)
        self.success(
            *("encode", "--model", "single/model.h5", "--data", "acts.npy"),
            *("--labels", "labels.npy", "--output", "codes.h5"),
            folder=self.folder,
        )
        written = read_datasets(self.folder / "codes.h5")
        np.testing.assert_array_equal(written["/labels"], np.arange(300) % 3)
        self.success(
            *("import", "a.safetensors:layer.1", "--output", "made.h5:/train"), folder=self.folder
        )
        made = read_datasets(self.folder / "made.h5")["/train/samples"]
        np.testing.assert_array_equal(made, self.values[:110])

    def test_layers_side_by_side_are_one_input(self):
        self.success(
            *("pca", "--components", 2, "--output", "pca.h5"),
            *("--data", "acts.h5:/half+acts.npy,acts.h5:/single+acts.npy"),
            folder=self.folder,
        )
        both = np.hstack([self.values, self.values])
        mean = read_datasets(self.folder / "pca.h5")["/model/decoder/0/bias"]
        np.testing.assert_allclose(mean, both.mean(axis=0), atol=1e-6)

    def test_broken_files_are_refused(self):
        whole = (self.folder / "a.safetensors").read_bytes()
        (self.folder / "cut.safetensors").write_bytes(whole[:-1])
        (self.folder / "lies.safetensors").write_bytes(b"\xff" * 7 + b"\0" + whole[8:])
        for data, code, words in (
            ("cut.safetensors:/F", DATA, ["cut.safetensors", "is truncated"]),
            ("lies.safetensors:/F", DATA, ["lies.safetensors", "bytes long"]),
            ("a.safetensors:/G", DATA, ["has no tensor 'G'", "it holds F"]),
            ("a.safetensors", DATA, ["name one: a.safetensors:/other"]),
            ("none.npy", IO, ["none.npy"]),
            ("acts.npy:/x", DATA, ["acts.npy", "leave :/x out"]),
        ):
            result = self.refused(data)
            self.assert_refused(result, code, *words)

    def refused(self, data):
        return run(
            *("pca", "--components", 2, "--data", data, "--output", "none.h5"), folder=self.folder
        )


if __name__ == "__main__":
    unittest.main()
