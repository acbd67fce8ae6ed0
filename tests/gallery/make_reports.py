"""Make the reports that ship in assets/reports: networks of real libraries at random initialization, measured with propagation/probe.py.

    python tests/gallery/make_reports.py            # all of them; or names: resnet50 gpt2 …

It needs torch, torchvision, timm and transformers; nothing is downloaded. Images are Gaussian noise, tokens are random.
"""

from __future__ import annotations

import itertools
import math
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import nn

sys.path.insert(0, str(Path(__file__).parents[2]))

from propagation.probe import Report, probe

FOLDER = Path(__file__).parents[2] / "assets" / "reports"
DRAWS, SEED = 3, 0
NOISE = "Inputs are Gaussian noise, each number N(0, 1)."
TOKENS = "Inputs are random tokens."


def noise(*shape: int) -> Any:
    return torch.randn(shape, generator=torch.Generator().manual_seed(SEED))


def tokens(rows: int, length: int, vocabulary: int) -> Any:
    return torch.randint(vocabulary, (rows, length), generator=torch.Generator().manual_seed(SEED))


def resnet50() -> Report:
    from torchvision.models import resnet50

    return probe(lambda: resnet50(), noise(2, 3, 224, 224), draws=DRAWS, name="ResNet-50 (torchvision)", notes=[NOISE])


def resnet50_zero_init() -> Report:
    """The last norm of each branch starts at 0, so that every block is the identity and a ReLU."""
    from torchvision.models import resnet50

    name = "ResNet-50, zero_init_residual (torchvision)"
    return probe(lambda: resnet50(zero_init_residual=True), noise(2, 3, 224, 224), draws=DRAWS, name=name, notes=[NOISE])


def vit_small() -> Report:
    import timm

    make = lambda: timm.create_model("vit_small_patch16_224", pretrained=False)  # noqa: E731
    return probe(make, noise(2, 3, 224, 224), draws=DRAWS, name="ViT-S/16 (timm)", notes=[NOISE])


def gpt2() -> Report:
    from transformers import GPT2Config, GPT2LMHeadModel

    make = lambda: GPT2LMHeadModel(GPT2Config(bos_token_id=0, eos_token_id=0, use_cache=False))  # noqa: E731
    return probe(make, tokens(2, 64, 50257), draws=DRAWS, mode="eval", name="GPT-2, 12 blocks (transformers)", notes=[TOKENS])


def llama() -> Report:
    """Twelve blocks in LLaMA's form at GPT-2's width: gated MLPs, RMSNorm, no biases."""
    from transformers import LlamaConfig, LlamaForCausalLM

    sizes = {"hidden_size": 768, "intermediate_size": 2048, "num_hidden_layers": 12, "num_attention_heads": 12, "vocab_size": 32000}
    make = lambda: LlamaForCausalLM(LlamaConfig(**sizes, use_cache=False))  # noqa: E731
    return probe(make, tokens(2, 64, 32000), draws=DRAWS, mode="eval", name="LLaMA-like, 12 blocks (transformers)", notes=[TOKENS])


def transformer_encoder() -> Report:
    """`nn.TransformerEncoder` copies the layer that it is given."""

    def make() -> Any:
        layer = nn.TransformerEncoderLayer(256, 8, 1024, dropout=0.0, batch_first=True, norm_first=True)
        return nn.TransformerEncoder(layer, 24, enable_nested_tensor=False)

    return probe(make, noise(4, 32, 256), draws=DRAWS, name="nn.TransformerEncoder, 24 layers, norm_first", notes=[NOISE])


def mlp() -> Report:
    """Thirty layers as nn.Linear draws them: σ_w² = 1/3, where ReLU needs 2."""

    def make() -> Any:
        layers = [part for _ in range(30) for part in (nn.Linear(256, 256), nn.ReLU())]
        return nn.Sequential(*layers, nn.Linear(256, 10))

    return probe(make, noise(64, 256), draws=5, name="MLP, 30 layers, default nn.Linear and ReLU", notes=[NOISE])


class Sine(nn.Module):
    """sin(30 x), as SIREN has it (Sitzmann et al. 2020)."""

    w0 = 30.0

    def forward(self, x: Any) -> Any:
        return torch.sin(self.w0 * x)


def siren() -> Report:
    """Weights U(±1/n) in the first layer and U(±√(6/n)/30) in the others."""

    def make() -> Any:
        sizes = [2, 256, 256, 256, 256, 1]
        layers: list[Any] = []
        for place, (ins, outs) in enumerate(itertools.pairwise(sizes)):
            linear = nn.Linear(ins, outs)
            bound = 1 / ins if place == 0 else math.sqrt(6 / ins) / Sine.w0
            nn.init.uniform_(linear.weight, -bound, bound)
            layers += [linear, Sine()]
        return nn.Sequential(*layers[:-1])

    line = torch.linspace(-1, 1, 32)
    grid = torch.cartesian_prod(line, line)
    return probe(make, grid, draws=5, name="SIREN, 5 layers", notes=["Inputs are the points of a grid on [−1, 1]²."])


def dcgan_discriminator() -> Report:
    """As Radford et al. 2016 describe it: strided convolutions, batch norm, leaky ReLU 0.2, weights N(0, 0.02²)."""

    def make() -> Any:
        widths = [3, 64, 128, 256, 512]
        layers: list[Any] = []
        for place, (ins, outs) in enumerate(itertools.pairwise(widths)):
            layers += [nn.Conv2d(ins, outs, 4, 2, 1, bias=False), *([nn.BatchNorm2d(outs)] if place else []), nn.LeakyReLU(0.2)]
        model = nn.Sequential(*layers, nn.Conv2d(512, 1, 4, bias=False))
        for module in model.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.normal_(module.weight, std=0.02)
            elif isinstance(module, nn.BatchNorm2d):
                nn.init.normal_(module.weight, 1.0, 0.02)
        return model

    return probe(make, noise(8, 3, 64, 64), draws=5, name="DCGAN discriminator", notes=[NOISE])


REPORTS: dict[str, Callable[[], Report]] = {
    make.__name__: make
    for make in (resnet50, resnet50_zero_init, vit_small, gpt2, llama, transformer_encoder, mlp, siren, dcgan_discriminator)
}


def main(names: list[str]) -> None:
    torch.set_num_threads(1)  # sums are added up in one order
    FOLDER.mkdir(exist_ok=True)
    for name in names or REPORTS:
        report = REPORTS[name]()
        report.save(FOLDER / f"{name}.json")
        print(report, f"{(FOLDER / f'{name}.json').stat().st_size:,} bytes", sep="\n", end="\n\n", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
