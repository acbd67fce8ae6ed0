"""The script in JAX and Flax: nn.Dense layers with their initializers, gradients by `perturb`."""

from __future__ import annotations

from typing import Any

from propagation.config import Config
from propagation.export.code.branches import input_size, map_text
from propagation.export.code.functions import definitions
from propagation.export.code.norms import norm_definition
from propagation.export.code.ops import FROM_FRAMEWORK, OpCode, has, loops, norm_kind, op_constants
from propagation.export.code.settings import (
    CUT,
    bias_variance,
    constants,
    digits,
    fill,
    first_pieces,
    first_variance,
    layer_variance,
    root,
    rule_words,
    scale_text,
    shifted,
    title,
)
from propagation.export.code.table import empty, table_pieces
from propagation.initializers import SCHEMES
from propagation.ops import Dropout, Linear

_SCRIPT = '''
"""$title
"""

import jax
import jax.numpy as jnp
import numpy as np
from flax import linen as nn
from jax.nn import initializers
@imports

jax.config.update("jax_enable_x64", True)  # a signal may fade below 1e-38, where single precision ends
@constants
@op_constants


@functions


def kernel_init(fan_in, fan_out$first$data):
    """$rule"""
    @weights


def bias_init(fan_in, fan_out):
    @biases


@scaled
class Network(nn.Module):
    @nn.compact
    def __call__(self, x):
        """The output, and of every layer what passes by. dC/dz and the like are the gradients of what `perturb` adds, which is 0."""
        $lists = $empty_lists
        @stem
        for $each:
            @forward
        @head
        return x, ($lists)


def draw_inputs(key):
    """One row an input, the same for every network."""
    @inputs


def cost(h, key):
    """Each input's own cost C, summed."""
    @cost


@log10_size


def measure(x, key):
    """Sizes of $signals in every layer of one freshly drawn network, ($rows, layers)."""
    of_weights, of_cost = jax.random.split(key)
    model = Network()
    variables = model.init($at_init, x)
    params, perturbations = variables["params"], variables["perturbations"]

    def cost_of(perturbations):
        output, passed = model.apply({"params": params, "perturbations": perturbations}, x$at_apply)
        return cost(output, of_cost), passed

    gradients, passed = jax.grad(cost_of, has_aux=True)(perturbations)
    $lists = ([np.asarray(v) for v in vectors] for vectors in passed)
    @of_perturbations
    @sizes


of_inputs, *of_networks = jax.random.split(jax.random.key(SEED), 1 + DRAWS)
x = draw_inputs(of_inputs)
@table
'''


def _map_pieces(config: Config, op: Any) -> dict[str, str]:
    """How one map is drawn, and what of it is kept."""
    text, data = map_text(config, op), ", x" if SCHEMES[config.scheme].from_data else ""
    kernel = f"kernel_init({text.fans}{first_pieces(config, 'layer == 1')['at_first']}{data})"
    bias = f"bias_init({text.fans})"
    if text.factor == "0":
        kernel = bias = "initializers.zeros"
    elif text.factor != "1":
        kernel = f"scaled({kernel}, {text.factor})"
    return {
        "fan_out": text.fan_out,
        "kernel": kernel,
        "bias": bias,
        "label": f'f"{text.name}_{{layer}}"' if op.name else '"stem"',
        "keeps": text.keeps,
        "perturbed": f'x = self.perturb(f"{text.out}_{{layer}}", dense(x))' if text.out else "x = dense(x)",
        "sees": text.sees,
    }


#: what each op adds to the loop
OPS: dict[type, OpCode] = {
    Linear: OpCode(
        forward="""
kernel, bias = $kernel, $bias
dense = nn.Dense($fan_out, kernel_init=kernel, bias_init=bias, param_dtype=jnp.float64, name=$label)
@keeps
@perturbed
@sees
""",
        pieces=_map_pieces,
    ),
    Dropout: OpCode(forward="x = nn.Dropout(1 - KEEP, deterministic=False)(x)"),
    **FROM_FRAMEWORK,
}


def script(config: Config) -> str:
    """A complete JAX and Flax script for a config."""
    pieces, drops = table_pieces(config, axis=1, measure="measure(x, key) for key in of_networks"), has(config, Dropout)
    plain, walked = config.architecture == "plain", loops(config, OPS, stream='x = self.perturb(f"x_{layer}", x)')
    return fill(
        _SCRIPT,
        title=title(config, "JAX and Flax"),
        imports="from sklearn.datasets import load_digits" if config.input_law == "digits" else "",
        constants=constants(config),
        op_constants=op_constants(config),
        functions=definitions(config.activation, "flax") + norm_definition(norm_kind(config), "flax"),
        first=first_pieces(config, "layer == 1")["first"],
        data=", x" if SCHEMES[config.scheme].from_data else "",
        rule=rule_words(config),
        weights=_weights(config),
        biases=_biases(config),
        each="layer, (fan_in, fan_out) in enumerate(zip(WIDTHS[:-1], WIDTHS[1:]), start=1)" if plain else "layer in range(1, 1 + DEPTH)",
        scaled=_SCALED if "scaled(" in walked["forward"] else "",
        at_init='{"params": of_weights, "dropout": of_cost}' if drops else "of_weights",
        at_apply=', rngs={"dropout": of_cost}' if drops else "",
        inputs=shifted(config.input_mean, _inputs(config)),
        cost=_COSTS[config.cost],
        of_perturbations=_of_perturbations(pieces["gradients"], "len(WIDTHS)" if plain else "1 + DEPTH"),
        **pieces,
        empty_lists=empty(pieces["lists"]),
        **walked,
    )


def _of_perturbations(gradients: str, end: str) -> str:
    """The lines that find the gradients of each list by the names that the model gave them."""
    names = {"deltas": "z", "y_gradients": "y", "stream_gradients": "x"}
    return "\n".join(
        f'{gradient} = [np.asarray(gradients[f"{names[gradient]}_{{layer}}"]) for layer in range(1, {end})]'
        for gradient in gradients.split(", ")
    )


_SCALED = """def scaled(init, factor):
    return lambda key, shape, dtype: factor * init(key, shape, dtype)


"""
_RESCALED = """
def rescaled(key, shape, dtype):
    kernel = drawn(key, shape, dtype)
    return kernel / (x @ kernel).std()  # LSUV's second half, on what this layer is given

return rescaled
"""


_MODES = {"in": "fan_in", "out": "fan_out", "average": "fan_avg"}
_DISTRIBUTIONS = {"gaussian": "normal", "uniform": "uniform", "truncated_gaussian": "truncated_normal"}
_LAWS = {
    "gaussian": "return initializers.normal({0}**0.5)",
    "uniform": ("limit = (3 * {0}) ** 0.5\nreturn lambda key, shape, dtype: jax.random.uniform(key, shape, dtype, -limit, limit)"),
    "truncated_gaussian": "return initializers.truncated_normal({0}**0.5 / " + CUT + ")  # the deviation before the cut at 2",
}


def _weights(config: Config) -> str:
    body = _drawn(config)
    if not SCHEMES[config.scheme].from_data:
        return body
    before, _, initializer = body.rpartition("return ")
    return f"{before}drawn = {initializer}\n{_RESCALED}"


def _drawn(config: Config) -> str:
    """The body that returns the initializer of a kernel, before the data rescale it."""
    fan = SCHEMES[config.scheme].fan
    if config.weight_law == "orthogonal":
        return f"variance = {layer_variance(config, 'first')}\nreturn initializers.orthogonal((max(fan_in, fan_out) * variance) ** 0.5)"
    if fan not in _MODES or first_variance(config):
        return f"variance = {layer_variance(config, 'first')}\n" + _LAWS[config.weight_law].format("variance")
    return f'return initializers.variance_scaling({scale_text(config)}, "{_MODES[fan]}", "{_DISTRIBUTIONS[config.weight_law]}")'


def _biases(config: Config) -> str:
    variance = bias_variance(config)
    if variance == "0":
        return f"return initializers.constant({config.bias_mean!r})" if config.bias_mean else "return initializers.zeros"
    law = "gaussian" if config.weight_law == "orthogonal" else config.weight_law
    body = f"variance = {variance}\n" + _LAWS[law].format("variance") if "fan_in" in variance else _LAWS[law].format(variance)
    if not config.bias_mean:
        return body
    before, _, centred = body.rpartition("return ")
    return f"{before}centred = {centred}\nreturn lambda key, shape, dtype: {config.bias_mean!r} + centred(key, shape, dtype)"


def _inputs(config: Config) -> str:
    if config.input_law == "digits":
        return digits(config, "jnp.asarray(images[np.asarray(jax.random.permutation(key, len(images))[:INPUTS])])")
    if config.input_law == "uniform":
        limit = root(3 * config.input_variance)
        return f"limit = {limit}\nreturn jax.random.uniform(key, (INPUTS, {input_size(config)}), minval=-limit, maxval=limit)"
    scale = "" if config.input_variance == 1 else f"{root(config.input_variance)} * "
    return f"return {scale}jax.random.normal(key, (INPUTS, {input_size(config)}))"


_READOUT = (
    "of_readout, of_labels = jax.random.split(key)\n"
    "logits = h @ jax.random.normal(of_readout, (h.shape[1], 10)) / h.shape[1] ** 0.5  # a readout for 10 labels\n"
    "labels = jax.nn.one_hot(jax.random.randint(of_labels, (INPUTS,), 0, 10), 10)\n"
)
_COSTS = {
    "gaussian": "return (h * jax.random.normal(key, h.shape)).sum()  # dC/dh is a unit Gaussian",
    "squared_error": _READOUT + "return ((logits - labels) ** 2).sum() / 2",
    "cross_entropy": _READOUT + "return -(labels * jax.nn.log_softmax(logits)).sum()",
}
