"""Kumar's rule against the exact one: two σ_w² for each activation, on one axis, with what the rule leads to."""

from __future__ import annotations

import math
from collections.abc import Sequence

import plotly.graph_objects as go

from propagation.charts.theme import Palette, base_layout, palette
from propagation.formatting import factor, number, power_of_ten
from propagation.labs.papers.kumar import Rule

#: pixels of a row
_ROW = 25
_TOP, _BOTTOM = 34, 44
#: decades of σ_w² that are drawn
_WINDOW = (-0.6, 2.3)
_MARKS = {"Kumar 2017": ("diamond", "backward"), "exact": ("circle-open", "forward")}


def rules_chart(rules: Sequence[Rule], *, appearance: str = "light") -> go.Figure:
    """A row for each activation, the first on top: a diamond for Kumar's σ_w², a ring for the critical one, a word for what comes of it."""
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
        "annotations": [_fate(rule, places[rule.label], colours) for rule in rules],
    }
    return go.Figure({"data": data, "layout": layout}, _validate=False)


def fate(rule: Rule) -> str:
    """What the rule leads to, in a few words."""
    return {
        "holds": "✓ holds",
        "fades": "✓ fades slowly",
        "vanishes": f"↓ {factor(rule.chi_1)}",
        "explodes": f"↑ {factor(rule.chi_1)}",
        "none": "two slopes",
    }[rule.fate]


def _fate(rule: Rule, y: float, colours: Palette) -> dict:
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
