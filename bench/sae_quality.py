#!/usr/bin/env python3
"""What sparse autoencoders find in data whose parts are known (`hourglass generate
superposition`), by Hourglass and by the published recipes in PyTorch (bench/peers/sae_recipe.py):
a table for docs/sparse-autoencoders.md.

  bench/sae_quality.py [--atoms 4096 --dimension 512 --active 20] [--samples 200000] [--epochs 5]
    [--seeds 3] [--kinds topk,batch-topk,jumprelu,l1,gated] [--peers torch,none]

Same data, batch, epochs and number of units (as many as atoms). Hourglass scales its inputs to a
mean square of 1, so that the best rates differ; with -- --normalize none they are the same.
On samples held out:
  L0         active units of a sample
  FVE        fraction of variance explained, 1 - |x - x^|^2 / |x - mean|^2
  dead       units that no sample held out uses
  recovered  atoms to which some unit's atom has a cosine above 0.9
The weights of jumprelu, l1 and gated are searched for the L0 of topk, on the first seed.
"""
import argparse
import json
import math
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import h5py
import numpy as np

ROOT = Path(__file__).resolve().parents[1]
PYTHON = "/usr/bin/python3"  # Debian's, which has the packages
HELD_OUT = 5000


def hourglass(arguments, folder, kind, weight, seed):
    """The weights of a run, as SAELens' layout has them."""
    run = folder / "run"
    spec = {
        "topk": ["--sparsity", f"topk:{arguments.active}"],
        "batch-topk": ["--sparsity", f"batch-topk:{arguments.active}"],
        "jumprelu": ["--sparsity", "jumprelu:0.1", "--jumprelu-bandwidth", 0.1, "--l0", weight],
        "l1": ["--sparsity", "l1", "--l1", weight],
        "gated": ["--sparsity", "gated", "--l1", weight],
    }[kind]
    if kind == "jumprelu":
        spec += ["--l0-warmup", f"{max(1, arguments.epochs // 5)}epochs"]
    command = [
        *(arguments.program, "train", "--data", f"{folder / 'data.h5'}:/train/samples"),
        *("--layers", f"{arguments.dimension},{arguments.atoms}", "--output", run),
        *("--output-activation", "linear", "--batch", arguments.batch, "--micro-batch", 128),
        *("--epochs", arguments.epochs, "--learning-rate", arguments.learning_rate),
        *("--seed", seed, "--progress", "none", "--memory", "4GiB", *spec),
        *("--select-rows", f"0:{arguments.samples}", *arguments.options),
    ]
    subprocess.run(["rm", "-rf", str(run), str(folder / "sae")], check=True)
    subprocess.run([str(word) for word in command], check=True, stdout=subprocess.DEVNULL)
    export = ["export", "safetensors", "--layout", "saelens", "--model", run / "model.h5"]
    command = [arguments.program, *export, "--output", folder / "sae"]
    subprocess.run([str(word) for word in command], check=True, stdout=subprocess.DEVNULL)
    content = (folder / "sae/sae_weights.safetensors").read_bytes()
    length = int.from_bytes(content[:8], "little")
    tensors = {}
    for name, entry in json.loads(content[8 : 8 + length]).items():
        if name != "__metadata__":
            begin, end = entry["data_offsets"]
            values = np.frombuffer(content[8 + length + begin : 8 + length + end], "<f4")
            tensors[name] = values.reshape(entry["shape"])
    cfg = json.loads((folder / "sae/cfg.json").read_text())
    if not cfg["apply_b_dec_to_input"]:
        shift = tensors["b_dec"] @ tensors["W_enc"]
        for name, factor in (("b_enc", 1), ("b_gate", 1), ("b_mag", None)):
            if name in tensors:
                factor = np.exp(tensors["r_mag"]) if factor is None else factor
                tensors[name] = tensors[name] + factor * shift
    return tensors


def recipe(arguments, folder, kind, weight, seed):
    output = folder / "weights.npz"
    command = [
        *(PYTHON, ROOT / "bench/peers/sae_recipe.py", "--data"),
        *(f"{folder / 'data.h5'}:/train/samples", "--samples", arguments.samples),
        *("--units", arguments.atoms, "--sparsity", kind, "--k", arguments.active),
        *("--weight", weight, "--epochs", arguments.epochs, "--batch", arguments.batch),
        *("--learning-rate", arguments.peer_learning_rate or arguments.learning_rate),
        *("--seed", seed, "--output", output),
    ]
    subprocess.run([str(word) for word in command], check=True, stdout=subprocess.DEVNULL)
    return dict(np.load(output))


def codes_of(tensors, kind, k, x):
    z = (x - tensors["b_dec"]) @ tensors["W_enc"]
    if kind == "gated":
        magnitudes = np.maximum(z * np.exp(tensors["r_mag"]) + tensors["b_mag"], 0)
        return np.where(z + tensors["b_gate"] > 0, magnitudes, 0)
    z = np.maximum(z + tensors["b_enc"], 0)
    if kind == "topk":
        bound = np.partition(z, -k, axis=1)[:, -k][:, None]
        return np.where(z >= bound, z, 0)
    return np.where(z > tensors.get("threshold", 0), z, 0)


def measures(tensors, kind, arguments, x, atoms):
    codes = codes_of(tensors, kind, arguments.active, x)
    error = x - codes @ tensors["W_dec"] - tensors["b_dec"]
    norms = np.linalg.norm(tensors["W_dec"], axis=1, keepdims=True)
    cosines = atoms @ (tensors["W_dec"] / np.maximum(norms, 1e-12)).T
    return {
        "L0": np.count_nonzero(codes) / len(x),
        "FVE": 1 - np.square(error).sum() / np.square(x - x.mean(axis=0)).sum(),
        "dead": np.mean(~(codes > 0).any(axis=0)),
        "recovered": np.mean(cosines.max(axis=1) > 0.9),
    }


def weight_for(trained, wanted, start):
    """The penalty whose L0 is near the wanted: L0 falls as it grows."""
    low, high, weight, best = None, None, start, None
    for _ in range(8):
        found = trained(weight)["L0"]
        if best is None or abs(math.log(max(found, 0.1) / wanted)) < best[0]:
            best = (abs(math.log(max(found, 0.1) / wanted)), weight)
        if best[0] < 0.05:
            break
        low, high = (weight, high) if found > wanted else (low, weight)
        weight = math.sqrt(low * high) if low and high else weight * (3 if high is None else 1 / 3)
    return best[1]


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--program", default=str(ROOT / "build/release/bin/hourglass"))
    parser.add_argument("--atoms", type=int, default=4096)
    parser.add_argument("--dimension", type=int, default=512)
    parser.add_argument("--active", type=int, default=20)
    parser.add_argument("--noise", type=float, default=0.05)
    parser.add_argument("--offset", type=float, default=0)
    parser.add_argument("--samples", type=int, default=200000)
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--batch", type=int, default=1024)
    parser.add_argument("--learning-rate", type=float, default=1e-3)
    parser.add_argument("--peer-learning-rate", type=float, help="by default the same")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--kinds", default="topk,batch-topk,jumprelu,l1,gated")
    parser.add_argument("--first-weight", type=float, default=5e-3, help="of the search")
    parser.add_argument("--peers", choices=["torch", "none"], default="torch")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("options", nargs="*", help="further options of hourglass train, after --")
    arguments = parser.parse_args()
    sides = {"hourglass": hourglass}
    if arguments.peers == "torch":
        found = subprocess.run([PYTHON, "-c", "import torch"], capture_output=True, check=False)
        if found.returncode:
            print(
                "sae_quality.py: PyTorch is not installed (scripts/install_deps.sh --extras); "
                "--peers none goes without",
                file=sys.stderr,
            )
            sys.exit(77)
        sides["PyTorch"] = recipe
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        command = [
            *(arguments.program, "generate", "superposition"),
            *("--samples", arguments.samples + HELD_OUT, "--atoms", arguments.atoms),
            *("--dimension", arguments.dimension, "--active", arguments.active),
            *("--noise", arguments.noise, "--offset", arguments.offset),
            *("--output", f"{folder / 'data.h5'}:/train"),
        ]
        subprocess.run([str(word) for word in command], check=True, stdout=subprocess.DEVNULL)
        with h5py.File(folder / "data.h5", "r") as file:
            x = file["train/samples"][arguments.samples :]
            atoms = file["train/atoms"][()]
        if not arguments.json:
            print("| sparsity | program | weight | L0 | FVE | dead | recovered |")
            print("| --- | --- | ---: | ---: | ---: | ---: | ---: |")
        for kind in arguments.kinds.split(","):
            for side, train in sides.items():

                def trained(weight, seed=1):
                    tensors = train(arguments, folder, kind, weight, seed)
                    return measures(tensors, kind, arguments, x, atoms)

                weight = 0
                if kind in ("jumprelu", "l1", "gated"):
                    weight = weight_for(trained, arguments.active, arguments.first_weight)
                runs = [trained(weight, seed) for seed in range(1, arguments.seeds + 1)]
                report(arguments, kind, side, weight, runs)


def report(arguments, kind, side, weight, runs):
    means = {name: statistics.mean(run[name] for run in runs) for name in runs[0]}
    spread = {name: max(abs(run[name] - means[name]) for run in runs) for name in runs[0]}
    if arguments.json:
        result = {"sparsity": kind, "program": side, "weight": weight, "runs": runs}
        print(json.dumps(result, default=float), flush=True)
        return
    print(
        f"| {kind} | {side} | {f'{weight:.2g}' if weight else '-'} | {means['L0']:.1f} | "
        f"{means['FVE']:.4f} +- {spread['FVE']:.4f} | {100 * means['dead']:.1f} % | "
        f"{100 * means['recovered']:.1f} +- {100 * spread['recovered']:.1f} % |",
        flush=True,
    )


if __name__ == "__main__":
    main()
