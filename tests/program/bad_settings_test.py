"""Settings that are wrong, missing or do not fit together or the data: one line that names them,
and nothing is written."""
import unittest

from bad_input import SMALL, BadInputTest
from support import DATA, IO, PROGRAM, USAGE, execute, make_samples, run


class BadSettingsTest(BadInputTest):
    def test_width_of_the_data_differs_from_the_first_layer(self):
        self.refused(
            DATA,
            ["20", "21", "layers"],
            settings=["--layers", "21,8,2", "--batch", "16", "--micro-batch", "8"],
        )

    def test_width_of_the_validation_data_differs(self):
        path = self.make(x=make_samples(30, 19))
        self.refused(DATA, ["19", "20"], "--validation", f"{path}:/x")

    def test_batch_is_not_a_multiple_of_micro_batch(self):
        self.refused(
            USAGE,
            ["batch", "micro-batch", "100", "48"],
            settings=["--layers", "20,8,2", "--batch", "100", "--micro-batch", "48"],
        )

    def test_more_ranks_than_shards(self):
        self.refused(USAGE, ["3", "2", "batch"], ranks=(3,))

    def test_unknown_option_and_value(self):
        self.refused(USAGE, ["lerning-rate", "learning-rate"], "--lerning-rate", "1")
        self.refused(USAGE, ["activation", "rleu", "relu"], "--activation", "rleu")
        self.refused(USAGE, ["optimizer", "adma", "adam"], "--optimizer", "adma")
        self.refused(USAGE, ["loss"], "--loss", "mean-squared")
        self.refused(USAGE, ["epochs"], "--epochs", "many", ranks=(None,), settings=SMALL[:-2])
        self.refused(USAGE, ["learning-rate"], "--learning-rate", "-1", ranks=(None,))
        self.refused(USAGE, ["learning-rate"], "--learning-rate", "nan", ranks=(None,))
        self.refused(USAGE, ["momentum"], "--optimizer", "sgd", "--momentum", "1.5", ranks=(None,))
        self.refused(USAGE, ["threads"], "--threads", "0", ranks=(None,))
        self.refused(USAGE, ["memory"], "--memory", "much", ranks=(None,))
        self.refused(
            USAGE, ["checkpoint-every"], "--checkpoint-every", "3fortnights", ranks=(None,)
        )
        self.refused(USAGE, ["seed"], "--seed", "1.5", ranks=(None,))

    def test_a_blank_value(self):
        self.refused(USAGE, ["--hidden-noise"], "--hidden-noise", " ")

    def test_an_option_given_twice(self):
        result = execute([PROGRAM, "train", "--seed", "1", "--seed", "2"])
        self.assert_refused(result, USAGE, "seed", "twice")

    def test_settings_that_do_not_fit_together(self):
        self.refused(
            USAGE,
            ["loss", "output-activation"],
            "--loss",
            "bce",
            "--output-activation",
            "relu",
            ranks=(None,),
        )
        self.refused(USAGE, ["decoder-layers"], "--decoder-layers", "2,8,19", ranks=(None,))
        self.refused(USAGE, ["decoder-layers"], "--decoder-layers", "3,8,20", ranks=(None,))

    def test_bad_layers(self):
        for widths in ("20", "20,0,2", "20,-3", "20,x,2", "", "20,,2", "99999999999999999999,2"):
            with self.subTest(widths=widths):
                self.refused(
                    USAGE,
                    ["layers"],
                    settings=["--layers", widths, "--batch", "16", "--micro-batch", "8"],
                    ranks=(None,),
                )

    def test_a_model_larger_than_any_memory(self):
        result = run(
            "train",
            "--data",
            f"{self.data}:/train/samples",
            "--output",
            self.output,
            "--layers",
            "20,2000000000,2000000000",
            "--batch",
            16,
            "--micro-batch",
            8,
        )
        self.assertIn(result.code, (USAGE, IO), str(result))
        self.assert_refused(result, result.code)
        self.assertFalse(self.output.exists())

    def test_missing_settings(self):
        self.assert_refused(run("train", "--output", self.output, *SMALL), USAGE, "data")
        self.assert_refused(
            run("train", "--data", f"{self.data}:/train/samples", *SMALL), USAGE, "output"
        )
        self.assert_refused(
            run("train", "--data", f"{self.data}:/train/samples", "--output", self.output),
            USAGE,
            "layers",
        )
        self.assertFalse(self.output.exists())

    def test_config_file(self):
        config = self.folder / "a.cfg"
        for text, words in (
            ("[model]\nlayers = 20,8\nactivaton = relu\n", ["a.cfg", "line 3", "activation"]),
            ("learning-rate = fast\n", ["a.cfg", "line 1", "learning-rate"]),
            ("nonsense\n", ["a.cfg", "line 1"]),
            ("seed = 1\nseed = 2\n", ["a.cfg", "seed"]),
        ):
            config.write_text(text)
            self.refused(USAGE, words, "--config", config, ranks=(None,))
        config.write_bytes(bytes(range(256)))
        self.refused(USAGE, ["a.cfg"], "--config", config, ranks=(None,))
        self.refused(IO, ["b.cfg"], "--config", self.folder / "b.cfg", ranks=(None, 2))

    def test_unknown_command(self):
        self.assert_refused(run("trian"), USAGE, "trian", "train")
        self.assert_refused(run("trian", ranks=2), USAGE, "trian", "train")
        self.assert_refused(run("train", "something", *SMALL), USAGE, "something")


if __name__ == "__main__":
    unittest.main()
