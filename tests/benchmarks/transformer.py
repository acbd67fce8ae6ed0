"""A transformer at its start, forward and backward: the engine beside PyTorch on the same processor, in turn.

    python tests/benchmarks/transformer.py

24 pre-norm blocks of width 1,024 with MLPs 4 times as wide, 4 sequences of 16 tokens. The engine measures every signal of every block on
its way, in double precision forward; PyTorch computes in single precision and measures nothing. One thread each; medians.
"Drawn" includes drawing the weights, and on our side the noise that stands for them; "held" is another pass through what was drawn before.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))

from propagation import Config, simulate

try:
    import torch
except ImportError:
    torch = None

ROUNDS = 5
CONFIG = Config(
    architecture="transformer",
    normalization="layer",
    depth=24,
    width=1024,
    heads=16,
    tokens=16,
    inputs=4,
    expansion=4,
    activation="gelu",
    scheme="lecun",
    bias_variance=0.0,
    trials=1,
)


def drawn_by_torch() -> Any:
    """The same blocks, each with weights of its own."""
    sizes = {"dim_feedforward": CONFIG.expansion * CONFIG.width, "dropout": 0.0, "activation": "gelu"}
    options = {"batch_first": True, "norm_first": True}
    return torch.nn.Sequential(
        *(torch.nn.TransformerEncoderLayer(CONFIG.width, CONFIG.heads, **sizes, **options) for _ in range(CONFIG.depth)),
        torch.nn.LayerNorm(CONFIG.width),
    )


def run_by_torch(model: Any) -> None:
    """Both passes, as one would write them; only gradients of weights are kept."""
    model.zero_grad(set_to_none=True)
    x = torch.randn(CONFIG.inputs, CONFIG.tokens, CONFIG.width)
    y = model(x)
    y.backward(torch.randn_like(y))


def seconds(run: Callable[[], object]) -> float:
    began = time.perf_counter()
    run()
    return time.perf_counter() - began


def main() -> None:
    if torch:
        torch.set_num_threads(1)  # as the engine has for one network
    ours: dict[str, list[float]] = {"drawn": [], "held": []}
    theirs: dict[str, list[float]] = {"drawn": [], "held": []}
    for turn in range(ROUNDS + 1):
        config = replace(CONFIG, seed=turn)
        times = {"drawn": seconds(lambda config=config: simulate(config)), "held": seconds(lambda config=config: simulate(config))}
        if torch:
            models: list[Any] = []
            drawn = seconds(lambda models=models: run_by_torch(models.append(drawn_by_torch()) or models[0]))
            held = seconds(lambda models=models: run_by_torch(models[0]))
        if turn:  # the first round warms up
            for kind, one in times.items():
                ours[kind].append(one)
            if torch:
                theirs["drawn"].append(drawn)
                theirs["held"].append(held)
    print(f"{'':8}{'ours':>9}{'torch':>9}   s, medians of {ROUNDS}")
    for kind, found in ours.items():
        mine = statistics.median(found)
        rival = f"{statistics.median(theirs[kind]):9.2f}{statistics.median(theirs[kind]) / mine:8.1f} ×" if torch else ""
        print(f"{kind:8}{mine:9.2f}{rival}", flush=True)


if __name__ == "__main__":
    main()
