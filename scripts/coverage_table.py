#!/usr/bin/env python3
"""From gcovr's JSON summary to a table of the rooms' lines and how many of them tests run.

scripts/coverage_table.py SUMMARY.json [ROOM...]

Prints the table, of all rooms or of those named. Of all rooms it also replaces the table between
the two comments in docs/testing.md.
"""

import collections
import json
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
BEGIN, END = "<!-- scripts/coverage.sh writes this table -->", "<!-- end of the table -->"


def room_of(filename):
    parts = Path(filename).parts
    return parts[2] if parts[:2] == ("include", "hourglass") else parts[1]


def table_of(summary, rooms):
    lines = collections.defaultdict(lambda: [0, 0])
    for file in summary["files"]:
        room = room_of(file["filename"])
        if not rooms or room in rooms:
            for name in (room, "all"):
                lines[name][0] += file["line_total"]
                lines[name][1] += file["line_covered"]
    total = lines.pop("all", [0, 0])
    rows = [*sorted(lines.items()), ("**all**", total)]
    text = "| room | lines of code | run by unit tests |\n|---|---|---|\n"
    for room, (count, covered) in rows:
        text += f"| {room} | {count} | {100 * covered / max(count, 1):.1f} % |\n"
    return text


def replace_table(document, table):
    text = document.read_text()
    pattern = re.compile(f"(?<={re.escape(BEGIN)}\n).*?(?={re.escape(END)})", re.DOTALL)
    if len(pattern.findall(text)) != 1:
        sys.exit(f"coverage_table.py: {document} has no place for the table")
    document.write_text(pattern.sub(lambda _: table, text))


def main():
    rooms = sys.argv[2:]
    table = table_of(json.loads(Path(sys.argv[1]).read_text()), rooms)
    if not rooms:
        replace_table(ROOT / "docs/testing.md", table)
    print(table, end="")


if __name__ == "__main__":
    main()
