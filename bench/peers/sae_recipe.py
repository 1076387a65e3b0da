#!/usr/bin/env python3
"""Sparse autoencoders by the published recipes in PyTorch, for bench/sae_quality.py: what a user
would write instead.

  topk        the k largest of relu(z) of a sample, AuxK loss of dead units (Gao et al. 2024)
  batch-topk  the k B largest of a batch, then a running threshold (Bussmann et al. 2024)
  jumprelu    learned thresholds, L0 penalty by a straight-through gradient (Rajamanoharan et al.
              2024)
  gated       a gate and a magnitude of shared directions, the gate trained by an L1 penalty and
              an auxiliary reconstruction (Rajamanoharan et al. 2024)
  l1          relu(z) and an L1 penalty times the norms of the atoms (Bricken et al. 2023)

All have a pre-bias (it begins as the mean), tied start, atoms of norm 1 with gradients orthogonal
to them, and Adam. Writes the arrays W_enc (d x n), b_enc, W_dec (n x d), b_dec, threshold and those
of gated to --output and prints one JSON object.
"""
import argparse
import json
import time

import h5py
import numpy as np
import torch


class Rectangle(torch.autograd.Function):
    """H(z - theta) with the straight-through gradient of width eps with respect to theta."""

    @staticmethod
    def forward(context, z, theta, width, times_z):
        context.save_for_backward(z, theta)
        context.width, context.times_z = width, times_z
        active = (z > theta).to(z.dtype)
        return z * active if times_z else active

    @staticmethod
    def backward(context, gradient):
        z, theta = context.saved_tensors
        near = ((z - theta).abs() < context.width / 2).to(z.dtype)
        factor = theta if context.times_z else 1.0
        towards_theta = -(factor * near * gradient / context.width).sum(0)
        towards_z = gradient * (z > theta) if context.times_z else None
        return towards_z, towards_theta, None, None


class Autoencoder(torch.nn.Module):
    def __init__(self, inputs, units, mean, threshold):
        super().__init__()
        atoms = torch.nn.functional.normalize(torch.randn(units, inputs), dim=1)
        self.w_dec = torch.nn.Parameter(atoms)
        self.w_enc = torch.nn.Parameter(atoms.t().clone())
        self.b_enc = torch.nn.Parameter(torch.zeros(units))
        self.b_dec = torch.nn.Parameter(mean.clone())
        self.r_mag = torch.nn.Parameter(torch.zeros(units))
        self.b_mag = torch.nn.Parameter(torch.zeros(units))
        self.log_threshold = torch.nn.Parameter(torch.full((units,), float(np.log(threshold))))

    def products(self, x):
        return (x - self.b_dec) @ self.w_enc + self.b_enc

    def normalize(self):
        with torch.no_grad():
            self.w_dec.div_(self.w_dec.norm(dim=1, keepdim=True).clamp_min(1e-12))

    def orthogonalize(self):
        with torch.no_grad():
            along = (self.w_dec.grad * self.w_dec).sum(1, keepdim=True)
            self.w_dec.grad.sub_(along * self.w_dec)


def kept_largest(values, k):
    top = values.topk(k, dim=1)
    return torch.zeros_like(values).scatter(1, top.indices, top.values)


def train(arguments, data):
    torch.manual_seed(arguments.seed)
    model = Autoencoder(data.shape[1], arguments.units, data.mean(0), arguments.threshold)
    others = {"jumprelu": {"r_mag", "b_mag"}, "gated": {"log_threshold"}}.get(
        arguments.sparsity, {"r_mag", "b_mag", "log_threshold"}
    )
    used = [parameter for name, parameter in model.named_parameters() if name not in others]
    optimizer = torch.optim.Adam(used, lr=arguments.learning_rate)
    steps = len(data) // arguments.batch
    total_steps = steps * arguments.epochs
    unused = torch.zeros(arguments.units, dtype=torch.long)
    dead_after = arguments.dead_after or max(16 * arguments.batch, len(data) // 8)
    aux_k = arguments.aux_k if arguments.aux_k >= 0 else data.shape[1] // 2
    smallest = None
    step = 0
    for _ in range(arguments.epochs):
        order = torch.randperm(len(data))
        for begin in range(0, steps * arguments.batch, arguments.batch):
            x = data[order[begin : begin + arguments.batch]]
            z = model.products(x)
            penalty = 0.0
            if arguments.sparsity == "topk":
                code = kept_largest(z.relu(), arguments.k)
            elif arguments.sparsity == "batch-topk":
                flat = kept_largest(z.relu().reshape(1, -1), arguments.k * len(x))
                code = flat.reshape(z.shape)
                with torch.no_grad():
                    least = code[code > 0].min()
                    smallest = least if smallest is None else 0.999 * smallest + 0.001 * least
            elif arguments.sparsity == "jumprelu":
                theta = model.log_threshold.exp()
                code = Rectangle.apply(z, theta, arguments.bandwidth, True)
                gates = Rectangle.apply(z, theta, arguments.bandwidth, False)
                warm = min(1.0, (step + 1) / max(1, total_steps // 5))
                penalty = arguments.weight * warm * gates.sum(1).mean()
            elif arguments.sparsity == "gated":
                magnitudes = (z - model.b_enc) * model.r_mag.exp() + model.b_mag
                code = magnitudes.relu() * (z > 0)
                gate = z.relu()
                penalty = arguments.weight * gate.sum(1).mean()
                rebuilt = gate @ model.w_dec.detach() + model.b_dec.detach()
                penalty = penalty + (x - rebuilt).square().sum(1).mean() / x.shape[1]
            else:
                code = z.relu()
                penalty = arguments.weight * code.sum(1).mean()
            output = code @ model.w_dec + model.b_dec
            error = x - output
            loss = error.square().sum(1).mean() / x.shape[1] + penalty
            active = (code > 0).any(0)
            unused = torch.where(active, torch.zeros_like(unused), unused + len(x))
            dead = unused > dead_after
            if arguments.sparsity.endswith("topk") and aux_k > 0 and dead.any():
                count = min(aux_k, int(dead.sum()))
                aux = kept_largest(torch.where(dead, z.relu(), torch.zeros(())), count)
                left = error.detach()
                aux_error = left - aux @ model.w_dec
                scale = (left - left.mean(0)).square().sum(1).mean().clamp_min(1e-12)
                variance = (x - x.mean(0)).square().sum(1).mean() / x.shape[1]
                loss = loss + variance * aux_error.square().sum(1).mean() / scale / 32
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            model.orthogonalize()
            optimizer.step()
            model.normalize()
            step += 1
    threshold = np.zeros(arguments.units, np.float32)
    if arguments.sparsity == "batch-topk":
        threshold[:] = float(smallest)
    if arguments.sparsity == "jumprelu":
        threshold = model.log_threshold.detach().exp().numpy()
    return model, threshold


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", required=True, help="FILE.h5:/path/to/samples")
    parser.add_argument("--samples", type=int, default=0, help="use the first N samples only")
    parser.add_argument("--units", type=int, required=True)
    parser.add_argument(
        "--sparsity",
        choices=["topk", "batch-topk", "jumprelu", "l1", "gated"],
        default="topk",
    )
    parser.add_argument("--k", type=int, default=32)
    parser.add_argument("--weight", type=float, default=1e-3, help="of the L0 or L1 penalty")
    parser.add_argument("--threshold", type=float, default=0.1, help="jumprelu: at the start")
    parser.add_argument("--bandwidth", type=float, default=0.1)
    parser.add_argument("--aux-k", type=int, default=-1, help="-1: half of the features")
    parser.add_argument("--dead-after", type=int, default=0, help="samples; 0: as hourglass")
    parser.add_argument("--batch", type=int, default=1024)
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--learning-rate", type=float, default=1e-3)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--output", required=True, help="FILE.npz")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    file, path = arguments.data.split(":")
    with h5py.File(file, "r") as source:
        data = torch.from_numpy(source[path][: arguments.samples or None].astype(np.float32))
    begin = time.perf_counter()
    model, threshold = train(arguments, data)
    seconds = time.perf_counter() - begin
    np.savez(
        arguments.output,
        W_enc=model.w_enc.detach().numpy(),
        b_enc=model.b_enc.detach().numpy(),
        W_dec=model.w_dec.detach().numpy(),
        b_dec=model.b_dec.detach().numpy(),
        threshold=threshold,
        r_mag=model.r_mag.detach().numpy(),
        b_mag=model.b_mag.detach().numpy(),
        b_gate=model.b_enc.detach().numpy(),
    )
    print(json.dumps({"seconds": seconds, "torch": torch.__version__}))


if __name__ == "__main__":
    main()
