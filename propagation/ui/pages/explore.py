"""Explore: what happens to a signal and its gradient on their way through one network."""

from __future__ import annotations

from functools import partial

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from propagation.architecture import linear_maps, signals_of
from propagation.budget import refusal
from propagation.config import Config
from propagation.expressions import lookup
from propagation.initializers import SCHEMES
from propagation.labs.variance_decomposition import DRAWS, INPUTS, MOST_NEURONS
from propagation.signals import FORWARD, SIGNALS
from propagation.ui.widgets import controls, export, number_format, share
from propagation.ui.widgets.answer import ForwardRow, figure, first_answer, way_out, whole_answer
from propagation.ui.widgets.page_header import arrival
from propagation.ui.widgets.sweep import networks, under_the_hand

TITLE = "Does the signal survive?"
_WEIGHTS = {"": "all"} | {f"W{of}": f"$W_{of}$" for of in "qkvogu12"}
_OVER = {"": "everything", "inputs": "inputs", "neurons": "neurons", "draws": "draws of the network"}
_OVER_HELP = (
    f"Everything: the mean square over neurons and inputs, as theory has it. Or over one thing with the others held still, in {DRAWS} "
    f"networks of at most {MOST_NEURONS} neurons, each shown {INPUTS} inputs. Over inputs is what a network can "
    "tell apart. More on the page “Variance of what?”."
)


_SYMBOLS = """
- :blue[$z$]: what a neuron adds up, weights times inputs plus bias, before the activation.
- :blue[$h$]: what it passes on, after the activation φ.
- :orange[$\\delta$]: the gradient at a neuron: how much the cost $C$ changes if its $z$ does, $\\partial C/\\partial z$.
- :green[$\\partial C/\\partial W$]: the gradient of a weight, by which training changes it: its $\\delta$ times the $h$ below.
- $\\sigma_w^2$: weight variance: how large the random weights are; at 1 a layer's sums are as large as what goes in.
- $\\sigma_b^2$: bias variance: how large the random biases are.
- $\\chi_1$: what one layer multiplies the squared gradient by, once the signal's size has settled; 1 keeps gradients level.

:blue[**The signal**] has to arrive: it must neither fade to nothing nor grow beyond all bounds, and inputs must stay apart.

:orange[**The gradient**] has to come back: if it fades on its way, the first layers hardly change; if it grows, they change far more than
the last.
"""


def render(config: Config) -> None:
    """Draw the page: a question, the answer in a sentence and a few numbers, the picture, and what it means.

    The answer is sent before everything else, title and controls included: it is what a visitor who has moved something waits for. What
    of it takes longer comes when the rest of the page is there.
    """
    forward, over, weights = _rows_offered(config)
    row = ForwardRow(
        controls.page_choice_made("view", forward),
        controls.page_choice_made("over", over),
        controls.page_choice_made("weights", weights),
        number_format.chosen(),
    )
    above = st.container()
    first = first_answer(config, row)
    with above:
        action = _title()
        arrival()
    with st.sidebar:
        controls.draw_all()
        controls.page_choice("The first row shows", "view", forward, "The signal forward, before or after the activation, or the stream.")
        if len(over) > 1:
            controls.page_choice("Its variance over", "over", over, _OVER_HELP, folded=True)
        if len(weights) > 1:
            controls.page_choice("The last row shows", "weights", weights, "Whose gradients: of all weights of a block, or of one map.")
        number_format.draw()
    answer = None if refusal(config) else whole_answer(config, row, first)
    if answer is not None:
        with action:
            way_out(answer.verdict)
    _explanations(config)
    if answer is not None:
        export.draw(config, answer.trace, answer.prediction, {"curves": partial(figure, answer, row)})
    under_the_hand(config, networks(row))


def _rows_offered(config: Config) -> tuple[dict[str, str], dict[str, str], dict[str, str]]:
    """Return what the first row can show, what its variance can be taken over, and whose gradients the last row can show."""
    forward = {name: SIGNALS[name].label for name in reversed(signals_of(config)) if name in FORWARD}
    if "stream" not in forward:
        return dict(reversed(forward.items())), _OVER, {"": _WEIGHTS[""]}
    short = {name: SIGNALS[name].symbol for name in forward}
    maps = {op.name for op in linear_maps(config)}
    return short, {"": _OVER[""]}, {name: label for name, label in _WEIGHTS.items() if not name or (name in maps and len(maps) > 1)}


def _title() -> DeltaGenerator:
    """Draw the question, and the ways to act on the answer; return the place for the one that helps."""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.title(TITLE, anchor=False, width="stretch")
        action = st.container(width="content")
        share.draw_button()
    return action


def _explanations(config: Config) -> None:
    """Explain what the chart shows and the formulas behind it, folded away."""
    with st.expander("What do the symbols mean?"):
        st.markdown(_SYMBOLS)
    left, right = st.columns(2)
    with left.expander("What am I looking at?"):
        st.markdown(
            "A batch of inputs goes through a network that has just been initialized and has **learned nothing yet**. In every layer we "
            "measure the **size** of things: their mean square over neurons and inputs.\n\n"
            "- :blue[**Forward →**] the signal itself, from the input (layer 0, ◇) to the last layer.\n"
            "- :orange[**Backward ←**] the gradient δ = ∂C/∂z, from the last layer back to the first.\n"
            "- :green[**Weight gradient**] ∂C/∂W, by which gradient descent changes the weights. Level: all layers learn at the same "
            "pace.\n\nAll rows have the same scale, in powers of ten: **a straight slope is a constant factor per layer, a level line "
            "keeps its size**. (A healthy network needs that, and it needs inputs that stay apart: see “Variance of what?”.) Dots are the "
            "median over several random networks, the band holds the middle 80 % of them; the line is theory, the mean over networks of "
            "infinite width. For linear and ReLU networks without bias theory also knows how networks of this width scatter: dashed the "
            "typical one, dotted 10 and 90 %. The strip on top is the network itself, one cell a layer."
        )
    with right.expander("Formula"):
        st.markdown("\n\n".join(f"$$\n{formula}\n$$" for formula in _formulas(config)))
        st.caption(
            "x is a standard normal, q the mean square of z in a very wide network, n the width of a layer. χ = 1 keeps gradients level."
        )


def _formulas(config: Config) -> list[str]:
    """Return the network, and how sizes go through it, in LaTeX."""
    return [
        lookup(config.activation).latex,
        r"z^l = W^l h^{l-1} + b^l, \quad h^l = \varphi(z^l)",
        r"\operatorname{Var} W = " + SCHEMES[config.scheme].latex,
        r"q^l = \sigma_w^2\, \mathbb{E}\,\varphi\big(\sqrt{q^{l-1}}\,x\big)^2 + \sigma_b^2",
        r"\mathbb{E}\,(\delta^l)^2 = \chi\,\tfrac{n_{l+1}}{n_l}\, \mathbb{E}\,(\delta^{l+1})^2",
        r"\chi = \sigma_w^2\, \mathbb{E}\,\varphi'\big(\sqrt{q^l}\,x\big)^2",
    ]
