#!/usr/bin/env python3
"""Compares the weights digests of twelve small trainings between two programs or with a file.

    scripts/compare_digests.py PROGRAM [OTHER]
    scripts/compare_digests.py PROGRAM --save before.json
    scripts/compare_digests.py PROGRAM --against before.json

Trains each configuration on the first images of Fashion-MNIST (Debian's dataset-fashion-mnist) on
1, 2 and 3 ranks and prints the digests that `hourglass inspect` reports. Takes about 20 seconds per
program. Exits with 1 when a digest differs, or when the digests of one program depend on the number
of ranks ("allreduce" alone may), with 64 for wrong usage and with 70 when a training fails.

Digests depend on the kernels of the BLAS library, which it chooses by the CPU: they are comparable
only on one machine (or under one OPENBLAS_CORETYPE) with the same libraries. A file made on another
machine proves nothing.
"""
import argparse
import gzip
import json
import os
import re
import shutil
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

USAGE, FAILURE = 64, 70
IMAGES = Path("/usr/share/datasets/fashion-mnist")
TRAIN_IMAGES, TEST_IMAGES = 700, 150  # the last batch and the last micro-batch are incomplete
RANKS = (1, 2, 3)
MPIRUN = ["mpirun", "--oversubscribe", "--bind-to", "none", "--mca", "mpi_yield_when_idle", "1"]
ENVIRONMENT = {
    "OMPI_MCA_pml": "ob1",
    "HWLOC_COMPONENTS": "-gl",
    **os.environ,
    "OMPI_ALLOW_RUN_AS_ROOT": "1",
    "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
    "OMPI_MCA_rmaps_base_oversubscribe": "1",
}

COMMON = "--layers 784,64,24,8 --batch 96 --micro-batch 16 --epochs 2 --learning-rate 3e-3"
COMMON += " --shuffle-block 8 --shuffle-window 4 --log-every 0 --progress none"
CONFIGURATIONS = {
    "dense": "--ema 0.9 --schedule cosine --clip-norm 1 --corruption masking",
    "convolutional": "--layers 28x28,conv:6x3s2,conv:8x3s2,8 --activation silu --layer-norm",
    "variational": "--variational --loss bce --loss-reduction sum --beta 0.5",
    "contractive": "--contractive 0.1 --activation sigmoid --code-activation sigmoid",
    "tied": "--tied --activation tanh --normalize standardize --output-activation linear",
    "rbm": "--pretrain rbm --pretrain-epochs 1 --activation sigmoid --rbm-steps 2",
    "lbfgs": "--optimizer lbfgs --lbfgs-history 4 --epochs 5",
    "muon": "--optimizer muon --momentum 0.9 --learning-rate 0.02",
    "lamb": "--optimizer lamb --weight-decay 0.01 --schedule one-cycle",
    "bf16": "--precision bf16 --force-precision --gradient-wire bf16",
    "streamed": "--memory 0 --threads 2 --bucket-bytes 1024 --k-sparse 4",
    "allreduce": "--reduction allreduce",
}
DEPENDS_ON_RANKS = {"allreduce"}
NEEDS_BF16 = {"bf16"}


def fail(text, code):
    print(f"compare_digests.py: {text}", file=sys.stderr)
    sys.exit(code)


def output_of(command, what):
    result = subprocess.run(
        [str(word) for word in command],
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        env=ENVIRONMENT,
        check=False,
    )
    if result.returncode != 0:
        command_line = " ".join(map(str, command))
        fail(f"{what} failed: {command_line}\n{result.stdout}{result.stderr}", FAILURE)
    return result.stdout


def make_data(program, folder):
    """The HDF5 file of the first images: /train/samples and /test/samples."""
    data = folder / "data.h5"
    for group, prefix, count in (("train", "train", TRAIN_IMAGES), ("test", "t10k", TEST_IMAGES)):
        source = IMAGES / f"{prefix}-images-idx3-ubyte.gz"
        if not source.is_file():
            fail(f"{source} is missing: run scripts/install_deps.sh", FAILURE)
        with gzip.open(source) as file:
            magic, _, height, width = struct.unpack(">4i", file.read(16))
            pixels = file.read(count * height * width)
        idx = folder / f"{group}-images"
        idx.write_bytes(struct.pack(">4i", magic, count, height, width) + pixels)
        output_of([program, "import", idx, "--output", f"{data}:/{group}"], "the import")
    return data


def train(program, name, ranks, data, folder):
    """The weights digest of one training."""
    words = {}  # an option of the configuration replaces the common one
    for option in re.findall(r"--\S+(?: [^-]\S*)?", f"{COMMON} {CONFIGURATIONS[name]}"):
        words[option.split()[0]] = option.split()
    run = folder / f"{name}-{ranks}"
    launcher = [*MPIRUN, "-n", ranks] if ranks > 1 else []
    source = ["--data", f"{data}:/train/samples", "--validation", f"{data}:/test/samples"]
    options = [word for option in words.values() for word in option]
    output_of([*launcher, program, "train", "--output", run, *source, *options], f"{name}")
    report = output_of([program, "inspect", "--json", run / "model.h5"], f"inspect of {name}")
    shutil.rmtree(run)
    return json.loads(report)["weights_digest"]


def digests_of(program, names, folder):
    """{configuration: {ranks: digest}}; configurations that the program cannot run are missing."""
    about = output_of([program, "--version"], "--version")
    machine = re.search(r"^BLAS +(.*)$", about, re.MULTILINE)[1]
    print(f"{program}\n{machine}")
    data = make_data(program, folder)
    digests = {}
    for name in names:
        if name in NEEDS_BF16 and not re.search(
            r"^oneDNN .*(AVX512-BF16|AMX)$", about, re.MULTILINE
        ):
            print(f"{name:14} skipped: no oneDNN in this build, or a CPU without bf16")
            continue
        digests[name] = {}
        for ranks in RANKS:
            digests[name][str(ranks)] = train(program, name, ranks, data, folder)
        same = len(set(digests[name].values())) == 1
        shown = [("1, 2, 3", digests[name]["1"])] if same else digests[name].items()
        for ranks, digest in shown:
            print(f"{name:14} {ranks:>7} {digest}", flush=True)
    return {"blas": machine, "digests": digests}


def dependent_on_ranks(found):
    """One line for each configuration whose digests must not depend on the ranks, but do."""
    return [
        f"{name}: the digest depends on the number of ranks"
        for name, digests in found["digests"].items()
        if name not in DEPENDS_ON_RANKS and len(set(digests.values())) > 1
    ]


def differences(before, after):
    """One line for each digest that is not the same in both."""
    lines = []
    for name in before["digests"].keys() | after["digests"].keys():
        first, second = (found["digests"].get(name, {}) for found in (before, after))
        for ranks in sorted(first.keys() | second.keys()):
            digest, other = first.get(ranks, "missing"), second.get(ranks, "missing")
            if other != digest:
                lines.append(f"{name} on {ranks}: {digest} and {other}")
    return sorted(lines)


def read(path):
    try:
        found = json.loads(path.read_text())
        return {"blas": found["blas"], "digests": {k: dict(v) for k, v in found["digests"].items()}}
    except OSError as error:
        fail(f"cannot read {path}: {error.strerror}", USAGE)
    except (ValueError, KeyError, TypeError, AttributeError):
        fail(f"{path} was not written by --save", USAGE)


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("program", type=Path)
    parser.add_argument("other", type=Path, nargs="?")
    parser.add_argument("--save", type=Path, metavar="FILE", help="write PROGRAM's digests (JSON)")
    parser.add_argument("--against", type=Path, metavar="FILE", help="compare with a saved file")
    parser.add_argument("--only", metavar="NAMES", help="configurations, between commas")
    try:
        arguments = parser.parse_args()
    except SystemExit as end:
        sys.exit(USAGE if end.code else 0)
    names = arguments.only.split(",") if arguments.only else list(CONFIGURATIONS)
    unknown = [name for name in names if name not in CONFIGURATIONS]
    if unknown:
        fail(f"no configuration {unknown[0]}: {', '.join(CONFIGURATIONS)}", USAGE)
    programs = [path.resolve() for path in (arguments.program, arguments.other) if path]
    for program in programs:
        if not os.access(program, os.X_OK) or not program.is_file():
            fail(f"{program} is not a program", USAGE)
    expected = read(arguments.against) if arguments.against else None

    found = []
    for program in programs:
        with tempfile.TemporaryDirectory(prefix="hourglass-digests-") as folder:
            # Open MPI's session folder is shared by a user's jobs unless each has its own.
            ENVIRONMENT["OMPI_MCA_orte_tmpdir_base"] = folder
            found.append(digests_of(program, names, Path(folder)))
    if arguments.save:
        arguments.save.write_text(json.dumps(found[0], indent=1) + "\n")
    problems = [line for each in found for line in dependent_on_ranks(each)]
    references = [found[0]] if len(found) > 1 else []
    if expected:
        expected["digests"] = {k: v for k, v in expected["digests"].items() if k in names}
        references.append(expected)
    for reference in references:
        if reference["blas"] != found[-1]["blas"]:
            problems.append(f"not comparable: {reference['blas']} and {found[-1]['blas']}")
        problems += differences(reference, found[-1])
    for line in problems:
        print(f"DIFFERENT {line}")
    if not problems and references:
        print("all digests are equal")
    sys.exit(1 if problems else 0)


if __name__ == "__main__":
    main()
