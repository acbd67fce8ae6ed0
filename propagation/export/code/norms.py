"""Norms in code: `norm(x)` as each framework writes it, without learned gain and bias and without ε, and what its own module is called."""

from __future__ import annotations

from dataclasses import dataclass

from propagation.export.code.settings import fill


@dataclass(frozen=True)
class Module:
    """A framework's own module without learned parameters, and the ε that it adds to the variance."""

    call: str
    epsilon: str


#: by framework and kind of norm; NumPy has none, so its script names PyTorch's
MODULES: dict[str, dict[str, Module]] = {
    "pytorch": {
        "layer": Module("nn.LayerNorm(width, elementwise_affine=False)", "1e-5"),
        "rms": Module("nn.RMSNorm(width, elementwise_affine=False)", "the precision of its numbers"),
        "batch": Module("nn.BatchNorm1d(width, affine=False)", "1e-5"),
    },
    "keras": {
        "layer": Module("layers.LayerNormalization(center=False, scale=False)", "1e-3"),
        "rms": Module("layers.RMSNormalization()", "1e-6"),
        "batch": Module("layers.BatchNormalization(center=False, scale=False)", "1e-3"),
    },
    "flax": {
        "layer": Module("nn.LayerNorm(use_bias=False, use_scale=False)", "1e-6"),
        "rms": Module("nn.RMSNorm(use_scale=False)", "1e-6"),
        "batch": Module("nn.BatchNorm(use_running_average=False, use_bias=False, use_scale=False)", "1e-5"),
    },
}
MODULES["numpy"] = MODULES["pytorch"]

_WORDS = {
    "layer": "Layer norm: every input of a layer to mean 0 and mean square 1.",
    "rms": "RMS norm: every input of a layer to mean square 1.",
    "batch": "Batch norm: every neuron to mean 0 and mean square 1 over the batch.",
}
#: of a convolution, whose positions are the last axis; PyTorch's module for layers and RMS takes channels there
_WORDS_OF_POSITIONS = {
    "layer": "Layer norm: every position of every input to mean 0 and mean square 1 over the channels.",
    "rms": "RMS norm: every position of every input to mean square 1 over the channels.",
    "batch": "Batch norm: every channel to mean 0 and mean square 1 over inputs and positions.",
}
_OWN = "{0} adds {1} to the {2}: it shows where that is as small."
#: each as its framework writes it; `@centre` goes where the norm takes no mean away
_NORMS = {
    "numpy": '''
def norm(x):
    """$words Returns the size they had, too.

    $own
    """
    @centre
    size = np.sqrt((x**2).mean(axis=$axis, keepdims=True))
    size = np.where(size > 0, size, np.inf)  # what has no size stays 0
    return x / size, size


def norm_backward(gradient, y, size):
    """dC/dx of y = norm(x), where x had this size."""
    @centre_gradient
    return (gradient - y * (y * gradient).mean(axis=$axis, keepdims=True)) / size
''',
    "keras": '''
def norm(x):
    """$words Returns the size they had, too.

    $own
    """
    @centre
    size = ops.sqrt(ops.mean(x**2, axis=$axis, keepdims=True))
    size = ops.where(size > 0, size, np.inf)  # what has no size stays 0
    return x / size, size


def norm_backward(gradient, y, size):
    """dC/dx of y = norm(x), where x had this size."""
    @centre_gradient
    return (gradient - y * ops.mean(y * gradient, axis=$axis, keepdims=True)) / size
''',
    "pytorch": '''
def norm(x):
    """$words

    $own
    """
    @centre
    squares = (x**2).mean(dim=$axis, keepdim=True)
    return x * torch.where(squares > 0, squares, torch.inf).rsqrt()  # what has no size stays 0
''',
    "flax": '''
def norm(x):
    """$words

    $own
    """
    @centre
    squares = (x**2).mean(axis=$axis, keepdims=True)
    return x * jax.lax.rsqrt(jnp.where(squares > 0, squares, jnp.inf))  # what has no size stays 0
''',
}
#: the mean that a norm takes away, of what the braces hold
_MEANS = {
    "numpy": "{0}.mean(axis=$axis, keepdims=True)",
    "pytorch": "{0}.mean(dim=$axis, keepdim=True)",
    "flax": "{0}.mean(axis=$axis, keepdims=True)",
    "keras": "ops.mean({0}, axis=$axis, keepdims=True)",
}


def norm_definition(kind: str, framework: str, convolves: bool = False) -> str:
    """Return the lines that define `norm`, and for NumPy and Keras `norm_backward`, with two blank lines before; nothing for no kind.

    `convolves`: channels are an axis of their own, before that of positions, in PyTorch alone.
    """
    if not kind:
        return ""
    module = MODULES[framework][kind]
    rows = 1 if framework == "numpy" else 0  # a NumPy script has one column an input, the others one row
    axis = str(rows if kind == "batch" else 0 if framework == "numpy" else -1)
    if convolves:
        axis = "(0, 2)" if kind == "batch" else "1"
    return "\n\n\n" + fill(
        _NORMS[framework],
        words=(_WORDS_OF_POSITIONS if convolves else _WORDS)[kind],
        own=_OWN.format(module.call, module.epsilon, "mean square" if kind == "rms" else "variance"),
        axis=axis,
        centre=_centred("x", kind, framework, axis),
        centre_gradient=_centred("gradient", kind, framework, axis),
    )


def _centred(name: str, kind: str, framework: str, axis: str) -> str:
    return "" if kind == "rms" else f"{name} = {name} - {_MEANS[framework].format(name)}".replace("$axis", axis)
