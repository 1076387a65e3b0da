"""Writes the tables of docs/results.md from a folder that scripts/results.sh has filled:
document.py FOLDER FILE.md"""
import os
import sys
from pathlib import Path

from figures import Results
from page import shell, table
from variational_part import VariationalPart

SCIKIT_LEARN = {2: 36.1394, 10: 19.0916, 30: 12.2429, 64: 8.1286}
NOISES = (
    ("gaussian", "gaussian, deviation 0.3"),
    ("masking", "masking, 30 % of the pixels"),
    ("salt-pepper", "salt and pepper, 20 %"),
    ("block", "a block of 20 % of the image"),
    ("stripes", "stripes, 20 % of rows or columns"),
)


class Document(VariationalPart):
    def compression(self):
        r = self.results
        self.say("## Deep against linear, by size of the code")
        rows = []
        for size, expected in SCIKIT_LEARN.items():
            deep = f"deep-{size}"
            known = r.has(deep)
            rows.append(
                [
                    size,
                    f"{r.sse(f'pca-{size}'):.4f}",
                    f"{expected:.4f}",
                    self.sse(deep) if known else r.unfinished(deep) or "-",
                    len(r.epochs(deep)) if known else "-",
                    f"{r.seconds(deep):.0f}" if known else "-",
                ]
            )
        self.say(
            table(
                [
                    "code",
                    "PCA (`hourglass pca`)",
                    "PCA (scikit-learn)",
                    "deep autoencoder",
                    "epochs",
                    "seconds of training",
                ],
                rows,
            )
        )
        self.say(
            "The seconds are those of the passes on two ranks, without validation and "
            "checkpoints, on whatever the machine was doing besides."
        )
        commands = [r.command(f"deep-{size}") for size in (2, 10, 30) if r.has(f"deep-{size}")]
        self.say(
            shell(
                "hourglass pca --data fashion-mnist.h5:/train/samples --components 30 --output "
                "pca-30/model.h5",
                *commands,
            )
        )

    def curves(self):
        r = self.results
        self.say("## CURVES")
        rows = self.rows(
            (
                ("PCA, 6 components", "curves-pca-6"),
                ("PCA, 18 components", "curves-pca-18"),
                ("autoencoder 784-400-200-100-50-25-6", "curves"),
            ),
            self.sse,
        )
        if r.unfinished("curves"):
            rows.append(["autoencoder 784-400-200-100-50-25-6", r.unfinished("curves")])
        self.say(table(["model", "test sse"], rows))
        self.say(
            shell(
                "hourglass generate curves --samples 20000 --seed 1 --output curves-train.h5",
                "hourglass generate curves --samples 10000 --seed 2 --output curves-test.h5",
                r.command("curves"),
            )
        )

    def code_activation(self):
        self.say("## Non-linearity of the code")
        names = [
            (f"`{a}`", f"code-{a}")
            for a in ("linear", "sigmoid", "tanh", "relu", "gelu", "softplus")
        ]
        self.say(
            table(
                ["code activation", "test sse", "units in use, of 30", "mean of abs(h)"],
                self.rows(
                    names,
                    self.sse,
                    self.figure("code_units_used", 0),
                    self.figure("code_mean_absolute"),
                ),
            )
        )
        self.say(
            "A bounded code has to squeeze what a linear one may spread: within so few epochs "
            "`sigmoid` and `tanh` stay far behind. Rectifying ones lose units."
        )
        self.say(shell(self.results.command("code-sigmoid")))

    def losses(self):
        self.say("## Error functions")
        names = [("`mse`", "code-linear")] + [
            (f"`{a}`", f"loss-{a}")
            for a in ("bce", "mae", "huber", "log-cosh", "poisson", "cosine", "ssim")
        ]
        self.say(
            table(
                ["loss", "test sse", "psnr (dB)"],
                self.rows(names, self.sse, self.figure("psnr", 2)),
            )
        )
        self.say(
            "Measured by the squared error, which only `mse` minimises; the others have other "
            "aims. `cosine` does not see the scale of its output, so its sse says little, and "
            "`ssim` looks at structure. Each was trained with the same learning rate, in favour "
            "of those whose gradients have the size of `mse`'s."
        )
        self.say(shell(self.results.command("loss-bce")))

    def denoising(self):
        r = self.results
        self.say("## Denoising")
        rows = []
        for kind, label in NOISES:
            if r.has(f"denoising-{kind}"):
                rows.append(
                    [
                        label,
                        self.figure("corrupted_sse")(f"plain-{kind}"),
                        self.figure("corrupted_sse")(f"denoising-{kind}"),
                        self.sse(f"denoising-{kind}"),
                    ]
                )
        self.say(
            table(
                [
                    "noise",
                    "plain autoencoder, noisy input",
                    "denoising autoencoder, noisy input",
                    "the same, clean input",
                ],
                rows,
            )
        )
        self.say(
            f"The plain autoencoder's error on clean input is {self.sse('code-linear')}. Always "
            "the distance from the clean image. Masking takes a share of the light out of every "
            "image, which the model learns to put back: given a clean image it puts in too much."
        )
        self.say(
            shell(
                r.command("denoising-gaussian"),
                "hourglass evaluate --model denoising-gaussian/model.h5 --data "
                "fashion-mnist.h5:/test/samples --corruption gaussian --corruption-strength 0.3",
            )
        )

    def sparse(self):
        self.say("## Sparse: active units against error")
        names = [(f"L1, weight {w}", f"l1-{w}") for w in ("0", "1e-6", "1e-5", "1e-4", "1e-3")]
        names += [(f"KL to 0.05, weight {w}", f"kl-{w}") for w in ("1e-5", "1e-4", "1e-3")]
        names += [(f"k-sparse, k = {k}", f"k-{k}") for k in (10, 25, 50)]
        self.say(
            table(
                ["784-256, penalty", "test sse", "mean active units", "units in use, of 256"],
                self.rows(
                    names,
                    self.sse,
                    self.figure("code_active_units", 1),
                    self.figure("code_units_used", 0),
                ),
            )
        )
        self.say(
            "A unit is active above 0.01 (L1, k-sparse: the others are zero) or above 0.1 (KL: a "
            "sigmoid never is zero)."
        )
        self.say(
            shell(
                *(
                    self.results.command(name)
                    for name in ("l1-1e-5", "kl-1e-4", "k-25")
                    if self.results.has(name)
                ),
                "hourglass evaluate --model l1-1e-5/model.h5 --data "
                "fashion-mnist.h5:/test/samples --code",
            )
        )

    def contractive(self):
        self.say("## Contractive: norm of the Jacobian against error")
        names = [(w, f"contractive-{w}") for w in ("0", "1e-5", "1e-4", "1e-3")]
        self.say(
            table(
                ["weight of the penalty", "test sse", "mean norm of dh/dx"],
                self.rows(names, self.sse, self.figure("code_jacobian_norm")),
            )
        )
        self.say(
            shell(
                self.results.command("contractive-0"),
                "hourglass evaluate --model contractive-1e-4/model.h5 --data "
                "fashion-mnist.h5:/test/samples --jacobian",
            )
        )

    def probes(self):
        r = self.results
        self.say("## What the codes know of the labels")
        names = [
            ("raw pixels, 784", "raw"),
            ("PCA-30", "pca-30"),
            ("autoencoder `plain.cfg`, 30", "code-linear"),
            ("denoising autoencoder `denoising-gaussian.cfg`, 30", "denoising-gaussian"),
            ("autoencoder `deep-30.cfg`, 30", "deep-30"),
            ("`deep-30.cfg` before training, 30", "untrained"),
        ]
        self.say(
            table(
                ["softmax regression on", "test accuracy"],
                [[label, self.accuracy(name)] for label, name in names],
            )
        )
        self.say(
            "And with the encoder of `deep-30.cfg` fine-tuned on some of the labels, from the "
            "autoencoder's weights or from random ones:"
        )
        rows = [
            [f"{share} %", self.accuracy(f"deep-30-{part}"), self.accuracy(f"untrained-{part}")]
            for share, part in ((1, "0.01"), (10, "0.1"), (100, "1"))
        ]
        self.say(table(["labels", "pretrained as an autoencoder", "not pretrained"], rows))
        self.say(
            shell(
                *(
                    r.command(f"probe-{name}")
                    for name in ("deep-30", "deep-30-0.01", "untrained-0.01")
                    if (r.folder / f"probe-{name}.command").exists()
                )
            )
        )

    def variants(self):
        self.say("## Imputation")
        self.say(
            "Errors of pixels that were removed and filled in, next to means and PCA, measured by "
            "`bench/imputation.py`, are in [data.md](data.md#filling-in)."
        )
        self.say("## Every other variant")
        self.say(
            "Each with the settings of its file in `data/experiments`; what they are is in "
            "[autoencoders.md](autoencoders.md)."
        )
        names = [
            (f"`{n}.cfg`", n)
            for n in (
                "convolutional",
                "linear",
                "shallow",
                "tied",
                "layer-norm",
                "noise-hidden",
                "noise-code",
                "denoising-emphasis",
                "masked",
                "overcomplete",
                "contractive-deep",
                "contractive-hessian",
                "semantic-hashing",
                "predictive-sparse",
                "pretrained-rbm",
                "pretrained-denoising",
            )
        ]
        names.insert(0, ("`plain.cfg`", "code-linear"))
        names.append(("`pretrained-rbm.cfg` with `--pretrain none`", "pretrained-not"))
        self.say(
            table(
                ["configuration", "test sse", "code units", "mean active units"],
                self.rows(
                    names,
                    self.sse,
                    lambda n: self.code_size(n),
                    self.figure("code_active_units", 1),
                ),
            )
        )

    def write(self, path):
        self.say("# Results")
        self.say(
            "Made by `scripts/results.sh`, which trains everything named here and writes this "
            "page; the commands are those it runs (under `mpirun -n 2`), with paths relative to "
            "its folder. Fashion-MNIST: 60,000 images to train on, 10,000 to test. *sse* is the "
            "squared error summed over the 784 pixels in [0,1], averaged over the test images. "
            "All runs have seed 1, and the same weights on any number of ranks. Settings were "
            "chosen by looking at a handful of runs and their test error, so the figures are "
            "those of a search, if a small one."
        )
        for part in (
            self.compression,
            self.curves,
            self.code_activation,
            self.losses,
            self.denoising,
            self.sparse,
            self.contractive,
            self.variational,
            self.used_units,
            self.probes,
            self.variants,
        ):
            mark = len(self.parts)
            try:
                part()
            except FileNotFoundError as missing:
                # A section is whole or not there.
                del self.parts[mark:]
                self.say(
                    "*A section is missing here: "
                    f"`{Path(missing.filename).name if missing.filename else 'a model'}` has not "
                    "been trained yet.*"
                )
        temporary = path.with_suffix(".part")
        temporary.write_text("\n".join(self.parts))
        os.replace(temporary, path)


folder, file = map(Path, sys.argv[1:3])
Document(Results(folder), file.parent / "img").write(file)
