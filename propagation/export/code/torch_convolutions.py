"""PyTorch convolutions: what a script for `nn.Conv1d` says in another way than one for `nn.Linear`.

What passes through it is (INPUTS, channels, positions).
"""

from __future__ import annotations

from propagation.architecture import is_coupled
from propagation.config import Config
from propagation.export.code.ops import has
from propagation.export.code.settings import fill
from propagation.ops import Patches

#: the layers, their weights on the inputs that it is given, and the sizes by which a scheme draws them: those of a neuron's `patches`, or,
#: where weights stand on the middle tap alone, those of one position
LAYERS = """
self.W = nn.ModuleList(
    nn.Conv1d(fan_in, fan_out, TAPS, padding=TAPS // 2, padding_mode="circular")
    for fan_in, fan_out in zip(WIDTHS[:-1], WIDTHS[1:])
)
""".strip("\n")
PRODUCT = 'F.conv1d(F.pad(*inputs, [TAPS // 2, TAPS // 2], mode="circular"), layer.weight)'
_FANS = {
    "patches": "fan_in, fan_out = TAPS * layer.in_channels, TAPS * layer.out_channels",
    "middle": "fan_in, fan_out = layer.in_channels, layer.out_channels",
}
#: orthogonal weights on the middle tap, others 0, with the law of that tap in place of `@law`
_MIDDLE = """
middle = torch.empty(fan_out, fan_in)  # delta-orthogonal: the other taps are 0
@law
nn.init.zeros_(layer.weight)
layer.weight[:, :, TAPS // 2] = middle
"""
_WEIGHT_GRADIENT = '''
def weight_gradient(delta, x):
    """dC/dW$tap $what, summed over $over."""
    @patches
    return $product
'''
_PATCHES = """
shifts = range(-(TAPS // 2), TAPS // 2 + 1)
x = np.concatenate([np.roll(x, -shift, axis=2) for shift in shifts], axis=1)  # what a neuron sees
"""


def why_not(config: Config) -> str:
    """Return why PyTorch cannot say a convolution; empty where it can."""
    if config.taps // 2 <= config.positions:
        return ""
    return f"PyTorch pads a circle once: {config.taps} taps go round one of {config.positions} more often, so there is no script."


def fans(config: Config) -> str:
    """Return the line that finds fan_in and fan_out of a layer."""
    return _FANS["middle" if config.weight_law == "orthogonal" else "patches"]


def middle(law: str) -> str:
    """Return the lines that draw the weights of the middle tap, where `law` draws those of a matrix `middle`."""
    return fill(_MIDDLE, law=law).rstrip("\n")


_READOUT = "labels = torch.randint(10, logits.shape[:-1])\n"
_LABELLED = "logits = $seen @ torch.randn(h.shape[1], 10) / h.shape[1] ** 0.5  # a readout for 10 labels\n" + _READOUT
_COSTS = {
    "gaussian": "return (h * torch.randn($shape)).sum()  # dC/dh is a unit Gaussian$same",
    "squared_error": _LABELLED + "return ((logits - F.one_hot(labels, 10)) ** 2).sum() / 2",
    "cross_entropy": _LABELLED + 'return F.cross_entropy(logits.flatten(0, -2), labels.flatten(), reduction="sum")',
}


def cost(config: Config) -> str:
    """Return the body of the cost: of every position, or of the mean over those of an input."""
    pooled = config.readout == "pooled"
    return fill(
        _COSTS[config.cost],
        shape="*h.shape[:2], 1" if pooled else "h.shape",
        same=", the same at all positions" if pooled else "",
        seen="h.mean(dim=2)" if pooled else "h.movedim(1, 2)",
    )


def weight_gradient(config: Config) -> str:
    """Return the function of a script that finds ∂C/∂W from δ and from the layer's input; of the middle tap where only that has weights."""
    coupled, on_middle = is_coupled(config), config.weight_law == "orthogonal"
    product = "delta @ x.swapaxes(1, 2)"
    return fill(
        _WEIGHT_GRADIENT,
        tap=" of the middle tap" if on_middle else "",
        what="of the batch, (1, fan_out, fan_in)" if coupled else "of each input, (INPUTS, fan_out, fan_in)",
        over="inputs, which batch norm couples, and positions" if coupled else "positions",
        patches=_PATCHES.strip("\n") if has(config, Patches) else "",
        product=f"({product}).sum(axis=0, keepdims=True)" if coupled else product,
    )
