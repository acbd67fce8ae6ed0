"""One line: how each framework draws the weights and the biases of a layer that has a given σ_w² and σ_b², and what stands beside them."""

from __future__ import annotations

import math

from propagation.architecture import head, is_plain
from propagation.branches import BRANCH_RULES
from propagation.config import Config
from propagation.export.code.branches import branch_text
from propagation.export.code.norms import MODULES
from propagation.export.code.ops import everything, has, layer_ops, norm_kind
from propagation.expressions import lookup
from propagation.ops import Activate, Attend, Block, Dropout, Gate, Linear, Normalize, Op, Patches, Residual
from propagation.theory.gains import torch_gain

_EACH = "# for every layer of nn.Linear\n"
#: σ_w² this close to the square of a gain is drawn by the framework's own rule
_SAME = 1e-6


def init_lines(framework: str, activation: str, weight_variance: float, bias_variance: float, bias_mean: float = 0.0) -> str:
    """Return the lines that initialize a layer of n_in inputs with Var W = σ_w²/n_in, Var b = σ_b² and E b, for one of FRAMEWORKS.

    Weights are Gaussian. Where the framework has a rule of its own with this variance, the line is that.
    """
    write = {"pytorch": _pytorch, "keras": _keras, "flax": _flax, "numpy": _numpy}[framework]
    return write(activation, weight_variance, bias_variance, bias_mean)


def block_lines(framework: str, config: Config) -> str:
    """Return the lines for what the layers of an experiment have beside weights and biases: norm, dropout, skip. Empty for plain layers.

    L, the number of blocks, is written as the number that it is.
    """
    is_convolution = config.architecture == "convolution"
    if is_plain(config) and not is_convolution:
        return ""
    lines = ["# in this experiment a layer is more than its weights"]
    if is_convolution:
        middle = ", all on the middle tap" if config.weight_law == "orthogonal" else ""
        lines.append(f"# W is a convolution in a circle: n_in, or fan_in, is {config.taps} taps times the channels{middle}")
    if kind := norm_kind(config):
        lines.append(f"norm = {_NORMS[kind] if framework == 'numpy' else MODULES[framework][kind].call}")
    if has(config, Dropout):
        lines.append(_DROPOUT[framework].format(_text(1 - config.keep), _text(config.keep)))
    if config.has_stream:
        lines += _scales(config)
    if config.architecture == "transformer":
        lines += _attention(config, framework)
    more = [*["# and x = norm(x) after the last block"] * bool(head(config))]
    calls = [f"x = {_call(ops, 'x', framework)}" for ops in _by_branch(layer_ops(config))]
    return "\n".join([*lines, *calls, *more])


def _by_branch(block: Block) -> list[Block]:
    """Return the ops of a block, for each branch those up to the next."""
    starts = [place for place, op in enumerate(block) if isinstance(op, Residual)] or [0]
    return [block[start:end] for start, end in zip([0, *starts[1:]], [*starts[1:], len(block)], strict=True)]


def _scales(config: Config) -> list[str]:
    """The lines with α and s, and what a rule makes of the weights."""
    text, rule = branch_text(config), BRANCH_RULES[config.branch_rule]
    named = f"  # {rule.label} ({rule.source})" if rule.source else ""
    scales = [f"alpha = {text.alpha or _text(config.branch_scale)}{named}"] + [f"skip = {text.skip}"] * (text.skip != "1")
    maps = [op.name for op in everything(config) if isinstance(op, Linear) and op.name not in ("", "Wq", "Wk")]
    factors = {name: text.last if name in ("W", "W2", "Wo") else text.others for name in maps}
    words = [_factor_words(name, factor) for name, factor in factors.items() if factor != "1"]
    return [line.replace("DEPTH", str(config.depth)) for line in (*scales, *words)]


#: softmax(q·k/√d) v in every head. NumPy: of one head, a token is a column
_ATTENTION = {
    "pytorch": "attention = lambda q, k, v: F.scaled_dot_product_attention(q, k, v, is_causal={0})",
    "keras": "attention = lambda q, k, v: ops.nn.dot_product_attention(q, k, v, is_causal={0})",
    "flax": "attention = lambda q, k, v: jax.nn.dot_product_attention(q, k, v, is_causal={0})",
    "numpy": (
        "softmax = lambda a: np.exp(a - a.max(axis=0)) / np.exp(a - a.max(axis=0)).sum(axis=0)\n"
        "attention = lambda q, k, v: v @ softmax(k.T @ q / len(q) ** 0.5{1})"
    ),
}


def _attention(config: Config, framework: str) -> list[str]:
    """The lines that define attention of one head, and how many there are."""
    mask = " + mask" if config.causal else ""
    heads = [f"# each of q, k and v in {config.heads} heads side by side, {config.widths[-1] // config.heads} rows each"]
    if config.causal and framework == "numpy":
        heads.append(f"mask = np.tril(np.full(({config.tokens}, {config.tokens}), -np.inf), -1)")
    return [*heads[config.heads == 1 :], _ATTENTION[framework].format(config.causal, mask)]


def _factor_words(name: str, factor: str) -> str:
    if factor == "0":
        return f"# {name} starts with all weights and biases 0"
    return f"# the weights of {name}, once drawn, times {factor}"


def _call(ops: Block, text: str, framework: str) -> str:
    """Return what these ops make of an expression, as nested calls."""
    for op in ops:
        text = _called(op, text, framework)
    return text


def _called(op: Op, text: str, framework: str) -> str:
    if isinstance(op, Residual):
        return f"{'skip * ' * (op.skip_scale != 1)}{text} + alpha * {_call(op.branch, text, framework)}"
    if isinstance(op, Patches):
        return text
    if isinstance(op, Linear):
        return f"{op.name} @ {text}" if framework == "numpy" else f"{op.name}({text})"
    if isinstance(op, Gate):
        gate, up = (_called(one, text, framework) for one in (op.gate, op.up))
        product = f"phi({gate}) * ({up})" if framework == "numpy" else f"phi({gate}) * {up}"
        return f"({product})" if framework == "numpy" else product
    if isinstance(op, Attend):
        return f"attention({', '.join(_called(one, text, framework) for one in (op.query, op.key, op.value))})"
    name = {Activate: "phi", Normalize: "norm", Dropout: "drop"}[type(op)]
    return f"{name}({text})"


#: NumPy has no modules; an input is a column
_NORMS = {
    "layer": "lambda h: (h - h.mean(axis=0)) / h.std(axis=0)",
    "rms": "lambda h: h / np.sqrt((h**2).mean(axis=0))",
    "batch": "lambda h: (h - h.mean(axis=1, keepdims=True)) / h.std(axis=1, keepdims=True)",
}
_DROPOUT = {
    "pytorch": "drop = nn.Dropout({0})",
    "keras": "drop = layers.Dropout({0})",
    "flax": "drop = nn.Dropout({0}, deterministic=False)",
    "numpy": "drop = lambda h: h * (rng.random(h.shape) < {1}) / {1}",
}


def _pytorch(activation: str, weight_variance: float, bias_variance: float, mean: float) -> str:
    phi = lookup(activation)
    gain = torch_gain(phi)
    if gain is not None and math.isclose(gain**2, weight_variance, rel_tol=_SAME):
        leak = phi.slopes_at_zero[0]
        own = {"relu": 'nonlinearity="relu"', "linear": 'nonlinearity="linear"', "leaky_relu": f"a={leak:.7g}"}
        name = phi.family or phi.name
        if name in own:
            return f"{_EACH}nn.init.kaiming_normal_(layer.weight, {own[name]})\n{_pytorch_bias(bias_variance, mean)}"
    weights = f"nn.init.normal_(layer.weight, std=({_text(weight_variance)} / layer.in_features) ** 0.5)"
    return f"{_EACH}{weights}\n{_pytorch_bias(bias_variance, mean)}"


def _pytorch_bias(variance: float, mean: float) -> str:
    if variance:
        return f"nn.init.normal_(layer.bias, {_named('mean', mean)}std={_text(variance)}**0.5)"
    return f"nn.init.constant_(layer.bias, {_text(mean)})" if mean else "nn.init.zeros_(layer.bias)"


def _keras(activation: str, weight_variance: float, bias_variance: float, mean: float) -> str:
    kernel = f'initializers.VarianceScaling({_text(weight_variance)}, "fan_in", "untruncated_normal")'
    constant = f"initializers.Constant({_text(mean)})" if mean else '"zeros"'
    bias = f"initializers.RandomNormal({_named('mean', mean)}stddev={_text(bias_variance)}**0.5)" if bias_variance else constant
    dense = "layers.Dense(units, kernel_initializer=kernel, bias_initializer=bias)"
    return f"# new ones for every layer: one that is used twice draws the same numbers\nkernel = {kernel}\nbias = {bias}\n{dense}"


def _flax(activation: str, weight_variance: float, bias_variance: float, mean: float) -> str:
    kernel = f'nn.initializers.variance_scaling({_text(weight_variance)}, "fan_in", "normal")'
    constant = f"nn.initializers.constant({_text(mean)})" if mean else "nn.initializers.zeros"
    bias = f"nn.initializers.normal({_text(bias_variance)}**0.5)" if bias_variance else constant
    if bias_variance and mean:
        bias = f"lambda key, shape, dtype: {_text(mean)} + {bias}(key, shape, dtype)"
    return f"kernel_init = {kernel}\nbias_init = {bias}\nnn.Dense(features, kernel_init=kernel_init, bias_init=bias_init)"


def _numpy(activation: str, weight_variance: float, bias_variance: float, mean: float) -> str:
    constant = f"np.full(fan_out, {_text(mean)})" if mean else "np.zeros(fan_out)"
    bias = f"rng.normal({_text(mean)}, {_text(bias_variance)}**0.5, fan_out)" if bias_variance else constant
    return f"W = rng.normal(0, ({_text(weight_variance)} / fan_in) ** 0.5, (fan_out, fan_in))\nb = {bias}"


def _named(name: str, value: float) -> str:
    """Return an argument with its name, and the comma after it; nothing where it is 0."""
    return f"{name}={_text(value)}, " if value else ""


def _text(value: float) -> str:
    return f"{value:.7g}"
