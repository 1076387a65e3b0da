"""What the tests of hourglass scale share: a small scaling study."""
import json

import support
from support import PROGRAM, ProgramTest

QUICK = ["--steps", 2, "--warm-up", 1, "--network", "false"]
MODEL = ["--", "--layers", "20,8,3"]


def scale(*words, **how):
    return support.execute([PROGRAM, "scale", *map(str, words)], **how)


def lines(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


class StudyTest(ProgramTest):
    def study(self, *words, name="results.jsonl"):
        output = self.folder / name
        result = scale(*words, "--output", output, *QUICK, *MODEL)
        self.assertEqual(result.code, 0, result)
        return output, result
