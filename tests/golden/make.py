#!/usr/bin/env python3
"""Makes the golden files of a release: /usr/bin/python3 -B tests/golden/make.py PROGRAM

Each release has one folder here, named by its version and made by its own program, once: the files
that its users have. tests/program/golden_test.py holds every later program to them: it reads them,
resumes the runs to the same bits and finds the same values. A folder is therefore never made again,
changed or replaced; this script refuses to. A new release gets a new folder; so does a change of a
file format before it is released. What a release adds (an optimizer, a kind of model, a result
file) is added to the lists below first.

    data.h5, table.h5   data sets, written by `hourglass import` and `generate`; data.h5 is small:
                        90 + 40 samples of 12 features, integers
    models/             a model of each kind
    outputs/            what encode, score, reconstruct and sample wrote from each of them
    runs/               folders of runs that were killed in the middle of an epoch (L-BFGS, whose
                        steps are epochs, between two): one for each
                        optimizer and for all else that a checkpoint holds
    finished/           the folder of a run that ended
    sweep/              a sweep that lacks one of two trials
    scaling.jsonl       a scaling study
    expected.json       what has to come out; the libraries that the bits depend on

The program computes with the kernels that OpenBLAS has for Haswell, which every x86-64 CPU with
AVX2 and FMA executes, so that the bits can be reproduced on most machines.
"""
import csv
import json
import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np

GOLDEN = Path(__file__).resolve().parent
MPIRUN = ["mpirun", "--oversubscribe", "--bind-to", "none"]
ENVIRONMENT = {
    **os.environ,
    "OPENBLAS_CORETYPE": "Haswell",
    "OMPI_MCA_pml": "ob1",
    "HWLOC_COMPONENTS": "-gl",
    "OMPI_ALLOW_RUN_AS_ROOT": "1",
    "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
    "OMPI_MCA_rmaps_base_oversubscribe": "1",
}

# 4 steps per epoch, the last of 18 samples: the checkpoint of step 6 is in the middle of epoch 2.
DATA = "--data data.h5:/train/samples --validation data.h5:/test/samples"
COMMON = f"{DATA} --layers 12,8,3 --batch 24 --micro-batch 4 --epochs 3 --learning-rate 3e-3"
COMMON += " --shuffle-block 2 --shuffle-window 4 --log-every 2 --progress none"

MODELS = {
    "dense": "",
    "convolutional": "--layers 3x4,conv:3x3s2,3 --activation gelu",
    "transposed": "--layers 3x4,conv:2x3s2,3 --decoder-layers 3,3x2x3,tconv:1x1x2s1x2",
    "variational": "--variational --loss bce --activation softplus",
    "tied": "--tied --activation tanh",
    "k-sparse": "--layers 12,8,6 --k-sparse 2 --activation selu",
    "standardized": "--normalize standardize --output-activation linear --code-activation sigmoid",
    "feature-weights": "--feature-weights inverse-variance --activation elu",
    "layer-norm": "--layer-norm --activation silu",
    "predictive": "--layers 12,15 --predictive --l1 0.01 --output-activation linear",
    "averaged": "--ema 0.9",
}
RUNS = {
    "sgd": "--optimizer sgd --learning-rate 0.1",
    "momentum": "--optimizer sgd --momentum 0.9 --learning-rate 0.05 --schedule exponential",
    "nesterov": "--optimizer sgd --momentum 0.9 --nesterov --learning-rate 0.05 --clip-norm 0.05",
    "sutskever": "--optimizer sgd --momentum 0.99 --momentum-schedule sutskever --nesterov"
    " --learning-rate 0.02",
    "adam": "--optimizer adam --weight-decay 1e-3 --schedule cosine --warmup-epochs 1",
    "adamw": "--optimizer adamw --weight-decay 1e-2 --schedule step --decay-epochs 1"
    " --clip-norm 0.1",
    "nadam": "--optimizer nadam --schedule one-cycle",
    "adagrad": "--optimizer adagrad --learning-rate 0.01 --schedule inverse-sqrt --warmup-epochs 1",
    "rmsprop": "--optimizer rmsprop",
    "rmsprop-centered": "--optimizer rmsprop --centered --momentum 0.5",
    "adadelta": "--optimizer adadelta --learning-rate 1 --epsilon 1e-6",
    "lars": "--optimizer lars --momentum 0.9 --trust-coefficient 0.1 --learning-rate 0.5",
    "lamb": "--optimizer lamb --weight-decay 1e-2 --schedule polynomial --decay-power 2",
    "muon": "--optimizer muon --momentum 0.9 --learning-rate 0.02",
    "lbfgs": "--optimizer lbfgs --lbfgs-history 4 --activation tanh --epochs 12",
    "averaged": "--ema 0.9 --encoder-rate-factor 0.5 --schedule cosine-restarts --decay-epochs 1",
    "plateau": "--optimizer sgd --learning-rate 4 --schedule plateau --patience 1 --keep-best"
    " --early-stopping 5 --epochs 6",
    "wire": "--gradient-wire bf16 --feature-weights inverse-variance",
    "convolutional": "--layers 3x4,conv:3x3s2,3 --layer-norm --corruption masking",
    "variational": "--variational --loss bce --hidden-noise dropout:0.2",
    "tied": "--tied --normalize standardize" " --output-activation linear --memory 0",
    "pretrained": "--pretrain denoising --pretrain-epochs 2 --activation sigmoid",
    "pretrained-rbm": "--pretrain rbm --pretrain-epochs 2 --activation sigmoid",
    "pretrained-fine": "--pretrain rbm --pretrain-epochs 1 --activation sigmoid",
}
# Steps 1 to 8 train the first layer and 9 to 16 the second; with one epoch per layer, 9 to 20 train
# the whole network.
CHECKPOINT_STEP = {"pretrained-rbm": 10, "pretrained-fine": 11}
RECORD_KEYS = (
    *("kind", "phase", "layer", "epoch", "step", "loss", "sse", "validation_sse"),
    *("penalty", "learning_rate", "gradient_norm"),
)
TABLE = "--layers 12,5,2 --batch 10 --micro-batch 5 --epochs 2 --progress none"
PROBE = "--epochs 3 --batch 10 --micro-batch 5 --json"


class Maker:
    def __init__(self, program, folder):
        self.program, self.folder = program, folder

    def run(self, *words, code=0, fault=""):
        """The output of a command, which runs in the folder so that files hold relative paths."""
        environment = {**ENVIRONMENT, "HOURGLASS_FAULT": fault} if fault else ENVIRONMENT
        command = [str(self.program), *map(str, words)]
        result = subprocess.run(
            command, cwd=self.folder, env=environment, capture_output=True, text=True, check=False
        )
        if result.returncode != code:
            sys.exit(f"{' '.join(command)}: {result.returncode}\n{result.stdout}{result.stderr}")
        return result.stdout

    def train(self, output, options, **how):
        words = {}  # an option given later replaces the common one
        for option in re.findall(r"--\S+(?: [^-]\S*)?", f"{COMMON} {options}"):
            words[option.split()[0]] = option.split()
        options = [word for option in words.values() for word in option]
        return self.run("train", "--output", output, *options, **how)

    def digest(self, file):
        return json.loads(self.run("inspect", "--json", file))["weights_digest"]

    def records(self, run):
        """What metrics.jsonl says of the training, without times and memory."""
        lines = (self.folder / run / "metrics.jsonl").read_text().splitlines()
        return [[record[key] for key in RECORD_KEYS] for record in map(json.loads, lines)]

    def data(self):
        """Samples on a curved surface, imported as NumPy arrays and as a table with classes."""
        random = np.random.default_rng(5)
        hidden = random.uniform(-1, 1, (130, 2))
        waves = np.sin(3 * hidden @ random.normal(0, 1, (2, 12)))
        mixed = np.tanh(hidden @ random.normal(0, 1.2, (2, 12))) + 0.5 * waves
        samples = np.clip(127 + 80 * mixed, 0, 255).astype(np.uint8)
        labels = (hidden > 0) @ [1, 2]
        for group, part in (("train", slice(0, 90)), ("test", slice(90, 130))):
            np.save(self.folder / "samples.npy", samples[part])
            np.save(self.folder / "labels.npy", labels[part].astype(np.uint8))
            output = f"data.h5:/{group}"
            self.run("import", "samples.npy", "--labels", "labels.npy", "--output", output)
        with open(self.folder / "table.csv", "w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow([*(f"x{i}" for i in range(12)), "kind"])
            for sample, label in zip(samples[:40] / 256, labels):
                writer.writerow([*sample, ["north", "east", "south", "west"][label]])
        words = ["table.csv", "--label-column", "kind", "--compress", 4]
        self.run("import", *words, "--output", "table.h5:/imported")
        self.run("generate", "swiss-roll", "--samples", 20, "--output", "table.h5:/generated")
        for name in ("samples.npy", "labels.npy", "table.csv"):
            (self.folder / name).unlink()
        imported = ["--data", "table.h5:/imported/samples", *TABLE.split()]
        generated = ["--data", "table.h5:/generated/samples", *TABLE.split()]
        generated[generated.index("--layers") + 1] = "3,2"
        samples = "table.h5:/imported/samples"
        raw = ["--raw", "--data", samples, "--validation", samples, *PROBE.split()]
        found = {"probe": raw, "probed": json.loads(self.run("probe", *raw)), "trainings": []}
        for words in (imported, generated):
            self.run("train", *words, "--output", "scratch")
            found["trainings"].append([words, self.digest("scratch/model.h5")])
            shutil.rmtree(self.folder / "scratch")
        return found

    def outputs(self, name):
        """What the commands write and report; the written values are kept in outputs/."""
        model = ["--model", f"models/{name}.h5"]
        words = [*model, "--data", "data.h5:/test/samples"]
        output = f"outputs/{name}.h5"
        self.run("encode", *words, "--output", f"{output}:/encode")
        fit = ["--threshold-quantile", 0.9, "--fit", "data.h5:/train/samples"]
        self.run("score", *words, *fit, "--output", f"{output}:/score")
        self.run("reconstruct", *words, "--output", f"{output}:/reconstruct")
        if name == "variational":
            self.run("sample", *model, "--samples", 7, "--output", f"{output}:/sample")
        return {
            "digest": self.digest(f"models/{name}.h5"),
            "evaluate": json.loads(self.run("evaluate", *words, "--code", "--json")),
        }

    def models(self):
        found = {}
        for name, options in MODELS.items():
            self.train("scratch", options)
            (self.folder / "scratch/model.h5").rename(self.folder / f"models/{name}.h5")
            shutil.rmtree(self.folder / "scratch")
            found[name] = self.outputs(name)
        words = ["--data", "data.h5:/train/samples", "--components", 3, "--output", "models/pca.h5"]
        self.run("pca", *words)
        found["pca"] = self.outputs("pca")
        return found

    def codes(self):
        """Codes and the labels beside them, as encode wrote them, are a data set."""
        codes = "outputs/dense.h5:/encode/codes"
        words = ["--raw", "--data", codes, "--validation", codes, *PROBE.split()]
        return {"probe": words, "probed": json.loads(self.run("probe", *words))}

    def runs(self):
        found = {}
        for name, options in RUNS.items():
            output = f"runs/{name}"
            self.train(output, options)
            wanted = {"digest": self.digest(f"{output}/model.h5"), "records": self.records(output)}
            shutil.rmtree(self.folder / output)
            step = CHECKPOINT_STEP.get(name, 6)
            options += f" --checkpoint-every {step}steps --keep 1"
            self.train(output, options, code=-signal.SIGKILL, fault=f"kill,rank=0,step={step + 2}")
            files = [path.name for path in (self.folder / output / "checkpoints").iterdir()]
            if files != [f"step-{step:08}.h5"]:
                sys.exit(f"{output} has the checkpoints {files}, not that of step {step} alone")
            wanted["checkpoint"] = f"{output}/checkpoints/{files[0]}"
            wanted["checkpoint_digest"] = self.digest(wanted["checkpoint"])
            found[name] = wanted
        return found

    def finished(self):
        self.train("finished", "--epochs 4 --log-every 1")
        shutil.rmtree(self.folder / "finished/checkpoints")
        return {"digest": self.digest("finished/model.h5"), "records": self.records("finished")}

    def sweep(self):
        words = [*"--set learning-rate=1e-3,1e-2 --output sweep --".split(), *DATA.split()]
        words += "--layers 12,8,3 --batch 24 --micro-batch 6 --epochs 2".split()
        self.run("sweep", *words)
        rows = json.loads((self.folder / "sweep/results.json").read_text())
        digests = [self.digest(f"sweep/trial-000{number}/model.h5") for number in (1, 2)]
        shutil.rmtree(self.folder / "sweep/trial-0001/checkpoints")
        for path in (self.folder / "sweep").glob("*trial-0002*"):
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        self.run("sweep", "--report", "--output", "sweep")
        return {"command": words, "rows": rows, "digests": digests}

    def scaling(self):
        words = "--strong --ranks 1,2 --repetitions 2 --steps 2 --warm-up 1 --micro-batch 6".split()
        words += "--output scaling.jsonl -- --layers 12,8,3 --batch 24".split()
        self.run("scale", *words)
        self.run("report", "scaling", "scaling.jsonl", "--output", "scratch.html")
        with open(self.folder / "scratch.csv", newline="") as file:
            rows = list(csv.DictReader(file))
        for path in self.folder.glob("scratch*"):
            path.unlink()
        return rows


def check_every_optimizer_has_a_run(maker):
    text = " ".join(maker.run("train", "--help").split())
    names = re.search(r"Update rule: ([a-z, ]+) \[", text)[1].split(", ")
    for name in names:
        if not any(f"--optimizer {name}" in options for options in RUNS.values()):
            sys.exit(f"no run has --optimizer {name}: add one to RUNS")


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__.splitlines()[0])
    maker = Maker(Path(sys.argv[1]).resolve(), Path("."))
    about = maker.run("--version")
    version = about.split("\n")[0]
    folder = GOLDEN / version.split()[-1]
    if folder.exists():
        sys.exit(f"{folder} exists: golden files of a version are made once")
    check_every_optimizer_has_a_run(maker)
    maker.folder = folder
    for name in ("models", "outputs", "runs"):
        (folder / name).mkdir(parents=True)
    expected = {
        "version": version,
        "blas": re.search(r"^BLAS +(.*)$", about, re.MULTILINE)[1],
        "libc": os.confstr("CS_GNU_LIBC_VERSION"),
        "record_keys": RECORD_KEYS,
    }
    for part in ("data", "models", "codes", "runs", "finished", "sweep", "scaling"):
        expected[part] = getattr(maker, part)()
    for lock in folder.rglob(".*lock"):
        lock.unlink()
    text = json.dumps(expected, indent=1)
    text = re.sub(r"\[[^][{}]+\]", lambda found: " ".join(found[0].split()), text)  # a row per line
    (folder / "expected.json").write_text(text + "\n")
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    print(f"{folder}: {size / 1024:.0f} KiB")


if __name__ == "__main__":
    main()
