"""Kumar 2017: its weight variance for every activation, beside the one at which gradients really keep their size."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import plotly.graph_objects as go

from propagation.activations import ACTIVATIONS
from propagation.charts.theme import Palette, base_layout, palette
from propagation.config import Config
from propagation.formatting import factor, number, power_of_ten
from propagation.initializers import kumar_scale
from propagation.labs.protocol import Progress
from propagation.lessons import Link
from propagation.papers.paper import Drawn, Finding, Paper
from propagation.theory.maps import chi_1, fixed_point
from propagation.theory.phases import critical_weight_variance

CONFIG = Config(activation="sigmoid", scheme="kumar", bias_variance=0)
#: pixels of a row of the chart, above and below them; decades of σ_w² that are drawn
_ROW, _TOP, _BOTTOM = 25, 34, 44
_WINDOW = (-0.6, 2.3)
_MARKS = {"Kumar 2017": ("diamond", "backward"), "exact": ("circle-open", "forward")}


@dataclass(frozen=True)
class Rule:
    """One activation without biases: Kumar's σ_w² and the critical one, NaN where there is none, and where Kumar's leads.

    `q_star` and `chi_1` are the size a signal settles at and the factor of a gradient per layer there. `fate` is "holds", "fades" (χ₁ = 1
    at a signal that dies slowly), "vanishes", "explodes" or "none" (the formula does not apply).
    """

    label: str
    kumar: float
    critical: float
    q_star: float
    chi_1: float
    fate: str


def measure(config: Config, progress: Progress | None = None) -> Finding:
    """Return a Rule for every activation, those for which the formula holds first, as the evidence."""
    rules = {name: rule_of(name) for name in ACTIVATIONS}
    if progress:
        progress(1.0)
    order = ("holds", "fades", "vanishes", "explodes", "none")
    sigmoid = rules["sigmoid"]
    return Finding(
        {
            "sigmoid_std": math.sqrt(sigmoid.kumar),
            "tanh_std": math.sqrt(rules["tanh"].kumar),
            "relu_std": math.sqrt(rules["relu"].kumar),
            "tanh_critical": rules["tanh"].critical,
            "sigmoid_critical": sigmoid.critical,
        },
        tuple(sorted(rules.values(), key=lambda rule: (order.index(rule.fate), rule.label.lower()))),
    )


def rule_of(activation: str) -> Rule:
    """Return Kumar's rule and the exact one for an activation."""
    label = ACTIVATIONS[activation].label
    critical = critical_weight_variance(activation, 0.0)
    try:
        own = kumar_scale(activation)
    except ValueError:
        return Rule(label, math.nan, critical, math.nan, math.nan, "none")
    q_star = fixed_point(activation, own, 0.0)
    chi = float(chi_1(q_star, activation, own))
    return Rule(label, own, critical, q_star, chi, _fate_of(q_star, chi))


def _fate_of(q_star: float, chi: float) -> str:
    if math.isinf(q_star):
        return "explodes"
    if abs(chi - 1) > 1e-6:
        return "vanishes" if chi < 1 else "explodes"
    return "fades" if q_star == 0 else "holds"


def rules_chart(rules: Sequence[Rule], *, appearance: str = "light") -> go.Figure:
    """Draw a row for each activation, the first on top: a diamond for Kumar's σ_w², a ring for the critical one, and what comes of it."""
    colours = palette(appearance)
    height = _ROW * len(rules) + _TOP + _BOTTOM
    places = {rule.label: len(rules) - 1 - place for place, rule in enumerate(rules)}
    both = [rule for rule in rules if math.isfinite(rule.kumar) and math.isfinite(rule.critical)]
    data: list[dict] = [
        {
            "type": "scatter",
            "name": "apart",
            "mode": "lines",
            "x": [x for rule in both for x in (math.log10(rule.kumar), math.log10(rule.critical), None)],
            "y": [y for rule in both for y in (places[rule.label], places[rule.label], None)],
            "line": {"color": colours.warning, "width": 2},
            "hoverinfo": "skip",
            "showlegend": False,
        }
    ]
    for name, values in (("exact", [r.critical for r in rules]), ("Kumar 2017", [r.kumar for r in rules])):
        symbol, role = _MARKS[name]
        drawn = [(value, rule) for value, rule in zip(values, rules, strict=True) if math.isfinite(value)]
        ring = name == "exact"
        data.append(
            {
                "type": "scatter",
                "name": name,
                "mode": "markers",
                "x": [round(math.log10(value), 4) for value, _ in drawn],
                "y": [places[rule.label] for _, rule in drawn],
                "marker": {
                    "symbol": symbol,
                    "color": getattr(colours, role),
                    "size": 15 if ring else 8,
                    "line": {"width": 2.5 if ring else 0},
                },
                "text": [f"{rule.label}, {name}: σ_w² = {number(value)}" for value, rule in drawn],
                "hovertemplate": "%{text}<extra></extra>",
            }
        )
    ticks = range(math.ceil(_WINDOW[0]), math.floor(_WINDOW[1]) + 1)
    layout = base_layout(colours) | {
        "height": height,
        "margin": {"l": 122, "r": 96, "t": _TOP, "b": _BOTTOM},
        "hovermode": "closest",
        "dragmode": False,
        "uirevision": "rules",
        "showlegend": True,
        "legend": {"orientation": "h", "x": 0, "y": 1, "xanchor": "left", "yanchor": "bottom", "traceorder": "reversed"},
        "xaxis": {
            "title": {"text": "weight variance σ_w²", "standoff": 4, "font": {"size": 14}},
            "range": list(_WINDOW),
            "tickvals": list(ticks),
            "ticktext": [power_of_ten(k) for k in ticks],
            "fixedrange": True,
            "gridcolor": colours.grid,
            "zeroline": False,
        },
        "yaxis": {
            "range": [-0.6, len(rules) - 0.4],
            "tickvals": list(places.values()),
            "ticktext": list(places),
            "fixedrange": True,
            "gridcolor": colours.grid,
            "zeroline": False,
        },
        "annotations": [_word(rule, places[rule.label], colours) for rule in rules],
    }
    return go.Figure({"data": data, "layout": layout}, _validate=False)


def fate(rule: Rule) -> str:
    """Return what the rule leads to, in a few words."""
    return {
        "holds": "✓ holds",
        "fades": "✓ fades slowly",
        "vanishes": f"↓ {factor(rule.chi_1)}",
        "explodes": f"↑ {factor(rule.chi_1)}",
        "none": "two slopes",
    }[rule.fate]


def _word(rule: Rule, y: float, colours: Palette) -> dict:
    colour = {"holds": colours.weight_gradient_text, "fades": colours.weight_gradient_text, "none": colours.muted}
    return {
        "x": 1,
        "xref": "paper",
        "xanchor": "left",
        "xshift": 8,
        "y": y,
        "yanchor": "middle",
        "text": fate(rule),
        "showarrow": False,
        "font": {"size": 14, "color": colour.get(rule.fate, colours.warning)},
    }


def draw(finding: Finding, appearance: str) -> list[Drawn]:
    """Draw both rules for every activation."""
    holding = [rule.label for rule in finding.evidence if rule.fate in ("holds", "fades")]
    failing = [rule.label for rule in finding.evidence if rule.fate in ("vanishes", "explodes")]
    alt = f"Kumar's rule agrees with the exact one for {', '.join(holding)}, and does not for {', '.join(failing)}."
    return [Drawn("kumar", rules_chart(finding.evidence, appearance=appearance), alt)]


PAPER = Paper("kumar", CONFIG, measure, draw, Link("Open in Choose an init", "gains", CONFIG.to_query()))
