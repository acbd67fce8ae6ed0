"""Whose variance: what the variance of one layer is taken over, and what each of the answers says."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from functools import partial

import streamlit as st

from propagation.budget import refusal
from propagation.charts.variance_decomposition import HELD_STILL, OVER, WHOSE_LABELS, decomposition_chart, decomposition_spec
from propagation.config import Config
from propagation.formatting import from_log10, number, percent
from propagation.labs.slider_sweep import Kind
from propagation.labs.variance_decomposition import INPUTS, RESOLUTION, VARIANCE_DECOMPOSITION, scatters_alike
from propagation.signals import SIGNALS
from propagation.slider_steps import labels
from propagation.theory.variance_decomposition import PARTS, WHOSE, Scatter, predict_scatters_of
from propagation.ui.components.streamlit_page import LATER_KEY, VERDICT_KEY
from propagation.ui.longwork import remembered
from propagation.ui.results import if_known, scatters_predicted
from propagation.ui.session import experiment
from propagation.ui.widgets import controls
from propagation.ui.widgets.figures import draw_figure, on_paper
from propagation.ui.widgets.page_header import appearance, opening
from propagation.ui.widgets.panels import panel
from propagation.ui.widgets.sweep import Answers, Followed, Shown, let_go, swept, under_the_hand

TITLE = "Variance of what?"
LOOK_FOR = (
    "“Keep the variance” has more than one meaning. Watch the **blue part**: what differs between inputs inside one network is the only "
    "part that a network can learn from, and it can die while the total stays level."
)
_TANH = {"activation": "tanh", "scheme": "custom", "bias_variance": 0.05, "depth": 50}
#: places where the effect is unmistakable: what a click orders
STARTS = (
    (
        "ReLU with He",
        {"preset": "he_relu"},
        "E[z²] stays level for 50 layers, but in the end almost all of it is the same for every input.",
    ),
    ("Ordered tanh", _TANH | {"weight_variance": 0.9}, "$σ_w²$ = 0.9: soon every input looks the same."),
    ("Chaotic tanh", _TANH | {"weight_variance": 4.0}, "$σ_w²$ = 4: inputs stay apart at any depth."),
)
_CHART, _GHOSTS = "decomposition_chart", ("variance", "inputs theory", "neurons theory")
#: networks at each place of a slider, without which there is no scatter of them; fewer places than elsewhere, since they are several
FEWEST, _FINE = 4, ((40, 20, 17), (40, 0, 9), (20, 0, 5))
_SIGNALS = {name: SIGNALS[name].label for name in ("z", "h")}
#: shares of the second moment that count as next to nothing, and as most of it
_GONE, _MOST = 0.05, 0.5


def render(config: Config) -> None:
    """Draw the page: what became of the inputs in a sentence, the parts of the second moment, one variance, all of them as numbers."""
    opening(TITLE, LOOK_FOR)
    _starts()
    signal, whose = _switches()
    own = VARIANCE_DECOMPOSITION.uses(config)
    refused = refusal(own)
    if refused:
        st.warning(refused, icon=":material/scale:")
        return
    with panel("The simulation"):
        found = remembered(VARIANCE_DECOMPOSITION, own, words="Drawing networks")[signal]
        theory = if_known(scatters_predicted, own)
        expected = theory[signal] if theory else None
        words = in_words(found, signal)
        with st.container(key=VERDICT_KEY):
            st.markdown(words)
        with panel("The chart"):
            figure = decomposition_chart(found, expected, symbol=signal, whose=whose, appearance=appearance())
            draw_figure(figure, key=_CHART, alt=words.replace("**", ""))
        with st.container(key=LATER_KEY):
            st.markdown(_table(found, expected, signal))
    _explanations(own)
    fields = [name for name in labels().values() if name != "inputs"]  # they are always the same number here
    find = partial(_answers, signal, whose)
    under_the_hand(config, Followed(fields, {_CHART: _GHOSTS}, find, (signal, whose), refusal=let_go(own)))


def _answers(signal: str, whose: str, config: Config, field: str, values: Sequence[float], here: int) -> Iterator[Answers]:
    """Yield the parts of a signal at the values of a slider."""

    def predict(configs: Sequence[Config], _: str) -> Sequence[dict[str, Scatter] | None]:
        return if_known(predict_scatters_of, configs) or [None for _ in configs]

    def shown(found: dict[str, Scatter], expected: dict[str, Scatter] | None) -> Shown:
        looks = {"symbol": signal, "whose": whose, "appearance": appearance()}
        spec = decomposition_spec(found[signal], None if expected is None else expected[signal], **looks, hover=False)
        return Shown({_CHART: on_paper(spec)}, {"headline": in_words(found[signal], signal)})

    kind = Kind(VARIANCE_DECOMPOSITION.uses, predict, partial(scatters_alike, signals=(signal,)), _FINE, FEWEST)
    yield from swept(kind, field, values, here, shown)


def _starts() -> None:
    with st.container(horizontal=True, gap="small"):
        for label, fields, help in STARTS:
            st.button(label, icon=":material/arrow_forward:", help=help, on_click=experiment.order, kwargs=fields)


def _switches() -> tuple[str, str]:
    """Draw the switches; return the signal, and what its variance is taken over."""
    left, right = st.columns([1, 1.8])
    with left:
        signal = controls.page_choice("Signal", "signal", _SIGNALS, "The numbers whose variance is taken.")
    with right:
        labels = {name: WHOSE_LABELS[name] for name in WHOSE}
        whose = controls.page_choice("Variance over", "whose", labels, "What varies while everything else is held still: the lower chart.")
    return signal, whose


def in_words(found: Scatter, signal: str) -> str:
    """Say what became of the differences between inputs, with the numbers."""
    depth = len(found.log10_second_moment)
    last = found.log10_second_moment[-1]
    if not math.isfinite(last):
        return f"**The signal dies**: in layer {depth} there is no {signal} left whose variance could be taken."
    share = float(found.parts[PARTS.index("inputs"), -1])
    change = _change(float(last - found.log10_second_moment[0]))
    total = f"E[{signal}²] {change} from layer 1 to layer {depth}" if depth > 1 else f"In one layer E[{signal}²] is {from_log10(last)}"
    what = (
        f"differences between inputs are **{percent(share)}** of it"
        if share > RESOLUTION
        else "of **differences between inputs** nothing is left"
    )
    cosine = f"(the cosine of two inputs is {_cosine(float(found.cosine[-1]))})"
    if share < _GONE:
        return f"**Every input looks the same**: {total}, {'but' if 'level' in total else 'and'} {what} in the end {cosine}."
    if share > _MOST:
        return f"**Inputs stay apart**: {total}, and {what} in the end {cosine}."
    return f"**Inputs grow alike**: {total}; {what} in the end {cosine}."


def _change(decades: float) -> str:
    """Say a change of size in a few words; within a factor of 2 it is level."""
    return "stays level" if abs(decades) < math.log10(2) else f"is multiplied by {from_log10(decades)}"


def _cosine(value: float) -> str:
    """Return a cosine, with its distance from 1 where that is what counts."""
    return number(value) if value < 0.99 else f"1 − {number(max(0.0, 1 - value))}" if 1 - value > 1e-12 else "1"


def _table(found: Scatter, expected: Scatter | None, signal: str) -> str:
    """Return all variances in the first and the last layer, and what theory says of the last."""
    depth = len(found.log10_second_moment)
    lines = [f"| Variance of {signal} over … | layer 1 | layer {depth} | theory |", "|:--|--:|--:|--:|"]
    smallest = found.log10_second_moment + math.log10(RESOLUTION)
    for whose in WHOSE:
        variance = found.log10_variance(whose)
        values = [variance[layer] if variance[layer] > smallest[layer] else None for layer in (0, -1)]
        theory = None if expected is None else expected.log10_variance(whose)[-1]
        lines.append(_row(f"**{OVER[whose]}** ({HELD_STILL[whose]})", values, theory))
    sizes = found.log10_second_moment
    theory = None if expected is None else expected.log10_second_moment[-1]
    lines.append(_row(f"*second moment* E[{signal}²]", [sizes[0], sizes[-1]], theory))
    return "\n".join(lines)


def _row(name: str, log10_values: list[float | None], theory: float | None) -> str:
    texts = ["—" if value is None or math.isnan(value) else from_log10(value) for value in (*log10_values, theory)]
    return f"| {name} | " + " | ".join(texts) + " |"


def _explanations(config: Config) -> None:
    left, right = st.columns(2)
    with left.expander("What am I looking at?"):
        st.markdown(
            f"Your experiment in {config.trials} networks of at most {config.width:,} neurons a layer, each shown the same {config.inputs} "
            "inputs. Every layer has that many times that many numbers, and their mean square has four parts that **add up exactly** (the "
            "law of total variance):\n\n"
            "- :blue[**inputs**]: one neuron of one network answers differently to different inputs. Only this carries information.\n"
            "- **neurons**: neurons of one network differ in their mean over the inputs. Large and useless: the same for every input.\n"
            "- **networks**: networks differ in their mean over neurons. Next to nothing when they are wide.\n"
            "- **mean²**: the square of the overall mean, which is large for h behind ReLU or a sigmoid.\n\n"
            "Below, one variance on its own. Over weight draws, over neurons and over all together it is nearly the same, so papers often "
            "do not say which they mean. **Over inputs it is a different one.** Narrow networks keep more of it than theory says: by "
            "chance they make some inputs longer than others, and ReLU never forgets a length. Less than 10⁻¹¹ of the mean square "
            "cannot be measured (—)."
        )
    with right.expander("Formula"):
        st.latex(
            r"\mathbb{E}[z^2] = \underbrace{\bar z^2}_{\text{mean}^2}"
            r" + \underbrace{\operatorname{Var}_t\,\mathbb{E}[z|t]}_{\text{networks}}"
            r" + \underbrace{\mathbb{E}_t \operatorname{Var}_i\, \mathbb{E}[z|t,i]}_{\text{neurons}}"
            r" + \underbrace{\mathbb{E}_{t,i} \operatorname{Var}_b\, z}_{\text{inputs}}"
        )
        st.latex(
            r"\operatorname{Var}_{t}\, z = \operatorname{Var}_{i}\, z = q, \qquad \operatorname{Var}_{b}\, z = q - q\,c = \tfrac12\,"
            r"\overline{\mathbb{E}(z_b - z_{b'})^2}"
        )
        st.latex(
            r"q^l = \sigma_w^2\,\mathbb{E}[\varphi^2] + \sigma_b^2, \qquad q^l c^l = \sigma_w^2\,\mathbb{E}[\varphi(u)\,\varphi(u')] + "
            r"\sigma_b^2, \qquad \operatorname{Var}_b h = \mathbb{E}[\varphi^2] - \mathbb{E}[\varphi(u)\,\varphi(u')]"
        )
        st.caption(
            "t counts networks, i neurons, b inputs; u, u′ are Gaussian with variance q and correlation c. Theory follows the length of "
            f"each input and the angle of each pair, and is exact for infinitely wide networks whose inputs have one length (for ReLU: any "
            f"lengths). Parts divide by {INPUTS} inputs, so theory's part is (1 − 1/{INPUTS})(q − q c); the lower chart divides by "
            f"{INPUTS - 1} and estimates q − q c itself."
        )
