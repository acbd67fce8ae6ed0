"""The race in charts: accuracy and loss as networks learn, how fast each of their layers moves, and one network's gradients over time."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from propagation.charts.axes import axis, decade_axis, decade_ticks, decade_windows, layer_ticks, named, widened
from propagation.charts.marks import GLYPHS, SYMBOLS, dot_size, note, numbers, thinned, title
from propagation.charts.theme import Palette, base_layout, figure, palette
from propagation.formatting import from_log10, number
from propagation.labs.race import Lane, of_weights, whole_percent
from propagation.labs.training import CHANCE, IGNORANCE, Snapshot

#: of the chart of the race and that of the paces, side by side; of the gradients below them
HEIGHT, MAP_HEIGHT = 400, 270
_BOTTOM = 44
#: where accuracy and loss stand between 0 and 1
_ACCURACY, _LOSS = [0.56, 1], [0, 0.44]
#: losses below have nothing more to tell, and those above say only that they are above: log10
_LOSSES = (-3.0, 3.0)
#: decades of paces and of gradients that are told apart: what lies below is drawn at the edge
_MOST_DECADES = 12
#: decades that the axis of paces always covers
_PACES = (-5, -2)
#: layers drawn one by one; of deeper networks this many, evenly spread, first and last included
_MOST_LAYERS = 100
#: beyond, a size is 0 or ∞ (as log10)
_ENDS = 400.0


def race_chart(lanes: Sequence[Lane], steps: int, *, winner: int | None = None, appearance: str = "light") -> go.Figure:
    """Draw held-out accuracy above, training loss on a logarithmic axis below, against the step, 0 … `steps`; `lanes` may be empty.

    A mark stands where a lane is now; one that diverged ends with a cross and the word.
    """
    colours = palette(appearance)
    logs = [_log_loss(snapshot) for lane in lanes for snapshot in lane.snapshots]
    window = decade_windows([(min([*logs, -1.0]), max([*logs, 1.0]))])[0]
    data = [_guess(steps, 100 * CHANCE, "y", colours), _guess(steps, math.log10(IGNORANCE), "y2", colours)]
    data += [trace for lane in lanes for trace in _lane_traces(lane, lane.place == winner, colours)]
    layout = _layout(colours) | {
        "uirevision": f"race {steps} {[lane.label for lane in lanes]}",
        "xaxis": _axis(colours)
        | {"anchor": "y2", "title": named("step"), "range": _span(steps), "unifiedhovertitle": {"text": "<b>step %{x:,}</b>"}},
        "yaxis": _axis(colours)
        | {"domain": _ACCURACY, "range": [-4, 104], "tickvals": [0, 25, 50, 75, 100], "ticktext": ["0", "25 %", "50 %", "75 %", "100 %"]},
        "yaxis2": decade_axis(window, colours) | {"domain": _LOSS, "range": [window[0] - 0.08, window[1] + 0.08]},
        "annotations": [
            _title("held-out digits read right", _ACCURACY[1], colours, f"┄ guessing {whole_percent(CHANCE)}"),
            _title("training loss", _LOSS[1], colours, f"┄ guessing {number(IGNORANCE)}"),
            *_ends(lanes, steps, colours),
        ],
    }
    return figure(data, layout)


def pace_chart(lanes: Sequence[Lane], depth: int, *, winner: int | None = None, appearance: str = "light") -> go.Figure:
    """Draw the latest update ratio ‖ΔW‖/‖W‖ of every layer, 1 … `depth`, on a logarithmic axis: one line a lane; `lanes` may be empty.

    What a diverged lane did in the end moves no axis that others need, and where it is above that it is not drawn.
    """
    colours = palette(appearance)
    layers = thinned(depth, _MOST_LAYERS)
    paces = {lane.place: np.log10(np.maximum(lane.latest.update_ratio, 10**-300.0))[layers - 1] for lane in lanes}
    bottom, top = _window([paces[lane.place] for lane in _running(lanes)], _PACES)
    lowest = min((float(pace.min()) for pace in paces.values()), default=math.inf)
    size = dot_size(len(layers), 30, 60)
    data = [
        _line(lane, lane.place == winner, colours)
        | {
            "x": layers.tolist(),
            "y": numbers(np.where(paces[lane.place] > top, np.nan, np.maximum(paces[lane.place], bottom))),
            "marker": {"color": colours.compare[lane.place], "symbol": SYMBOLS[lane.place], "size": size},
            "text": [f"{lane.label}: {_pace(ratio)}" for ratio in lane.latest.update_ratio[layers - 1].tolist()],
        }
        for lane in lanes
    ]
    paces_axis = decade_axis((bottom, top), colours)
    ticks, names = layer_ticks(depth)
    layout = _layout(colours) | {
        "uirevision": f"pace {depth} {[lane.label for lane in lanes]}",
        "xaxis": _axis(colours)
        | {
            "title": named("layer"),
            "range": [0.7 - 0.02 * depth, 0.3 + 1.02 * depth],
            "tickvals": ticks[1:],
            "ticktext": names[1:],
            "unifiedhovertitle": {"text": "<b>layer %{x}</b>"},
        },
        "yaxis": paces_axis
        | {
            "range": widened((bottom, top), 0.02),
            "ticktext": _with_edge(paces_axis["tickvals"], paces_axis["ticktext"], bottom, lowest),
        },
        "annotations": [_title("pace of each layer", 1, colours, "‖ΔW‖ / ‖W‖ of one step")],
    }
    return figure(data, layout)


def gradient_map(lane: Lane, lanes: Sequence[Lane], steps: int, *, appearance: str = "light") -> go.Figure:
    """Draw the mean square of ∂C/∂W^l of one lane, as colour over the step, 0 … `steps`, and the layer, the first below.

    A colour means the same for all `lanes`; those that diverged have no say in what.
    """
    colours = palette(appearance)
    sizes = _gradient_sizes(lane)
    depth, looks = sizes.shape
    bottom, top = _window([_gradient_sizes(one) for one in _running(lanes)])
    ticks, names = decade_ticks(bottom, top)
    layers, texts = layer_ticks(depth)
    data = [
        {
            "type": "heatmap",
            "x": [snapshot.step for snapshot in lane.snapshots[:looks]],
            "y": list(range(1, depth + 1)),
            "z": np.clip(sizes, bottom, top).round(3).tolist(),
            "text": [[_size(value) for value in row] for row in sizes.tolist()],
            "hovertemplate": "step %{x:,}, layer %{y}: %{text}<extra></extra>",
            "colorscale": [[0, colours.neutral], [1, colours.weight_gradient]],
            "zmin": bottom,
            "zmax": top,
            "colorbar": {
                "title": {"text": "mean square", "side": "right", "font": {"size": 13}},
                "tickvals": ticks,
                "ticktext": _with_edge(ticks, names, bottom, float(sizes.min())),
                "thickness": 14,
                "outlinewidth": 0,
                "len": 1.0,
            },
        }
    ]
    layout = base_layout(colours) | {
        "height": MAP_HEIGHT,
        "margin": {"l": 46, "r": 8, "t": 8, "b": _BOTTOM},
        "dragmode": False,
        "uirevision": f"gradients {lane.label}",
        "xaxis": _axis(colours) | {"title": named("step"), "range": _span(steps), "showgrid": False},
        "yaxis": _axis(colours)
        | {
            "title": named("layer"),
            "range": [0.5, depth + 0.5],
            "tickvals": sorted({1, *layers[1:]}),
            "ticktext": ["1", *texts[1:]] if 1 not in layers else texts[1:],
            "showgrid": False,
        },
    }
    return figure(data, layout)


def _running(lanes: Sequence[Lane]) -> Sequence[Lane]:
    """Return those that did not diverge, or all where there is none."""
    return [lane for lane in lanes if not lane.latest.diverged] or lanes


def _lane_traces(lane: Lane, wins: bool, colours: Palette) -> list[dict]:
    """Return accuracy and loss, with a mark where the lane is now."""
    looks = len(lane.snapshots)
    marker = {
        "color": colours.compare[lane.place],
        "symbol": ["circle"] * (looks - 1) + ["x" if lane.latest.diverged else SYMBOLS[lane.place]],
        "size": [0] * (looks - 1) + [10],
        "opacity": 1,
    }
    common = _line(lane, wins, colours) | {"x": [snapshot.step for snapshot in lane.snapshots], "marker": marker}
    return [
        common
        | {
            "meta": "accuracy",
            "y": [round(100 * snapshot.accuracy, 2) for snapshot in lane.snapshots],
            "text": [f"{lane.label}: {whole_percent(s.accuracy)}, loss {number(s.loss)}" for s in lane.snapshots],
        },
        common
        | {
            "meta": "loss",
            "yaxis": "y2",
            "y": [round(_log_loss(snapshot), 4) for snapshot in lane.snapshots],
            "hovertemplate": None,
            "hoverinfo": "skip",
        },
    ]


def _line(lane: Lane, wins: bool, colours: Palette) -> dict:
    """Return what all lines of a lane have in common."""
    return {
        "type": "scatter",
        "name": lane.label,
        "mode": "lines+markers",
        "cliponaxis": False,
        "line": {"color": colours.compare[lane.place], "width": 3.5 if wins else 2},
        "hovertemplate": "%{text}<extra></extra>",
    }


def _guess(steps: int, height: float, yaxis: str, colours: Palette) -> dict:
    """Return where one who guesses stands."""
    style = {"color": colours.muted, "width": 1.25, "dash": "dot"}
    where = {"type": "scatter", "name": "guessing", "mode": "lines", "x": [0, steps], "y": [height, height], "yaxis": yaxis}
    return where | {"line": style, "hoverinfo": "skip"}


def _ends(lanes: Sequence[Lane], steps: int, colours: Palette) -> list[dict]:
    """Return a word where a lane diverged; they stand one above the other, lest they cover each other."""
    return [
        note(f"{GLYPHS[lane.place]} diverged", colours.warning, 13, lane.latest.step, 100 * lane.latest.accuracy)
        | {"xanchor": "left" if lane.latest.step < 0.7 * steps else "right", "yanchor": "bottom", "yshift": 6 + 16 * place}
        for place, lane in enumerate(lane for lane in lanes if lane.latest.diverged)
    ]


def _log_loss(snapshot: Snapshot) -> float:
    """Return log10 of the loss, within _LOSSES."""
    low, high = _LOSSES
    return min(max(math.log10(max(snapshot.loss, 10**low)), low), high)


def _gradient_sizes(lane: Lane) -> np.ndarray:
    """Return log10 of the mean square of ∂C/∂W, (depth, looks), within ±_ENDS, without a diverged end, which repeats what was there."""
    looked = [snapshot for snapshot in lane.snapshots if not snapshot.diverged] or lane.snapshots[:1]
    return np.array([np.clip(snapshot.gradient_log10_second_moment, -_ENDS, _ENDS) for snapshot in looked]).T


def _window(curves: Sequence[np.ndarray], least: tuple[int, int] | None = None) -> tuple[int, int]:
    """Return whole decades around all numbers, and around `least`: at least two and, counted from the top, at most _MOST_DECADES."""
    values = np.concatenate([*(np.ravel(curve) for curve in curves), np.array(least or (), dtype=float)])
    inside = values[np.abs(values) < min(_ENDS, 300)]
    bottom, top = decade_windows([(float(inside.min()), float(inside.max()))] if inside.size else [(-1.0, 1.0)])[0]
    return max(bottom, top - _MOST_DECADES), top


def _with_edge(ticks: Sequence[int], names: Sequence[str], bottom: int, lowest: float) -> list[str]:
    """Return the texts of an axis; where something lies below its `bottom`, that tick says so."""
    return [f"≤ {name}" if tick == bottom and lowest < bottom else name for tick, name in zip(ticks, names, strict=True)]


def _pace(ratio: float) -> str:
    return of_weights(ratio) + (" (lost in rounding)" if ratio < np.finfo(float).eps else "")


def _size(log10_size: float) -> str:
    return from_log10(log10_size if abs(log10_size) < _ENDS else math.copysign(math.inf, log10_size))


def _title(text: str, y: float, colours: Palette, remark: str) -> dict:
    """Return a plot's title at its upper left corner, and after it a remark in a quiet colour."""
    quiet = f'<span style="color:{colours.muted};font-size:13px">{remark}</span>'
    return title(f"<b>{text}</b>&nbsp;&nbsp; {quiet}", y, colours.text)


def _layout(colours: Palette) -> dict:
    return base_layout(colours) | {
        "height": HEIGHT,
        "margin": {"l": 58, "r": 14, "t": 30, "b": _BOTTOM, "pad": 4},
        "hovermode": "x unified",
        "dragmode": False,
    }


def _axis(colours: Palette) -> dict:
    return axis(colours, tickangle=0, ticks="")


def _span(steps: int) -> list[float]:
    """Return the range of an axis of steps."""
    return [-0.015 * steps, 1.03 * steps]
