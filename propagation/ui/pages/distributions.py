"""Distributions: the histograms behind the numbers, layer by layer."""

from __future__ import annotations

import math

import numpy as np
import streamlit as st

from propagation.activations import FLAT
from propagation.architecture import signals_of
from propagation.budget import refusal
from propagation.charts.distributions import layer_chart, ridges_chart
from propagation.config import Config
from propagation.formatting import from_log10, number, percent
from propagation.labs.distributions import DISTRIBUTIONS, DRAWN_ENTRIES, MOST_LAYERS, Distributions, Histogram, layers_of
from propagation.signals import BACKWARD, SIGNALS
from propagation.ui.longwork import remembered
from propagation.ui.results import if_known, prediction_of
from propagation.ui.session import experiment
from propagation.ui.widgets import controls
from propagation.ui.widgets.figures import draw_figure
from propagation.ui.widgets.page_header import appearance, opening
from propagation.ui.widgets.panels import panel

TITLE = "What do the numbers look like?"
LOOK_FOR = (
    "Every layer's numbers as a histogram. **In a healthy network all layers look alike**: a curve that narrows is a signal that vanishes, "
    "heaps at both ends are saturated neurons, and the stem at 0 counts what is exactly zero."
)
#: Glorot & Bengio 2010, figures 6 and 7, and what came after: what a click orders
STARTS = (
    ("Glorot 2010: standard", {"preset": "glorot_2010"}, "Figures 6 and 7, top: activations and gradients narrow on their way."),
    (
        "Glorot 2010: normalized",
        {"preset": "glorot_2010", "scheme": "glorot"},
        "Figures 6 and 7, bottom: after 10 layers 28 % of the gradient's width is left, in place of 0.5 %.",
    ),
    ("ReLU with He", {"preset": "he_relu"}, "Half of all activations and gradients are exactly 0, in every layer."),
)
_SCALES = {"common": "one for all layers", "own": "each layer's own"}
_PLACES = {1: ("first",), 2: ("first", "last"), 3: ("first", "middle", "last"), 4: ("first", "early", "late", "last")}
_ALL_PLACES = ("first", "early", "middle", "late", "last")


def render(config: Config) -> None:
    """Draw the page: how the width changes in a sentence, the ridges of all layers, one layer beside them with its numbers."""
    opening(TITLE, LOOK_FOR)
    _starts()
    own = DISTRIBUTIONS.uses(config)
    signal, common = _switches(config)
    refused = refusal(own)
    if refused:
        st.warning(refused, icon=":material/scale:")
        return
    with panel("The simulation"):
        result = remembered(DISTRIBUTIONS, own, words="Drawing networks")
        theory = _theory(own) if signal == "z" else None
        words = in_words(result, signal)
        st.markdown(words)
        left, right = st.columns([1.5, 1], gap="medium")
        with right:
            place = _place(own.depth)
        with left, panel("The ridges"):
            figure = ridges_chart(
                result,
                signal,
                common=common,
                chosen=result.layers[place],
                theory=theory,
                mean=own.bias_mean,
                appearance=appearance(),
            )
            draw_figure(figure, key="ridges", alt=words.replace("**", ""))
        with right, panel("The layer"):
            _layer(result, signal, place, None if theory is None else float(theory[place]))
    _explanations(own)


def _starts() -> None:
    with st.container(horizontal=True, gap="small"):
        for label, fields, help in STARTS:
            st.button(label, icon=":material/arrow_forward:", help=help, on_click=experiment.order, kwargs=fields)


def _switches(config: Config) -> tuple[str, bool]:
    """Draw the switches; return the signal, and whether all layers share one scale."""
    left, right = st.columns([1.3, 1])
    with left:
        offered = {name: SIGNALS[name] for name in signals_of(config)}
        labels = ", ".join(info.label for info in offered.values())
        symbols = {name: info.symbol for name, info in offered.items()}
        signal = controls.page_choice("Signal", "signal", symbols, f"What is counted: {labels}.")
    with right:
        scale = controls.page_choice(
            "Scale", "scale", _SCALES, "One scale for all shows how the width changes; each layer's own scale shows how the shape does."
        )
    return signal, scale == "common"


def places_of(depth: int) -> dict[str, int]:
    """Return name of a place in the network → index into the layers that have a histogram; at most five, first and last included."""
    count = len(layers_of(depth))
    chosen = np.linspace(0, count - 1, min(count, len(_ALL_PLACES))).round().astype(int)
    return dict(zip(_PLACES.get(len(chosen), _ALL_PLACES), chosen.tolist(), strict=True))


def _place(depth: int) -> int:
    """Return which of the layers is shown alone; its name in the address fits networks of any depth."""
    places = places_of(depth)
    labels = {name: f"{layers_of(depth)[index]:,}" for name, index in places.items()}
    return places[controls.page_choice("One layer", "place", labels, "The layer that is shown here and drawn darker on the left.")]


def _theory(config: Config) -> np.ndarray | None:
    """Return log₁₀ of the root mean square of z that theory predicts in each layer shown, or None: the measurement stands without it."""
    expected = if_known(prediction_of, config)
    return None if expected is None else 0.5 * np.asarray(expected.z.log10_second_moment)[np.array(layers_of(config.depth)) - 1]


def in_words(result: Distributions, signal: str) -> str:
    """Say how the width of the histograms changes, in the signal's own direction of travel."""
    layers, histograms = list(result.layers), list(result.histograms[signal])
    if signal in BACKWARD:
        layers, histograms = layers[::-1], histograms[::-1]
    start, end = histograms[0].log10_rms, histograms[-1].log10_rms
    name = SIGNALS[signal].label
    if not (math.isfinite(start) and math.isfinite(end)):
        return f"**The {name} is lost**: in layer {layers[0 if not math.isfinite(start) else -1]} there is nothing to count."
    if len(layers) == 1:
        return f"The root mean square of the {name} is **{from_log10(start)}**."
    verb = "keeps its width" if abs(end - start) < 0.1 else "narrows" if end < start else "widens"
    way = f"from {from_log10(start)} in layer {layers[0]} to {from_log10(end)} in layer {layers[-1]}"
    return f"**The {name} {verb}**: its root mean square goes {way}."


def _layer(result: Distributions, signal: str, place: int, log10_theory: float | None) -> None:
    """Draw one histogram, and what there is to count in it."""
    one, layer = result.histograms[signal][place], result.layers[place]
    if not math.isfinite(one.log10_rms):
        st.info(f"In layer {layer} every {SIGNALS[signal].symbol} is 0, or has left the range of numbers: there is nothing to draw.")
        return
    lines = numbers_of(one, float(result.saturated[place]), log10_theory)
    counted = ", ".join(f"{name} {value}" for name, value in lines.items())
    alt = f"Histogram of {SIGNALS[signal].symbol} in layer {layer}: {counted}."
    figure = layer_chart(one, signal, log10_theory=log10_theory, mean=result.config.bias_mean, appearance=appearance())
    draw_figure(figure, key="one_layer", alt=alt)
    rows = "\n".join(f"| {name} | **{value}** |" for name, value in lines.items())
    st.markdown(f"| {SIGNALS[signal].symbol} in layer {layer} | |\n|:--|--:|\n{rows}")


def numbers_of(one: Histogram, saturated: float, log10_theory: float | None) -> dict[str, str]:
    """Return what is said of one layer: name → value."""
    rows = {"root mean square": from_log10(one.log10_rms)}
    if log10_theory is not None:
        rows["theory"] = from_log10(log10_theory)
    rows["exactly zero"] = percent(one.zeros)
    rows["saturated slopes"] = percent(saturated)
    rows["excess kurtosis"] = "—" if math.isnan(one.excess_kurtosis) else number(round(one.excess_kurtosis, 2))
    if one.beyond:
        rows["beyond ± 5"] = percent(one.beyond)
    return rows


def _explanations(config: Config) -> None:
    left, right = st.columns(2)
    with left.expander("What am I looking at?"):
        networks = "one network" if config.trials == 1 else f"{config.trials} networks"
        st.markdown(
            f"Your experiment in {networks} of at most {config.width:,} neurons a layer and with {config.inputs} inputs; a histogram holds "
            f"all of a layer's numbers together. Of a deep network {MOST_LAYERS} layers are drawn, all to the same height, and the column "
            "on the right is their root mean square.\n\n"
            "- **One for all layers**: the x axis is the same for all, so a curve that is half as wide has numbers half as large.\n"
            "- **Each layer's own**: every curve is stretched to root mean square 1, so only the shape is left to compare.\n"
            "- The thin line over z is **theory's Gaussian**: a sum over many neurons is normal, with the variance q of the length map "
            "around the mean of the biases.\n"
            "- The stem at 0 stands for numbers that are **exactly** zero: one as high as the curves would be 100 %.\n"
            f"- **Saturated** are slopes φ′(z) below {percent(FLAT)} of the steepest that the activation has.\n\n"
            f"Weight gradients are those of one input's cost, ∂C/∂W = δ hᵀ; {DRAWN_ENTRIES:,} of their entries are drawn at random."
        )
    with right.expander("Why tails are heavy"):
        st.latex(r"\text{excess kurtosis} = \frac{\mathbb{E}(x - \bar x)^4}{(\operatorname{Var} x)^2} - 3")
        st.markdown(
            "A Gaussian has 0. Numbers that pile up at both ends have less (two points: −2), a few large ones among many small have more. "
            "The product of two independent Gaussians has 6, so **weight gradients, products of δ and h, have heavy tails even in the "
            "healthiest network**. All networks stand in one histogram: where they differ in size by chance, the tails get heavier still."
        )
        st.caption("Histograms redrawn after Glorot & Bengio 2010, figures 6 (activations) and 7 (back-propagated gradients).")
