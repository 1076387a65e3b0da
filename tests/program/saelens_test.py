"""export safetensors --layout saelens and import of the same, read by the rules of the format."""
import json
import struct
import unittest

import h5py
import numpy as np

from activations_test import brain, write_safetensors
from support import DATA, USAGE, ProgramTest, read_datasets, run

INPUTS, UNITS = 10, 24
SPARSITY = {
    "topk": ["--sparsity", "topk:4"],
    "jumprelu": ["--sparsity", "jumprelu:0.05", "--l0", "1e-3"],
    "batch-topk": ["--sparsity", "batch-topk:4"],
    "standard": ["--sparsity", "l1", "--l1", "1e-3"],
    "gated": ["--sparsity", "gated", "--l1", "1e-3"],
}


def read_safetensors(path):
    """Tensors of float32 and the metadata, by the format's description."""
    content = path.read_bytes()
    (length,) = struct.unpack("<Q", content[:8])
    header = json.loads(content[8 : 8 + length])
    data = content[8 + length :]
    tensors = {}
    for name, entry in header.items():
        if name != "__metadata__":
            begin, end = entry["data_offsets"]
            assert entry["dtype"] == "F32"
            tensors[name] = np.frombuffer(data[begin:end], "<f4").reshape(entry["shape"])
    return tensors


def codes_of(x, tensors, cfg):
    """What SAELens computes."""
    if cfg["apply_b_dec_to_input"]:
        x = x - tensors["b_dec"]
    z = x.astype(np.float64) @ tensors["W_enc"]
    if cfg["architecture"] == "gated":
        magnitudes = z * np.exp(tensors["r_mag"].astype(np.float64)) + tensors["b_mag"]
        return np.where(z + tensors["b_gate"] > 0, np.maximum(magnitudes, 0), 0)
    z += tensors["b_enc"]
    if cfg["architecture"] == "jumprelu":
        return np.where(z > tensors["threshold"], z, 0)
    z = np.maximum(z, 0)
    if cfg["architecture"] == "topk":
        bound = np.sort(z, axis=1)[:, -cfg["k"]][:, None]
        z = np.where(z >= bound, z, 0)
    return z


class SaelensTest(ProgramTest):
    def setUp(self):
        super().setUp()
        random = np.random.default_rng(11)
        atoms = random.normal(size=(15, INPUTS))
        parts = random.uniform(0.5, 1.5, (400, 15)) * (random.uniform(size=(400, 15)) < 0.2)
        self.x = (3 + 2 * parts @ atoms + 0.05 * random.normal(size=(400, INPUTS))).astype("<f4")
        with h5py.File(self.folder / "data.h5", "w") as file:
            file["x"] = self.x
        self.bad = 0

    def encoded(self, model, name):
        output = self.folder / f"{name}.h5"
        data = ["--data", self.folder / "data.h5:/x", "--output", output]
        self.success("encode", "--model", model, *data)
        self.success(
            "reconstruct",
            "--model",
            model,
            *data[:2],
            "--units",
            "data",
            "--output",
            self.folder / f"{name}-out.h5",
        )
        return (
            read_datasets(output)["/codes"],
            read_datasets(self.folder / f"{name}-out.h5")["/reconstructions"],
        )

    def test_codes_are_those_of_saelens_and_come_back(self):
        for name, words in SPARSITY.items():
            with self.subTest(name):
                settings = ["--layers", f"{INPUTS},{UNITS}", "--output-activation", "linear"]
                settings += ["--normalize", "standardize", "--epochs", 8, "--batch", 64]
                settings += ["--micro-batch", 16, "--progress", "none", "--learning-rate", 0.01]
                self.train(name, "--data", self.folder / "data.h5:/x", *settings, *words)
                model = self.folder / name / "model.h5"
                folder = self.folder / f"{name}-sae"
                export = ["export", "safetensors", "--layout", "saelens", "--model"]
                self.success(*export, model, "--output", folder)
                cfg = json.loads((folder / "cfg.json").read_text())
                tensors = read_safetensors(folder / "sae_weights.safetensors")
                architecture = "jumprelu" if name == "batch-topk" else name
                self.assertEqual(cfg["architecture"], architecture)
                self.assertEqual((cfg["d_in"], cfg["d_sae"]), (INPUTS, UNITS))
                self.assertEqual(tensors["W_enc"].shape, (INPUTS, UNITS))
                self.assertEqual(tensors["W_dec"].shape, (UNITS, INPUTS))
                codes, outputs = self.encoded(model, f"{name}-codes")
                expected = codes_of(self.x, tensors, cfg)
                self.assertGreater(np.count_nonzero(codes), 400)
                np.testing.assert_allclose(codes, expected, atol=1e-5 * np.abs(expected).max())
                decoded = expected @ tensors["W_dec"] + tensors["b_dec"]
                np.testing.assert_allclose(outputs, decoded, atol=1e-5 * np.abs(decoded).max())
                back = self.folder / f"{name}-back.h5"
                self.success("import", folder, "--output", back)
                again, rebuilt = self.encoded(back, f"{name}-again")
                np.testing.assert_allclose(again, codes, atol=2e-5 * np.abs(codes).max())
                np.testing.assert_allclose(rebuilt, outputs, atol=2e-5 * np.abs(outputs).max())

    def write_folder(self, name, cfg, **tensors):
        folder = self.folder / name
        folder.mkdir()
        (folder / "cfg.json").write_text(json.dumps(cfg))
        write_safetensors(folder / "sae_weights.safetensors", **tensors)
        return folder

    def test_variants_of_others_are_read(self):
        """bfloat16, b_dec subtracted from the input, units scaled by the norms of their atoms."""
        random = np.random.default_rng(2)
        made = {
            "W_enc": random.normal(size=(INPUTS, UNITS)),
            "b_enc": random.normal(size=UNITS),
            "W_dec": random.normal(size=(UNITS, INPUTS)),
            "b_dec": random.normal(size=INPUTS),
        }
        # Numbers that bfloat16 holds.
        made = {name: np.round(values * 16).astype("<f4") / 16 for name, values in made.items()}
        cfg = {"architecture": "topk", "d_in": INPUTS, "d_sae": UNITS, "dtype": "bfloat16"}
        cfg |= {"k": 5, "apply_b_dec_to_input": True, "normalize_activations": "none"}
        bits = {name: ("BF16", brain(values)) for name, values in made.items()}
        folder = self.write_folder("plain", cfg, **bits)
        self.success("import", folder, "--output", self.folder / "plain.h5")
        codes, _ = self.encoded(self.folder / "plain.h5", "plain-codes")
        expected = codes_of(self.x, made, cfg)
        np.testing.assert_allclose(codes, expected, atol=1e-5 * expected.max())
        cfg["rescale_acts_by_decoder_norm"] = True
        folder = self.write_folder("scaled", cfg, **bits)
        self.success("import", folder, "--output", self.folder / "scaled.h5")
        codes, outputs = self.encoded(self.folder / "scaled.h5", "scaled-codes")
        norms = np.linalg.norm(made["W_dec"].astype(float), axis=1)
        scaled = {**made, "W_enc": made["W_enc"] * norms, "b_enc": made["b_enc"] * norms}
        expected = codes_of(self.x, scaled, cfg)
        np.testing.assert_allclose(codes, expected, atol=1e-5 * expected.max())
        decoded = (expected / norms) @ made["W_dec"] + made["b_dec"]
        np.testing.assert_allclose(outputs, decoded, atol=1e-4)
        for changes, words in (
            ({"architecture": "transcoder"}, ["cfg.json", "'transcoder'"]),
            ({"architecture": "gated"}, ["sae_weights.safetensors", "b_gate"]),
            ({"d_sae": 7}, ["sae_weights.safetensors", "not 10 x 7"]),
            ({"k": 100}, ["k is 100, above d_sae"]),
            ({"normalize_activations": "layer_norm"}, ["normalize_activations is 'layer_norm'"]),
            ({"d_in": "many"}, ["d_in is missing, or not a number"]),
            ({"activation_fn": "tanh-relu"}, ["activation_fn is 'tanh-relu'"]),
            (
                {"architecture": "standard", "activation_fn_str": "tanh-relu"},
                ["activation_fn_str is 'tanh-relu'"],
            ),
            ({"apply_b_dec_to_input": "yes"}, ['apply_b_dec_to_input is "yes", not a boolean']),
            ({"rescale_acts_by_decoder_norm": 1}, ["norm is 1, not a boolean"]),
            ({"finetuning_scaling_factor": True}, ["scaling_factor"]),
        ):
            self.bad += 1
            folder = self.write_folder(f"bad{self.bad}", {**cfg, **changes}, **bits)
            result = run("import", folder, "--output", self.folder / "none.h5")
            self.assert_refused(result, DATA, *words)

    def test_tensors_that_do_not_belong_to_the_architecture(self):
        """Left out, they would make another model without a word."""
        shapes = {"W_enc": (INPUTS, UNITS), "b_enc": UNITS, "W_dec": (UNITS, INPUTS)}
        shapes |= {"b_dec": INPUTS}
        made = {name: ("F32", np.ones(shape, "<f4")) for name, shape in shapes.items()}
        cfg = {"d_in": INPUTS, "d_sae": UNITS, "activation_fn_str": "relu"}
        # Earlier versions of SAELens saved factors of 1 with every model.
        ones = ("F32", np.ones(UNITS, "<f4"))
        folder = self.write_folder("ones", cfg, **made, scaling_factor=ones)
        self.success("import", folder, "--output", self.folder / "ones.h5")
        factors = ("F32", np.linspace(1, 2, UNITS, dtype="<f4"))
        for number, (changes, extra, words) in enumerate(
            (
                ({}, {"threshold": ones}, ["'threshold' does not belong", "standard"]),
                ({}, {"W_skip": made["W_enc"]}, ["'W_skip' does not belong"]),
                ({}, {"scaling_factor": factors}, ["finetuning_scaling_factor is false"]),
                (
                    {"finetuning_scaling_factor": True},
                    {"scaling_factor": factors},
                    ["finetuning_scaling_factor is true"],
                ),
            )
        ):
            folder = self.write_folder(f"extra{number}", {**cfg, **changes}, **made, **extra)
            result = run("import", folder, "--output", self.folder / "none.h5")
            self.assert_refused(result, DATA, *words)

    def test_models_of_another_form_are_refused(self):
        settings = ["--data", self.folder / "data.h5:/x", "--epochs", 1, "--batch", 64]
        settings += ["--micro-batch", 16, "--progress", "none", "--output-activation", "linear"]
        self.train("deep", *settings, "--layers", f"{INPUTS},8,4")
        export = ["export", "safetensors", "--model", self.folder / "deep/model.h5", "--output"]
        result = run(*export, self.folder / "out", "--layout", "saelens")
        self.assert_refused(result, USAGE, "use --layers INPUTS,UNITS without --decoder-layers")


if __name__ == "__main__":
    unittest.main()
