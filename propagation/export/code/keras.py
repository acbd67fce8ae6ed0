"""The script in Keras 3, on any of its backends: Dense layers with their initializers, and the chain rule written out."""

from __future__ import annotations

from typing import Any

from propagation.config import Config
from propagation.export.code.branches import input_size, loop_head, map_text
from propagation.export.code.functions import definitions
from propagation.export.code.norms import norm_definition
from propagation.export.code.ops import WRITTEN_OUT, OpCode, loops, norm_kind, op_constants
from propagation.export.code.settings import (
    CUT,
    bias_variance,
    constants,
    deviation,
    digits,
    fill,
    first_pieces,
    first_variance,
    layer_variance,
    root,
    rule_words,
    scale_of,
    scale_text,
    shifted,
    title,
    weight_variance,
)
from propagation.export.code.table import empty, table_pieces
from propagation.initializers import SCHEMES
from propagation.ops import Dropout, Linear

_SCRIPT = '''
"""$title
"""

import os

os.environ.setdefault("JAX_ENABLE_X64", "1")  # double precision, should JAX be the backend

import keras
import numpy as np
from keras import layers, ops
@imports

keras.config.set_floatx("float64")  # a signal may fade below 1e-38, where single precision ends
@constants
@op_constants


@functions


def initializers(fan_in, fan_out$first):
    """$rule New ones for every layer: an initializer used twice draws the same numbers twice."""
    @weights
    @biases
    return {"kernel_initializer": kernel, "bias_initializer": bias}


def draw_inputs():
    """One row an input, the same for every network."""
    @inputs


def output_gradient(h):
    """dC/dh of the last layer, for each input's own cost C."""
    @gradient


@log10_size


def as_arrays(tensors):
    return [ops.convert_to_numpy(ops.stop_gradient(tensor)) for tensor in tensors]


def measure(x):
    """Sizes of $signals in every layer of one freshly drawn network, ($rows, layers)."""
    x = ops.convert_to_tensor(x)
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
    @as_arrays
    @sizes


keras.utils.set_random_seed(SEED)
x = draw_inputs()
@table
'''


def _map_pieces(config: Config, op: Any) -> dict[str, str]:
    """How one map is made, and what of it is kept."""
    text = map_text(config, op)
    arguments = f"**initializers({text.fans}{first_pieces(config, 'not saved')['at_first']})"
    rescaled = ""
    if SCHEMES[config.scheme].from_data:
        rescaled = f"{text.name}.build(x.shape)\n{text.name}.kernel.assign({text.name}.kernel / ops.std({text.name}(x)))"
    elif text.factor == "0":
        arguments = 'kernel_initializer="zeros"'
    elif text.factor != "1":
        rescaled = f"{text.name}.build(x.shape)\n{text.name}.kernel.assign({text.factor} * {text.name}.kernel)"
    return {
        "W": text.name,
        "layer": f"layers.Dense({text.fan_out}, {arguments})",
        "rescaled": rescaled,
        "keeps": text.keeps,
        "saves": f"saved.append({text.name})" if text.out else "",
        "sees": text.sees,
        "gradients": text.gradients,
    }


#: what each op adds to both loops
OPS: dict[type, OpCode] = {
    Linear: OpCode(
        forward="""
$W = $layer
@rescaled
@saves
@keeps
x = $W(x)
@sees
""",
        backward="""
$gradients.insert(0, gradient)
gradient = ops.matmul(gradient, ops.transpose(saved.pop().kernel))
""",
        pieces=_map_pieces,
    ),
    Dropout: OpCode(
        forward="""
mask = ops.cast(keras.random.uniform(ops.shape(x)) < KEEP, "float64") / KEEP
saved.append(mask)
x = mask * x
""",
        backward="gradient = saved.pop() * gradient",
    ),
    **WRITTEN_OUT,
}


def script(config: Config) -> str:
    """A complete Keras script for a config."""
    pieces = table_pieces(config, axis=1)
    return fill(
        _SCRIPT,
        title=title(config, "Keras"),
        imports="from sklearn.datasets import load_digits" if config.input_law == "digits" else "",
        constants=constants(config),
        op_constants=op_constants(config),
        functions=definitions(config.activation, "keras", slope=True) + norm_definition(norm_kind(config), "keras"),
        rule=rule_words(config),
        first=first_pieces(config, "not saved")["first"],
        each=loop_head(config),
        weights=_weights(config),
        biases=_biases(config),
        inputs=shifted(config.input_mean, _inputs(config)),
        gradient=_COSTS[config.cost],
        **pieces,
        empty_lists=empty(pieces["lists"]),
        empty_gradients=empty(pieces["gradients"]),
        as_arrays="\n".join(_as_arrays(pieces[of]) for of in ("lists", "gradients")),
        **loops(config, OPS),
    )


def _as_arrays(lists: str) -> str:
    """The line that turns tensors in these lists into arrays."""
    return f"{lists} = map(as_arrays, ({lists}))" if "," in lists else f"{lists} = as_arrays({lists})"


_MODES = {"in": "fan_in", "out": "fan_out", "average": "fan_avg"}
_DISTRIBUTIONS = {"gaussian": "untruncated_normal", "uniform": "uniform", "truncated_gaussian": "truncated_normal"}
_LAWS = {
    "gaussian": "keras.initializers.RandomNormal(stddev={1})",
    "uniform": "keras.initializers.RandomUniform(-((3 * {0}) ** 0.5), (3 * {0}) ** 0.5)",
    "truncated_gaussian": "keras.initializers.TruncatedNormal(stddev={1} / " + CUT + ")  # the deviation before the cut",
}


def _weights(config: Config) -> str:
    fan = SCHEMES[config.scheme].fan
    own = first_variance(config)
    if scale_of(config) == 0 and not own:
        return "kernel = keras.initializers.Zeros()"
    if config.weight_law == "orthogonal":
        variance = f"variance = {layer_variance(config, 'first')}\n"
        return variance + "kernel = keras.initializers.Orthogonal(gain=(max(fan_in, fan_out) * variance) ** 0.5)"
    if own:
        return f"variance = {layer_variance(config, 'first')}\nkernel = " + _LAWS[config.weight_law].format("variance", "variance**0.5")
    if fan not in _MODES:
        return "kernel = " + _drawn(config.weight_law, weight_variance(config))
    arguments = f'{scale_text(config)}, "{_MODES[fan]}", "{_DISTRIBUTIONS[config.weight_law]}"'
    return f"kernel = keras.initializers.VarianceScaling({arguments})"


def _biases(config: Config) -> str:
    variance = bias_variance(config)
    if variance == "0":
        return f"bias = keras.initializers.Constant({config.bias_mean!r})" if config.bias_mean else "bias = keras.initializers.Zeros()"
    drawn = _drawn("gaussian" if config.weight_law == "orthogonal" else config.weight_law, variance)
    if not config.bias_mean:
        return f"bias = {drawn}"
    return f"centred = {drawn}\nbias = lambda shape, dtype=None: {config.bias_mean!r} + centred(shape, dtype)"


def _drawn(law: str, variance: str) -> str:
    return _LAWS[law].format(variance, deviation(variance))


def _inputs(config: Config) -> str:
    if config.input_law == "digits":
        return digits(config, "images[np.random.default_rng(SEED).choice(len(images), INPUTS, replace=False)]")
    if config.input_law == "uniform":
        return f"limit = {root(3 * config.input_variance)}\nreturn keras.random.uniform((INPUTS, {input_size(config)}), -limit, limit)"
    return f"return keras.random.normal((INPUTS, {input_size(config)}), stddev={root(config.input_variance)})"


_READOUT = (
    "V = keras.random.normal((h.shape[1], 10), stddev=h.shape[1] ** -0.5)  # a readout for 10 labels\n"
    'labels = ops.one_hot(keras.random.randint((INPUTS,), 0, 10), 10, dtype="float64")\n'
)
_COSTS = {
    "gaussian": "return keras.random.normal(h.shape)",
    "squared_error": _READOUT + "return ops.matmul(ops.matmul(h, V) - labels, ops.transpose(V))",
    "cross_entropy": _READOUT + "return ops.matmul(ops.softmax(ops.matmul(h, V)) - labels, ops.transpose(V))",
}
