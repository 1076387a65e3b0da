"""What the tests of training share: settings of a short and of a long training."""
from support import ProgramTest

SETTINGS = [
    "--layers",
    "20,12,3",
    "--batch",
    "48",
    "--micro-batch",
    "12",
    "--epochs",
    "3",
    "--shuffle-block",
    "2",
    "--shuffle-window",
    "4",
]
# Long enough to be stopped in the middle: about 1600 steps of a step each millisecond or slower.
LONG = [
    "--layers",
    "20,160,80,4",
    "--batch",
    "32",
    "--micro-batch",
    "8",
    "--epochs",
    "320",
    "--log-every",
    "1",
]


class TrainingTest(ProgramTest):
    def setUp(self):
        super().setUp()
        self.data = self.make_data()
        self.source = [
            "--data",
            f"{self.data}:/train/samples",
            "--validation",
            f"{self.data}:/test/samples",
        ]
