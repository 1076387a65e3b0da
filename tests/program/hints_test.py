"""Every hint that the program prints is followed by a test, or reviewed as one that needs more than
a test machine."""

import re
import subprocess
import unittest

from hints import HintTest, source_hints, tested_hints
from support import ROOT

# Hints that are not followed here, each with the reason: (text in the sources, why).
REVIEWED = [
    # Another machine, system or build.
    ("build with e.g. -DHOURGLASS_ARCH=x86-64-v2", "needs a CPU that lacks an instruction set"),
    ("install the same program on every node", "needs two builds of the program"),
    ("check which interface is used, e.g. --mca btl_tcp_if_include eth0", "needs a slow network"),
    ("use one that offers MPI_THREAD_FUNNELED", "needs another MPI"),
    ("wait until all nodes see all files", "needs a network file system"),
    ("{} cannot compute it on this CPU; leave it out", "needs another CPU"),
    ("leave it out, use wider layers or a larger --micro-batch", "depends on the CPU"),
    ("this build has no oneDNN; install it", "followed by OneDnnTest, with CMake alone"),
    (
        "use another --micro-batch, such as one that divides the number of samples",
        "depends on the BLAS library; followed by DictionaryShardsTest",
    ),
    ("use a machine with more", "no other machine"),
    (
        "are too large: use --counts log1p --output-activation linear",
        "divergence_advice_test has it; needs losses beyond single precision",
    ),
    ("{}; use {}", "memory_advice_test has every combination; hints_train_test follows two"),
    ("; free some space or write elsewhere", "disk_fault_test fills disks"),
    (" are needed; free some space", "disk_fault_test uses up a quota"),
    (": check the folder's permissions", "tests may run as root, who may write everywhere"),
    ("cannot write {}: check the folder's permissions", "the same"),
    ("cannot create a folder in {}: set TMPDIR", "the same"),
    ("use `hourglass encode`, or TrainedModel of the C++ API", "of the C API: serving_model_test"),
    ("; resume without that node", "needs a faulty node; silent_error_test resumes"),
    ("a rank, its node or its network failed", "the meaning of exit code 69, the same"),
    ("a bug: please report it", "the meaning of exit code 70"),
    ("stopped on request with a checkpoint written: resume it", "the meaning of exit code 75"),
    ("the job is ended; continue with: hourglass train --resume {}", "watchdog_test resumes"),
    ("put data and --output on a shared file system", "needs several nodes"),
    ("syncing is slow here: use a longer --checkpoint-every", "needs a slow disk"),
    ("waiting for trial{} {:04}, run by another process", "a statement"),
    ("name the data set to write: FILE.h5:/samples", "of the C++ API"),
    (
        ": exists and is not a regular file; name another",
        "other checks come first: atomic_file_test",
    ),
    # What somebody else has to end first, or that was met by chance.
    (": another import is writing to it: wait for it", "import_stop_test waits for it"),
    ("; the same command {}", "import_stop_test gives it again"),
    ("use the hourglass that wrote it{}", "golden_test reads files of other versions"),
    ("stopped on request; {} measurements are kept in {}; the same command", "scale_test"),
    (
        "nor a convolution with weights of its own: use --optimizer shampoo",
        "other checks of the settings come first: stage_mpi_test",
    ),
    (", and the same command continues", "scale_test: interrupted studies are continued"),
    (": use a larger value", "needs an MPI with few tags; tree_reducer_test"),
    ("the first item is the shape that enters, e.g. 28x28", "an example in a statement"),
    # Parts of one message whose other part is followed.
    ("; use another copy", "state_file_test damages every part; model files are followed"),
    (" is truncated; copy it again", "every file that is cut; copies are followed"),
    # The value in effect cannot be reached from the command line.
    ("', but e.g. hang,rank=1,step=5 is expected", "a variable for tests"),
    ("{}: there is no '{}'; choose one of", "choices are checked before: setting_hints_test"),
    ("so the learning rate is not the cause: use a bounded activation", "divergence_advice_test"),
    ("use another --optimizer, e.g. --optimizer adam", "divergence_advice_test"),
    ("are bound to the same {}: use mpirun {}, or mpirun --bind-to none", "placement_test"),
    ("try --tied-initialization, with which", "dead_unit_advice_test"),
    ("try a lower --learning-rate, or a smaller code", "dead_unit_advice_test"),
    # Choices and names: setting_hints_test tries all that are offered.
    ("use one of: {}", "setting_hints_test"),
    ("use one of ", "setting_hints_test"),
    ("'; use one of:", "setting_hints_test"),
    (" or remove it", "a part: hints_command_test"),
    ("a: pass (ms)", "a unit"),
    ("--feature-weights has {} numbers", "files are counted before: hints_train_test"),
    ("; did you mean", "setting_hints_test, hints_machine_test"),
    ("name run folders: hourglass watch run1/ run2/", "watch_test watches runs"),
    ("; choose another --port, or 0 for a free one", "watch_test follows it"),
    ("bash: source <(hourglass completion bash)", "tools_test sources them"),
    ("see ", "names a log"),
    (" features, the largest shares first; --json has all", "a heading: units_test"),
]


class HintsTest(unittest.TestCase):
    maxDiff = None

    def test_every_hint_has_a_row(self):
        known = [*tested_hints(), *(text for text, _ in REVIEWED)]
        missing = [
            f"{file}: {literal}"
            for file, literal in source_hints()
            if not any(text in literal for text in known)
        ]
        self.assertEqual(
            "\n".join(missing), "", "follow these hints in hints_*_test.py, or review them here"
        )

    def test_what_was_reviewed_is_still_there(self):
        literals = [literal for _, literal in source_hints()]
        for text, _ in REVIEWED:
            with self.subTest(text=text):
                self.assertTrue(any(text in literal for literal in literals), text)

    def test_most_hints_are_followed(self):
        tested = tested_hints()
        followed = [
            literal for _, literal in source_hints() if any(text in literal for text in tested)
        ]
        self.assertGreater(len(followed), 0.6 * len(source_hints()))


class OneDnnTest(HintTest):
    """After a build without oneDNN, installing it and following the hint gives a build with it."""

    def configure(self, *options):
        folder = self.folder / "project"
        folder.mkdir(exist_ok=True)
        (folder / "CMakeLists.txt").write_text(
            "cmake_minimum_required(VERSION 3.22)\nproject(x NONE)\n"
            f"include({ROOT}/cmake/onednn.cmake)\n"
            'message(STATUS "with oneDNN: ${HOURGLASS_WITH_ONEDNN}")\n'
        )
        command = ["cmake", "-S", folder, "-B", folder / "build", *options]
        done = subprocess.run(map(str, command), capture_output=True, text=True)
        found = re.search(r"with oneDNN: (\w+)", done.stdout)
        return found.group(1) if found else done.stderr

    def test_installed_after_a_build(self):
        absent = ["-DDNNL_LIBRARY=DNNL_LIBRARY-NOTFOUND", "-DDNNL_INCLUDE_DIR=x-NOTFOUND"]
        present = ["-DDNNL_LIBRARY=/usr/lib/libdnnl.so", "-DDNNL_INCLUDE_DIR=/usr/include"]
        source = (ROOT / "src/engine/arithmetic.cpp").read_text()
        (option,) = set(re.findall(r"-DHOURGLASS_ONEDNN=\w+", source))
        self.assertEqual(self.configure(*absent), "OFF")
        # Configuring again is enough, as `cmake --preset release` does it.
        self.assertEqual(self.configure(*present), "ON")
        self.assertEqual(self.configure(*absent), "OFF")
        self.assertEqual(self.configure(*present, option), "ON")
        # Also after a build that did not want it.
        self.assertEqual(self.configure("-DHOURGLASS_ONEDNN=OFF"), "OFF")
        self.assertEqual(self.configure(*present), "OFF")
        self.assertEqual(self.configure(option), "ON")
        self.assertIn("install libdnnl-dev", self.configure(*absent))


if __name__ == "__main__":
    unittest.main()
