"""Hints: the parts of messages that say what to do. Finds them in the sources, and follows them."""

import re

from support import ROOT, ProgramTest, run

LITERAL = re.compile(r'R?"((?:[^"\\\n]|\\.)*)"')
# What begins a hint: an instruction, or a proposal. The verbs are those that messages use; a new
# one that is missing here reads as a statement, so reviewers of messages add it.
VERBS = (
    "add|bind|build|check|choose|clean|continue|convert|copy|count|create|delete|end|fill|free|"
    "give|install|leave|let|look|make|name|pass|put|raise|remove|rename|repeat|report|restore|"
    "resume|rewrite|run|say|see|set|start|take|train|try|undo|unpack|use|wait|write"
)
HINT = re.compile(
    rf"(?:^|[;:,(] |\bor |\band |\bplease )(?:{VERBS}) \S|^(?:{VERBS}) |did you mean|; --"
    r"|the same command|needs? (?:a |at least one )?--|e\.g\. |\bulimit -n|next: "
)
# Where a word of a message can end.
END = r"(?=\n|$|[ ,;:.)])"
# Not messages: help texts and summaries begin with a capital letter, usage lines with the program.
NO_MESSAGE = re.compile(
    r"(?!OpenBLAS|Slurm)[A-Z]|(?:hourglass|mpirun) |internal error|\\n|\.TH|<|#"
)


def joined_literals(text):
    """The string literals of a source, adjacent ones as one."""
    text = re.sub(r"^\s*(?:///?.*|#include.*)$", "", text, flags=re.MULTILINE)
    found, end = [], None
    for match in LITERAL.finditer(text):
        between = text[end : match.start()] if end is not None else "x"
        if found and re.fullmatch(r"\s*(?:\+\s*)?", between):
            found[-1] += match.group(1)
        else:
            found.append(match.group(1))
        end = match.end()
    return [text.replace('\\"', '"') for text in found]


def source_hints():
    """(file, literal) of every message with a hint in src."""
    found = []
    for path in sorted([*(ROOT / "src").rglob("*.cpp"), *(ROOT / "src").rglob("*.hpp")]):
        if path.name.endswith("_settings.cpp"):
            continue  # rows of the table of settings: their help texts
        for literal in joined_literals(path.read_text()):
            if not NO_MESSAGE.match(literal) and HINT.search(literal):
                found.append((str(path.relative_to(ROOT / "src")), literal))
    return found


def tested_hints():
    """The hints in the tests that follow them: texts as they stand in the sources. A test that
    waits for another text fails when it runs."""
    files = [*(ROOT / "tests/program").glob("hints_*_test.py")]
    files += (ROOT / "tests/dialects").glob("*_test.py")
    files += (ROOT / "tests/cli").glob("*_hint_rows.hpp")
    files.append(ROOT / "tests/cli/setting_hints_test.cpp")
    literals = [literal for path in files for literal in joined_literals(path.read_text())]
    return {literal for literal in literals if len(literal) >= 12 and HINT.search(literal)}


def pattern_of(hint):
    """A pattern for a hint of the sources, in which {} stands for what is filled in."""
    parts = re.split(r"(\{[^{}]*\})", hint)
    return "".join("(.*?)" if part.startswith("{") else re.escape(part) for part in parts)


def whole_pattern_of(hint):
    """As it is printed: a word or what is filled in at the end ends there. A literal that ends in
    another way, e.g. with an opening quote, is continued by what the sources add to it."""
    return pattern_of(hint) + (END if hint[-1] == "}" or hint[-1].isalnum() else "")


class Printed:
    """A message that holds a hint: `advice` is its text from the hint on."""

    def __init__(self, message, start):
        self.message, self.advice = message, message[start:].splitlines()[0]

    def options(self):
        """The options with values that the hint names: [("--name", "value"), ...]; "--a and --b"
        names them without."""
        return re.findall(r"(--[-a-z0-9]+)[ =](?!and |or )((?:[^\s,;()]|,(?=\S))+)", self.advice)

    def command(self):
        """The words of the command `hourglass ...` that the hint gives, without the program."""
        words = re.search(r"hourglass ((?:[^\s;,]|[ ;,](?=\S))+)", self.advice)
        return words.group(1).split()


class HintTest(ProgramTest):
    def hint(self, text, *words, code=64, **how):
        """Runs a command that ends with `code` and prints the hint `text`."""
        result = run(*words, **how)
        self.assertEqual(result.code, code, str(result))
        # mpirun and messages of other kinds stand around it.
        return self.printed(text, result.stderr + result.stdout)

    def printed(self, text, output):
        """The hint `text` in the output of a command."""
        match = re.search(whole_pattern_of(text), output)
        self.assertIsNotNone(match, f"{text!r} is not in: {output}")
        return Printed(output, match.start())

    def no_hint(self, text, *words, code=0, **how):
        """Runs a command that follows a hint: it ends with `code` and does not print it again."""
        result = run(*words, **how)
        self.assertEqual(result.code, code, str(result))
        self.assertIsNone(re.search(pattern_of(text), result.stderr + result.stdout), str(result))
        return result
