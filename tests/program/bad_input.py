"""What the tests of bad input share: a small training that is refused."""
from support import ProgramTest, run, write_file

SMALL = ["--layers", "20,8,2", "--batch", "16", "--micro-batch", "8", "--epochs", "1"]


class BadInputTest(ProgramTest):
    def setUp(self):
        super().setUp()
        self.data = self.make_data()
        self.output = self.folder / "run"

    def refused(self, code, words, *arguments, data=None, settings=None, ranks=(None, 2)):
        """`train` refuses with and without mpirun, and leaves no run folder behind."""
        for count in ranks:
            with self.subTest(ranks=count):
                result = run(
                    "train",
                    "--data",
                    data or f"{self.data}:/train/samples",
                    "--output",
                    self.output,
                    *(SMALL if settings is None else settings),
                    *arguments,
                    ranks=count,
                    timeout=60,
                )
                self.assert_refused(result, code, *words)
                if count is None:
                    self.assertEqual(len(result.stderr.splitlines()), 1, str(result))
                self.assertFalse(self.output.exists(), str(result))

    def make(self, name="bad.h5", **datasets):
        return write_file(self.folder / name, **datasets)
