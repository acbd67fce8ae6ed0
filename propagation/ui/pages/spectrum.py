"""Spectrum: how unevenly a network treats the directions of its input, with Gaussian and with orthogonal weights."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import streamlit as st

from propagation.architecture import head, weight_variances
from propagation.charts.spectrum import spectrum_chart, window_of
from propagation.config import Config
from propagation.formatting import from_log10, number, power_of_ten
from propagation.labs.spectrum import DEEPEST, RESOLUTION, SPECTRUM, WIDEST, Spectrum, depths_shown
from propagation.theory.spectrum import LAWS, SpectrumPrediction, predict_spectrum, product_density
from propagation.ui.longwork import remembered
from propagation.ui.widgets import controls
from propagation.ui.widgets.figures import draw_figure
from propagation.ui.widgets.page_header import appearance, opening
from propagation.ui.widgets.panels import panel
from propagation.ui.widgets.places import Place, draw_places

TITLE = "Is every direction treated alike?"
LOOK_FOR = (
    "Each singular value s of the Jacobian ∂h/∂x says how much the network stretches one direction of its input, and of its gradients. "
    "Look at how fast the band widens: **orthogonal weights can keep it closed, Gaussian weights never do.**"
)
#: a spread that is nothing but rounding
_ROUNDING = 1e-20
_NAMES = {"gaussian": "Gaussian weights", "orthogonal": "Orthogonal weights"}


def _network(activation: str, weight_variance: float, bias_variance: float, input_variance: float = 1.0) -> dict[str, str | float | int]:
    return {
        "activation": activation,
        "scheme": "custom",
        "width_profile": "constant",
        "input_law": "gaussian",
        "input_variance": input_variance,
        "weight_variance": weight_variance,
        "bias_variance": bias_variance,
        "depth": 30,
        "width": 256,
    }


PLACES = (
    Place("Linear", "No activation at all: what products of random matrices do by themselves.", _network("linear", 1.0, 0.0)),
    Place(
        "Tanh, almost linear",
        "Tiny biases and small inputs keep tanh near 0, where it is almost straight: orthogonal weights keep most lengths.",
        _network("tanh", 1.04991163, 2e-5, 0.0246),
    ),
    Place(
        "ReLU with He",
        "Half the neurons are off, and with them whole directions: orthogonal weights cannot bring them back.",
        _network("relu", 2.0, 0.0),
    ),
)


def render(config: Config) -> None:
    """Draw the page: both laws of weights side by side, at the same settings and the same input."""
    opening(TITLE, LOOK_FOR)
    places, switch = st.columns([1.25, 1], gap="medium", vertical_alignment="bottom")
    with places:
        draw_places(PLACES)
    if SPECTRUM.why_not(config):
        st.info(SPECTRUM.why_not(config), icon=":material/info:")
        return
    with panel("The spectra"):
        own = {law: replace(config, weight_law=law) for law in LAWS}
        spectra = [remembered(SPECTRUM, own[law], words=f"Multiplying {_NAMES[law]}") for law in LAWS]
        depths = depths_shown(config.depth)
        offered = {str(layer): str(layer) for layer in depths[::-1]}
        with switch:
            layer = int(controls.page_choice("Histogram at layer", "at", offered, "The layer of the histograms."))
        place = int(np.flatnonzero(depths == layer)[0])
        window = window_of(spectra)
        for column, spectrum in zip(st.columns(2, gap="medium", vertical_alignment="top"), spectra, strict=True):
            with column, panel(_NAMES[spectrum.config.weight_law]):
                _spectrum(spectrum, place, window)
    st.caption(_limits(config))
    _explanation()


@st.cache_data(max_entries=64, show_spinner=False)
def _prediction(config: Config, law: str, depth: int) -> SpectrumPrediction:
    return predict_spectrum(config, law, depth)


def _spectrum(spectrum: Spectrum, place: int, window: tuple[int, int]) -> None:
    law = spectrum.config.weight_law
    prediction = _prediction(spectrum.config, law, int(spectrum.layers[-1]))
    answer = _in_words(spectrum, prediction, place)
    st.markdown(f"**{_NAMES[law]}**")
    density = _density(spectrum, int(spectrum.layers[place]))
    figure = spectrum_chart(spectrum, prediction, place, window, density=density, appearance=appearance())
    spoken = answer.replace("*", "").replace("  \n", " ")
    draw_figure(figure, key=f"spectrum_{law}", alt=f"{_NAMES[law]}. {spoken}")
    st.markdown(answer)


def _density(spectrum: Spectrum, layer: int) -> tuple[np.ndarray, np.ndarray] | None:
    """Return the exact density where there is one: linear layers of equal width with Gaussian weights."""
    config = spectrum.config
    weights = weight_variances(config)
    if (config.activation, config.weight_law) != ("linear", "gaussian") or len(set(config.widths)) > 1 or weights is None:
        return None
    with np.errstate(divide="ignore"):
        shift = 0.5 * float(np.sum(np.log10(weights[:layer])))
    if not math.isfinite(shift):
        return None
    places, shares = product_density(layer)
    return places + shift, shares


def _in_words(spectrum: Spectrum, prediction: SpectrumPrediction, place: int) -> str:
    """Say the numbers at one depth, measured and predicted."""
    layer = int(spectrum.layers[place])
    values = spectrum.log10_values[place]
    if not math.isfinite(values[0]):
        return f"At layer {layer} every singular value is 0: nothing of the input gets there."
    largest = f"largest **{from_log10(values[0])}**" + _beside(prediction.log10_largest[layer - 1])
    typical = f"root mean square **{from_log10(spectrum.log10_mean_square[layer - 1] / 2)}**"
    typical += _beside(prediction.log10_mean_square[layer - 1] / 2)
    condition = spectrum.log10_condition(place)
    limit = power_of_ten(round(-math.log10(RESOLUTION)))
    ratio = f"condition number **{from_log10(condition)}**" if math.isfinite(condition) else f"condition number **above {limit}**"
    # a line each, that the plots of both columns stay level whatever the numbers are
    lines = (f"At layer {layer}: {largest}", typical, ratio, f"spread of s² {_spread(values)}{_beside_spread(prediction, layer)}.")
    return ",  \n".join(lines)


def _spread(values: np.ndarray) -> str:
    """Return Var[s²]/E[s²]² of the singular values."""
    squares = 10 ** (2 * (values - values[0]))
    spread = float(np.var(squares) / np.mean(squares) ** 2)
    return f"**{number(spread if spread > _ROUNDING else 0.0)}**"


def _beside_spread(prediction: SpectrumPrediction, layer: int) -> str:
    spread = float(prediction.spread[layer - 1])
    return f" (theory {number(spread)})" if math.isfinite(spread) else ""


def _beside(log10_predicted: float) -> str:
    """Return the theory's number, in brackets, where there is one."""
    return f" (theory {from_log10(float(log10_predicted))})" if math.isfinite(log10_predicted) else ""


def _limits(config: Config) -> str:
    """Say what was measured, where that is not the experiment itself."""
    parts = ["One network and one input, the same for both. ▲ largest, ● root mean square, ▼ smallest; lines: theory of infinite width."]
    if config.width > WIDEST:
        parts.append(f"Measured at {WIDEST} neurons a layer, whatever the width.")
    if config.depth > DEEPEST:
        parts.append(f"Measured through the first {DEEPEST} layers.")
    elif head(config):
        parts.append(f"Behind layer {config.depth} stands one more norm, which divides by the size of the stream.")
    if len(set(SPECTRUM.uses(config).widths)) > 1:
        parts.append("Where layers differ in width, theory has the mean square only.")
    return " ".join(parts)


def _explanation() -> None:
    with st.expander("What am I looking at?"):
        st.markdown(
            "The Jacobian J = ∂hˡ/∂x collects how every number in layer l reacts to every number of the input. Its singular values are the "
            "factors by which a small change of the input is stretched, direction by direction; gradients on their way back are multiplied "
            "by the same factors. The light band goes from the smallest to the largest, the dark one holds the middle half.\n\n"
            "Each layer multiplies the **mean** of s² by χ₁, whatever the law: the right $σ_w²$ makes it 1. To the **spread** each layer "
            "adds a term: the unevenness of the slopes φ′, and 1 more with Gaussian weights. Orthogonal weights add nothing of their own, "
            "so where the activation is close to a straight line all s stay together: *dynamical isometry*."
        )
        st.latex(
            r"\mathbb{E}\,s^2 = \prod_l \chi_1^l, \qquad \frac{\operatorname{Var} s^2}{(\mathbb{E}\,s^2)^2} = "
            r"\sum_l \Big(\frac{\mathbb{E}\,\varphi'^4}{(\mathbb{E}\,\varphi'^2)^2} - 1 - s_1\Big), \qquad s_1 = -1 \text{ or } 0"
        )
        st.caption(
            "s₁ = −1 for Gaussian, 0 for orthogonal weights (Pennington, Schoenholz & Ganguli 2017). Linear Gaussian networks have the "
            "Fuss–Catalan law, $s_{max}^2 = (L+1)^{L+1}/L^L$. At a few hundred neurons the largest value still scatters, mostly below. "
            "Singular values below 10⁻¹³ of the largest are beyond double precision and count as 0."
        )
