"""Compare: several initializations of one network side by side, and which of them stays healthiest."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial

import streamlit as st

from propagation.budget import MOST_SECONDS, refusal
from propagation.charts.compare import YOURS, Curves, Yours, compare_chart, yours_spec
from propagation.charts.marks import GLYPHS
from propagation.charts.theme import palette
from propagation.config import NUMBERS, Config
from propagation.diagnosis import diagnose
from propagation.engine.cost import work
from propagation.formatting import factor, from_log10, number, percent, plain
from propagation.labs import compare_text
from propagation.labs.compare import (
    CONDITION_WIDTH,
    GLOROT_2010,
    MOST_DRAWS,
    Column,
    Decision,
    Summary,
    column_of,
    common,
    condition,
    decide,
    ranked,
    summarize,
    with_added,
)
from propagation.labs.slider_sweep import MOST_POSITIONS, spread
from propagation.labs.spectrum import DEEPEST
from propagation.slider_steps import labels
from propagation.ui.components.streamlit_page import VERDICT_KEY
from propagation.ui.results import if_known, prediction_of, predictions_of, trace_of
from propagation.ui.session import experiment
from propagation.ui.widgets.figures import draw_figure
from propagation.ui.widgets.page_header import appearance, opening, unbroken
from propagation.ui.widgets.panels import panel
from propagation.ui.widgets.sweep import Answers, Followed, Shown, under_the_hand

TITLE = "Which initialization wins?"
LOOK_FOR = "Layers, inputs and seed are those of the sidebar for all. **The most level in all three charts wins.**"
_VERDICTS = {
    "healthy": ":green[healthy]",
    "vanishing": ":orange[↓ vanishing]",
    "exploding": ":orange[↑ exploding]",
    "uneven": ":orange[uneven]",
    "merged": ":orange[merged]",
    "saturated": ":orange[saturated]",
    "dead": ":orange[dead]",
}
#: seconds of work from which on it shows how far it is
_PATIENCE = 0.5
_CHART = "compare"


def render(config: Config) -> None:
    """Draw the page: who wins and why, the columns overlaid, and their numbers in a table."""
    columns, problems = compare_text.read(experiment.page_parameter(compare_text.PARAMETER, ""))
    with st.container(gap="xsmall"):
        opening(TITLE, LOOK_FOR)
        answer = st.empty()
        _choice(config, columns)
    left_out = st.empty()
    if not columns:
        answer.header(":gray[Nothing is compared yet.]", anchor=False)
        st.info("Add a setting with one of the buttons above; up to six fit.", icon=":material/add_chart:")
    accepted, refused = _accepted(config, columns)
    problems += [f"{', '.join(names)}: {plain(why)}" for why, names in refused.items()]
    if problems:
        lines = "\n".join(f"- {problem}" for problem in problems)
        left_out.warning(f"Not all of this comparison could be drawn.\n{lines}", icon=":material/block:")
    drawn = _run(accepted, answer)
    if drawn:
        layout = _result(drawn, _yours(config, columns), answer)
        _explanation()
        if layout is not None:
            find = partial(_answers, [column for _, column, _ in accepted], layout)
            under_the_hand(config, Followed([*labels().values()], {_CHART: YOURS}, find, columns, refusal="Let go to compare again"))
    elif columns:
        answer.header(":orange[None of these could be drawn.]", anchor=False)


def _choice(config: Config, columns: tuple[Column, ...]) -> None:
    """Offer one click to add what is worth comparing, two to take something away."""
    here = column_of(config)
    offers = (
        ("add_current", f"Add {plain(here.label)}", (here,), "The sidebar's own setting, which every other page shows."),
        (
            "add_glorot",
            "Glorot 2010's six",
            GLOROT_2010,
            "Standard and normalized, each with tanh, softsign and sigmoid: the paper's comparison.",
        ),
        ("add_common", "Common rules", common(config.activation), "The rules most used, for the sidebar's activation."),
    )
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        for key, label, new, help in offers:
            known = set(new) <= set(columns)
            added = (with_added(columns, new),)
            help += " Six fit; the oldest make room."
            st.button(label, key, help, icon=":material/add:", disabled=known, on_click=_compare, args=added)
        with st.popover("Remove", icon=":material/remove:", disabled=not columns):
            for place, column in enumerate(columns):
                rest = columns[:place] + columns[place + 1 :]
                st.button(f"{GLYPHS[place]} {plain(column.label)}", f"remove_{place}", on_click=_compare, args=(rest,), width="stretch")
            st.button("All of them", "remove_all", on_click=_compare, args=((),), width="stretch")


def _compare(columns: tuple[Column, ...]) -> None:
    experiment.order_page_parameter(compare_text.PARAMETER, compare_text.written(columns))


def _accepted(config: Config, columns: Sequence[Column]) -> tuple[list[tuple[int, Column, Config]], dict[str, list[str]]]:
    """Return the columns that can be simulated, each with its place and its experiment; and for each reason against others, their names."""
    accepted: list[tuple[int, Column, Config]] = []
    refused: dict[str, list[str]] = {}
    seconds = 0.0
    for place, column in enumerate(columns):
        try:
            own = column.uses(config)
            why = refusal(own)
        except ValueError as error:
            why = f"{error}."
        if not why and seconds + work(own).seconds > MOST_SECONDS:
            why = f"The columns before take all of the {number(MOST_SECONDS)} s that this page has."
        if why:
            refused.setdefault(why, []).append(f"{GLYPHS[place]} **{plain(column.label)}**")
        else:
            seconds += work(own).seconds
            accepted.append((place, column, own))
    return accepted, refused


def _run(accepted: Sequence[tuple[int, Column, Config]], slot) -> list[tuple[Curves, Summary]]:
    """Measure and predict every column; one that fails leaves a sentence, and the others go on."""
    show = _progress_in(slot, sum(work(own).seconds for _, _, own in accepted), len(accepted))
    drawn = []
    for done, (place, column, own) in enumerate(accepted):
        with panel(plain(column.label)):
            trace = trace_of(own, show(done))
            prediction = if_known(prediction_of, own)
            summary = summarize(place, column, trace, diagnose(trace, prediction), _condition(own))
            drawn.append((Curves(place, column.label, trace, prediction), summary))
    return drawn


def _progress_in(slot, seconds: float, columns: int) -> Callable[[int], Callable[[float], None]]:
    """Return for each column a progress callback, which draws a bar where the answer will stand once the work is known to be long."""
    began = time.monotonic()

    def of_column(done: int) -> Callable[[float], None]:
        def show(share: float) -> None:
            if max(seconds, time.monotonic() - began) > _PATIENCE:
                slot.progress((done + share) / columns, f"Simulating column {done + 1} of {columns} …")

        if done == 0 and seconds > _PATIENCE:
            show(0.0)
        return show

    return of_column


@st.cache_data(max_entries=64, show_spinner=False)
def _condition(config: Config) -> float:
    return condition(config)


def _yours(config: Config, columns: Sequence[Column]) -> Yours | None:
    """Return the sidebar's setting where it is none of the columns, and theory has an answer."""
    own = column_of(config)
    prediction = None if own in columns else if_known(prediction_of, own.uses(config))
    return None if prediction is None else Yours(own.in_short, prediction)


def _answers(columns: Sequence[Column], layout: dict, config: Config, field: str, values: Sequence[float], here: int) -> Iterator[Answers]:
    """Yield the sidebar's setting at the values of a slider, to be drawn over the chart; nothing where the columns would move, too."""
    base = experiment.imagined(field, values[0])
    if any(column.uses(base) != column.uses(config) for column in columns):
        return
    chosen = [values[place] for place in spread(len(values), MOST_POSITIONS, here)]
    name = f"yours, {NUMBERS[field].symbol} {{value}}"  # which the page fills in
    charts = [yours_spec(layout, Yours(name, one), appearance=appearance()) for one in predictions_of(base, field, chosen)]
    yield Answers(chosen, [Shown({_CHART: chart}, {}) for chart in charts])


def _result(drawn: Sequence[tuple[Curves, Summary]], yours: Yours | None, answer) -> dict | None:
    """Say who wins and why; draw the charts and the table. Return the layout of the charts, or None where they could not be drawn."""
    layout = None
    curves, summaries = [list(part) for part in zip(*drawn, strict=True)]
    decision = decide(summaries)
    healthy = any(s.place == decision.winner and s.kind == "healthy" for s in summaries)
    icon = ":green[:material/trophy:]" if healthy else ":orange[:material/balance:]"
    with answer.container(gap=None, key=VERDICT_KEY):
        st.header(f"{icon} {plain(decision.headline)}", anchor=False)
        st.markdown(plain(decision.reason))
    with panel("The chart"):
        figure = compare_chart(curves, winner=decision.winner, yours=yours, appearance=appearance())
        draw_figure(figure, key=_CHART, alt=_in_words(summaries, decision, yours))
        layout = figure.layout.to_plotly_json()
    with panel("The table"):
        st.table(_table(summaries, decision), width="content", hide_index=True, hide_header=False)
    return layout


def _table(summaries: Sequence[Summary], decision: Decision) -> list[dict[str, str]]:
    """Return the comparison, the healthiest first, each marked as in the chart: a line for each, in Markdown."""
    colours = palette(appearance()).compare
    lines = []
    for s in ranked(summaries):
        wins = s.place == decision.winner
        name = f"**{plain(s.label)}**" if wins else plain(s.label)
        mark = f" **✓ {decision.rank}**" if wins else ""
        values = {
            "forward": factor(s.forward_factor),
            "backward": factor(s.backward_factor),
            "∂C/∂W spread": from_log10(s.drift["weight gradients"]),
            "condition": _condition_in_words(s.log10_condition),
            "saturated": percent(s.saturated),
            "dead": percent(s.dead),
            "verdict": f"{_VERDICTS[s.kind]}{mark}",
        }
        label = {"initialization": f':color[{GLYPHS[s.place]}]{{foreground="{colours[s.place]}"}} {name}'}
        lines.append(label | unbroken(values))
    return lines


def _condition_in_words(log10_condition: float) -> str:
    """Return a condition number; one that is lost to rounding as the largest that is not, and a dash where there is none."""
    if math.isnan(log10_condition):
        return "—"
    return from_log10(log10_condition) if math.isfinite(log10_condition) else r"\> 10¹³"


def _in_words(summaries: Sequence[Summary], decision: Decision, yours: Yours | None) -> str:
    """Describe the chart to those who cannot see it."""
    dashed = "" if yours is None else f" Dashed, in theory: {yours.name}."
    each = "; ".join(f"{s.label}: forward {factor(s.forward_factor)}, backward {factor(s.backward_factor)} per layer" for s in summaries)
    return f"{decision.headline} {each}.{dashed}"


def _explanation() -> None:
    with st.expander("What am I looking at?"):
        st.markdown(
            "- **forward**, **backward**: what one layer does to E[z²], the size of the signal, and to E[δ²] of the gradient on its way "
            "back, after the first layers, in which sizes settle. × 1 keeps it.\n"
            "- **∂C/∂W spread**: E[(∂C/∂W)²] of the layer with the largest over that of the layer with the smallest. 1: all layers learn "
            "at one pace.\n"
            "- **condition**: how much more the direction that grows most grows than the one that grows least. It is the condition number "
            f"of the Jacobian ∂h/∂x, in one network of at most {CONDITION_WIDTH} neurons and {DEEPEST} layers. Only orthogonal weights "
            "keep it near 1, where the activation is almost straight. ReLU switches whole directions off, so there it is infinite.\n"
            "- **saturated**, **dead**: neurons of the last layer where the activation is flat, and those that are flat on every input. "
            "Half of all ReLUs are flat on any one input, which does no harm.\n"
            "- **Healthiest** is, of those with a healthy verdict, the one whose worst drift is smallest. The drift in a chart is the "
            "factor between its largest and its smallest layer; the worst of the three counts.\n"
            f"- **Dots** are the median of at most {MOST_DRAWS} draws of each network, so that six of them are quick.\n"
            "- **Dashed**: theory for the sidebar's own setting, where it is none of the columns. It moves along while you hold the slider "
            "of σ_w², and it does not compete.\n"
            "- **The same noise**: columns of one weight law use the very same random numbers, scaled by their rule: what differs is "
            "the rule, not luck. Other laws are drawn from the same seed. Biases are those of the sidebar, unless a rule brings its own."
        )
