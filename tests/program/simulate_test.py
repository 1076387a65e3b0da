"""The simulation of clusters: the dist module compiles against SimGrid's MPI and a tiny study
runs."""
import json
import os
import shutil
import sys
import unittest

import support
from extras import need_extra
from support import ROOT, ProgramTest


def points_in(results):
    """The points of a file, without the time that the simulator took for them."""
    points = [json.loads(line) for line in results.read_text().splitlines()]
    for point in points:
        del point["simulator_seconds"]
    return points


class SimulateTest(ProgramTest):
    def test_a_tiny_study(self):
        folder = self.folder / "build"
        command = [
            sys.executable,
            str(ROOT / "bench/simulate/simulate.py"),
            "tiny",
            "--output",
            str(self.folder / "tiny.jsonl"),
            "--folder",
            str(folder),
        ]
        result = support.execute(command, timeout=400)
        self.assertEqual(result.code, 0, result)
        results = self.folder / "tiny.jsonl"
        points = points_in(results)
        self.assertEqual(len(points), 6)
        by = {(p["cluster"], p["ranks"], p["reduction"]): p["step_ms"] for p in points}
        # One rank exchanges nothing: a pass and an update.
        self.assertAlmostEqual(
            by["fat-tree-100g", 1, "tree"], points[0]["pass_ms"] + points[0]["update_ms"], places=3
        )
        # The tree divides the update among the ranks; allreduce does not, and its exchange costs
        # something.
        self.assertLess(by["fat-tree-100g", 8, "tree"], by["fat-tree-100g", 8, "allreduce"])
        self.assertGreater(by["10gbe", 6, "tree"], by["fat-tree-100g", 8, "tree"])
        # A second time nothing is left to do.
        again = support.execute(command, timeout=100)
        self.assertEqual((again.code, again.stdout), (0, ""), again)
        # A line that a kill has cut is made again.
        os.truncate(results, results.stat().st_size - 5)
        again = support.execute(command, timeout=100)
        self.assertEqual((again.code, len(again.stdout.splitlines())), (0, 1), again)
        self.assertCountEqual(points_in(results), points)
        # Studies that have not been made yet are left out.
        tables = support.execute(
            [
                sys.executable,
                str(ROOT / "bench/simulate/curves.py"),
                str(results),
                str(self.folder / "none.jsonl"),
                "--images",
                str(self.folder),
            ]
        )
        self.assertEqual(tables.code, 0, tables)


if __name__ == "__main__":
    need_extra(shutil.which("smpicxx"), "smpicxx")
    unittest.main()
