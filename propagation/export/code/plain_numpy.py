"""The script in plain NumPy: both passes written out."""

from __future__ import annotations

from typing import Any

from propagation.config import Config
from propagation.export.code.branches import input_size, loop_head, map_text
from propagation.export.code.functions import definitions, needs_erf
from propagation.export.code.norms import norm_definition
from propagation.export.code.ops import WRITTEN_OUT, OpCode, loops, norm_kind, op_constants
from propagation.export.code.settings import (
    CUT,
    bias_variance,
    constants,
    digits,
    fill,
    first_pieces,
    layer_variance,
    root,
    rule_words,
    shifted,
    title,
)
from propagation.export.code.table import empty, table_pieces
from propagation.initializers import SCHEMES
from propagation.ops import Dropout, Linear

_SCRIPT = '''
"""$title
"""

@imports

@constants
@op_constants


@functions


def draw_weights(fan_in, fan_out$first):
    """$rule"""
    variance = $variance
    @weights


def draw_biases(fan_in, fan_out):
    @biases


def draw_inputs():
    """One column an input, the same for every network."""
    @inputs


def output_gradient(h):
    """dC/dh of the last layer, for each input's own cost C."""
    @gradient


@log10_size


def measure(x):
    """Sizes of $signals in every layer of one freshly drawn network, ($rows, layers)."""
    saved = []  # what the way back needs, last in first out
    $lists = $empty_lists
    @stem
    for $each:
        @forward
    @head
    $gradients = $empty_gradients
    gradient = output_gradient(x)
    @head_backward
    while saved:
        @backward
    @sizes


rng = np.random.default_rng(SEED)
x = draw_inputs()
@table
'''


def _map_pieces(config: Config, op: Any) -> dict[str, str]:
    """How one map is drawn, and what of it is kept."""
    text = map_text(config, op)
    draw = f"draw_weights({text.fans}{first_pieces(config, 'not saved')['at_first']})"
    if text.factor == "0":
        draw = f"np.zeros(({text.fan_out}, {text.fan_in}))"
    elif text.factor != "1":
        draw = f"{text.factor} * {draw}"
    return {
        "W": text.name,
        "draw": draw,
        "lsuv": f"{text.name} /= ({text.name} @ x).std() or 1" if SCHEMES[config.scheme].from_data else "",
        "keeps": text.keeps,
        "biases": "" if text.factor == "0" else f" + draw_biases({text.fans})",
        "saves": f"saved.append({text.name})" if text.out else "",
        "sees": text.sees,
        "gradients": text.gradients,
    }


#: what each op adds to both loops
OPS: dict[type, OpCode] = {
    Linear: OpCode(
        forward="""
$W = $draw
@lsuv
@saves
@keeps
x = $W @ x$biases
@sees
""",
        backward="""
$gradients.insert(0, gradient)
gradient = saved.pop().T @ gradient
""",
        pieces=_map_pieces,
    ),
    Dropout: OpCode(
        forward="""
mask = (rng.random(x.shape) < KEEP) / KEEP
saved.append(mask)
x = mask * x
""",
        backward="gradient = saved.pop() * gradient",
    ),
    **WRITTEN_OUT,
}


def script(config: Config) -> str:
    """A complete NumPy script for a config."""
    bias, pieces = bias_variance(config), table_pieces(config, axis=0)
    return fill(
        _SCRIPT,
        title=title(config, "plain NumPy"),
        imports=_imports(config),
        constants=constants(config),
        op_constants=op_constants(config),
        functions=_ERF * needs_erf(config.activation)
        + definitions(config.activation, "numpy", slope=True)
        + norm_definition(norm_kind(config), "numpy"),
        rule=rule_words(config),
        variance=layer_variance(config, "first"),
        first=first_pieces(config, "not saved")["first"],
        weights=_LAWS[config.weight_law],
        biases=shifted(config.bias_mean, _NO_BIAS if bias == "0" else f"variance = {bias}\n{_BIASES[config.weight_law]}"),
        inputs=shifted(config.input_mean, _inputs(config)),
        gradient=_COSTS[config.cost],
        each=loop_head(config),
        **pieces,
        empty_lists=empty(pieces["lists"]),
        empty_gradients=empty(pieces["gradients"]),
        **loops(config, OPS),
    )


_ERF = "erf = np.vectorize(math.erf)\n\n\n"
_TRUNCATED = (
    "values = rng.standard_normal({0})\n"
    "while (outside := abs(values) > 2).any():\n"
    "    values[outside] = rng.standard_normal(outside.sum())\n"
    f"return variance**0.5 * values / {CUT}  # the standard deviation after the cut"
)
_LAWS = {
    "gaussian": "return rng.normal(0, variance**0.5, (fan_out, fan_in))",
    "uniform": "limit = (3 * variance) ** 0.5\nreturn rng.uniform(-limit, limit, (fan_out, fan_in))",
    "truncated_gaussian": _TRUNCATED.format("(fan_out, fan_in)"),
    "orthogonal": (
        "large, small = max(fan_in, fan_out), min(fan_in, fan_out)\n"
        "Q, R = np.linalg.qr(rng.standard_normal((large, small)))\n"
        "Q *= np.sign(np.diag(R)) * (large * variance) ** 0.5  # the signs make it uniformly random\n"
        "return Q if fan_out >= fan_in else Q.T"
    ),
}
_NO_BIAS = "return np.zeros((fan_out, 1))"
_BIASES = {
    "gaussian": "return rng.normal(0, variance**0.5, (fan_out, 1))",
    "uniform": "limit = (3 * variance) ** 0.5\nreturn rng.uniform(-limit, limit, (fan_out, 1))",
    "truncated_gaussian": _TRUNCATED.format("(fan_out, 1)"),
    "orthogonal": "return rng.normal(0, variance**0.5, (fan_out, 1))",
}
_READOUT = (
    "V = rng.normal(0, len(h) ** -0.5, (10, len(h)))  # a readout for 10 labels\nlabels = np.eye(10)[:, rng.integers(10, size=INPUTS)]\n"
)
_COSTS = {
    "gaussian": "return rng.standard_normal(h.shape)",
    "squared_error": _READOUT + "return V.T @ (V @ h - labels)",
    "cross_entropy": (_READOUT + "logits = V @ h\np = np.exp(logits - logits.max(axis=0))\nreturn V.T @ (p / p.sum(axis=0) - labels)"),
}


def _imports(config: Config) -> str:
    lines = ["import math\n"] * needs_erf(config.activation) + ["import numpy as np"]
    return "\n".join(lines + ["from sklearn.datasets import load_digits"] * (config.input_law == "digits"))


def _inputs(config: Config) -> str:
    if config.input_law == "digits":
        return digits(config, "images[rng.choice(len(images), INPUTS, replace=False)].T")
    if config.input_law == "uniform":
        return f"limit = {root(3 * config.input_variance)}\nreturn rng.uniform(-limit, limit, ({input_size(config)}, INPUTS))"
    return f"return rng.normal(0, {root(config.input_variance)}, ({input_size(config)}, INPUTS))"
