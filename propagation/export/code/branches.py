"""Branches in code: the rules of residual blocks, and the sizes of their maps, as expressions in the names that a script has."""

from __future__ import annotations

from dataclasses import astuple, dataclass, replace
from typing import Any

from propagation.architecture import blocks
from propagation.branches import BRANCH_RULES
from propagation.config import Config
from propagation.ops import Gate, Linear, ops_within


@dataclass(frozen=True)
class BranchText:
    """One of BRANCH_RULES in DEPTH, the number of blocks, and K, that of branches: α (empty where the experiment says it) and s.

    `others` is the factor on standard deviations of all maps of a branch but the last, where there are two, and `last` that of the last.
    """

    alpha: str = ""
    skip: str = "1"
    others: str = "1"
    last: str = "1"


_BRANCH_TEXTS: dict[str, BranchText] = {
    "custom": BranchText(),
    "sqrt": BranchText("DEPTH**-0.5"),
    "sqrt_2": BranchText("(2 * DEPTH) ** -0.5"),
    "inverse": BranchText("1 / DEPTH"),
    "zero": BranchText("0"),
    "gpt2": BranchText("1", last="K**-0.5"),
    "fixup": BranchText("1", others="K**-0.5", last="0"),
    "t_fixup": BranchText("1", others="0.67 * (K / 2) ** -0.25", last="0.67 * (K / 2) ** -0.25"),
    "deepnorm": BranchText("1", skip="K**0.25", others="(4 * K) ** -0.25", last="(4 * K) ** -0.25"),
}


def has_blocks(config: Config) -> bool:
    """Return whether a script has a class for a block, and no loop over maps: for attention, gates, and copies of one block."""
    return config.architecture == "transformer" or config.gated or config.shared_blocks


def branch_text(config: Config) -> BranchText:
    """Return the rule of a config, in DEPTH alone."""
    text, two = _BRANCH_TEXTS[config.branch_rule], config.architecture == "transformer" and config.sublayers == "both"
    if config.branch_rule == "custom" and config.skip_scale != 1:
        text = replace(text, skip=repr(config.skip_scale))
    return BranchText(*(part.replace("K", "(2 * DEPTH)" if two else "DEPTH") for part in astuple(text)))


@dataclass(frozen=True)
class MapText:
    """A linear map as a script writes it.

    `name` is that of its variable, `out` what it makes: z, of the first map of a layer, y, or nothing that is looked at again. `factor`
    multiplies the weights that the scheme draws; "1" and "0" are those and none at all.
    """

    name: str
    fan_in: str
    fan_out: str
    out: str
    factor: str

    @property
    def fans(self) -> str:
        """Return both sizes as arguments."""
        return f"{self.fan_in}, {self.fan_out}"

    @property
    def keeps(self) -> str:
        """Return the line that keeps what it is given, before x is what it makes. That of a second map is h, which is kept anyway."""
        return "ins.append(x)" if self.out == "z" else ""

    @property
    def sees(self) -> str:
        """Return the line that keeps what it makes."""
        return "zs.append(x)" if self.out == "z" else ""

    @property
    def gradients(self) -> str:
        """Return the list of gradients of what it makes."""
        return "deltas" if self.out == "z" else "y_gradients"


def map_text(config: Config, op: Linear) -> MapText:
    """Return how a map of this config is written."""
    if not config.has_stream:
        return MapText(op.name, "fan_in", "fan_out", "z", "1")
    hidden, rule = _hidden(config), branch_text(config)
    texts = {
        "": MapText("W", input_size(config), "WIDTH", "", "1"),
        "W": MapText("W", "WIDTH", "WIDTH", "z", rule.last),
        "W1": MapText("W1", "WIDTH", hidden, "z", rule.others),
        "W2": MapText("W2", hidden, "WIDTH", "y", rule.last),
        **{name: MapText(name, "WIDTH", hidden, "", rule.others) for name in ("Wg", "Wu")},
        **{name: MapText(name, "WIDTH", "WIDTH", "", "1") for name in ("Wq", "Wk")},
        "Wv": MapText("Wv", "WIDTH", "WIDTH", "", rule.others),
        "Wo": MapText("Wo", "WIDTH", "WIDTH", "", rule.last),
    }
    return texts[op.name]


def maps_of_branch(config: Config) -> tuple[str, ...]:
    """Return the names of the maps of a layer."""
    return ("W1", "W2") if config.architecture == "residual" and config.branch_layers == 2 else ("W",)


def stream_constants(config: Config) -> list[str]:
    """Return the lines with the sizes and the scales of a network with a stream."""
    text, rule = branch_text(config), BRANCH_RULES[config.branch_rule]
    lines = [f"DEPTH, WIDTH = {config.depth}, {config.widths[-1]}  # blocks, and the size of the stream"]
    if config.architecture == "transformer":
        lines.append(f"TOKENS, HEADS = {config.tokens}, {config.heads}  # of a sequence, and of attention")
    if config.gated:
        gate = next(op for op in ops_within(blocks(config)[0]) if isinstance(op, Gate))
        shape = f"two thirds of {config.expansion} * WIDTH, rounded up, for three maps in the place of two"
        lines.append(f"HIDDEN = {gate.up.fan_out}  # {shape}")
    elif _hidden(config) == "HIDDEN":
        lines.append(f"HIDDEN = {config.expansion} * WIDTH  # between the two maps of a branch")
    if input_size(config) != "WIDTH":
        pixels = "  # an image has 8 x 8 pixels" if config.input_law == "digits" else ""
        lines.append(f"INPUT_WIDTH = {config.widths[0]}{pixels}")
    source = f"  # {rule.label} ({rule.source})" if rule.source else ""
    alpha = text.alpha or repr(config.branch_scale)
    if not has_blocks(config) or alpha not in ("1", "1.0"):
        lines.append(f"ALPHA = {alpha}{source}")
    elif source:
        lines.append(source.strip())
    return lines + [f"SKIP = {text.skip}"] * (text.skip not in ("1", "0.0"))


def residual_pieces(config: Config, op: Any) -> dict[str, str]:
    """Return what the lines of a block leave open: what goes past the branch."""
    return {"past": "skip" if branch_text(config).skip == "1" else "SKIP * skip"}


def input_size(config: Config) -> str:
    """Return the size of an input."""
    if not config.has_stream:
        return "WIDTHS[0]"
    return "WIDTH" if config.widths[0] == config.widths[1] else "INPUT_WIDTH"


def loop_head(config: Config) -> str:
    """Return what stands between `for` and the colon of the loop over layers, where each draws its maps."""
    return "fan_in, fan_out in zip(WIDTHS[:-1], WIDTHS[1:])" if not config.has_stream else "_ in range(DEPTH)"


def _hidden(config: Config) -> str:
    return "HIDDEN" if config.gated or (config.branch_layers == 2 and config.expansion > 1) else "WIDTH"
