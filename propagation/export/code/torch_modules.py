"""PyTorch modules: a block as a class, with its maps and its branches, and the lines that initialize what differs between its maps."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from propagation.config import Config
from propagation.export.code import pytorch
from propagation.export.code.branches import branch_text, map_text
from propagation.export.code.ops import layer_ops
from propagation.export.code.settings import fill
from propagation.initializers import SCHEMES
from propagation.ops import Activate, Attend, Dropout, Gate, Linear, Normalize, Op, Patches, Residual, Variance, h_place, ops_within

_ATTENTION = """
    def attention(self, x):
        q, k, v = (W(x).unflatten(-1, (HEADS, -1)).transpose(1, 2) for W in (self.Wq, self.Wk, self.Wv))
        x = F.scaled_dot_product_attention(q, k, v$causal)  # softmax(q k / sqrt(WIDTH / HEADS)) v in every head
        return self.Wo(x.transpose(1, 2).flatten(2))
"""

#: what each op makes of the expression that stands before it. Attention, of several lines, is a call of its own, W_o within
OPS: dict[type, Callable[[Any, str], str]] = {
    Linear: lambda op, x: f"self.{op.name}({x})",
    Patches: lambda op, x: x,  # a layer finds its own
    Activate: lambda op, x: f"phi({x})",
    Normalize: lambda op, x: f"norm({x})",
    Dropout: lambda op, x: f"F.dropout({x}, 1 - KEEP)",
    Gate: lambda op, x: f"phi(self.Wg({x})) * self.Wu({x})",
    Attend: lambda op, x: f"self.attention({x})",
    Residual: lambda op, x: f"{'' if op.branch_scale == 1 else 'ALPHA * '}{_called(op, x)}",
}


def modules(config: Config) -> str:
    """Return the lines that make the linear layers of a block, those of one shape together."""
    maps: dict[str, list[str]] = {}
    for op in _maps(config):
        maps.setdefault(map_text(config, op).fans, []).append(op.name)
    return "\n".join(
        f"self.{names[0]} = nn.Linear({fans})"
        if len(names) == 1
        else f"{', '.join(f'self.{name}' for name in names)} = (nn.Linear({fans}) for _ in range({len(names)}))"
        for fans, names in maps.items()
    )


def _maps(config: Config) -> list[Linear]:
    """The linear maps of a block."""
    return [op for op in ops_within(layer_ops(config)) if isinstance(op, Linear)]


def sums(ops: Sequence[Op]) -> str:
    """Return the body of a block's `forward`: each branch and its skip, with what stands behind the sum, on a line."""
    lines: list[str] = []
    for op in ops:
        if isinstance(op, Residual):
            past = "" if op.skip_scale == 0 else "x + " if op.skip_scale == 1 else "SKIP * x + "
            lines.append(past + OPS[Residual](op, "x"))
        else:
            lines[-1] = OPS[type(op)](op, lines[-1])
    *before, last = lines
    return "\n".join([*(f"x = {line}" for line in before), f"return {last}"])


def _called(op: Residual, x: str) -> str:
    """A branch as it is called; a norm that it begins with stands in the call."""
    name = "attention" if _attends(op) else "mlp"
    return f"self.{name}({OPS[Normalize](op.branch[0], x) if isinstance(op.branch[0], Normalize) else x})"


def _attends(op: Residual) -> bool:
    return any(isinstance(inner, Attend) for inner in op.branch)


def branches(config: Config) -> str:
    """Return the methods of a block that are its branches."""
    methods = []
    for op in layer_ops(config):
        if not isinstance(op, Residual):
            continue
        if _attends(op):
            text = fill(textwrap.dedent(_ATTENTION), causal=", is_causal=True" if config.causal else "")
        else:
            text = "def mlp(self, x):\n" + textwrap.indent(_mlp(op), "    ")
        methods.append(text.rstrip("\n"))
    return "\n" + "\n\n".join(methods)


def _mlp(op: Residual) -> str:
    """The body of the branch that is no attention."""
    ops = op.branch[isinstance(op.branch[0], Normalize) :]
    text = "x"
    for inner in ops:
        text = OPS[type(inner)](inner, text)
    if h_place(op.branch) < len(op.branch):
        return f"return {text}"
    return f"self.h = {text}\nreturn self.h"


def last_map(config: Config) -> str:
    """Return the map that is given h; empty where h is what a branch ends with."""
    *_, branch = (op.branch for op in layer_ops(config) if isinstance(op, Residual))
    after = [op for op in branch[h_place(branch) :] if isinstance(op, Linear)]
    return after[0].name if after else ""


def own_weights(config: Config) -> str:
    """Return the lines by which maps of a block differ from what the scheme draws: variances of their own, and the factors of a rule."""
    maps, rule = _maps(config), branch_text(config)
    lines: list[str] = []
    names = {op.name for op in maps}
    stacked = [names_of for names_of in (("Wq", "Wk", "Wv"), ("Wg", "Wu")) if names.issuperset(names_of)]
    if "Wo" in names and SCHEMES[config.scheme].bias_scale:
        same = f"nn.init.constant_(layer.bias, {config.bias_mean!r})" if config.bias_mean else _NO_BIAS
        lines.append(f"for layer in {_layers(('Wq', 'Wk', 'Wv', 'Wo'))}:  # PyTorch's attention has biases of 0\n    {same}")
    if config.weight_law == "orthogonal":
        lines += [_one_matrix([op for op in maps if op.name in names_of]) for names_of in stacked]
    else:
        given = (("Wq", "Wk"), config.query_key_variance), (("Wv",), config.value_variance)
        for names_of, value in given:
            if value is not None and names.issuperset(names_of):
                law = pytorch.LAWS[config.weight_law].format("layer.weight", f"({value!r} / WIDTH)")
                lines.append(f"for layer in {_layers(names_of)}:\n{textwrap.indent(law, '    ')}")
    done = {name for names_of in stacked for name in names_of} if config.weight_law == "orthogonal" else set()
    for factor in dict.fromkeys((rule.others, rule.last)):
        scaled = [op.name for op in maps if map_text(config, op).factor == factor and op.name not in done]
        if factor == "1" or not scaled:
            continue
        change = f"nn.init.zeros_(layer.weight)\n    {_NO_BIAS}" if factor == "0" else f"layer.weight *= {factor}"
        lines.append(f"for layer in {_layers(scaled)}:\n    {change}")
    if not lines:
        return ""
    return "for block in model.blocks:\n" + textwrap.indent("\n".join(lines), "    ")


_NO_BIAS = "nn.init.zeros_(layer.bias)"
_ONE_MATRIX = """
# maps of one input are drawn as one orthogonal matrix
rows = nn.init.orthogonal_(torch.empty($rows, WIDTH), gain=max($rows, WIDTH) ** 0.5)
for layer, part, variance in zip($layers, rows.chunk($count), ($variances)):
    layer.weight.copy_((variance / WIDTH) ** 0.5 * part)
"""


def _one_matrix(maps: Sequence[Linear]) -> str:
    """The lines that draw several maps of one input as one matrix."""
    variances = [op.weight.value for op in maps if isinstance(op.weight, Variance)]
    size = "WIDTH" if maps[0].name == "Wq" else "HIDDEN"
    return fill(
        _ONE_MATRIX,
        rows=f"{len(maps)} * {size}",
        layers=_layers(op.name for op in maps),
        count=str(len(maps)),
        variances=", ".join(f"{value:.7g}" for value in variances),
    ).rstrip("\n")


def _layers(names: Iterable[str]) -> str:
    """Layers of a block, as a tuple."""
    found = [f"block.{name}" for name in names]
    return f"({', '.join(found)})" if len(found) > 1 else f"({found[0]},)"
