"""What the probe costs: a measured forward and backward pass beside a plain one, on networks of PyTorch, torchvision and timm.

python tests/benchmarks/probe.py
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))

RUNS = 5


def networks() -> dict[str, tuple[Any, Any]]:
    import timm
    import torch
    from torch import nn
    from torchvision.models import resnet50

    mlp = nn.Sequential(*[part for _ in range(20) for part in (nn.Linear(1024, 1024), nn.ReLU())])
    return {
        "MLP, 20 × 1024": (mlp, torch.randn(512, 1024)),
        "ResNet-50": (resnet50(), torch.randn(4, 3, 224, 224)),
        "ViT-S/16": (timm.create_model("vit_small_patch16_224"), torch.randn(4, 3, 224, 224)),
    }


def seconds(run: Callable[[], object]) -> float:
    start = time.process_time()
    run()
    return time.process_time() - start


def main() -> None:
    import torch

    from propagation.probe import probe

    torch.set_num_threads(1)
    print(f"{'network':18}{'plain s':>10}{'measured s':>12}{'ratio':>8}")
    for name, (model, batch) in networks().items():
        parameters = list(model.parameters())

        def plain(model: Any = model, batch: Any = batch, parameters: Any = parameters) -> None:
            output = model(batch)
            torch.autograd.grad(output, parameters, torch.randn_like(output))

        def measured(model: Any = model, batch: Any = batch) -> None:
            probe(model, batch)

        plain(), measured()
        # side by side, so that what else the machine does slows both; seconds of the processor
        pairs = [(seconds(plain), seconds(measured)) for _ in range(RUNS)]
        best = min(pair[0] for pair in pairs), min(pair[1] for pair in pairs)
        print(f"{name:18}{best[0]:10.3f}{best[1]:12.3f}{best[1] / best[0]:8.2f}", flush=True)


if __name__ == "__main__":
    main()
