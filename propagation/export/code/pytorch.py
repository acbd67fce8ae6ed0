"""The script in PyTorch: nn.Linear layers, initialized in place, gradients from autograd."""

from __future__ import annotations

from propagation.architecture import Activate, Dropout, Linear
from propagation.config import Config
from propagation.export.code.functions import definitions
from propagation.export.code.ops import OpCode, forward_lines, op_pieces
from propagation.export.code.settings import (
    CUT,
    LOG10_SIZE,
    TABLE,
    bias_variance,
    constants,
    digits,
    fill,
    layer_variance,
    root,
    rule_words,
    shifted,
    title,
)
from propagation.initializers import SCHEMES

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


class MLP(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.ModuleList(nn.Linear(fan_in, fan_out) for fan_in, fan_out in zip(WIDTHS[:-1], WIDTHS[1:]))

    def forward(self, x):
        """z of every layer, and h of every layer with the input in front."""
        zs, hs = [], [x]
        for layer in self.layers:
            @forward
        return zs, hs


@torch.no_grad()
def initialize(model$data):
    """$rule"""
    for layer in model.layers:
        fan_out, fan_in = layer.weight.shape
        variance = $variance
        @weights
        @biases
        @lsuv


def draw_inputs():
    """One row an input, the same for every network."""
    @inputs


def cost(h):
    """Each input's own cost C, summed."""
    @cost


@log10_size


def measure(x):
    """Sizes of z, h, delta and dC/dW in every layer of one freshly drawn network, (4, layers)."""
    model = MLP()
    initialize(model$data)
    zs, hs = model(x)
    deltas = [delta.numpy() for delta in torch.autograd.grad(cost(hs[-1]), zs)]
    zs, hs = [z.detach().numpy() for z in zs], [h.detach().numpy() for h in hs]
    return [
        [log10_size(z) for z in zs],
        [log10_size(h) for h in hs[1:]],
        [log10_size(delta) for delta in deltas],
        [log10_size(delta, h) for delta, h in zip(deltas, hs)],  # of one input: the outer product of delta and h
    ]


torch.manual_seed(SEED)
x = draw_inputs()
@table
'''


#: what each op adds to the loop
OPS: dict[type, OpCode] = {
    Linear: OpCode(forward="zs.append(layer(hs[-1]))"),
    Activate: OpCode(forward="hs.append(phi(zs[-1]))"),
    Dropout: OpCode(forward="hs[-1] = F.dropout(hs[-1], 1 - KEEP)", constants=("keep",)),
}


def script(config: Config) -> str:
    """A complete PyTorch script for a config."""
    return fill(
        _SCRIPT,
        title=title(config, "PyTorch"),
        imports="from sklearn.datasets import load_digits" if config.input_law == "digits" else "",
        constants=constants(config),
        functions=definitions(config.activation, "pytorch"),
        forward=forward_lines(config, OPS),
        **op_pieces(config, OPS),
        rule=rule_words(config),
        data=", x" if SCHEMES[config.scheme].from_data else "",
        variance=layer_variance(config, "layer is model.layers[0]"),
        weights=_weights(config),
        biases=_biases(config),
        lsuv="layer.weight /= layer(x).std(correction=0)\nx = phi(layer(x))" if SCHEMES[config.scheme].from_data else "",
        inputs=shifted(config.input_mean, _inputs(config)),
        cost=_COSTS[config.cost],
        log10_size=fill(LOG10_SIZE, axis="1"),
        table=TABLE.strip(),
    )


_LAWS = {
    "orthogonal": "nn.init.orthogonal_({0}, gain=(max(fan_in, fan_out) * {1}) ** 0.5)",
    "gaussian": "nn.init.normal_({0}, std={1}**0.5)",
    "uniform": "limit = (3 * {1}) ** 0.5\nnn.init.uniform_({0}, -limit, limit)",
    "truncated_gaussian": (
        "std = {1}**0.5 / " + CUT + "  # the cut at 2 std takes the difference away again\n"
        "nn.init.trunc_normal_({0}, std=std, a=-2 * std, b=2 * std)"
    ),
}
#: what PyTorch calls the same, by scheme and law
_BUILT_IN = {
    ("he", "gaussian"): 'nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")',
    ("he", "uniform"): 'nn.init.kaiming_uniform_(layer.weight, nonlinearity="relu")',
    ("he_fan_out", "gaussian"): 'nn.init.kaiming_normal_(layer.weight, mode="fan_out", nonlinearity="relu")',
    ("he_fan_out", "uniform"): 'nn.init.kaiming_uniform_(layer.weight, mode="fan_out", nonlinearity="relu")',
    ("lecun", "gaussian"): 'nn.init.kaiming_normal_(layer.weight, nonlinearity="linear")',
    ("glorot", "gaussian"): "nn.init.xavier_normal_(layer.weight)",
    ("glorot", "uniform"): "nn.init.xavier_uniform_(layer.weight)",
    ("keras", "uniform"): "nn.init.xavier_uniform_(layer.weight)",
    ("pytorch", "uniform"): "what nn.Linear does by itself",
    ("std", "gaussian"): "nn.init.normal_(layer.weight, std={0})",
    ("pytorch_orthogonal", "orthogonal"): "nn.init.orthogonal_(layer.weight)",
}


def _weights(config: Config) -> str:
    lines = _LAWS[config.weight_law].format("layer.weight", "variance")
    same = _BUILT_IN.get((config.scheme, config.weight_law), "").format(config.weight_std)
    return f"{lines}  # = {same}" if same else lines


def _biases(config: Config) -> str:
    variance = bias_variance(config)
    if variance == "0":
        return f"nn.init.constant_(layer.bias, {config.bias_mean!r})" if config.bias_mean else "nn.init.zeros_(layer.bias)"
    law = "gaussian" if config.weight_law == "orthogonal" else config.weight_law
    mean = f"\nlayer.bias += {config.bias_mean!r}" if config.bias_mean else ""
    if "fan_in" in variance:
        return f"bias_variance = {variance}\n" + _LAWS[law].format("layer.bias", "bias_variance") + mean
    return _LAWS[law].format("layer.bias", variance) + mean


def _inputs(config: Config) -> str:
    if config.input_law == "digits":
        return digits(config, "torch.as_tensor(images[torch.randperm(len(images))[:INPUTS].numpy()])")
    if config.input_law == "uniform":
        return f"limit = {root(3 * config.input_variance)}\nreturn torch.empty(INPUTS, WIDTHS[0]).uniform_(-limit, limit)"
    scale = "" if config.input_variance == 1 else f"{root(config.input_variance)} * "
    return f"return {scale}torch.randn(INPUTS, WIDTHS[0])"


_READOUT = (
    "logits = h @ torch.randn(h.shape[1], 10) / h.shape[1] ** 0.5  # a readout for 10 labels\nlabels = torch.randint(10, (INPUTS,))\n"
)
_COSTS = {
    "gaussian": "return (h * torch.randn(h.shape)).sum()  # dC/dh is a unit Gaussian",
    "squared_error": _READOUT + "return ((logits - F.one_hot(labels, 10)) ** 2).sum() / 2",
    "cross_entropy": _READOUT + 'return F.cross_entropy(logits, labels, reduction="sum")',
}
