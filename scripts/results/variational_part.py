"""The sections of docs/results.md on variational autoencoders."""
import h5py

from page import Page, shell, table
from sheet import write_sheet


class VariationalPart(Page):
    def variational(self):
        r = self.results
        self.say("## Variational: evidence lower bound and samples")
        rows = []
        for beta in (1, 4):
            name = f"variational-{beta}"
            if r.has(name):
                rows.append(
                    [
                        beta,
                        *(
                            f"{v:.2f}"
                            for v in r.lower_bound(
                                name, f"{r.folder}/fashion-mnist.h5:/test/samples"
                            )
                        ),
                        self.sse(name),
                        self.figure("code_active_units", 1)(name),
                    ]
                )
        self.say(
            table(
                [
                    "beta",
                    "test ELBO (nats)",
                    "cross-entropy",
                    "divergence from the prior",
                    "test sse of the mean code",
                    "mean units with abs(mean) above 0.01, of 20",
                ],
                rows,
            )
        )
        self.images.mkdir(parents=True, exist_ok=True)
        with h5py.File(r.folder / "samples.h5", "r") as file:
            write_sheet(
                self.images / "variational-samples.png", file["samples"][()].reshape(-1, 28, 28), 16
            )
        self.say(
            shell(
                r.command("variational-1"),
                "hourglass sample --model variational-1/model.h5 --samples 128 --seed 1 --output "
                "samples.h5",
            )
        )
        self.say("![128 samples from the prior](img/variational-samples.png)")

    def used_units(self):
        r = self.results
        self.say("## Variational: used units of a deep network")
        names = [
            ("loss averaged over features", "units-mean"),
            ("no warm-up", "units-none"),
            ("10 epochs of warm-up (default)", "units-linear"),
            ("4 cycles of 2 + 2 epochs", "units-cycles"),
        ]

        def share(key):
            return lambda name: f"{-r.figures(name)[key]:.2f}"

        self.say(
            table(
                [
                    "`variational-deep.cfg`",
                    "used units of 64",
                    "divergence (nats)",
                    "-ELBO (nats)",
                    "-importance-weighted bound, 20 draws",
                    "test sse of the mean code",
                ],
                self.rows(
                    names,
                    self.figure("code_kl_units_used", 0),
                    self.figure("code_kl", 2),
                    share("elbo"),
                    share("importance_weighted_bound"),
                    self.sse,
                ),
            )
        )
        self.say(
            "A unit is used when its KL divergence from the prior, averaged over the test images, "
            "is above 0.01 nats; 20 epochs. With the loss averaged over features the divergence "
            "weighs 784 times as much, and all units collapse; this was the default before 0.2.0."
        )
        self.say(
            shell(
                *(r.command(name) for _, name in names if r.has(name)),
                "hourglass evaluate --model units-linear/model.h5 --data "
                "fashion-mnist.h5:/test/samples --code --elbo --samples 20",
            )
        )
