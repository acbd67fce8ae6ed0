"""Comparison: what the Compare page says of its columns: the table, the chart in words, and what all of it means."""

from __future__ import annotations

import math
from collections.abc import Sequence

import streamlit as st

from propagation.charts.compare import Curves, Yours
from propagation.charts.marks import GLYPHS
from propagation.charts.measured import GLYPH
from propagation.charts.theme import palette
from propagation.formatting import factor, from_log10, percent, plain
from propagation.labs.compare import CONDITION_WIDTH, MOST_DRAWS, Decision, Summary, ranked
from propagation.labs.spectrum import DEEPEST
from propagation.precision import format_words
from propagation.ui.results import why_no_line
from propagation.ui.widgets import number_format
from propagation.ui.widgets.page_header import appearance, unbroken

#: a word for each kind of verdict, in its colour
VERDICTS = {
    "healthy": ":green[healthy]",
    "vanishing": ":orange[↓ vanishing]",
    "exploding": ":orange[↑ exploding]",
    "uneven": ":orange[uneven]",
    "merged": ":orange[merged]",
    "saturated": ":orange[saturated]",
    "dead": ":orange[dead]",
}


def table(curves: Sequence[Curves], summaries: Sequence[Summary], decision: Decision, what: str) -> list[dict[str, str]]:
    """Return the comparison, the healthiest first, each marked as in the chart: a line for each, in Markdown; `what` heads the names."""
    colours = palette(appearance()).compare
    precision = number_format.chosen()
    traces = {one.place: one.trace for one in curves}
    # where all are lost to rounding, or there is none, it tells no columns apart
    with_condition = any(math.isfinite(s.log10_condition) for s in summaries)
    lines = []
    for s in ranked(summaries):
        wins = s.place == decision.winner
        name = f"**{plain(s.label)}**" if wins else plain(s.label)
        mark = f" **✓ {decision.rank}**" if wins else ""
        spread = s.drift["weight gradients"]
        values = {
            "forward": factor(s.forward_factor),
            "backward": factor(s.backward_factor),
            # of weights that begin behind an α of 0
            "∂C/∂W spread": "all 0" if s.kind == "healthy" and math.isinf(spread) else from_log10(spread),
            **({"condition": _condition_in_words(s.log10_condition)} if with_condition else {}),
            "saturated": percent(s.saturated),
            "dead": percent(s.dead),
            "verdict": f"{VERDICTS[s.kind]}{mark}",
        }
        if precision:
            values[precision.format.label] = format_words(traces[s.place], precision)
        label = {what: f':color[{GLYPHS[s.place]}]{{foreground="{colours[s.place]}"}} {name}'}
        lines.append(label | unbroken(values))
    return lines


def _condition_in_words(log10_condition: float) -> str:
    """Return a condition number; one that is lost to rounding as the largest that is not, and a dash where there is none."""
    if math.isnan(log10_condition):
        return "—"
    return from_log10(log10_condition) if math.isfinite(log10_condition) else r"\> 10¹³"


def without_line(curves: Sequence[Curves]) -> str:
    """Return which of the columns theory has no line for, and why, in Markdown; empty where all have one."""
    reasons = {one.label: why_no_line(one.trace.config) for one in curves if one.prediction is None}
    return " ".join(f"{plain(label)}: {reason or 'theory failed here.'}" for label, reason in reasons.items())


def in_words(summaries: Sequence[Summary], decision: Decision, yours: Yours | None, measured: str) -> str:
    """Describe the chart to those who cannot see it; `measured` is a sentence on the measured network, empty without one."""
    dashed = "" if yours is None else f" Dashed, in theory: {yours.name}."
    each = "; ".join(f"{s.label}: forward {factor(s.forward_factor)}, backward {factor(s.backward_factor)} per layer" for s in summaries)
    return f"{decision.headline} {each}.{dashed} {measured}".rstrip()


_INITIALIZATIONS = (
    "- **Healthiest** is, of those with a healthy verdict, the one whose worst drift is smallest. The drift in a chart is the factor "
    "between its largest and its smallest layer; the worst of the three counts.\n"
    "- **The same noise**: columns of one weight law use the very same random numbers, scaled by their rule: what differs is the rule, "
    "not luck. Other laws are drawn from the same seed. Biases are those of the sidebar, unless a rule brings its own.\n"
)
_NETWORKS = (
    "- **What is drawn**: of plain networks z = W h + b and its gradient, of residual ones the stream x after each block and its gradient. "
    "A block with two linear maps, or with attention and an MLP, counts as one layer. Transformers are shown sequences of 8 tokens.\n"
    "- **Nobody wins**: behind a norm a stream may grow as it likes, and a network whose branches begin at 0 is perfectly level before it "
    "has learned anything. Which learns best is seen in training.\n"
    "- **The same initialization**: scheme, $σ_w²$, activation and inputs are those of the sidebar for all.\n"
)


def explanation(networks: bool) -> None:
    """Explain the table and the chart, folded away."""
    with st.expander("What am I looking at?"):
        st.markdown(
            "- **forward**, **backward**: what one layer does to E[z²], the size of the signal, and to E[δ²] of the gradient on its way "
            "back, after the first layers, in which sizes settle. × 1 keeps it.\n"
            "- **∂C/∂W spread**: E[(∂C/∂W)²] of the layer with the largest over that of the layer with the smallest. 1: all layers learn "
            "at one pace.\n"
            "- **condition**: how much more the direction that grows most grows than the one that grows least. It is the condition number "
            f"of the Jacobian ∂h/∂x, in one network of at most {CONDITION_WIDTH} neurons and {DEEPEST} layers. Only orthogonal weights "
            "keep it near 1, where the activation is almost straight. ReLU switches whole directions off, so there it is infinite. Where "
            "it is above 10¹³ in every row, the column is left out.\n"
            "- **saturated**, **dead**: neurons of the last layer where the activation is flat, and those that are flat on every input. "
            "Half of all ReLUs are flat on any one input, which does no harm.\n"
            f"- **Dots** are the median of at most {MOST_DRAWS} draws of each network, so that six of them are quick.\n"
            "- **Thick dashes without dots**: theory for the sidebar's own setting, where it is none of the columns. They move along while "
            "you hold a slider, and do not compete.\n"
            f"- **{GLYPH}**: a network measured by probe.py, block by block; where no blocks repeat, map by map or convolution by "
            "convolution. Its factors are means over all of them, its shares those of the last activation. Where the "
            "number of entries changes on the way, its gradient is that of all of them together. It does not compete.\n"
            + (_NETWORKS if networks else _INITIALIZATIONS)
        )
