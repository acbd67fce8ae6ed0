"""Frames: many figures of one kind as one compact table, from which a browser draws any of them, and what lies between."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from propagation.formatting import power_of_ten

#: a third of a pixel, or less, of a chart with two decades a row; of another axis, this share of it
UNIT, UNIT_SHARE = 0.005, 0.001
#: of what is drawn in shades, whose scale goes from −1 to 1
SHADE_UNIT = 0.01
#: digits of a number on an axis that is not one of decades
DIGITS = 4


def frames(specs: Sequence[dict]) -> dict[str, Any]:
    """Return the table of the figures `specs`, as plain data.

    It has a figure to begin with (of all traces that there are), `curves`: numbers of a trace in units, one row a figure, or, without a
    unit, words; `windows`: the ranges of axes that differ, `notes`: annotations that not all figures have.
    """
    places = range(len(specs))
    base = _fullest(specs)
    curves: list[dict[str, Any]] = []
    for index, trace in enumerate(base["data"]):
        own = [_trace(spec, trace) for spec in specs]
        for attribute in ("x", "y"):
            rows = [one[attribute] if one else [] for one in own]
            if any(row != trace[attribute] for row in rows):
                rounded = [[None if value is None else float(f"{value:.{DIGITS}g}") for value in row] for row in rows]
                curves.append({"trace": index, "attribute": attribute, "at": [*places], "unit": 1, "rows": rounded})
        texts = [one["text"] if one else [] for one in own] if "text" in trace else []
        if any(text != trace["text"] for text in texts):
            curves.append({"trace": index, "attribute": "text", "at": [*places], "unit": None, "rows": texts})
    ranges = {axis: [spec["layout"][axis]["range"] for spec in specs] for axis in ("xaxis", "yaxis")}
    windows = {axis: found for axis, found in ranges.items() if any(one != found[0] for one in found)}
    return _table(base, base["data"], specs) | {"curves": curves, "windows": windows, "decades": False, "axes": None}


def decade_frames(specs: Sequence[dict], sparse: Sequence[int], dense: Callable[[str], bool]) -> dict[str, Any]:
    """Return the table of figures over layers, whose other axes hold still or are of decades and, at any time, all equally high.

    As in `frames`; but sizes and cells without a `dense` name are given for the figures at the places `sparse` alone: in between a browser
    interpolates logarithms. `axes` are the axes of layers, where they differ.
    """
    base = _fullest([specs[place] for place in sparse])
    curves = []
    for index, trace in enumerate(base["data"]):
        straight = trace["type"] != "heatmap" and _axis_of(trace) not in _size_axes(base["layout"])
        places = range(len(specs)) if straight or dense(trace.get("name", "")) else sparse
        curves += _curves(index, trace, [_trace(specs[place], trace) for place in places], list(places), _unit(base, trace))
    x_axes = [spec["layout"]["xaxis"] for spec in specs]
    return _table(base, [_style(trace) for trace in base["data"]], specs) | {
        "curves": curves,
        "windows": {axis: [spec["layout"][axis]["range"] for spec in specs] for axis in _size_axes(base["layout"])},
        "decades": True,
        "axes": x_axes if any(axis != x_axes[0] for axis in x_axes) else None,
    }


def _fullest(specs: Sequence[dict]) -> dict:
    """Return the figure with most traces, and after them those that only others have."""
    fullest = max(specs, key=lambda spec: len(spec["data"]))
    own = {_role(trace) for trace in fullest["data"]}
    others = {_role(trace): trace for spec in specs for trace in spec["data"] if _role(trace) not in own}
    return fullest | {"data": [*fullest["data"], *others.values()]}


def _table(base: dict, data: list[dict], specs: Sequence[dict]) -> dict[str, Any]:
    """Return the figure to begin with, and the words that only some of the figures have."""
    common = [note for note in base["layout"]["annotations"] if all(note in spec["layout"]["annotations"] for spec in specs)]
    return {
        "figure": {"data": data, "layout": base["layout"] | {"annotations": common}},
        "notes": [[note for note in spec["layout"]["annotations"] if note not in common] for spec in specs],
    }


def _size_axes(layout: dict) -> list[str]:
    """Return the axes of decades, which say so at their ticks."""
    axes = {key: axis for key, axis in layout.items() if key.startswith("yaxis")}
    return sorted(key for key, axis in axes.items() if axis.get("ticktext") == [*map(power_of_ten, axis["tickvals"])] != [])


def _unit(spec: dict, trace: dict) -> float:
    """Return what the numbers of a trace are counted in."""
    if trace["type"] == "heatmap":
        return SHADE_UNIT
    axis = _axis_of(trace)
    low, high = spec["layout"][axis]["range"]
    return UNIT if axis in _size_axes(spec["layout"]) else UNIT_SHARE * (high - low)


def _axis_of(trace: dict) -> str:
    return trace.get("yaxis", "y").replace("y", "yaxis")


def _trace(spec: dict, like: dict) -> dict | None:
    """Return the trace of a figure that has the name, the kind and the row of this one; None where there is none."""
    return next((trace for trace in spec["data"] if _role(trace) == _role(like)), None)


def _role(trace: dict) -> tuple:
    return trace.get("name"), trace["type"], trace.get("yaxis", "y")


def _style(trace: dict) -> dict:
    """Return a trace without its numbers, which are curves."""
    cells: dict[str, Any] = {"zmin": -1, "zmax": 1} if trace["type"] == "heatmap" else {"y": []}
    return {key: value for key, value in trace.items() if key not in ("z", "text", "hovertemplate")} | cells


def _curves(index: int, base: dict, traces: Sequence[dict | None], places: list[int], unit: float) -> list[dict]:
    cells = base["type"] == "heatmap"
    rows = [_shades(trace) if cells and trace else (trace or {}).get("y", []) for trace in traces]
    found = [{"trace": index, "attribute": "z" if cells else "y", "at": places, "unit": unit, "rows": [_units(row, unit) for row in rows]}]
    if any(trace and trace["x"] != base["x"] for trace in traces):
        found.append({"trace": index, "attribute": "x", "at": places, "unit": 1, "rows": [trace["x"] if trace else [] for trace in traces]})
    return found


def _shades(trace: dict) -> list[float | None]:
    """Return the cells of a heatmap as shades from −1 to 1, row after row."""
    return [None if value is None else value / trace["zmax"] for row in trace["z"] for value in row]


def _units(row: Sequence[float | None], unit: float) -> list[int | None]:
    numbers = np.array([np.nan if value is None else value for value in row], dtype=float)
    whole = np.rint(numbers / unit)
    return [None if np.isnan(value) else int(value) for value in whole.tolist()]
