"""The width chart: how far networks are from the theory of infinitely wide ones, against their width, on logarithmic axes."""

from __future__ import annotations

import math
from collections.abc import Sequence

import plotly.graph_objects as go

from propagation.charts.axes import axis, decade_windows, named
from propagation.charts.marks import note, vertical
from propagation.charts.theme import Palette, base_layout, figure, palette
from propagation.formatting import percent, power_of_ten
from propagation.labs.width import WIDTHS, Deviation, WidthResult, fitted
from propagation.signals import SIGNALS

HEIGHT = 460
#: signal → (shape of its marks, the same in words, title)
_MARKS = {
    "z": ("circle", "●", "signal z → in the last layer"),
    "delta": ("diamond-open", "◇", "gradient δ ← in the first layer"),
}
#: share of the height that the plot takes; the titles stand above
_PLOT = 0.8
#: room at the ends of the width axis, in decades
_MARGIN = 0.2


def width_chart(results: Sequence[WidthResult], width: int, *, appearance: str = "light") -> go.Figure:
    """Draw deviation against width: marks as measured, dotted lines as fitted, thin lines as theory expects; `width` is marked.

    `results` may still be growing. Both axes have ticks at whole decades; a deviation of 0 has no place and is left out.
    """
    colours = palette(appearance)
    data: list[dict] = []
    annotations: list[dict] = []
    for place, signal in enumerate(_MARKS):
        _, mark, title = _MARKS[signal]
        data += _signal_traces(results, signal, colours)
        colour = getattr(colours, f"{SIGNALS[signal].role}_text")
        annotations.append(_note(1 - 0.065 * place, f"{mark} <b>{title}</b>{_slope(results, signal)}", colour))
    known = any(result.z.theory is not None for result in results)
    annotations.append(_note(0.87, "┄ fitted" + ("   ─ theory at this width" if known else ""), colours.muted))
    bottom, top = _window(data)
    here = math.log10(width)
    annotations.append(_here(here, f"your width {width:,}", colours))
    layout = base_layout(colours) | {
        "height": HEIGHT,
        "margin": {"l": 70, "r": 18, "t": 8, "b": 46},
        "hovermode": "closest",
        "dragmode": False,
        "uirevision": "width",
        "annotations": annotations,
        "shapes": [vertical(here, colours.muted, "dash", y1=_PLOT, layer="below")],
        "xaxis": axis(colours, tickangle=0)
        | {
            "title": named("neurons per layer"),
            "range": [math.log10(min(width, WIDTHS[0])) - _MARGIN, math.log10(WIDTHS[-1]) + _MARGIN],
            "tickvals": list(range(1, 7)),
            "ticktext": [power_of_ten(k) for k in range(1, 7)],
        },
        "yaxis": axis(colours, tickangle=0)
        | {
            "title": named("off from the wide limit", 2),
            "domain": [0, _PLOT],
            "range": [bottom - 0.1, top + 0.1],
            "tickvals": list(range(bottom, top + 1)),
            "ticktext": [percent(10.0**k) for k in range(bottom, top + 1)],
        },
    }
    return figure(data, layout)


def _signal_traces(results: Sequence[WidthResult], signal: str, colours: Palette) -> list[dict]:
    """Return theory, the fitted line, the marks."""
    colour = getattr(colours, SIGNALS[signal].role)
    drawable = [result for result in results if _of(result, signal).measured > 0]
    expected = [(result.width, theory) for result in results if (theory := _of(result, signal).theory or 0.0) > 0]
    law = fitted(results, signal)
    quiet = {"type": "scatter", "mode": "lines", "hoverinfo": "skip"}
    traces = []
    if expected:
        x, y = zip(*expected, strict=True)
        traces.append(quiet | {"name": f"{signal} theory", "line": {"color": colours.text, "width": 1.25}} | _points(x, y))
    if law:
        widths = [result.width for result in results]
        style = {"color": colour, "width": 2, "dash": "dot"}
        traces.append(quiet | {"name": f"{signal} fitted", "line": style} | _points(widths, [law.deviation_at(width) for width in widths]))
    traces.append(
        {
            "type": "scatter",
            "name": signal,
            "mode": "markers",
            "marker": {"color": colour, "size": 10, "symbol": _MARKS[signal][0], "line": {"width": 2, "color": colour}},
            "text": [_hover(result, signal) for result in drawable],
            "hovertemplate": "%{text}<extra></extra>",
            "cliponaxis": False,
        }
        | _points([result.width for result in drawable], [_of(result, signal).measured for result in drawable])
    )
    return traces


def _points(widths: Sequence[int], deviations: Sequence[float]) -> dict:
    """Return where marks or a line stand on axes that have log10."""
    return {"x": [math.log10(width) for width in widths], "y": [math.log10(deviation) for deviation in deviations]}


def _of(result: WidthResult, signal: str) -> Deviation:
    return getattr(result, signal)


def _slope(results: Sequence[WidthResult], signal: str) -> str:
    """Return the slope with its standard error, for a title."""
    law = fitted(results, signal)
    if law:
        return f": slope {law.slope:.2f} ± {law.error:.2f}".replace("-", "−")
    return ": nothing is left to chance" if results and all(_of(result, signal).measured == 0 for result in results) else ""


def _hover(result: WidthResult, signal: str) -> str:
    deviation = _of(result, signal)
    text = f"<b>width {result.width:,}</b><br>{SIGNALS[signal].symbol} off by {percent(deviation.measured)} ({result.networks} networks)"
    return text if deviation.theory is None else f"{text}<br>theory {percent(deviation.theory)}"


def _window(data: Sequence[dict]) -> tuple[int, int]:
    """Return whole decades around all that is drawn, and around what is to come up to the widest network if chance falls as n^(−1/2)."""
    points = [(x, y) for trace in data for x, y in zip(trace["x"], trace["y"], strict=True)] or [(0.0, 0.0)]
    widest = max(x for x, _ in points)
    heights = [y for _, y in points] + [y - (math.log10(WIDTHS[-1]) - x) / 2 for x, y in points if x == widest]
    return decade_windows([(min(heights), max(heights))])[0]


def _note(height: float, text: str, colour: str) -> dict:
    """Return a line of text in the upper right corner."""
    return note(text, colour, 14, 1, height, xref="paper", yref="paper", xanchor="right", yanchor="top")


def _here(place: float, text: str, colours: Palette) -> dict:
    """Return the name of the visitor's own width, at the end of its line where there is room: marks fall from upper left to lower right."""
    left = place < (math.log10(WIDTHS[0]) + math.log10(WIDTHS[-1])) / 2
    y, xanchor, yanchor = (0.02, "left", "bottom") if left else (_PLOT - 0.02, "right", "top")
    return note(f" {text} ", colours.muted, 13, place, y, xref="x", yref="paper", xanchor=xanchor, yanchor=yanchor)
