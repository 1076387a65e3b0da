"""Exports agree with the program's own numbers on 1,000 test images: ONNX in OpenCV's runtime, the
state_dict in PyTorch."""
import json
import re
import struct
import unittest

import numpy as np

from extras import need
from onnx_graph import Graph
from support import ROOT, PROGRAM, USAGE, ProgramTest, execute, read_datasets, run, write_file

cv2, torch = need("cv2", "torch")
IMAGES = 1000
MODELS = {
    "plain": ["--activation", "relu"],
    "tied and normalised": [
        "--activation",
        "tanh",
        "--tied",
        "--layer-norm",
        "--normalize",
        "standardize",
        "--output-activation",
        "linear",
    ],
    "variational": ["--activation", "elu", "--variational", "--loss", "bce"],
    "gelu": [
        "--activation",
        "gelu",
        "--code-activation",
        "sigmoid",
        "--hidden-noise",
        "dropout:0.1",
    ],
    "softplus": ["--activation", "softplus", "--code-activation", "leaky-relu"],
    "silu": ["--activation", "silu"],
    "convolutions": ["--layers", "28x28,conv:6x3s2,conv:8x5s2,16", "--layer-norm"],
    "tied convolutions": ["--layers", "28x28,conv:6x3s2,16", "--tied", "--activation", "tanh"],
    "selu": ["--activation", "selu"],
}


def read_safetensors(path):
    """Tensors and metadata, by the format's own description."""
    content = path.read_bytes()
    (length,) = struct.unpack("<Q", content[:8])
    header = json.loads(content[8 : 8 + length])
    metadata = header.pop("__metadata__")
    data = content[8 + length :]
    return {
        name: np.frombuffer(data[slice(*entry["data_offsets"])], "<f4").reshape(entry["shape"])
        for name, entry in header.items()
    }, metadata


def torch_model(path):
    """The model as modules of PyTorch, built from what the file says and loaded by its
    state_dict."""
    tensors, metadata = read_safetensors(path)
    modules = {
        part: torch.nn.Sequential(*(eval(f"torch.nn.{text}") for text in texts))
        for part, texts in json.loads(metadata["modules"]).items()
    }
    model = torch.nn.ModuleDict(modules)
    model.load_state_dict(
        {
            name: torch.from_numpy(values.copy())
            for name, values in tensors.items()
            if not name.startswith("input.")
        },
        strict=True,
    )
    return model.eval(), tensors, metadata


def channels_first(rows, metadata, border):
    """Rows as the program has them, in the order of PyTorch's images where the file says that this
    border has it."""
    shape = json.loads(metadata.get("images", "{}")).get(border)
    if shape is None:
        return rows
    channels, *places = shape
    return np.ascontiguousarray(np.moveaxis(rows.reshape(-1, *places, channels), -1, 1)).reshape(
        len(rows), -1
    )


class ExportTest(ProgramTest):
    def setUp(self):
        super().setUp()
        full = self.folder / "fm.h5"
        result = execute(
            [str(ROOT / "data/fashion-mnist.sh"), str(full)], environment={"HOURGLASS": PROGRAM}
        )
        self.assertEqual(result.code, 0, str(result))
        images = read_datasets(full)
        self.stored = images["/test/samples"][:IMAGES].reshape(IMAGES, -1)
        self.data = write_file(
            self.folder / "small.h5",
            train=images["/train/samples"][:2000],
            test=images["/test/samples"][:IMAGES],
        )

    def trained(self, name):
        options = ("--layers", "784,96,48,16", "--epochs", 2, "--batch", 256)
        more = ("--learning-rate", "2e-3", "--hidden-noise", "none", *MODELS[name])
        self.train(name, "--data", f"{self.data}:/train", *options, *more)
        return self.outputs_of(name)

    def outputs_of(self, name):
        model = self.folder / name / "model.h5"
        outputs = {}
        for command, ending in (("encode", "codes"), ("reconstruct", "samples")):
            path = self.folder / name / f"{command}.h5"
            self.success(
                command, "--model", model, "--data", f"{self.data}:/test", "--output", path
            )
            outputs[command] = next(
                values for values in read_datasets(path).values() if values.ndim == 2
            )
        return model, outputs["encode"], outputs["reconstruct"]

    def export(self, kind, model, name, *arguments):
        path = model.parent / name
        self.success("export", kind, "--model", model, "--output", path, *arguments)
        return path

    def assert_near(self, found, expected, what):
        scale = max(1.0, float(np.abs(expected).max()))
        self.assertEqual(found.shape, expected.shape, what)
        self.assertLess(float(np.abs(found - expected).max()) / scale, 1e-5, what)

    def run_onnx(self, path, x):
        network = cv2.dnn.readNetFromONNX(str(path))
        network.setInput(np.ascontiguousarray(x, np.float32))
        return network.forward()

    def test_models(self):
        for name in MODELS:
            with self.subTest(name):
                model, codes, images = self.trained(name)
                self.check_onnx(name, model, codes, images)
                self.check_torch(name, model, self.stored, codes, images)
                if "convolutions" not in name:
                    self.check_numpy(name, model, codes, images)
                if name == "plain":
                    self.check_external_data(model, images)

    def check_numpy(self, name, model, codes, images):
        """The reader of docs/formats.md rebuilds the model from what the file says of itself."""
        exported = self.export("safetensors", model, "n.safetensors")
        text = (ROOT / "docs/formats.md").read_text()
        blocks = re.findall(r"```python\n(.*?)```", text, re.S)
        (recipe,) = [block for block in blocks if 'load("model.safetensors")' in block]
        names = {"samples": self.stored}
        exec(recipe.replace("model.safetensors", str(exported)), names)
        self.assert_near(names["codes"], codes, f"{name}: encoder in NumPy")
        self.assert_near(names["reconstructions"], images, f"{name}: autoencoder in NumPy")

    def check_external_data(self, model, images):
        whole = self.export("onnx", model, "whole.onnx")
        printed = self.success(
            *("export", "onnx", "--model", model, "--output", self.folder / "outside.onnx"),
            "--external-data",
        )
        data = self.folder / "outside.onnx.data"
        text = f"outside.onnx.data beside it holds {data.stat().st_size} bytes of parameters"
        self.assertIn(text, printed.stdout)
        self.assertLess((self.folder / "outside.onnx").stat().st_size, 20_000)
        graph = Graph(self.folder / "outside.onnx")
        for name, values in Graph(whole).constants.items():
            np.testing.assert_array_equal(graph.constants[name], values)
        self.assert_near(graph.run(self.stored), images, "external data")

    def test_colour_images_in_pytorch(self):
        """Channels come last here and first there: at the input, at the code, at the output, and
        under layer normalisation."""
        random = np.random.default_rng(7)
        stored = random.integers(0, 256, (IMAGES, 12, 10, 3), dtype=np.uint8)
        self.data = write_file(self.folder / "colour.h5", train=stored, test=stored)
        for name, options in {
            "dense code": ["--layers", "12x10x3,conv:4x3s2,conv:5x3,7"],
            "dense in between": [
                "--layers",
                "12x10x3,conv:4x3s2,50,6x5x2,conv:5x3s2p1,9",
                "--layer-norm",
                "--normalize",
                "standardize",
                "--output-activation",
                "linear",
            ],
            "code is an image": [
                "--layers",
                "12x10x3,conv:4x3s2,conv:2x3s2",
                "--layer-norm",
                "--activation",
                "tanh",
            ],
            "only the decoder": ["--layers", "360,40,8", "--decoder-layers", "8,6x5x4,tconv:3x3s2"],
            "tied": ["--layers", "12x10x3,conv:4x3s2,11", "--tied"],
        }.items():
            with self.subTest(name):
                self.train(
                    name,
                    "--data",
                    f"{self.data}:/train",
                    "--epochs",
                    1,
                    "--batch",
                    256,
                    "--hidden-noise",
                    "none",
                    *options,
                )
                model, codes, images = self.outputs_of(name)
                self.check_torch(name, model, stored.reshape(IMAGES, -1), codes, images)
                if name == "code is an image":  # the decoder begins with a convolution
                    self.stored = stored.reshape(IMAGES, -1)
                    self.check_onnx(name, model, codes, images)

    def test_series_and_volumes(self):
        """Convolutions in one and three dimensions, in PyTorch and, but for transposed ones of
        volumes, in OpenCV's runtime."""
        random = np.random.default_rng(8)
        self.stored = random.integers(0, 256, (IMAGES, 240), dtype=np.uint8)
        self.data = write_file(self.folder / "grids.h5", train=self.stored, test=self.stored)
        for name, options in {
            "series": ["--layers", "80x3,conv1d:8x5s2,conv1d:6x4s3,9", "--layer-norm"],
            "series of one channel": ["--layers", "240,conv1d:4x9s4,conv1d:2x3s2"],
            "tied series": ["--layers", "80x3,conv1d:8x5s2,9", "--tied", "--activation", "tanh"],
            "volumes": ["--layers", "4x6x5x2,conv3d:4x3s2,conv3d:3x2,9", "--layer-norm"],
            "volumes of one channel": ["--layers", "6x8x5,conv3d:4x3x2x3s2x2x1,9"],
            "a volume as code": ["--layers", "6x8x5,conv3d:4x3s2,conv3d:2x3s1x2x1", "--tied"],
        }.items():
            with self.subTest(name):
                self.train(
                    name, "--data", f"{self.data}:/train", "--epochs", 1, "--batch", 256, *options
                )
                model, codes, images = self.outputs_of(name)
                self.check_torch(name, model, self.stored, codes, images)
                self.check_onnx(name, model, codes, images, volumes="volume" in name)

    def check_onnx(self, name, model, codes, images, volumes=False):
        def run(path, x):
            # OpenCV has no transposed convolutions of volumes.
            return Graph(path).run(x) if volumes else self.run_onnx(path, x)

        encoder = self.export("onnx", model, "e.onnx", "--part", "encoder")
        decoder = self.export("onnx", model, "d.onnx", "--part", "decoder")
        self.assert_near(run(encoder, self.stored), codes, f"{name}: encoder")
        self.assert_near(run(decoder, codes), images, f"{name}: decoder")
        self.assert_near(
            run(self.export("onnx", model, "a.onnx"), self.stored), images, f"{name}: autoencoder"
        )

    def test_data_with_their_channels_first(self):
        """Rows of input and output have the order of the data, also where no convolution has."""
        random = np.random.default_rng(9)
        x = random.integers(0, 256, (IMAGES, 3, 12, 10), dtype=np.uint8)
        self.data = write_file(self.folder / "first.h5", train=x, test=x)
        self.stored = x.reshape(IMAGES, -1)
        standardize = ["--normalize", "standardize", "--output-activation", "linear"]
        for name, options in {
            "convolutions": ["--layers", "12x10x3,conv:4x3s2,conv:2x3s2", "--layer-norm"],
            "standardized": ["--layers", "12x10x3,conv:4x3s2,7", *standardize],
            "dense": ["--layers", "360,20,7", "--channels", "first", *standardize],
            "only the encoder": ["--layers", "12x10x3,conv:4x3s2,7", "--decoder-layers", "7,360"],
        }.items():
            with self.subTest(name):
                self.train(
                    name, "--data", f"{self.data}:/train", "--epochs", 1, "--batch", 256, *options
                )
                model, codes, images = self.outputs_of(name)
                self.check_onnx(name, model, codes, images)
                self.check_torch(name, model, self.stored, codes, images, of_data=lambda x, *_: x)

    def test_units_of_the_data(self):
        """The graph that ends with the inverse of the normalisation gives what `reconstruct --units
        data` writes, from samples as well as from codes."""
        for name in ("plain", "tied and normalised"):
            with self.subTest(name):
                model, codes, _ = self.trained(name)
                target = self.folder / name / "original.h5"
                self.success(
                    *("reconstruct", "--model", model, "--data", f"{self.data}:/test"),
                    *("--output", target, "--units", "data"),
                )
                images = read_datasets(target)["/reconstructions"]
                units = ("--units", "data")
                whole = self.export("onnx", model, "original.onnx", *units)
                self.assert_near(self.run_onnx(whole, self.stored), images, name)
                decoder = self.export("onnx", model, "decoder.onnx", "--part", "decoder", *units)
                self.assert_near(self.run_onnx(decoder, codes), images, name)

    def check_torch(self, name, model, stored, codes, images, of_data=channels_first):
        network, tensors, metadata = torch_model(self.export("torch", model, "t.safetensors"))
        x = torch.from_numpy(
            (of_data(stored, metadata, "input") / np.float32(metadata["input_divisor"])).astype(
                np.float32
            )
        )
        if "input.mean" in tensors:
            x = (x - torch.from_numpy(tensors["input.mean"].copy())) * torch.from_numpy(
                tensors["input.inverse_deviation"].copy()
            )
        with torch.no_grad():
            found = network["encoder"](x)
            self.assert_near(
                found.numpy(),
                channels_first(codes, metadata, "code"),
                f"{name}: encoder in PyTorch",
            )
            self.assert_near(
                network["decoder"](found).numpy(),
                of_data(images, metadata, "output"),
                f"{name}: autoencoder in PyTorch",
            )

    def test_hdf5_goes_into_sequential_as_it_is(self):
        model, codes, images = self.trained("plain")
        stored = read_datasets(model)
        modules = {}
        for part, last in (("encoder", torch.nn.Identity()), ("decoder", torch.nn.Sigmoid())):
            layers = []
            for i in range(3):
                weight, bias = (
                    stored[f"/model/{part}/{i}/weight"],
                    stored[f"/model/{part}/{i}/bias"],
                )
                linear = torch.nn.Linear(weight.shape[1], weight.shape[0])
                linear.load_state_dict(
                    {"weight": torch.from_numpy(weight), "bias": torch.from_numpy(bias)}
                )
                layers += [linear, torch.nn.ReLU() if i < 2 else last]
            modules[part] = torch.nn.Sequential(*layers)
        with torch.no_grad():
            found = modules["encoder"](torch.from_numpy(self.stored / np.float32(255)))
            self.assert_near(found.numpy(), codes, "codes")
            self.assert_near(modules["decoder"](found).numpy(), images, "reconstructions")

    def test_safetensors_hold_every_parameter(self):
        model, _, _ = self.trained("plain")
        tensors, metadata = read_safetensors(self.export("safetensors", model, "m.safetensors"))
        stored = {
            name[len("/model/") :].replace("/", "."): values
            for name, values in read_datasets(model).items()
            if name.startswith(("/model/encoder", "/model/decoder"))
        }
        self.assertEqual(set(tensors), set(stored))
        for name, values in stored.items():
            np.testing.assert_array_equal(tensors[name], values)
        self.assertEqual(metadata["weights_digest"], self.digest(model))
        normalised = self.run_onnx(
            self.export("onnx", model, "n.onnx", "--part", "encoder", "--normalized-input"),
            self.stored / np.float32(255),
        )
        self.assert_near(
            normalised,
            self.run_onnx(self.export("onnx", model, "e.onnx", "--part", "encoder"), self.stored),
            "normalised input",
        )

    def test_what_cannot_be_exported_is_refused(self):
        options = ("--layers", "784,16", "--epochs", 0, "--k-sparse", 4)
        self.train("sparse", "--data", f"{self.data}:/train", *options)
        model = self.folder / "sparse/model.h5"
        output = self.folder / "x"
        self.assert_refused(
            run("export", "torch", "--model", model, "--output", output), USAGE, "top-k", "onnx"
        )
        self.assert_refused(
            run("export", "onxx", "--model", model, "--output", output),
            USAGE,
            "did you mean 'onnx'",
        )
        self.assert_refused(
            run("export", "onnx", "--model", model, "--output", output, "--part", "code"),
            USAGE,
            "unknown part",
            "encoder",
        )
        self.assert_refused(
            run("export", "torch", "--model", model, "--output", output, "--part", "encoder"),
            USAGE,
            "--part",
        )
        self.assertFalse(output.exists())
        self.export("onnx", model, "sparse.onnx")


if __name__ == "__main__":
    unittest.main()
