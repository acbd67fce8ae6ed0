"""Speed and memory of the engine, beside the same experiment written in PyTorch, as a table.

    python tests/benchmarks/engine.py            # PyTorch rows need torch; without it they are left out
    python tests/benchmarks/engine.py --widest   # width 1,000,000 alone, with its peak memory

Each comparison runs the two sides in turn, so that a machine that slows down slows both; medians and their ratio are printed.
"""

from __future__ import annotations

import argparse
import resource
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from propagation import Config, simulate

try:
    import torch
except ImportError:
    torch = None

DEPTH, INPUTS, BIAS = 50, 64, 0.05


def fresh_variances() -> Iterator[float]:
    """A new σ_w² at every call, so that no result can be remembered."""
    value = 1.5
    while True:
        value += 0.001
        yield value


def ours(width: int, trials: int, weight_variance: float) -> None:
    simulate(Config(depth=DEPTH, width=width, inputs=INPUTS, trials=trials, weight_variance=weight_variance, bias_variance=BIAS))


def torch_layers(width: int, weight_variance: float) -> list:
    layers = [torch.nn.Linear(width, width) for _ in range(DEPTH)]
    for layer in layers:
        torch.nn.init.normal_(layer.weight, 0, (weight_variance / width) ** 0.5)
        torch.nn.init.normal_(layer.bias, 0, BIAS**0.5)
    return layers


def torch_autograd(width: int, trials: int, weight_variance: float) -> None:
    """nn.Linear, tanh, backward(): the variances of z, h, ∂C/∂z and ∂C/∂W of every layer, as one would write it."""
    for _ in range(trials):
        layers = torch_layers(width, weight_variance)
        h = torch.randn(INPUTS, width)
        signals = []
        for layer in layers:
            z = layer(h)
            z.retain_grad()
            h = torch.tanh(z)
            signals.append((layer, z, h))
        h.backward(torch.randn(INPUTS, width))
        for layer, z, h in signals:
            for signal in (z, h, z.grad, layer.weight.grad):
                signal.var().item()


def torch_by_hand(width: int, trials: int, weight_variance: float) -> None:
    """The same without autograd and without ever forming ∂C/∂W: as lean as PyTorch gets while it holds W."""
    with torch.no_grad():
        for _ in range(trials):
            h = torch.randn(INPUTS, width)
            weights, signals = [], []
            for _ in range(DEPTH):
                weight = torch.empty(width, width).normal_(0, (weight_variance / width) ** 0.5)
                z = h @ weight.T + torch.empty(width).normal_(0, BIAS**0.5)
                weights.append(weight)
                signals.append((h, z))
                h = torch.tanh(z)
            gradient = torch.randn(INPUTS, width)
            for weight, (h, z) in zip(reversed(weights), reversed(signals), strict=True):
                delta = gradient * (1 - torch.tanh(z) ** 2)
                for signal in (z, h, delta):
                    signal.var().item()
                (delta.square().sum(1) * h.square().sum(1)).mean().item()
                gradient = delta @ weight


def medians(rivals: list[Callable], width: int, trials: int, runs: int) -> list[float]:
    """Median seconds of each rival, run in turn."""
    variances = fresh_variances()
    seconds: list[list[float]] = [[] for _ in rivals]
    for run in range(runs + 1):
        for rival, times in zip(rivals, seconds, strict=True):
            start = time.perf_counter()
            rival(width, trials, next(variances))
            if run:  # the first run draws the noise and warms up
                times.append(time.perf_counter() - start)
    return [statistics.median(times) for times in seconds]


def against_torch() -> None:
    print(f"{DEPTH} layers, {INPUTS} inputs, forward and backward, a new σ_w² each time; milliseconds, medians")
    print(f"{'width':>6} {'nets':>5} {'ours':>9} {'torch':>9} {'ratio':>6} {'by hand':>9} {'ratio':>6}")
    for width, trials, runs in ((512, 1, 9), (512, 8, 5), (2048, 1, 3), (2048, 8, 1)):
        rivals = [ours, torch_autograd, torch_by_hand] if torch else [ours]
        mine, *theirs = medians(rivals, width, trials, runs)
        columns = "".join(f" {1e3 * rival:9.0f} {rival / mine:5.1f}x" for rival in theirs)
        print(f"{width:>6} {trials:>5} {1e3 * mine:9.0f}{columns}", flush=True)


def redraws() -> None:
    print("\na redraw: simulate() at a new σ_w², milliseconds, medians")
    for name, config in {
        "default": {},
        "default, 64 inputs": {"inputs": 64},
        "default, orthogonal": {"weight_law": "orthogonal"},
        "default, gelu": {"activation": "gelu"},
        "uniform weights (dense)": {"weight_law": "uniform", "width": 256, "trials": 4},
    }.items():
        variances = fresh_variances()
        times = []
        for _ in range(8):
            start = time.perf_counter()
            simulate(Config(**config, weight_variance=next(variances)))
            times.append(time.perf_counter() - start)
        print(f"{name:>26} {1e3 * statistics.median(times[1:]):8.0f}")


def widths() -> None:
    print("\ncost against width: 20 layers, 8 inputs, 1 net, seconds")
    for width in (1_000, 10_000, 100_000, 1_000_000):
        start = time.perf_counter()
        simulate(Config(depth=20, width=width, inputs=8, trials=1))
        seconds = time.perf_counter() - start
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
        print(f"{width:>10,} {seconds:8.2f} s {1e9 * seconds / width:8.0f} ns a neuron   peak memory so far {peak:.2f} GiB", flush=True)


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--widest", action="store_true")
    if not arguments.parse_args().widest:
        against_torch()
        redraws()
    widths()


if __name__ == "__main__":
    main()
