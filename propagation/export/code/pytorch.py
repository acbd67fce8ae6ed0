"""The script in PyTorch: nn.Linear or nn.Conv1d layers, initialized in place, gradients from autograd."""

from __future__ import annotations

from typing import Any

from propagation.config import Config
from propagation.export.code import torch_convolutions
from propagation.export.code.branches import MapText, input_size, loop_head, map_text, maps_of_branch
from propagation.export.code.functions import definitions
from propagation.export.code.norms import norm_definition
from propagation.export.code.ops import FROM_FRAMEWORK, OpCode, everything, has, loops, norm_kind, op_constants
from propagation.export.code.settings import (
    CUT,
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
from propagation.export.code.table import empty, table_pieces
from propagation.initializers import SCHEMES
from propagation.ops import Dropout, Linear, Patches

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


class Network(nn.Module):
    def __init__(self):
        super().__init__()
        @modules

    def forward(self, x):
        """The output, and of every layer what passes by."""
        $lists = $empty_lists
        @stem
        for $each:
            @forward
        @head
        return x, $lists


@torch.no_grad()
def initialize(model$data):
    """$rule"""
    for layer in $linears:
        $fans
        variance = $variance
        @weights
        @biases
    @factors
    @lsuv


def draw_inputs():
    """$inputs_are, the same for every network."""
    @inputs


def cost(h):
    """Each $costs's own cost C, summed."""
    @cost


@log10_size


def measure(x):
    """Sizes of $signals in every layer of one freshly drawn network, ($rows, layers)."""
    model = Network()
    initialize(model$data)
    x, $lists = model(x)
    @of_outs
    $lists = ([v.detach().numpy() for v in vectors] for vectors in ($lists))
    @sizes


torch.manual_seed(SEED)
x = draw_inputs()
@table
'''


def _map_pieces(config: Config, op: Any) -> dict[str, str]:
    """What of a map is kept."""
    text = map_text(config, op)
    return {"W": text.name if op.name else "self.stem", "keeps": text.keeps, "sees": f"{text.out}s.append(x)" if text.out else ""}


#: what each op adds to the loop
OPS: dict[type, OpCode] = {
    Linear: OpCode(
        forward="""
@keeps
x = $W(x)
@sees
""",
        pieces=_map_pieces,
    ),
    Patches: OpCode(forward=""),  # a layer finds its own
    Dropout: OpCode(forward="x = F.dropout(x, 1 - KEEP)"),
    **FROM_FRAMEWORK,
}


def script(config: Config) -> str:
    """A complete PyTorch script for a config."""
    pieces, from_data, convolves = table_pieces(config, axis=1), SCHEMES[config.scheme].from_data, config.architecture == "convolution"
    if convolves:
        pieces["log10_size"] += f"\n\n{torch_convolutions.weight_gradient(config)}"
    lists = pieces["lists"] = pieces["lists"].replace("hs", "hs, ys") if len(maps_of_branch(config)) == 2 else pieces["lists"]
    outs = [name for name in lists.split(", ") if name in ("zs", "ys", "streams")]
    return fill(
        _SCRIPT,
        title=title(config, "PyTorch"),
        imports="from sklearn.datasets import load_digits" if config.input_law == "digits" else "",
        constants=constants(config),
        op_constants=op_constants(config),
        functions=definitions(config.activation, "pytorch") + norm_definition(norm_kind(config), "pytorch", convolves),
        modules=_modules(config),
        each=_each(config),
        linears=_linears(config),
        rule=rule_words(config),
        data=", x" if from_data else "",
        fans=torch_convolutions.fans(config) if convolves else "fan_out, fan_in = layer.weight.shape",
        variance=layer_variance(config, "layer is model.W[0]"),
        weights=weights(config),
        biases=biases(config),
        factors=_factors(config),
        lsuv=_lsuv(config) if from_data else "",
        inputs_are="(INPUTS, channels, POSITIONS)" if convolves else "One row an input",
        inputs=shifted(config.input_mean, inputs(config, f"INPUTS, {input_size(config)}" + ", POSITIONS" * convolves)),
        costs="input" if not convolves or config.readout == "pooled" else "position",
        cost=torch_convolutions.cost(config) if convolves else _COSTS[config.cost],
        of_outs=_gradients(outs, pieces["gradients"]),
        **pieces,
        empty_lists=empty(pieces["lists"]),
        **loops(config, OPS),
    )


def _maps(config: Config) -> list[tuple[str, MapText]]:
    """The linear layers of a script by their names."""
    return [(op.name or "stem", map_text(config, op)) for op in everything(config) if isinstance(op, Linear)]


def _modules(config: Config) -> str:
    """The lines that make the linear layers."""
    if config.architecture == "convolution":
        return torch_convolutions.LAYERS
    each = loop_head(config)
    return "\n".join(
        f"self.{name} = " + (f"nn.Linear({text.fans})" if name == "stem" else f"nn.ModuleList(nn.Linear({text.fans}) for {each})")
        for name, text in _maps(config)
    )


def _each(config: Config) -> str:
    names = maps_of_branch(config)
    return "W in self.W" if len(names) == 1 else f"{', '.join(names)} in zip({', '.join(f'self.{name}' for name in names)})"


def _linears(config: Config) -> str:
    """All linear layers of the model, as a list."""
    names = [name for name, _ in _maps(config)]
    return "model.W" if names == ["W"] else f"[{', '.join('model.stem' if name == 'stem' else f'*model.{name}' for name in names)}]"


def _gradients(outs: list[str], gradients: str) -> str:
    """The lines that ask autograd for the gradients of what is in these lists."""
    if len(outs) == 1:
        return f"{gradients} = [gradient.numpy() for gradient in torch.autograd.grad(cost(x), {outs[0]})]"
    parts = ["gradients[:DEPTH]", "gradients[DEPTH : 2 * DEPTH]", "gradients[2 * DEPTH :]"]
    wanted = ", ".join(f"*{name}" for name in outs)
    return (
        f"gradients = [gradient.numpy() for gradient in torch.autograd.grad(cost(x), [{wanted}])]\n"
        f"{gradients} = {', '.join(parts[: len(outs) - 1])}, gradients[{len(outs) - 1} * DEPTH :]"
    )


def _factors(config: Config) -> str:
    """The lines by which a rule of residual blocks changes what the scheme has drawn."""
    lines = []
    for name, text in _maps(config):
        if text.factor == "0":
            lines.append(f"for layer in model.{name}:\n    nn.init.zeros_(layer.weight)\n    nn.init.zeros_(layer.bias)")
        elif text.factor != "1":
            lines.append(f"for layer in model.{name}:\n    layer.weight *= {text.factor}")
    return "\n".join(lines)


_LSUV = """

def rescale(layer, inputs):
    layer.weight /= $product.std(correction=0)

hooks = [layer.register_forward_pre_hook(rescale) for layer in $linears]
@run
for hook in hooks:
    hook.remove()
"""


def _lsuv(config: Config) -> str:
    """The lines that rescale every layer on the data, in the order of the forward pass."""
    run = "with torch.random.fork_rng():  # so that the next pass drops out the same\n    model(x)" if has(config, Dropout) else "model(x)"
    product = torch_convolutions.PRODUCT if config.architecture == "convolution" else "F.linear(*inputs, layer.weight)"
    return fill(_LSUV, linears=_linears(config), run=run, product=product)


LAWS = {
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
    ("pytorch", "uniform"): "what {1} does by itself",
    ("std", "gaussian"): "nn.init.normal_(layer.weight, std={0})",
    ("pytorch_orthogonal", "orthogonal"): "nn.init.orthogonal_(layer.weight)",
}


def weights(config: Config) -> str:
    """Return the lines that draw the weights of `layer`, of this `variance`."""
    if config.architecture == "convolution" and config.weight_law == "orthogonal":
        return torch_convolutions.middle(LAWS["orthogonal"].format("middle", "variance"))
    lines = LAWS[config.weight_law].format("layer.weight", "variance")
    same = _BUILT_IN.get((config.scheme, config.weight_law), "").format(config.weight_std, _module(config))
    return f"{lines}  # = {same}" if same else lines


def _module(config: Config) -> str:
    return "nn.Conv1d" if config.architecture == "convolution" else "nn.Linear"


def biases(config: Config) -> str:
    """Return the lines that draw the biases of `layer`."""
    variance = bias_variance(config)
    if variance == "0":
        return f"nn.init.constant_(layer.bias, {config.bias_mean!r})" if config.bias_mean else "nn.init.zeros_(layer.bias)"
    law = "gaussian" if config.weight_law == "orthogonal" else config.weight_law
    mean = f"\nlayer.bias += {config.bias_mean!r}" if config.bias_mean else ""
    if "fan_in" in variance:
        return f"bias_variance = {variance}\n" + LAWS[law].format("layer.bias", "bias_variance") + mean
    return LAWS[law].format("layer.bias", variance) + mean


def inputs(config: Config, shape: str) -> str:
    """Return the body that draws a batch of this shape; digits, which have their own, one row each."""
    if config.input_law == "digits":
        position = "[:, :, None]" * (config.architecture == "convolution")
        return digits(config, f"torch.as_tensor(images[torch.randperm(len(images))[:INPUTS].numpy()]){position}")
    if config.input_law == "uniform":
        return f"limit = {root(3 * config.input_variance)}\nreturn torch.empty({shape}).uniform_(-limit, limit)"
    scale = "" if config.input_variance == 1 else f"{root(config.input_variance)} * "
    return f"return {scale}torch.randn({shape})"


_READOUT = (
    "logits = h @ torch.randn(h.shape[1], 10) / h.shape[1] ** 0.5  # a readout for 10 labels\nlabels = torch.randint(10, (INPUTS,))\n"
)
_COSTS = {
    "gaussian": "return (h * torch.randn(h.shape)).sum()  # dC/dh is a unit Gaussian",
    "squared_error": _READOUT + "return ((logits - F.one_hot(labels, 10)) ** 2).sum() / 2",
    "cross_entropy": _READOUT + 'return F.cross_entropy(logits, labels, reduction="sum")',
}
