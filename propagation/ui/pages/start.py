"""Start: two networks that differ in one number, a digit that goes through them, and three ways on."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

from propagation.config import Config
from propagation.labs.reading import BASE, ERROR, FITTED, NEURONS_SHOWN, load
from propagation.ui.components.two_networks import place_chosen, table, two_networks
from propagation.ui.pages import EXPERIMENTS
from propagation.ui.widgets.links import draw_link
from propagation.ui.widgets.page_header import arrival
from propagation.ui.widgets.panels import panel

TITLE = "Signal Propagation Explorer: what difference can one number make?"
HEADLINE = "Two networks. The only difference is one number: how large their random weights are."
LOOK_FOR = (
    f"Both have {BASE.depth} layers and have **learned nothing yet**. A handwritten digit goes in; then a **gradient** comes back, which "
    "tells every layer how to change."
)
#: the value of σ_w² of the network that stays, and of the one under the slider at first
_FIXED, _FIRST = 1.0, 0.5
_LABELS = {
    "weights": "Weights ×",
    "slider": "How large the random weights of the second network are",
    "smaller": "smaller",
    "larger": "larger",
    "digit": "→ the digit, as it can still be made out in every fifth layer",
    "digitShort": "→ the digit, as made out in every fifth layer",
    "neurons": f"→ {NEURONS_SHOWN} of the {BASE.width} neurons of every layer: grey is 0, violet below, ochre above",
    "neuronsShort": f"→ {NEURONS_SHOWN} of {BASE.width} neurons: grey 0, violet −, ochre +",
    "gradient": "← the gradient that comes back (dashed: its size at the end; top: 10,000 times that)",
    "gradientShort": "← the gradient (dashed: its size at the end)",
    "play": "▶ Run again",
    "stop": "❚❚ Stop",
    "another": "Another digit",
}


def render(config: Config) -> None:
    """Draw the page; the visitor's own experiment is left as it is."""
    st.title(TITLE, anchor=False)
    with st.container(gap="xxsmall"):
        st.header(HEADLINE, anchor=False)
        st.markdown(LOOK_FOR)
    arrival()
    _stage()


@st.fragment
@panel("The two networks", instead="Reload the page")
def _stage() -> None:
    """Draw the networks, and three doors; one of them leads to the network that the slider shows."""
    reading = load()
    first = reading.place(_FIRST)
    two_networks(reading, reading.place(_FIXED), first, _LABELS)
    _doors(float(f"{reading.values[place_chosen(first, len(reading.values))]:.3g}"))
    _how()


def _doors(value: float) -> None:
    ways: tuple[tuple[str, str, dict[str, str], str], ...] = (
        ("**Understand it**", "lesson", {}, "Short screens: you guess, networks answer."),
        ("**Try it**", EXPERIMENTS, in_explore(value).to_query(), "The second network, with every control."),
        ("**Choose an init**", "gains", {}, "For your own network: the line to copy."),
    )
    for column, (label, page, query, words) in zip(st.columns(3, gap="medium"), ways, strict=True):
        with column, st.container(border=True, gap="xxsmall"):
            draw_link(label, page, query)
            st.caption(words)


def picture() -> bytes:
    """Return the table of the two networks as they stand at first."""
    reading = load()
    return table(reading, reading.place(_FIXED), reading.place(_FIRST), tuple(_LABELS.items()))


def in_explore(value: float) -> Config:
    """Return the experiment of such a network as Explore shows it: of several networks, and fewer digits."""
    return replace(BASE, weight_variance=value, inputs=16, trials=8, method="auto")


def _how() -> None:
    with st.expander("How is this drawn?"):
        st.markdown(
            f"Nothing here is made up: these are simulations of {BASE.depth} layers of {BASE.width} neurons with tanh and without biases, "
            "with the same random numbers on both sides. “Weights × 1” means that the sums in a layer are as large as what went in (in the "
            "mean of squares). In this app the number is called **weight variance**, $\\sigma_w^2$.\n\n"
            f"**The pictures.** To each layer belongs a reader: the best linear map from its {BASE.width} neurons back to the pixels, "
            f"fitted on {FITTED} other digits. It sees each neuron with an error of {ERROR:.0%} of the input's size. Where it can tell "
            "nothing, it answers with the average of all digits, a grey blur. Another reader names the digit.\n\n"
            "**The gradient.** At the end every neuron gets a random error; what comes back in each layer is drawn as a bar, on a "
            "logarithmic scale: each step down or up is the same factor."
        )
