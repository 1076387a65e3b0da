"""hourglass scale and hourglass report scaling: a small study from start to page, interrupted and
continued."""
import csv
import html.parser
import os
import signal
import subprocess
import unittest
from xml.etree import ElementTree

import support
from studies import MODEL, QUICK, StudyTest, lines, scale
from support import DATA, ENVIRONMENT, WITH_DAEMON, PROGRAM, STOPPED, USAGE, run, wait_until


class Page(html.parser.HTMLParser):
    """Collects what a page would fetch and what it holds."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.links = [], []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self.links += [value for name, value in attributes if name in ("src", "href")]


class ScaleTest(StudyTest):
    def test_a_study_from_start_to_page(self):
        output = self.folder / "results.jsonl"
        result = scale(
            "--weak",
            "--ranks",
            "1,2",
            "--reduction",
            "tree,allreduce",
            "--repetitions",
            2,
            "--steps",
            3,
            "--warm-up",
            1,
            "--output",
            output,
            *MODEL,
            "--optimizer",
            "sgd",
            "--nesterov",
            "--momentum",
            "0.5",
            timeout=300,
        )
        self.assertEqual(result.code, 0, result)
        records = lines(output)
        self.assertEqual(records[0]["kind"], "study")
        repetitions = [r for r in records if r["kind"] == "repetition"]
        self.assertEqual(
            {(r["ranks"], r["reduction"], r["repetition"]) for r in repetitions},
            {
                (p, reduction, k)
                for p in (1, 2)
                for reduction in ("tree", "allreduce")
                for k in (1, 2)
            },
        )
        for record in repetitions:
            self.assertEqual(record["batch"], 128 * record["ranks"])
            self.assertEqual(len(record["steps"]), 3)
            phases = {name: seconds["mean"] for name, seconds in record["phases"].items()}
            self.assertEqual(
                set(phases),
                {
                    "input",
                    "forward",
                    "loss",
                    "backward",
                    "tree_sum",
                    "compute",
                    "exchange",
                    "update",
                    "other",
                },
            )
            parts = sum(seconds for name, seconds in phases.items() if name != "compute")
            self.assertGreaterEqual(parts, record["step_seconds"] * 0.999)
            if phases["other"] > 0 and record["ranks"] == 1:
                self.assertAlmostEqual(parts / record["step_seconds"], 1, places=6)
            self.assertGreater(
                min(phases["forward"], phases["loss"], phases["backward"], phases["update"]), 0
            )
            self.assertGreaterEqual(record["imbalance"], 0)
            for text in ("affinity", "blas_core", "mpi", "program", "revision", "processor"):
                self.assertTrue(record["texts"][text])
        self.assertEqual(len([r for r in records if r["kind"] == "summary"]), 4)
        network = [r for r in records if r["kind"] == "network"]
        self.assertEqual([r["ranks"] for r in network], [2])
        self.assertGreater(len(network[0]["allreduce"]), 5)

        page = self.folder / "scaling.html"
        self.success("report", "scaling", output, "--output", page)
        text = page.read_text()
        parsed = Page(text)
        self.assertGreaterEqual(parsed.tags.count("svg"), 8)
        self.assertTrue(all(link.startswith("data:") for link in parsed.links), parsed.links)
        for word in ("Speed-up", "Efficiency", "Predicted knee", "residual", "alpha"):
            self.assertIn(word, text)
        table = self.table(self.folder / "scaling.csv")
        self.assertEqual(len(table), 4)
        self.assertEqual({(row["study"], row["file"]) for row in table}, {("1", str(output))})
        self.assertTrue(
            all(
                "--layers 20,8,3" in row["train_options"] and len(row) == len(table[0])
                for row in table
            )
        )
        # An even number of repetitions: one rate for all readers.
        for record in (r for r in records if r["kind"] == "summary"):
            row = next(
                row
                for row in table
                if (int(row["ranks"]), row["reduction"]) == (record["ranks"], record["reduction"])
            )
            for name, key in (
                ("median", "samples_per_second"),
                ("median", "step_seconds"),
                ("low", "low"),
                ("high", "high"),
            ):
                wanted = record[key if key in record else "step_seconds"][name]
                self.assertAlmostEqual(float(row[key]) / wanted, 1, places=6)
        for name in ("speedup", "efficiency", "throughput", "network-2"):
            drawing = ElementTree.parse(self.folder / f"scaling-{name}.svg").getroot()
            self.assertEqual(drawing.tag, "{http://www.w3.org/2000/svg}svg")
            self.assertTrue(drawing.find("{*}title").text)
            self.assertGreater(len(drawing), 20)

    def table(self, path):
        with open(path, newline="") as file:
            return list(csv.DictReader(file))

    def test_what_is_measured_once_counts_once(self):
        first, _ = self.study("--weak", "--ranks", 1, "--repetitions", 2)
        grown = self.folder / "copy.jsonl"
        grown.write_bytes(first.read_bytes())
        self.study("--weak", "--ranks", 1, "--repetitions", 3, name="copy.jsonl")
        other, _ = self.study("--strong", "--ranks", 1, "--repetitions", 1, name="other.jsonl")
        page = self.folder / "page.html"
        result = self.success("report", "scaling", first, grown, first, other, "--output", page)
        self.assertIn("4 measurements are in more than one", result.stdout)
        rows = self.table(self.folder / "page.csv")
        self.assertEqual(
            [(row["study"], row["mode"], row["repetitions"]) for row in rows],
            [("1", "weak", "3"), ("2", "strong", "1")],
        )
        self.assertEqual([row["file"] for row in rows], [str(first), str(other)])
        self.assertNotIn(
            "more than one", self.success("report", "scaling", grown, "--output", page).stdout
        )

    def test_a_lost_summary_is_written_again(self):
        words = ["--weak", "--ranks", "1", "--repetitions", 1]
        output, _ = self.study(*words)
        before = output.read_text()
        whole = before.splitlines(keepends=True)
        self.assertIn('"summary"', whole[-1])
        output.write_text("".join(whole[:-1]) + whole[-1][:30])
        self.study(*words)
        self.assertEqual(output.read_text(), before)
        self.study(*words)
        self.assertEqual(output.read_text(), before)

    def test_a_study_goes_on_where_it_was(self):
        words = ["--strong", "--ranks", "1,2", "--repetitions", 1]
        output, _ = self.study(*words)
        before = output.read_text()
        # The last line as a kill would have left it.
        whole = before.splitlines(keepends=True)
        cut = next(
            i for i, line in enumerate(whole) if '"ranks":2' in line and '"repetition"' in line
        )
        output.write_text("".join(whole[:cut]) + whole[cut][:40])
        self.assert_refused(
            run("report", "scaling", output, "--output", self.folder / "x.html"),
            DATA,
            "results.jsonl",
            f"line {cut + 1}",
        )
        _, result = self.study(*words)
        self.assertIn("continuing", result.stderr)
        repetitions = [r for r in lines(output) if r["kind"] == "repetition"]
        self.assertEqual([r["ranks"] for r in repetitions], [1, 2])
        self.assertEqual(output.read_text().splitlines()[1], before.splitlines()[1])
        # Another study does not go into this file.
        result = scale("--weak", "--ranks", 1, "--output", output, *QUICK, *MODEL)
        self.assert_refused(result, USAGE, "differs", "--output")

    def test_ctrl_c_keeps_what_is_measured(self):
        output = self.folder / "results.jsonl"
        command = [
            PROGRAM,
            "scale",
            "--strong",
            "--ranks",
            "1",
            "--repetitions",
            "500",
            "--output",
            str(output),
            *map(str, QUICK),
            *MODEL,
        ]
        process = subprocess.Popen(
            command,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            env={**ENVIRONMENT, **WITH_DAEMON},
            start_new_session=True,
        )
        wait_until(
            lambda: output.exists() and output.read_text().count('"repetition"') >= 2,
            what="a measurement",
        )
        os.killpg(process.pid, signal.SIGINT)
        _, errors = process.communicate(timeout=60)
        self.assertEqual(process.returncode, STOPPED, errors)
        self.assertIn("continues", errors)
        self.assertGreaterEqual(len([r for r in lines(output) if r["kind"] == "repetition"]), 1)

    def test_a_killed_study_leaves_no_ranks(self):
        output = self.folder / "results.jsonl"
        words = [
            "scale",
            "--strong",
            "--ranks",
            "1",
            "--repetitions",
            "1",
            "--output",
            str(output),
            "--steps",
            "1000000",
            *MODEL,
        ]
        process = subprocess.Popen(
            [PROGRAM, *words],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={**ENVIRONMENT, **WITH_DAEMON},
            start_new_session=True,
        )
        wait_until(lambda: len(support.rank_processes(process.pid)) >= 2, what="the worker")
        below = support.children(process.pid)
        process.kill()
        process.wait()
        wait_until(
            lambda: not [pid for pid in below if os.path.exists(f"/proc/{pid}")],
            timeout=10,
            what="the end of the workers",
        )

    def test_measurements_with_more_ranks_than_cores_are_called_meaningless(self):
        many = 2 * os.cpu_count()
        output, result = self.study("--weak", "--ranks", many, "--repetitions", 1)
        self.assertIn("are meaningless", result.stderr)
        self.assertTrue(lines(output)[1]["oversubscribed"])
        page = self.folder / "page.html"
        self.success("report", "scaling", output, "--output", page)
        self.assertIn("more threads than cores", page.read_text())

    def test_real_data(self):
        data = self.make_data(samples=300)
        output = self.folder / "real.jsonl"
        result = scale(
            "--strong",
            "--ranks",
            "1,2",
            "--micro-batch",
            16,
            "--repetitions",
            1,
            "--output",
            output,
            *QUICK,
            "--",
            "--layers",
            "20,8",
            "--data",
            f"{data}:/train/samples",
            "--batch",
            64,
        )
        self.assertEqual(result.code, 0, result)


if __name__ == "__main__":
    unittest.main()
