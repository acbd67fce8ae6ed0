"""The script in PyTorch for blocks of more than two maps, and for copies of one: a `Block(nn.Module)` as one would write it."""

from __future__ import annotations

from dataclasses import replace

from propagation.architecture import head, is_coupled
from propagation.config import Config
from propagation.export.code import pytorch
from propagation.export.code.branches import has_blocks, input_size
from propagation.export.code.functions import definitions
from propagation.export.code.norms import norm_definition
from propagation.export.code.ops import layer_ops, norm_kind, op_constants
from propagation.export.code.settings import constants, digits, fill, layer_variance, root, rule_words, shifted, title
from propagation.export.code.torch_modules import branches, last_map, modules, own_weights, sums
from propagation.ops import z_map

_SCRIPT = '''
"""$title
"""

import numpy as np
import torch
import torch.nn.functional as F
@imports
from torch import nn

torch.set_default_dtype(torch.float64)  # a signal may fade below 1e-38, where single precision ends
@constants
@op_constants


@functions


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        @modules

    def forward(self, x):
        @sums
    @branches


class Network(nn.Module):
    def __init__(self):
        super().__init__()
        @stem
        self.blocks = nn.Sequential(*(Block() for _ in range(DEPTH)))

    def forward(self, x):
        return $output


def linear_layers(module):
    return [layer for layer in module.modules() if isinstance(layer, nn.Linear)]


@torch.no_grad()
def initialize(model):
    """$rule"""
    for layer in linear_layers(model):
        fan_out, fan_in = layer.weight.shape
        variance = $variance
        @weights
        @biases
    @own
    @copies


def draw_inputs():
    """$inputs_are"""
    @inputs


def cost(h):
    """$cost_is"""
    @cost


def keep(module, inputs, output):
    """A hook: what goes into a module and what comes out, with its gradient."""
    module.x, module.y = *inputs, output
    output.retain_grad()


def weight_gradient(layer):
    """dC/dW $gradient_is."""
    return torch.einsum("$einsum", layer.y.grad, layer.x)


def log10_size(*tensors):
    """log10 of the mean square of all entries; scaled first, so that no square leaves the floats."""
    entries = torch.cat([tensor.detach().flatten() for tensor in tensors])
    largest = entries.abs().max()
    return (2 * largest.log10() + (entries / largest).square().mean().log10()).item() if largest > 0 else -np.inf


def measure(x):
    """Sizes of z, h, delta, dC/dW, x and dC/dx in every block of one freshly drawn network, (6, blocks)."""
    model = Network()
    initialize(model)
    for module in model.modules():
        if isinstance(module, (nn.Linear, Block)):
            module.register_forward_hook(keep)
    cost(model(x)).backward()
    sizes = [
        [
            log10_size(block.$z.y),  # z
            log10_size($h),  # h
            log10_size(block.$z.y.grad),  # delta = dC/dz
            log10_size(*map(weight_gradient, linear_layers(block))),  # of all weights together
            log10_size(block.y),  # the stream
            log10_size(block.y.grad),
        ]
        for block in model.blocks
    ]
    return np.transpose(sizes)


torch.manual_seed(SEED)
x = draw_inputs()
sizes = np.array([measure(x) for _ in range(DRAWS)])  # (DRAWS, 6, blocks)
print("block       z       h   delta   dC/dW       x   dC/dx")
for block, row in enumerate(np.median(sizes, axis=0).T, start=1):
    print(f"{block:5d}", *(f"{size:7.2f}" for size in row))
'''


def script(config: Config) -> str:
    """Return a complete PyTorch script for a config."""
    if not has_blocks(config):
        return pytorch.script(config)
    z, h = z_map(layer_ops(config)).name, last_map(config)
    tokens = config.architecture == "transformer"
    coupled = is_coupled(config)
    return fill(
        _SCRIPT,
        title=title(config, "PyTorch"),
        imports="from sklearn.datasets import load_digits" if config.input_law == "digits" else "",
        constants=constants(config),
        op_constants=op_constants(config),
        functions=definitions(config.activation, "pytorch") + norm_definition(norm_kind(config), "pytorch"),
        modules=modules(config),
        sums=sums(layer_ops(config)),
        branches=branches(config),
        stem=f"self.stem = nn.Linear({input_size(config)}, WIDTH)" if _has_stem(config) else "",
        output=_output(config),
        rule=rule_words(config),
        variance=layer_variance(config, ""),
        weights=pytorch.weights(config),
        biases=pytorch.biases(config),
        own=own_weights(config),
        copies=_COPIES if config.shared_blocks else "",
        inputs_are=f"One row {'a token of ' * tokens}an input, the same for every network.",
        inputs=shifted(config.input_mean, _inputs(config)),
        cost_is=_COST_IS["pooled" if tokens and config.readout == "pooled" else "token" if tokens else "input"],
        cost=_cost(config),
        gradient_is=_GRADIENT_IS["token" if tokens else "batch" if coupled else "input"],
        einsum="sto,sti->soi" if tokens else "bo,bi->oi" if coupled else "bo,bi->boi",
        z=z,
        h=f"block.{h}.x" if h else "block.h",
    )


_COPIES = """
for block in model.blocks[1:]:  # all of them start identical, as nn.TransformerEncoder copies them
    block.load_state_dict(model.blocks[0].state_dict())
"""
_COST_IS = {
    "input": "Each input's own cost C, summed.",
    "token": "Each token's own cost C, summed.",
    "pooled": "The cost C of each sequence, which sees the mean of its tokens, summed.",
}
_GRADIENT_IS = {
    "token": "of each sequence, (INPUTS, fan_out, fan_in): summed over its tokens",
    "batch": "summed over inputs, which batch norm couples",
    "input": "of each input, (INPUTS, fan_out, fan_in)",
}


def _has_stem(config: Config) -> bool:
    return input_size(config) != "WIDTH"


def _output(config: Config) -> str:
    text = "self.blocks(self.stem(x))" if _has_stem(config) else "self.blocks(x)"
    return f"norm({text})" if head(config) else text


def _inputs(config: Config) -> str:
    """The body that returns the batch, of sequences where the network has attention."""
    size = input_size(config)
    if config.architecture != "transformer":
        return pytorch.inputs(config, f"INPUTS, {size}")
    if config.input_law == "digits":
        return digits(config, "torch.as_tensor(images[torch.randperm(len(images))[:INPUTS].numpy()])[:, None]")
    correlation = config.token_correlation
    if not correlation or config.tokens == 1:
        return pytorch.inputs(config, f"INPUTS, TOKENS, {size}")
    own, common = (pytorch.inputs(replace(config, input_variance=1.0), f"INPUTS, {tokens}, {size}") for tokens in ("TOKENS", "1"))
    scale = "" if config.input_variance == 1 else f"{root(config.input_variance)} * "
    *before, own = own.splitlines()
    own, common = (text.rpartition("return ")[2] for text in (own, common))
    lines = [*before, f"own, common = {own}, {common}"]
    return "\n".join([*lines, f"return {scale}({1 - correlation:.7g}**0.5 * own + {correlation!r}**0.5 * common)"])


_LABELLED = "logits = h @ torch.randn(WIDTH, 10) / WIDTH**0.5  # a readout for 10 labels\nlabels = torch.randint(10, logits.shape[:-1])\n"
_COSTS = {
    "gaussian": "return (h * torch.randn($shape)).sum()  # dC/dh is a unit Gaussian$same",
    "squared_error": _LABELLED + "return ((logits - F.one_hot(labels, 10)) ** 2).sum() / 2",
    "cross_entropy": _LABELLED + 'return F.cross_entropy(logits.flatten(0, -2), labels.flatten(), reduction="sum")',
}


def _cost(config: Config) -> str:
    pooled = config.readout == "pooled" and config.tokens > 1
    if config.cost == "gaussian":
        pieces = ("INPUTS, 1, WIDTH", ", the same for all tokens of a sequence") if pooled else ("h.shape", "")
        return fill(_COSTS["gaussian"], shape=pieces[0], same=pieces[1])
    return "h = h.mean(dim=1)\n" * pooled + _COSTS[config.cost]
