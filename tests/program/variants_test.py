"""Every variant of the autoencoder gives one digest on any number of ranks and threads, streamed or
in memory, and across a kill."""
import unittest

from support import ProgramTest

BASE = [
    "--layers",
    "20,12,3",
    "--batch",
    "48",
    "--micro-batch",
    "3",
    "--epochs",
    "2",
    "--learning-rate",
    "3e-3",
    "--shuffle-block",
    "2",
    "--shuffle-window",
    "2",
]
IMAGE = ["--image-shape", "4x5"]
SIGMOID = ["--code-activation", "sigmoid"]
VARIANTS = {
    "tied": ["--tied"],
    "convolution": ["--layers", "4x5,conv:4x3s2,3"],
    "convolution-gelu": [
        "--layers",
        "4x5,conv:4x3s2,conv:2x3s2",
        "--activation",
        "gelu",
        "--layer-norm",
        "--hidden-noise",
        "dropout:0.2",
    ],
    "convolution-tied": ["--layers", "2x5x2,conv:4x2x3s1x2p0x1,3", "--tied"],
    "convolution-1d": ["--layers", "10x2,conv1d:4x3s2,conv1d:3x4,3"],
    "convolution-1d-code": ["--layers", "20,conv1d:4x5s2,conv1d:2x3s2", "--layer-norm"],
    "convolution-3d": ["--layers", "2x2x5,conv3d:4x2x2x3s1x1x2,3"],
    "convolution-3d-tied": ["--layers", "5x2x2x1,conv3d:4x3x2x2s2p1x0x0,3", "--tied"],
    "transposed": [
        "--layers",
        "4x5,tconv:2x2s2,conv:3x3s2,3",
        "--decoder-layers",
        "3,2x5x3,tconv:1x2x1s2x1",
    ],
    "layer-norm": ["--layer-norm"],
    "gaussian": ["--corruption", "gaussian"],
    "masking": ["--corruption", "masking", "--corrupted-weight", "2", "--clean-weight", "0.5"],
    "salt-pepper": ["--corruption", "salt-pepper"],
    "block": ["--corruption", "block", *IMAGE],
    "stripes": ["--corruption", "stripes", *IMAGE],
    "noise-by-layer": ["--hidden-noise", "1=dropout:0.2,2=gaussian:0.1", "--hidden-l1", "2=0.01"],
    "predictive": [
        "--layers",
        "20,25",
        "--predictive",
        "--l1",
        "0.01",
        "--predictive-iterations",
        "5",
        "--output-activation",
        "linear",
    ],
    "feature-weights": ["--feature-weights", "inverse-variance"],
    "feature-weights-cosine": ["--feature-weights", "inverse-variance", "--loss", "cosine"],
    "dropout": ["--hidden-noise", "dropout:0.3", "--code-noise", "gaussian:0.1"],
    "hashing": ["--code-noise", "gaussian:1", "--code-noise-before", *SIGMOID],
    "l1": ["--l1", "0.1", "--hidden-l1", "0.01"],
    "kl": ["--kl-weight", "0.5", "--kl-target", "0.1", *SIGMOID],
    "kl-denoising": [
        "--kl-weight",
        "0.5",
        "--kl-target",
        "0.1",
        *SIGMOID,
        "--corruption",
        "masking",
        "--hidden-noise",
        "dropout:0.1",
    ],
    "k-sparse": ["--k-sparse", "2"],
    "contractive": ["--contractive", "0.1", *SIGMOID],
    "hutchinson": [
        "--contractive",
        "0.1",
        "--contractive-method",
        "hutchinson",
        "--contractive-probes",
        "2",
        *SIGMOID,
    ],
    "hessian": ["--contractive", "0.1", "--hessian-weight", "0.1", *SIGMOID],
    "variational": ["--variational", "--loss", "bce", "--beta", "0.5", "--free-bits", "0.01"],
    "variational-warmup": ["--variational", "--beta-warmup", "2steps", "--beta-cycles", "2"],
    "l1-warmup": ["--l1", "0.1", "--hidden-l1", "0.01", "--l1-warmup", "5steps"],
    "mae": ["--loss", "mae"],
    "huber": ["--loss", "huber", "--huber-delta", "0.1"],
    "log-cosh": ["--loss", "log-cosh"],
    "poisson": ["--loss", "poisson", "--output-activation", "softplus"],
    "cosine": ["--loss", "cosine"],
    "ssim": ["--loss", "ssim", *IMAGE],
}


class VariantsTest(ProgramTest):
    def test_every_variant(self):
        data = self.make_data()
        source = [
            "--data",
            f"{data}:/train/samples",
            "--validation",
            f"{data}:/test/samples",
            *BASE,
        ]
        seen = set()
        for name, settings in VARIANTS.items():
            with self.subTest(variant=name):
                digests = {
                    "alone": self.train(name, *source, *settings),
                    "threads": self.train(
                        f"{name}-3", *source, *settings, "--threads", 2, "--memory", 0, ranks=3
                    ),
                }
                digests.update(self.stopped_and_resumed(name, *source, *settings))
                self.assertEqual(len(set(digests.values())), 1, digests)
                seen.update(digests.values())
        self.assertEqual(len(seen), len(VARIANTS), "every variant must matter")


if __name__ == "__main__":
    unittest.main()
