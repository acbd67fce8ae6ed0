"""Chart of the tokens of a sequence against depth: what tells them apart, and what each map of attention learns from."""

from __future__ import annotations

from typing import Any

import numpy as np
import plotly.graph_objects as go

from propagation.charts.axes import stack_axis
from propagation.charts.marks import GLYPHS, SYMBOLS, band, dot_size, dots, line, title
from propagation.charts.rows import bottom_line, extremes, shares, size_axes, stack, stack_layout
from propagation.charts.theme import figure, palette
from propagation.engine.trace import Trace
from propagation.export.code.block_words import map_words
from propagation.formatting import from_log10
from propagation.theory.prediction import Prediction
from propagation.trials import over_trials

HEIGHT = 520
#: 1 − c of tokens below this is lost to the rounding of layers whose W is never built
FLOOR = -14.0
#: a title's share of the height of the plot, and the room above it
_TITLE, _GAP = 0.075, 0.05


def separation_of(trace: Trace) -> np.ndarray:
    """Return log10 of 1 − c of the tokens of a sequence, (trials, depth + 1), the inputs first; NaN where it is rounding."""
    assert trace.token_separation is not None
    inputs = np.full((len(trace.token_separation), 1), trace.input_separation)
    with np.errstate(divide="ignore"):
        found = np.log10(np.hstack([inputs, trace.token_separation]))
    return np.where(found < FLOOR, np.nan, found)


def tokens_chart(trace: Trace, prediction: Prediction | None, *, appearance: str = "light") -> go.Figure:
    """Draw 1 − c of the tokens, and below it the mean squares of the gradients of every map of attention and of the MLP's last one.

    Dots are medians over trials, bands the middle 80 %, lines theory, as log10.
    """
    colours, depth = palette(appearance), trace.config.depth
    measured = separation_of(trace)
    theory = None if prediction is None else _theory(trace, prediction)
    names = [name for name in ("Wq", "Wk", "Wv", "Wo", "W2") if name in trace.weights]
    gradients = {name: trace.weights[name].log10_second_moment for name in names}
    lines = {} if prediction is None else {name: prediction.weights[name].log10_second_moment for name in names}
    # theory goes on where the arithmetic ends, and the axis with it as far as numbers are seen
    seen = [np.clip(theory, FLOOR - 5, None)] if theory is not None else []
    places = stack(
        shares(2, _TITLE, gap=_GAP), [extremes([measured, *seen]), extremes([*(over_trials(one).median for one in gradients.values())])]
    )
    upper, lower = ({"xaxis": "x", "yaxis": place.yaxis} for place in places)
    thin = {"color": colours.text, "width": 1.25}
    data: list[dict] = []
    layers = np.arange(depth + 1)
    _drawn(data, "1 − c", measured, layers, theory, colours.forward, "circle", thin, upper)
    for place, (name, of) in enumerate(gradients.items()):
        _drawn(data, map_words(name), of, layers[1:], lines.get(name), colours.compare[place], SYMBOLS[place], thin, lower)
    key = "  ".join(
        f'<span style="color:{colours.compare[place]}">{GLYPHS[place]}</span> {map_words(name)}' for place, name in enumerate(names)
    )
    layout = stack_layout(colours, HEIGHT, 40, 50, f"depth {depth}") | {
        "template": {},
        "xaxis": stack_axis(depth, places[-1].yaxis),
        **size_axes(places, colours),
        "annotations": [
            title("<b>1 − c</b> of two tokens, how far they are apart", places[0].top, colours.forward_text),
            title(f"<b>∂C/∂W</b> {key}", places[1].top, colours.text),
            *bottom_line(_bottom_words(trace, prediction), colours),
        ],
    }
    return figure(data, layout)


def _drawn(
    data: list[dict],
    name: str,
    values: np.ndarray,
    layers: np.ndarray,
    theory: np.ndarray | None,
    colour: str,
    symbol: str,
    thin: dict[str, Any],
    where: dict[str, Any],
) -> None:
    """Add the band, the dots and the line of one quantity, (trials, layers)."""
    median, low, high = over_trials(values)
    if len(values) > 1:
        data.append(band(layers, low, high, colour, name=f"{name} band", **where))
    words = [f'<span style="color:{colour}">●</span> {name}: {from_log10(value)}' for value in median]
    marker = {"color": colour, "size": dot_size(len(layers)), "symbol": symbol}
    data.append(dots(name, layers.tolist(), median, marker, words, **where))
    if theory is not None:
        data.append(line(f"{name} theory", layers.tolist(), theory, thin, **where))


def _theory(trace: Trace, prediction: Prediction) -> np.ndarray | None:
    if prediction.token_separation is None:
        return None
    with np.errstate(divide="ignore"):
        return np.log10(np.concatenate([[trace.input_separation], prediction.token_separation]))


def _bottom_words(trace: Trace, prediction: Prediction | None) -> str:
    trials = trace.config.trials
    parts = [f"● median of {trials} networks" if trials > 1 else "● one network"]
    return "  ".join(parts + ([] if prediction is None else ["─ theory"]))
