"""The source tree keeps its promises: the order of the modules, who may know which library, names, sizes, no macros."""
import os
import re
import unittest
from pathlib import Path

ROOT = Path(os.environ.get("HOURGLASS_SOURCE", Path(__file__).resolve().parents[2]))

# What each module may include; the order of the keys is the order of the modules.
MODULES = {
    "core": set(),
    "math": {"core"},
    "param": {"core", "math"},
    "nn": {"core", "math", "param"},
    "optim": {"core", "math", "param"},
    "dist": {"core"},
    "io": {"core", "dist"},
    "data": {"core", "math", "dist", "io"},
    "train": {"core", "math", "param", "nn", "optim", "dist", "io", "data"},
    "report": {"core", "math", "param", "nn", "optim", "dist", "io", "data", "train"},
    "cli": {"core", "math", "param", "nn", "optim", "dist", "io", "data", "train", "report"},
}
# Foreign headers and the modules whose sources may include them.
LIBRARIES = {
    r"mpi\.h": {"dist", "io"},
    r"(hdf5|H5\w+)\.h": {"io"},
    r"(cblas|lapacke?|openblas_config|f77blas)\.h": {"math"},
    r"(oneapi/dnnl/)?dnnl.*\.h(pp)?": {"math"},
    r"boost/.*": {"cli"},
    r"(png|jpeglib)\.h": {"data"},
}
LONGEST_FILE = 400
INCLUDE = re.compile(r'^\s*#\s*include\s*[<"]([^>"]+)[>"]', re.MULTILINE)


def sources(*folders, suffixes=(".hpp", ".cpp")):
    for folder in folders:
        yield from sorted(p for p in (ROOT / folder).rglob("*") if p.suffix in suffixes and p.is_file())


def module_of(path):
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

    def test_every_folder_is_a_known_module(self):
        found = {module_of(path) for path in sources("include/hourglass", "src")}
        self.assertEqual(found - set(MODULES), set())

    def test_modules_include_only_those_below(self):
        for path in sources("include", "src"):
            module = module_of(path)
            for included in INCLUDE.findall(path.read_text()):
                match = re.match(r"hourglass/(\w+)/", included)
                if match and match[1] != module:
                    self.assertIn(match[1], MODULES[module], f"{path} may not include {included}")

    def test_the_order_has_no_cycle(self):
        order = list(MODULES)
        for module, below in MODULES.items():
            for name in below:
                self.assertLess(order.index(name), order.index(module))

    def test_libraries_are_known_to_their_modules_only(self):
        for path in sources("include", "src"):
            in_header = path.relative_to(ROOT).parts[0] == "include"
            for included in INCLUDE.findall(path.read_text()):
                for pattern, modules in LIBRARIES.items():
                    if re.fullmatch(pattern, included):
                        self.assertIn(module_of(path), modules, f"{path} may not include {included}")
                        self.assertFalse(in_header, f"{path}: a public header shows {included} to everybody")

    def test_every_include_of_ours_exists(self):
        for path in sources("include", "src", "tests", "bench"):
            for included in INCLUDE.findall(path.read_text()):
                if included.startswith("hourglass/"):
                    self.assertTrue((ROOT / "include" / included).is_file(), f"{path} includes {included}")

    def test_a_header_that_declares_functions_has_a_source_of_its_name(self):
        for path in sources("include"):
            declared = [s for s in namespace_scope(path.read_text())
                        if s.endswith(")") and not s.startswith(("static_assert", "template", "using"))]
            if declared:
                # An interface with several makers is spread over sources named after its kinds: memory_source, streaming_source.
                kind = path.stem.split("_")[-1]
                folder = ROOT / "src" / module_of(path)
                self.assertTrue((folder / f"{path.stem}.cpp").is_file() or list(folder.glob(f"*_{kind}.cpp")),
                                f"{path} declares {declared[0]!r} but {folder} has no source of that name")

    def test_every_unit_test_is_named_after_what_it_tests(self):
        for path in sources("tests", suffixes=(".cpp",)):
            module = path.parent.name
            match = re.fullmatch(r"(\w+?)(_mpi)?_test", path.stem)
            if module in MODULES and match:
                files = [p for p in sources(f"include/hourglass/{module}", f"src/{module}")]
                self.assertTrue(any(p.stem == match[1] for p in files)
                                or any(re.search(rf"\b{match[1]}\(", p.read_text()) for p in files),
                                f"{path}: module {module} has no file and no function of that name")

    def test_no_file_is_too_long(self):
        for path in sources("include", "src", "tests", "bench", "scripts", suffixes=(".hpp", ".cpp", ".py", ".sh")):
            self.assertLessEqual(path.read_text().count("\n"), LONGEST_FILE, f"{path} is two things")

    def test_headers_guard_themselves_and_define_no_macros(self):
        for path in sources("include", "src", "tests", suffixes=(".hpp",)):
            text = path.read_text()
            self.assertTrue(text.lstrip().startswith("#pragma once") or "\n#pragma once" in text, path)
            self.assertNotRegex(text, r"(?m)^\s*#\s*define\b", f"{path} defines a macro")

    def test_nothing_is_left_undone(self):
        for path in sources("include", "src", "tests", "bench"):
            self.assertNotRegex(path.read_text(), r"\b(TODO|FIXME|XXX)\b", f"{path}")

    def test_the_parser_of_declarations_sees_functions_only(self):
        text = "namespace a {\nint f(int);\nstruct B { void g(); };\ninline int h() { return 1; }\n} // namespace a\n"
        self.assertEqual([s for s in namespace_scope(text) if s.endswith(")")], ["int f(int)"])


if __name__ == "__main__":
    unittest.main()
