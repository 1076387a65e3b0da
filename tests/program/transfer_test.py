"""Training from trained models: --init-from, --freeze, --teacher, --extend, --keep-every and
averages, against the formulas in NumPy."""
import shutil
import unittest

import h5py
import numpy as np

from reference import Autoencoder, read_layers, tensors
from steps import StepTest
from support import USAGE, checkpoints, make_samples, run, write_file


def layer_of(name):
    """Numbers of layers of a network with an encoder of three layers."""
    half, layer = name.split("/")[:2]
    return int(layer) + (1 if half == "encoder" else 4)


class TransferTest(StepTest):
    def same_digest(self, runs):
        digests = {self.digest(folder / "model.h5") for folder in runs}
        self.assertEqual(len(digests), 1)
        return digests.pop()

    def test_fine_tuning_with_frozen_layers(self):
        """From a denoising autoencoder to another loss: AdamW with clipping and an average, on the
        layers that are not frozen."""
        before = self.steps("--corruption", "masking", "--corruption-strength", 0.3)
        model = before / "model.h5"
        given = ["--init-from", before, "--freeze", "1,5", "--loss", "bce", "--optimizer", "adamw"]
        given += ["--learning-rate", 0.01, "--weight-decay", 0.1, "--clip-norm", 0.01]
        runs = [self.steps(*given, "--ema", 0.9, ranks=ranks) for ranks in (None, 2, 3)]
        digest = self.same_digest(runs)
        files = checkpoints(runs[0])
        start, source = tensors(files[0]), tensors(model)
        for name, values in source.items():
            np.testing.assert_array_equal(start[name], values, name)
        weights, mean = read_layers(files[1]), read_layers(files[1], "/optimizer/mean")
        variance = read_layers(files[1], "/optimizer/variance")
        after, average = read_layers(files[2]), read_layers(runs[0] / "model.h5")
        gradients = Autoencoder(*weights, loss="bce").gradient(self.x)
        trained = [g for i, g in enumerate(gradients) if i + 1 not in (1, 5)]
        norm = np.sqrt(sum(np.sum(part**2) for layer in trained for part in layer))
        self.assertGreater(norm, 0.01, "clipping must act")
        for i, gradient in enumerate(gradients):
            half, layer = divmod(i, 3)
            for part in (0, 1):
                old, new = weights[half][layer][part], after[half][layer][part]
                if i + 1 in (1, 5):
                    np.testing.assert_array_equal(new, old)
                    np.testing.assert_array_equal(average[half][layer][part], old)
                    self.assertFalse(mean[half][layer][part].any())
                    continue
                g = gradient[part] * 0.01 / norm
                first = 0.9 * mean[half][layer][part] + 0.1 * g
                second = 0.999 * variance[half][layer][part] + 0.001 * g**2
                step = first / (1 - 0.9**2) / (np.sqrt(second / (1 - 0.999**2)) + 1e-8)
                self.assert_close(-0.01 * (step + 0.1 * old), new - old, f"layer {i + 1}", 2e-3)
        shown = self.success("inspect", runs[0] / "model.h5").stdout
        self.assertIn(f"init_digest {self.digest(model)}", shown)
        self.assertIn("frozen layers 1, 5 (", shown)
        self.assertIn("layers 1, 2, 3, 4, 5, 6 taken", (runs[0] / "config.cfg").read_text())
        # A resumed run does not need the model any more.
        shutil.rmtree(before)
        files[2].unlink()
        (runs[0] / "model.h5").unlink()
        self.success("train", "--resume", runs[0], ranks=2)
        self.assertEqual(self.digest(runs[0] / "model.h5"), digest)

    def test_every_optimizer_keeps_the_bits_of_frozen_layers(self):
        before = self.steps("--layer-norm")
        source = tensors(before / "model.h5")
        given = ["--init-from", before / "model.h5", "--layer-norm", "--freeze", "encoder"]
        given += ["--weight-decay", 0.1, "--ema", 0.5]
        for kind, *more in (
            ("sgd",),
            ("lamb",),
            ("muon", "--gradient-wire", "bf16"),
            ("lars", "--reduction", "allreduce"),
            ("lbfgs", "--ema", 0),
        ):
            with self.subTest(optimizer=kind):
                found = tensors(
                    self.steps(*given, "--optimizer", kind, *more, ranks=2) / "model.h5"
                )
                for name, values in found.items():
                    same = np.array_equal(values.view(np.int32), source[name].view(np.int32))
                    self.assertEqual(same, name.startswith("encoder/"), name)
        # The others are trained as if no gradient of the frozen ones existed.
        plain = ["--init-from", before, "--layer-norm", "--optimizer", "sgd"]
        frozen = self.steps(*plain, "--freeze", "encoder", ranks=2)
        self.same_digest([frozen, self.steps(*plain, "--encoder-rate-factor", 0)])

    def test_frozen_layers_around_a_sparse_code_keep_their_bits(self):
        """Atoms are at norm 1 by default, where they are trained."""
        sparse = ["--layers", "12,24", "--sparsity", "topk:3"]
        before = self.steps(*sparse, "--unit-norm-decoder", "false")
        source = tensors(before / "model.h5")
        norms = np.linalg.norm(source["decoder/0/weight"], axis=0)
        self.assertGreater(np.abs(norms - 1).max(), 0.01)
        local = ["--sync-every", 1, "--sync-groups", 2, "--batch", 72]
        for frozen, *more in (("decoder",), ("decoder", *local), ("encoder",)):
            given = [*sparse, "--init-from", before, "--freeze", frozen, *more]
            for name, values in tensors(self.steps(*given, ranks=2) / "model.h5").items():
                same = np.array_equal(values, source[name])
                self.assertEqual(same, name.startswith(frozen), (frozen, name))

    def test_what_fits_another_network(self):
        """More units of the code, other hidden units, another depth."""
        before = self.steps("--seed", 7)
        source = tensors(before / "model.h5")
        for layers, decoder, whole, mapped in (
            ("12,9,7,5", "", ["encoder/0", "encoder/1", "decoder/1", "decoder/2"], True),
            ("12,9,7,2", "", ["encoder/0", "encoder/1", "decoder/1", "decoder/2"], True),
            ("12,9,8,3", "", ["encoder/0", "decoder/2"], False),
            ("12,9,6,5,3", "", ["encoder/0", "decoder/3"], False),
        ):
            with self.subTest(layers=layers):
                settings = ["--layers", layers, "--init-from", before]
                start = tensors(checkpoints(self.steps(*settings))[0])
                fresh = tensors(checkpoints(self.steps("--layers", layers))[0])
                shift = layers.count(",") - 3
                for name, values in start.items():
                    expected = fresh[name].copy()
                    half, number, part = name.split("/")
                    other = f"{half}/{int(number) - (shift if half == 'decoder' else 0)}/{part}"
                    if f"{half}/{number}" in whole:
                        expected = source[other]
                    elif mapped:  # the layers on both sides of the code
                        common = tuple(
                            slice(0, min(a, b)) for a, b in zip(expected.shape, source[other].shape)
                        )
                        expected[common] = source[other][common]
                    elif part == "bias" and expected.shape == source.get(other, fresh[name]).shape:
                        expected = source.get(other, expected)
                    np.testing.assert_array_equal(values, expected, name)
        chosen = tensors(checkpoints(self.steps("--init-from", before, "--init-layers", "2,6"))[0])
        fresh = tensors(checkpoints(self.steps())[0])
        for name, values in chosen.items():
            origin = source if layer_of(name) in (2, 6) else fresh
            np.testing.assert_array_equal(values, origin[name], name)

    def refused(self, *words, message):
        result = run(
            *("train", *self.source, "--layers", "12,9,7,3", "--output", self.folder / "none"),
            *words,
        )
        self.assert_refused(result, USAGE, message)

    def test_combinations_that_are_refused(self):
        before = self.steps()
        init = ["--init-from", before]
        for message, *words in (
            ("leaves no parameter to train", "--freeze", "encoder,decoder"),
            ("names layer 7, but the network has layers 1 to 6", "--freeze", "7"),
            ("none of its weights fits", *init, "--layers", "12,8,2", "--init-layers", "2"),
        ):
            with self.subTest(message=message):
                self.refused(*words, message=message)

    def test_a_teacher_is_imitated(self):
        teacher = self.steps("--layers", "12,5,3", "--seed", 5)
        taught = Autoencoder(*read_layers(teacher / "model.h5"))
        given = ["--teacher", teacher, "--optimizer", "sgd", "--learning-rate", 0.5]
        given += ["--distill-weight", 0.25]
        for kind in ("codes", "outputs"):
            with self.subTest(distill=kind):
                words = [*given, "--distill", kind]
                runs = [self.steps(*words, ranks=ranks) for ranks in (None, 3)]
                self.same_digest(runs)
                files = checkpoints(runs[0])
                encoder, decoder = read_layers(files[1])
                after = [*read_layers(files[2])[0], *read_layers(files[2])[1]]
                own = Autoencoder(encoder, decoder).gradient(self.x)
                if kind == "codes":
                    part = Autoencoder(
                        encoder[:2], encoder[2:], code_activation="relu", output_activation="linear"
                    )
                    imitated = part.gradient(taught.encode(self.x), fed=self.x)
                    imitated += [(0 * w, 0 * b) for w, b in decoder]
                else:
                    imitated = Autoencoder(encoder, decoder).gradient(
                        taught.reconstruct(self.x), fed=self.x
                    )
                for i, layer in enumerate([*encoder, *decoder]):
                    for p in (0, 1):
                        gradient = 0.75 * own[i][p] + 0.25 * imitated[i][p]
                        what = f"{kind}, layer {i + 1}"
                        self.assert_close(-0.5 * gradient, after[i][p] - layer[p], what, 1e-3)

    def test_new_samples_join(self):
        more = np.concatenate([self.x, (make_samples(2, 12, seed=9) / 255).astype(np.float32)])
        grown = write_file(self.folder / "grown.h5", x=more, other=more[::-1], less=more[:60])
        extend = ["--extend", "--epochs", 4]
        sgd = ["--optimizer", "sgd", "--learning-rate", 0.5]
        runs = [self.steps(*sgd, ranks=ranks) for ranks in (None, 2, 3)]
        refused = ["train", "--resume", runs[0], *extend]
        for name in ("other", "less"):
            result = run(*refused, "--data", f"{grown}:/{name}")
            self.assert_refused(result, USAGE, "its first 61 samples are not those")
        for folder, ranks in zip(runs, (2, 3, None)):
            words = ["train", "--resume", folder, *extend, "--data", f"{grown}:/x"]
            result = self.success(*words, "--progress", "plain", ranks=ranks)
            self.assertIn("2 new samples join in epoch 3", result.stdout)
        digest = self.same_digest(runs)
        files = checkpoints(runs[1])
        weights, after = read_layers(files[2]), read_layers(files[3])
        gradients = Autoencoder(*weights).gradient(more)
        for i, gradient in enumerate(gradients):
            half, layer = divmod(i, 3)
            change = after[half][layer][0] - weights[half][layer][0]
            self.assert_close(-0.5 * gradient[0], change, f"layer {i + 1}", 1e-3)
        # Once extended, a run is resumed as any other, and extended again.
        for step in (3, 4):
            files[step].unlink()
        (runs[1] / "model.h5").unlink()
        self.success("train", "--resume", runs[1], ranks=2)
        self.assertEqual(self.digest(runs[1] / "model.h5"), digest)
        # In the middle of an epoch, which begins again.
        batch = ["--batch", 18, "--shuffle-block", 4]
        cut = self.folder / "cut"
        words = [*self.source, "--layers", "12,9,7,3", "--micro-batch", 9, "--epochs", 2, *batch]
        self.success("train", *words, "--checkpoint-every", "3steps", "--output", cut)
        for step, path in checkpoints(cut).items():
            if step > 6:
                path.unlink()
        shutil.copytree(cut, self.folder / "twice")
        digests = set()
        for folder, ranks in ((cut, None), (self.folder / "twice", 2)):
            words = ["train", "--resume", folder, *extend, "--data", f"{grown}:/x"]
            self.success(*words, ranks=ranks)
            digests.add(self.digest(folder / "model.h5"))
            shown = self.success("inspect", max(checkpoints(folder).items())[1]).stdout
            self.assertIn("data_samples 63", shown)
            self.assertIn("position epoch 4", shown)
        self.assertEqual(len(digests), 1)

    def test_checkpoints_to_keep(self):
        words = ["--keep-every", "2steps", "--keep", 1]
        folder = self.folder / "run"
        basics = [*self.source, "--layers", "12,9,7,3", "--batch", 63, "--micro-batch", 9]
        basics += ["--epochs", 5, "--checkpoint-every", 0]
        digest = self.train("run", *basics, *words, ranks=2)
        kept = [f"kept-{step:08}.h5" for step in (2, 4)]
        names = sorted(path.name for path in (folder / "checkpoints").iterdir())
        self.assertEqual(names, [*kept, "step-00000004.h5"])
        path = folder / "checkpoints" / kept[0]
        data = ["--model", path, *self.source]
        self.success("encode", *data, "--output", self.folder / "codes.h5")
        self.success("evaluate", *data)
        self.train("other", *basics, "--init-from", path, "--checkpoint-every", "1epochs")
        start = tensors(checkpoints(self.folder / "other")[3])
        self.assertEqual(sorted(start), sorted(tensors(path)))
        (folder / "checkpoints/step-00000004.h5").unlink()
        (folder / "checkpoints" / kept[1]).unlink()
        (folder / "model.h5").unlink()
        self.assertIn(kept[0], self.success("train", "--resume", folder).stdout)
        self.assertEqual(self.digest(folder / "model.h5"), digest)

    def test_averages(self):
        runs = [self.steps("--seed", seed) for seed in (1, 2, 3)]
        files = [runs[0] / "model.h5", runs[1], checkpoints(runs[2])[1]]
        models = [tensors(path) for path in (files[0], runs[1] / "model.h5", files[2])]
        for weights, more in (([1, 1, 1], []), ([2, 0, 0.5], ["--weights", "2,0,0.5"])):
            output = self.folder / f"average{len(more)}.h5"
            printed = self.success("average", *files, *more, "--output", output).stdout
            self.assertIn(f"weights digest {self.digest(output)}", printed)
            for name, values in tensors(output).items():
                total = sum(w * m[name].astype(float) for w, m in zip(weights, models))
                np.testing.assert_array_equal(values, (total / sum(weights)).astype(np.float32))
        self.success("evaluate", "--model", output, *self.source)
        with h5py.File(output, "r") as file:
            self.assertEqual(len(file["/model"].attrs["averaged"].splitlines()), 3)
        other = self.steps("--activation", "tanh")
        words = ["average", files[0], other, "--output", self.folder / "none.h5"]
        self.assert_refused(run(*words), USAGE, "--activation are 'relu' and 'tanh'")
        for weights in ("1,-1", "0,0"):
            given = ["average", *files[:2], "--weights", weights, "--output", words[-1]]
            self.assert_refused(run(*given), USAGE, "--weights")


if __name__ == "__main__":
    unittest.main()
