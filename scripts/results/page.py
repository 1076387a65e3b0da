"""A page of Markdown on a folder of results, part by part."""
import json

import h5py


def table(header, rows):
    lines = [header, ["---"] + ["---:"] * (len(header) - 1), *rows]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines) + "\n"


def shell(*commands):
    return "```\n" + "\n".join(commands) + "\n```\n"


class Page:
    def __init__(self, results, images):
        self.results, self.images, self.parts = results, images, []

    def say(self, text):
        self.parts.append(text.strip() + "\n")

    def rows(self, names, *columns):
        """One row for each (label, name) that has been measured."""
        rows = [
            [label, *(column(name) for column in columns)]
            for label, name in names
            if self.results.has(name)
        ]
        if not rows:
            raise FileNotFoundError(2, "nothing was measured", names[0][1])
        return rows

    def sse(self, name):
        return f"{self.results.sse(name):.3f}"

    def figure(self, key, digits=3):
        return lambda name: f"{self.results.figures(name)[key]:.{digits}f}"

    def accuracy(self, name):
        path = self.results.folder / f"probe-{name}.json"
        return f"{100 * json.loads(path.read_text())['accuracy']:.2f} %" if path.exists() else "-"

    def code_size(self, name):
        with h5py.File(self.results.folder / name / "model.h5", "r") as file:
            encoder = file["model/encoder"]
            return encoder[str(len(encoder) - 1)]["bias"].shape[0]
