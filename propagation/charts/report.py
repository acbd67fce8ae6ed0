"""The chart of a report: what a measured network does to its signals, module by module in order of execution, in the rows of Explore."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import numpy as np
import plotly.graph_objects as go

from propagation.charts.axes import ROOM, spikes
from propagation.charts.marks import band, line, note, numbers, title
from propagation.charts.rows import Place as RowPlace
from propagation.charts.rows import extremes, missing, shares, size_axes, stack, stack_layout
from propagation.charts.rulers import Ruler, ruler_marks, ruler_words
from propagation.charts.theme import Palette, figure, palette, translucent
from propagation.formats import FloatFormat
from propagation.formatting import from_log10
from propagation.reports.blocks import Place
from propagation.reports.report import Report

HEIGHT = 600
_TOP, _BOTTOM, _TITLE_HEIGHT = 4, 74, 27
#: quantity of a report, title of its row, what is squared, and the role of its colour
ROWS = (
    ("out", "forward → what a module gives out", "out²", "forward"),
    ("out_gradient", "backward ← gradient of that", "(∂C/∂out)²", "backward"),
    ("weight_gradient", "weight gradient ∂C/∂W", "(∂C/∂W)²", "weight_gradient"),
)
#: a shape for each kind of module, as Plotly and as the line under the chart call it, and what it is
SHAPES = {
    "linear": ("circle", "●", "linear"),
    "convolution": ("square", "■", "convolution"),
    "embedding": ("hexagon", "⬢", "embedding"),
    "norm": ("line-ew", "━", "norm"),
    "activation": ("triangle-up", "▲", "activation"),
    "attention": ("star", "★", "attention"),
    "sum": ("diamond", "◆", "sum"),
    "other": ("circle-open", "○", "other"),
    "block": ("pentagon", "⬟", "block"),
}
#: places drawn one by one, names under the axis and letters of one, at most
MOST_PLACES, _MOST_TICKS, _MOST_LETTERS = 2_000, 6, 14
#: entries of a tensor, where the report has no shape: its largest is then about √(2 ln of this) times the root mean square
_ENTRIES = 2**16


@dataclass(frozen=True)
class Reference:
    """What a row is compared with: `sizes` at the places of the chart, log10, NaN where there is nothing; theory, or else a level."""

    sizes: np.ndarray
    is_theory: bool


def report_chart(
    report: Report,
    places: Sequence[Place],
    references: Mapping[str, Reference],
    *,
    marked: Mapping[str, int] | None = None,
    precision: tuple[FloatFormat, int] | None = None,
    appearance: str = "light",
) -> go.Figure:
    """Draw second moments of every place on logarithmic axes, one row a quantity of ROWS, all at the same decades per pixel.

    Dots are medians over draws, by their shape what a module is; the band holds 10 to 90 % of the draws. `references` are by quantity;
    `marked` is by quantity the place that is named in the verdict, from 0. precision: a number format and log2 of the loss scale.
    """
    colours = palette(appearance)
    drawn = _drawn(len(places))
    x = drawn + 1
    rows = [(*row, _sizes(places, drawn, row[0])) for row in ROWS]
    rows = [row for row in rows if not np.isnan(row[4]).all() or row[0] == "out"]
    height = HEIGHT if len(rows) == len(ROWS) else HEIGHT * len(rows) // len(ROWS)
    domains = shares(len(rows), _TITLE_HEIGHT / (height - _TOP - _BOTTOM))
    lines = {name: references[name].sizes[drawn] for name, *_ in rows if name in references}
    stacked = stack(domains, [extremes([*sizes, lines.get(name, np.empty(0))]) for name, *_, sizes in rows])
    data: list[dict] = []
    notes: list[dict] = []
    for (name, words, square, role, sizes), place in zip(rows, stacked, strict=True):
        ruler = None if precision is None else _ruler(places, drawn, name, *precision)
        if ruler is not None:
            data += ruler_marks(name, ruler, x, colours, xaxis="x", yaxis=place.yaxis)
            notes += ruler_words(ruler, x, place, colours)
        reference = references.get(name)
        data += _marks(places, drawn, name, square, getattr(colours, role), sizes, reference, place, colours)
        notes.append(title(f"<b>{words}</b>", place.top, getattr(colours, f"{role}_text"), 15))
        notes += _gone(sizes[0], x, place, colours)
        if marked and name in marked:
            notes.append(_named(places[marked[name]], marked[name] + 1, sizes[0][np.flatnonzero(drawn == marked[name])], place, colours))
    values, texts = _ticks(places)
    axis = {
        "anchor": stacked[-1].yaxis,
        "domain": [0, 1],
        "range": [0.3 - len(places) / 100, len(places) + 0.7 + len(places) / 100],
        "tickvals": values,
        "ticktext": texts,
        "tickangle": 0,
        "showgrid": False,
        "zeroline": False,
        "fixedrange": True,
        "ticks": "",
        **ROOM,
    }
    layout = stack_layout(colours, height, _TOP, _BOTTOM, f"{len(places)} places") | {
        "template": {},
        "hoversubplots": "axis",
        "xaxis": axis | spikes(colours) | {"unifiedhovertitle": {"text": "<b>%{x}</b>"}},
        **size_axes(stacked, colours),
        "shapes": _stripes(places, colours),
        "annotations": notes + _below(report, places, references, colours),
    }
    return figure(data, layout)


def _drawn(count: int) -> np.ndarray:
    """The places that are drawn, from 0: of more than MOST_PLACES so many, evenly spread."""
    return np.unique(np.linspace(0, count - 1, min(count, MOST_PLACES)).round().astype(int))


def _sizes(places: Sequence[Place], drawn: np.ndarray, quantity: str) -> np.ndarray:
    """Median, low and high at the places drawn, (3, places); NaN where nothing was measured."""
    spreads = [places[at].sizes(quantity) for at in drawn]
    return np.array([(math.nan,) * 3 if spread is None else tuple(spread) for spread in spreads]).T


def _marks(
    places: Sequence[Place],
    drawn: np.ndarray,
    name: str,
    square: str,
    colour: str,
    sizes: np.ndarray,
    reference: Reference | None,
    place: RowPlace,
    colours: Palette,
) -> list[dict]:
    """Band, the way from dot to dot, the line to compare with, and dots."""
    middle, low, high = sizes
    x = (drawn + 1).tolist()
    at: dict[str, Any] = {"xaxis": "x", "yaxis": place.yaxis}
    there = np.isfinite(middle)
    marks = []
    if np.any(high[there] > low[there]):
        marks.append(band(drawn + 1, low, high, colour, name=f"{name} band", **at))
    within = [value for value, shown in zip(x, there, strict=True) if shown]
    marks.append(line(f"{name} way", within, middle[there], {"color": translucent(colour, 0.45), "width": 1}, **at))
    if reference is not None:
        dash = {} if reference.is_theory else {"dash": "dash"}
        line_at = np.flatnonzero(np.isfinite(reference.sizes[drawn]))
        style = {"color": colours.text, "width": 1.5, **dash}
        marks.append(
            line(
                f"{name} {'theory' if reference.is_theory else 'level'}",
                (line_at + 1).tolist(),
                reference.sizes[drawn][line_at],
                style,
                **at,
            )
        )
    symbols = [SHAPES["block" if places[at].folded else places[at].output.kind][0] for at in drawn]
    marker = {"color": colour, "size": 8 if len(x) <= 80 else 5.5, "symbol": symbols, "line": {"color": colour, "width": 1.5}}
    texts = [_hover(places[at], square, sizes[:, i], reference, at) for i, at in enumerate(drawn)]
    marks.append(
        {
            "type": "scatter",
            "name": name,
            "mode": "markers",
            "cliponaxis": False,
            "x": x,
            "y": numbers(middle),
            "marker": marker,
            "text": texts,
            "hovertemplate": "%{text}<extra></extra>",
            **at,
        }
    )
    return marks


def _hover(place: Place, square: str, sizes: np.ndarray, reference: Reference | None, at: int) -> str:
    """What the hover box says of one place: its name, the median and the band, and what it is compared with. Names are a visitor's text."""
    middle, low, high = sizes
    module = place.output
    what = f"block of {len(place.modules)}" if place.folded else module.type or module.kind
    text = f"<b>{escape(place.label)}</b> {escape(what)}: {square} {from_log10(middle)}"
    if high > low:
        text += f" ({from_log10(low)} – {from_log10(high)})"
    if reference is not None and reference.is_theory and math.isfinite(reference.sizes[at]):
        text += f", theory {from_log10(float(reference.sizes[at]))}"
    return text


def _gone(middle: np.ndarray, x: np.ndarray, place: RowPlace, colours: Palette) -> list[dict]:
    """Words for what has no place on the axis: exactly 0, and what is not finite."""
    words = []
    if np.isneginf(middle).any():
        words.append(missing("0", x[np.isneginf(middle)], place, colours))
    if np.isposinf(middle).any():
        gone = float(x[np.isposinf(middle)].mean())
        at = {"xref": "x", "yref": place.yaxis, "yanchor": "top"}
        words.append(note("▲ not finite", colours.warning, 14, gone, place.window[1], **at))
    return words


def _named(place: Place, x: int, size: np.ndarray, row: RowPlace, colours: Palette) -> dict:
    """The name of the place that the verdict is about, with an arrow to its dot."""
    y = float(size[0]) if len(size) and np.isfinite(size[0]) else row.window[0]
    name = place.label if len(place.label) <= 28 else "…" + place.label[-27:]
    high = y > sum(row.window) / 2
    arrow = {"showarrow": True, "arrowhead": 2, "arrowwidth": 1.5, "arrowcolor": colours.warning, "ax": 0, "ay": 26 if high else -26}
    return note(escape(name), colours.warning, 13, x, y, xref="x", yref=row.yaxis, bgcolor=translucent(colours.background, 0.8)) | arrow


def _ruler(places: Sequence[Place], drawn: np.ndarray, quantity: str, format: FloatFormat, log2_scale: int) -> Ruler:
    """The ends of a number format: where a root mean square is its smallest number, and where the largest entries overflow."""
    scale = 0.0 if quantity == "out" else log2_scale * math.log10(2)
    shapes = [places[at].output.out_shape if quantity != "weight_gradient" else places[at].output.weight_shape for at in drawn]
    counts = np.array([max(2, math.prod(shape)) if shape else _ENTRIES for shape in shapes], dtype=float)
    upper = 2 * (math.log10(format.overflow) - scale) - np.log10(2 * np.log(counts))
    return Ruler(format.label, format.smallest, np.full(len(drawn), 2 * (math.log10(format.smallest) - scale)), upper, 2 * scale)


def _ticks(places: Sequence[Place]) -> tuple[list[int], list[str]]:
    """Names at a few places: where blocks begin, if there are any, else evenly spread; long ones lose their beginning."""
    begins = [at for at, place in enumerate(places) if place.block and (at == 0 or places[at - 1].block != place.block)]
    offered = begins if len(begins) > 1 else list(range(len(places)))
    step = -(-len(offered) // _MOST_TICKS)
    chosen = offered[::step]
    return [at + 1 for at in chosen], [escape(_short(places[at].block or places[at].label)) for at in chosen]


def _short(name: str) -> str:
    """The last words of a name that fit."""
    words = name.split(".")
    while len(words) > 1 and len(".".join(words)) > _MOST_LETTERS:
        words = words[1:]
    text = ".".join(words)
    return text if len(text) <= _MOST_LETTERS else text[: _MOST_LETTERS - 1] + "…"


def _stripes(places: Sequence[Place], colours: Palette) -> list[dict]:
    """A quiet ground behind every other block, where blocks are unfolded."""
    if all(place.folded or not place.block for place in places):
        return []
    stripes, dark = [], False
    for at, place in enumerate(places):
        if place.block and (at == 0 or places[at - 1].block != place.block):
            dark = not dark
            if dark:
                stripes.append([at + 0.5, at + 1.5])
        elif place.block and dark:
            stripes[-1][1] = at + 1.5
    style = {"type": "rect", "yref": "paper", "y0": 0, "y1": 1, "fillcolor": colours.panel, "line": {"width": 0}, "layer": "below"}
    return [style | {"x0": left, "x1": right} for left, right in stripes[:500]]


def _below(report: Report, places: Sequence[Place], references: Mapping[str, Reference], colours: Palette) -> list[dict]:
    """Words under the axis: what shapes, dots and lines stand for."""
    kinds = dict.fromkeys("block" if place.folded else place.output.kind for place in places)
    shapes = "  ".join(f"{SHAPES[kind][1]} {SHAPES[kind][2]}" for kind in kinds)
    dots = f"dots: median of {report.draws:,} networks" if report.draws > 1 else "dots: one network"
    compared = "line: theory" if any(one.is_theory for one in references.values()) else "dashes: level" if references else ""
    below = {"xref": "paper", "yref": "paper", "yanchor": "top", "xanchor": "left"}
    return [
        note("   ".join(filter(None, (dots, compared))), colours.muted, 13, 0, 0, **below, yshift=-26),
        note(shapes, colours.muted, 13, 0, 0, **below, yshift=-46),
    ]
