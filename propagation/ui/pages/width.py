"""Width: how far a network of a given width is from the theory of infinitely wide ones."""

from __future__ import annotations

import math
from collections.abc import Sequence

import streamlit as st

from propagation.charts.width import width_chart
from propagation.config import Config
from propagation.formatting import percent
from propagation.initializers import WEIGHT_LAWS
from propagation.labs.width import MOST_NETWORKS, SMALL, WIDTH, WIDTHS, PowerLaw, WidthResult, deviations, fitted, widths_of
from propagation.ui.widgets.figures import draw_figure, redraw_figure
from propagation.ui.widgets.page_header import appearance, opening
from propagation.ui.widgets.panels import panel

TITLE = "How wide is infinite?"
LOOK_FOR = (
    "The theory's lines are those of infinitely wide networks. Watch real ones come closer: "
    "**four times the neurons, half the distance**, however wide they are already."
)
_CHART = "width_chart"
#: "practically infinite": this close to the theory
_CLOSE = 0.01
#: a slope with this standard error is not worth an extrapolation
_VAGUE = 0.1
#: how far finite width spreads the size of a signal, where that is known
_LAWS = {
    "linear": r"\mathbb{E}\,(q^L)^2 / (\mathbb{E}\,q^L)^2 = (1 + 2/n)^L",
    "relu": r"\mathbb{E}\,(q^L)^2 / (\mathbb{E}\,q^L)^2 = (1 + 5/n)^{L-1} (1 + 2/n)",
}


def render(config: Config) -> None:
    """Draw the page: the answer in a sentence, the deviations against the width, what is measured."""
    opening(TITLE, LOOK_FOR)
    if WIDTH.why_not(config):
        st.info(WIDTH.why_not(config), icon=":material/info:")
        return
    answer, chart = st.empty(), st.container(gap=None)
    with panel("The widths"):
        results = _results(WIDTH.uses(config), config.width, answer, chart)
        words = _in_words(config, results)
        answer.markdown(words)
        with chart:
            figure = width_chart(results, config.width, appearance=appearance())
            redraw_figure(figure, key=_CHART, alt=_plain(words), step=len(WIDTHS) + 1)
        stopped = _stopped(config)
        if stopped:
            st.caption(stopped)
    _explanations(WIDTH.uses(config))


def _results(experiment: Config, width: int, answer, chart) -> list[WidthResult]:
    """Return the results of all widths, those not known yet measured now and drawn as they come; any move stops it at the next network."""
    known = _known(experiment)

    def show(now: int, share: float) -> None:
        # two lines, as the answer will take: nothing below it moves
        answer.markdown(f"Drawing networks of width {now:,} … {percent(share)} done  \n&nbsp;")

    def so_far() -> list[WidthResult]:
        return [known[width] for width in sorted(known)]

    with chart:
        figure = width_chart(so_far(), width, appearance=appearance())
        draw_figure(figure, key=_CHART, alt="The widest networks are still being drawn.")
    missing = [width for width in widths_of(experiment) if width not in known]
    # the steps are counted here, not by what is known: that may grow in another visit meanwhile
    for step, result in enumerate(deviations(experiment, missing, show), 1):
        known[result.width] = result
        with chart:
            figure = width_chart(so_far(), width, appearance=appearance())
            redraw_figure(figure, key=_CHART, alt="The widest networks are still being drawn.", step=step)
    return so_far()


@st.cache_resource(max_entries=64, show_spinner=False)
def _known(experiment: Config) -> dict[int, WidthResult]:
    """Return what has been measured of this experiment, by width, for all visitors: whoever leaves early finds it here again."""
    return {}


def _in_words(config: Config, results: Sequence[WidthResult]) -> str:
    """Say how far off this width is, and what it takes to come close, in a sentence with the numbers."""
    if any(math.isnan(result.z.measured) or math.isnan(result.delta.measured) for result in results):
        return "There is nothing to compare: theory says that nothing but zero comes through."
    measured = WIDTH.uses(config).depth
    layers = "one layer" if measured == 1 else f"{measured} layers"
    if measured < config.depth:
        layers += f" (you have {config.depth:,})"
    laws = {signal: fitted(results, signal) for signal in ("z", "delta")}
    signal, gradient = (_off(results, name, law, config.width) for name, law in laws.items())
    sentence = f"At width **{config.width:,}**, after {layers}, the signal's size is {signal}, and the gradient's {gradient}."
    known = [law for law in laws.values() if law and law.error < _VAGUE]
    if known:
        width = max(law.width_at(_CLOSE) for law in known)
        sentence += f" To come within {percent(_CLOSE)} takes about **{float(f'{width:.2g}'):,.0f}** neurons a layer."
    return sentence.replace(" %", "\u00a0%")


def _off(results: Sequence[WidthResult], signal: str, law: PowerLaw | None, width: int) -> str:
    """Say how far off a signal is at this width."""
    if law and law.deviation_at(width) < SMALL:
        return f"typically **{percent(float(f'{law.deviation_at(width):.2g}'))}** off"
    if all(getattr(result, signal).measured == 0 for result in results):
        return "**exact** (these weights keep every length)"
    return f"**more than {percent(SMALL)}** off"


def _plain(markdown: str) -> str:
    return markdown.replace("**", "")


def _stopped(config: Config) -> str:
    """Say why the widest networks are missing; empty if they are not."""
    widest = widths_of(config)[-1]
    if widest == WIDTHS[-1]:
        return ""
    law = WEIGHT_LAWS[config.weight_law]
    if law.has_implicit_map:
        return f"Run by a browser, this stops at width {widest:,}."
    return f"{law.label.capitalize()} weights have to be held in memory one by one, so this stops at width {widest:,}."


def _explanations(experiment: Config) -> None:
    """Explain what the chart shows and why the slope is what it is, folded away."""
    left, right = st.columns(2)
    with left.expander("What am I looking at?"):
        st.markdown(
            f"At each width up to {MOST_NETWORKS} networks of {experiment.depth} layers are drawn, with your activation, weights and "
            "biases (fewer of the widest: point at a mark to see how many). Each is shown **one** random input. Its mean square of z in "
            "the last layer, and of δ in the first, is divided by what theory says of an infinitely wide network. The mark is the root "
            f"mean square of that ratio − 1; the dotted line is fitted to the marks below {percent(SMALL)}.\n\n"
            "The gradient starts as unit Gaussian noise at the output, whatever cost is chosen: the chance in random labels does not "
            "shrink with the width."
        )
    with right.expander("Why a slope of −1/2?"):
        st.latex(
            r"q = \frac1n \sum_{i=1}^{n} z_i^2 \quad\Rightarrow\quad \frac{\sqrt{\operatorname{Var} q}}{\mathbb{E}\,q} \propto n^{-1/2}"
        )
        st.markdown(
            "A layer measures the size of a signal with n neurons, as a poll does with n people, and the next layer builds on the result. "
            "Each layer adds a chance error of its own, so the mean square of the deviation grows like depth ÷ width while it is small."
        )
        if experiment.activation in _LAWS:
            st.latex(_LAWS[experiment.activation])
            st.caption("Exact for one input, Gaussian weights and no bias; drawn as the theory's line.")
