"""The source tree keeps its promises: the order of the rooms, who may know which library, names,
sizes, no macros."""
import collections
import os
import re
import unittest
from pathlib import Path

ROOT = Path(os.environ.get("HOURGLASS_SOURCE", Path(__file__).resolve().parents[2]))
UMBRELLA = ROOT / "include/hourglass/hourglass.hpp"
MOST_INSTALLED_HEADERS = 16

# Each room, bottom to top: what it is for, and the rooms it may include. Names that reach a source
# through another room's headers count as included from where they are declared.
ROOMS = {
    "core": (
        "what everything stands on: errors, views, buffers, random numbers, the shard tree, the "
        "arena",
        "",
    ),
    "math": ("BLAS, element-wise functions, exact sums", "core"),
    "nn": ("layers, activations, losses, noise, and networks of them", "core math"),
    "model": (
        "what is trained: autoencoders, RBMs, classifiers, and the penalties on them",
        "core math nn",
    ),
    "optim": ("optimizers, learning-rate schedules, clipping", "core math"),
    "comm": ("MPI: communicators, requests, reducers", "core"),
    "system": ("the operating system: files, locks, signals, child processes", "core"),
    "formats": (
        "codecs of foreign formats: PNG, JPEG, ZIP, Protocol Buffers, TensorBoard events",
        "core system",
    ),
    "hdf5": (
        "reading and writing HDF5 data sets, also by many ranks",
        "core comm system formats",
    ),
    "checkpoint": ("model and checkpoint files and their digests", "core comm system hdf5"),
    "data": (
        "samples on their way to the network: shards, order, normalisation, streaming",
        "core comm hdf5",
    ),
    "import": (
        "data of other kinds into HDF5: CSV, NumPy, IDX, images; generated data",
        "core comm system formats hdf5 data",
    ),
    "config": (
        "every setting of a run: its default, its text, its checks",
        "core nn model optim system hdf5 data",
    ),
    "engine": (
        "one step: gradients by workers, their sums over ranks, the update; passes without "
        "training",
        "core math nn model optim comm system hdf5 checkpoint data config",
    ),
    "run": (
        "the files of a run or sweep: folder, metrics, models, checkpoints to resume from, trials",
        "core math nn model comm system formats hdf5 checkpoint data config engine",
    ),
    "train": (
        "a training run from its configuration to its model",
        "core math nn model optim comm system hdf5 checkpoint data config engine run",
    ),
    "analysis": (
        "what a trained model is worth: probes, PCA, anomalies, embeddings",
        "core math nn model optim comm hdf5 checkpoint data config engine run",
    ),
    "export": (
        "models for other programs: ONNX, PyTorch, safetensors, SAELens",
        "core nn model system formats data run",
    ),
    "report": (
        "charts and self-contained HTML pages of runs and scaling studies",
        "core nn model comm formats config run analysis",
    ),
    "cli": (
        "the program: options, one file a command",
        "core math nn model comm system formats hdf5 checkpoint data import config engine run "
        "train analysis export report",
    ),
}
ALLOWED = {room: set(below.split()) for room, (_, below) in ROOMS.items()}
MOST_ROOMS = 20
LARGEST_SHARE = 0.12
# Foreign headers and the rooms whose sources may include them.
LIBRARIES = {
    r"mpi\.h": {"comm", "hdf5"},
    r"(hdf5|H5\w+)\.h": {"hdf5"},
    r"(cblas|lapacke?|openblas_config|f77blas)\.h": {"math"},
    r"(oneapi/dnnl/)?dnnl.*\.h(pp)?": {"math"},
    r"boost/.*": {"cli"},
    r"microhttpd\.h": {"cli"},
    r"hwloc.*\.h": {"system"},
    r"(png|jpeglib)\.h": {"formats"},
}
LONGEST_FILE = 400
# Unit tests of a promise that several files keep together.
PROMISES = {"allocation", "setting_hints"}
TYPE = re.compile(
    r"^(?:template <[^>]*>\s*)?(?:class|struct|enum class) (\w+)[^;{]*\{", re.MULTILINE
)
INCLUDE = re.compile(r'^\s*#\s*include\s*[<"]([^>"]+)[>"]', re.MULTILINE)


def sources(*folders, suffixes=(".hpp", ".cpp")):
    """Files of these kinds, but for the header that includes all that are installed: it is of no
    room."""
    for folder in folders:
        for path in sorted((ROOT / folder).rglob("*")):
            if path.suffix in suffixes and path.is_file() and path != UMBRELLA:
                yield path


def room_of_include(included):
    match = re.match(r"(?:hourglass/)?(\w+)/", included)
    return match[1] if match and match[1] in ROOMS else None


def header_path(included):
    """Where an include of ours lies: installed headers are "hourglass/<room>/x.hpp", the others
    "<room>/x.hpp"."""
    return (
        ROOT / "include" / included
        if included.startswith("hourglass/")
        else ROOT / "src" / included
    )


def includes_of(path, texts):
    return {
        header_path(included)
        for included in INCLUDE.findall(texts[path])
        if header_path(included) in texts
    }


def transitive_includes(texts):
    seen = {path: includes_of(path, texts) for path in texts}
    grown = True
    while grown:
        grown = False
        for path, found in seen.items():
            more = set().union(found, *(seen[header] for header in found))
            grown = grown or len(more) > len(found)
            seen[path] = more
    return seen


def without_comments(text):
    """The text without comments and string literals other than includes."""
    text = re.sub(r"//[^\n]*|/\*.*?\*/", "", text, flags=re.DOTALL)
    return re.sub(
        r"^(?!\s*#)(.*)$", lambda m: re.sub(r'"(?:[^"\\]|\\.)*"', '""', m[0]), text, flags=re.M
    )


def room_of(path):
    parts = path.relative_to(ROOT).parts
    return parts[2] if parts[0] == "include" else parts[1]


def namespace_scope(text):
    """The statements and heads that stand directly in a namespace, without comments and bodies."""
    text = re.sub(r"//[^\n]*|/\*.*?\*/", "", text, flags=re.DOTALL)
    text = re.sub(r"^\s*#[^\n]*", "", text, flags=re.MULTILINE)
    kept, depth, head = [], 0, ""
    for piece in re.split(r"([{};])", text):
        if piece == "{":
            if depth or not re.search(r"\bnamespace\b[^;=()]*$", head):
                depth += 1
            head = ""
        elif piece == "}":
            depth = max(0, depth - 1)
            head = ""
        elif piece == ";":
            if depth == 0:
                kept.append(" ".join(head.split()))
            head = ""
        else:
            head = piece
    return kept


class DagTest(unittest.TestCase):
    def test_there_is_something_to_check(self):
        self.assertGreater(len(list(sources("include", "src"))), 20)

    def test_every_folder_is_a_known_room(self):
        found = {room_of(path) for path in sources("include/hourglass", "src")}
        self.assertEqual(found, set(ROOMS))
        tested = {p.name for p in (ROOT / "tests").iterdir() if next(p.rglob("*.[cp][py]*"), None)}
        self.assertEqual(
            tested - set(ROOMS), {"dialects", "fuzz", "golden", "package", "program", "support"}
        )

    def test_rooms_are_few_and_none_is_large(self):
        self.assertLessEqual(len(ROOMS), MOST_ROOMS)
        lines = collections.Counter()
        for path in sources("include", "src"):
            lines[room_of(path)] += path.read_text().count("\n")
        for room, count in lines.items():
            self.assertLessEqual(count / sum(lines.values()), LARGEST_SHARE, room)

    def test_installed_headers_are_few_and_one_includes_them_all(self):
        installed = [str(p.relative_to(ROOT / "include")) for p in sources("include")]
        self.assertEqual(INCLUDE.findall(UMBRELLA.read_text()), installed)
        self.assertLessEqual(len(installed) + 1, MOST_INSTALLED_HEADERS)

    def test_an_installed_header_includes_no_header_that_is_not(self):
        for path in sources("include"):
            for included in INCLUDE.findall(path.read_text()):
                if "/" in included:
                    self.assertTrue(
                        included.startswith("hourglass/"), f"{path} shows {included} to everybody"
                    )

    def test_the_design_document_describes_every_room(self):
        rows = re.findall(
            r"^\| (\w+) \| ([^|]+) \| ([^|]+) \|$",
            (ROOT / "docs/design.md").read_text(),
            re.MULTILINE,
        )
        described = [(name, sentence, below) for name, sentence, below in rows if name in ROOMS]
        self.assertEqual(
            described,
            [
                (room, sentence, ", ".join(below.split()) or "-")
                for room, (sentence, below) in ROOMS.items()
            ],
        )

    def test_the_picture_shows_every_room(self):
        picture = (ROOT / "docs/rooms.svg").read_text()
        self.assertEqual(set(re.findall(r'class="n"[^>]*>(\w+)<', picture)), set(ROOMS))

    def test_rooms_include_only_those_below(self):
        for path in sources("include", "src"):
            for included in INCLUDE.findall(path.read_text()):
                room = room_of_include(included)
                if room and room != room_of(path):
                    self.assertIn(
                        room, ALLOWED[room_of(path)], f"{path} may not include {included}"
                    )

    def test_the_order_has_no_cycle(self):
        order = list(ROOMS)
        for room, below in ALLOWED.items():
            for name in below:
                self.assertLess(order.index(name), order.index(room))

    def test_every_permission_is_used(self):
        used = collections.defaultdict(set)
        for path in sources("include", "src"):
            used[room_of(path)] |= {room_of_include(i) for i in INCLUDE.findall(path.read_text())}
        for room, below in ALLOWED.items():
            self.assertEqual(below - used[room], set(), f"{room} may include what it does not")

    def test_no_room_is_reached_through_the_headers_of_another(self):
        texts = {path: without_comments(path.read_text()) for path in sources("include", "src")}
        headers = collections.defaultdict(set)
        for path, text in texts.items():
            if path.suffix == ".hpp":
                for name in TYPE.findall(text):
                    headers[name].add(path)
        # A name that several headers declare, in namespaces or classes of their own, tells nothing.
        declared = {name: paths.pop() for name, paths in headers.items() if len(paths) == 1}
        seen = transitive_includes(texts)
        for path, text in texts.items():
            for name in set(re.findall(r"\b[A-Z]\w+\b", text)) & declared.keys():
                header = declared[name]
                if header in seen[path] and room_of(header) not in ALLOWED[room_of(path)] | {
                    room_of(path)
                }:
                    self.assertRegex(
                        text, rf"\b(class|struct) {name};", f"{path} uses {name} of {header}"
                    )

    def test_libraries_are_known_to_their_modules_only(self):
        for path in sources("include", "src"):
            in_header = path.relative_to(ROOT).parts[0] == "include"
            for included in INCLUDE.findall(path.read_text()):
                for pattern, modules in LIBRARIES.items():
                    if re.fullmatch(pattern, included):
                        self.assertIn(room_of(path), modules, f"{path} may not include {included}")
                        self.assertFalse(
                            in_header, f"{path}: a public header shows {included} to everybody"
                        )

    def test_every_include_of_ours_exists_and_names_its_room(self):
        for path in sources("include", "src", "tests", "bench"):
            for included in INCLUDE.findall(path.read_text()):
                if room_of_include(included):
                    found = header_path(included).is_file() or (ROOT / "tests" / included).is_file()
                    self.assertTrue(found, f"{path} includes {included}")
                elif path.relative_to(ROOT).parts[0] in ("include", "src"):
                    self.assertFalse(
                        (path.parent / included).is_file(), f"{path}: write <room>/{included}"
                    )

    def test_a_header_that_declares_functions_has_a_source_of_its_name(self):
        for path in sources("include", "src", suffixes=(".hpp",)):
            if path.stem in (
                "revision",
                "setting_rows",
            ):  # written at build time; spread over the sections of the table
                continue
            declared = [
                s
                for s in namespace_scope(path.read_text())
                if s.endswith(")") and not s.startswith(("static_assert", "template", "using"))
            ]
            if declared:
                # An interface with several makers is spread over sources named after its kinds:
                # memory_source, streaming_source.
                kind = path.stem.split("_")[-1]
                folder = ROOT / "src" / room_of(path)
                self.assertTrue(
                    (folder / f"{path.stem}.cpp").is_file() or list(folder.glob(f"*_{kind}.cpp")),
                    f"{path} declares {declared[0]!r} but {folder} has no source of that name",
                )

    def test_every_unit_test_is_named_after_what_it_tests(self):
        for path in sources("tests", suffixes=(".cpp",)):
            module = path.parent.name
            match = re.fullmatch(r"(\w+?)(_mpi)?_test", path.stem)
            if module in ALLOWED and match and match[1] not in PROMISES:
                files = [p for p in sources(f"include/hourglass/{module}", f"src/{module}")]
                self.assertTrue(
                    any(p.stem == match[1] for p in files)
                    or any(re.search(rf"\b{match[1]}\(", p.read_text()) for p in files),
                    f"{path}: room {module} has no file and no function of that name",
                )

    def test_no_file_is_too_long(self):
        for path in sources(
            "include", "src", "tests", "bench", "scripts", suffixes=(".hpp", ".cpp", ".py", ".sh")
        ):
            self.assertLessEqual(
                path.read_text().count("\n"), LONGEST_FILE, f"{path} is two things"
            )

    def test_headers_guard_themselves_and_define_no_macros(self):
        for path in sources("include", "src", "tests", suffixes=(".hpp",)):
            text = path.read_text()
            self.assertTrue(
                text.lstrip().startswith("#pragma once") or "\n#pragma once" in text, path
            )
            self.assertNotRegex(text, r"(?m)^\s*#\s*define\b", f"{path} defines a macro")

    def test_nothing_is_left_undone(self):
        for path in sources("include", "src", "tests", "bench"):
            self.assertNotRegex(path.read_text(), r"\b(TODO|FIXME|XXX)\b", f"{path}")

    def test_the_parser_of_declarations_sees_functions_only(self):
        text = (
            "namespace a {\nint f(int);\nstruct B { void g(); };\n"
            "inline int h() { return 1; }\n} // namespace a\n"
        )
        self.assertEqual([s for s in namespace_scope(text) if s.endswith(")")], ["int f(int)"])


if __name__ == "__main__":
    unittest.main()
