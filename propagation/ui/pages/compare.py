"""Compare: several initializations of one network, or several architectures, side by side, and which of them stay healthy."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial

import streamlit as st

from propagation.budget import MOST_SECONDS, refusal
from propagation.charts.compare import YOURS, Curves, Yours, compare_chart, yours_spec
from propagation.charts.marks import GLYPHS
from propagation.config import NUMBERS, Config
from propagation.diagnosis import diagnose
from propagation.engine.cost import work
from propagation.formatting import number, plain
from propagation.labs import compare_networks, compare_text
from propagation.labs.compare import (
    GLOROT_2010,
    MOST_COLUMNS,
    MOST_DRAWS,
    Column,
    Summary,
    column_of,
    common,
    condition,
    decide,
    summarize,
    with_added,
)
from propagation.labs.compare_networks import NETWORKS, Network
from propagation.labs.slider_sweep import MOST_POSITIONS, spread
from propagation.reports.report import Report
from propagation.slider_steps import labels
from propagation.ui.components.streamlit_page import VERDICT_KEY
from propagation.ui.results import if_known, prediction_of, predictions_of, trace_of
from propagation.ui.session import experiment
from propagation.ui.widgets import comparison, controls, measured, number_format
from propagation.ui.widgets.figures import draw_figure
from propagation.ui.widgets.page_header import appearance, opening
from propagation.ui.widgets.panels import panel
from propagation.ui.widgets.sweep import Answers, Followed, Shown, under_the_hand

#: what is asked, and what to look for
_OF_INITIALIZATIONS = (
    "Which initialization wins?",
    "Layers, inputs and seed are those of the sidebar for all. **The most level in all three charts wins.**",
)
_OF_NETWORKS = (
    "Which architecture passes signal and gradient?",
    "Initialization, layers, inputs and seed are those of the sidebar for all. **A straight slope is a factor in every layer; a level line "
    "keeps its size.**",
)
_SWITCH = {"": "initializations", "architectures": "architectures"}
_SWITCH_HELP = "Several rules for the weights of one network, or several networks with one rule."
#: seconds of work from which on it shows how far it is
_PATIENCE = 0.5
_CHART = "compare"

Compared = Column | Network


def render(config: Config) -> None:
    """Draw the page: who wins and why, the columns overlaid, and their numbers in a table."""
    networks = controls.page_choice_made(compare_networks.SWITCH, _SWITCH) != ""
    columns: Sequence[Compared]
    choose: Callable[[], None]
    if networks:
        chosen, problems = compare_networks.read(experiment.page_parameter(compare_networks.PARAMETER, ""))
        columns, choose = chosen, partial(_networks, chosen)
    else:
        rules, problems = compare_text.read(experiment.page_parameter(compare_text.PARAMETER, ""))
        columns, choose = rules, partial(_choice, config, rules)
    with st.container(gap="xsmall"):
        opening(*(_OF_NETWORKS if networks else _OF_INITIALIZATIONS))
        answer = st.empty()
        left, right = st.columns(2)
        with left:
            controls.page_choice("Compare", compare_networks.SWITCH, _SWITCH, _SWITCH_HELP)
        with right:
            name, report, unread = measured.choose()
        choose()
    with st.sidebar:
        number_format.draw()
    left_out = st.empty()
    if not columns:
        answer.header(":gray[Nothing is compared yet.]", anchor=False)
        st.info("Choose some above; up to six fit.", icon=":material/add_chart:")
    accepted, refused = _accepted(config, columns)
    problems += [plain(unread)] if unread else []
    problems += [f"{', '.join(names)}: {plain(why)}" for why, names in refused.items()]
    if problems:
        lines = "\n".join(f"- {problem}" for problem in problems)
        left_out.warning(f"Not all of this comparison could be drawn.\n{lines}", icon=":material/block:")
    drawn = _run(accepted, answer)
    if drawn:
        layout = _result(drawn, _yours(config, columns), report, answer, networks)
        if report is not None:
            measured.verdict(name, report)
        comparison.explanation(networks)
        if layout is not None:
            find = partial(_answers, [column for _, column, _ in accepted], layout)
            under_the_hand(config, Followed([*labels().values()], {_CHART: YOURS}, find, columns, refusal="Let go to compare again"))
    elif columns:
        answer.header(":orange[None of these could be drawn.]", anchor=False)


def _networks(chosen: Sequence[Network]) -> None:
    """Offer the architectures, those that are compared among them; one more than fit is not taken."""
    key = experiment.show(compare_networks.PARAMETER, [network.name for network in chosen])

    def choose() -> None:
        wanted = [network for name, network in NETWORKS.items() if name in st.session_state[key]]
        if len(wanted) > MOST_COLUMNS:
            st.toast(f"{MOST_COLUMNS} fit: take one away first.")
        else:
            experiment.order_page_parameter(compare_networks.PARAMETER, compare_networks.written(wanted))

    st.pills(
        f"Architectures, up to {MOST_COLUMNS}",
        list(NETWORKS),
        selection_mode="multi",
        format_func=lambda name: NETWORKS[name].label,
        key=key,
        on_change=choose,
    )


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


def _accepted(config: Config, columns: Sequence[Compared]) -> tuple[list[tuple[int, Compared, Config]], dict[str, list[str]]]:
    """Return the columns that can be simulated, each with its place and its experiment; and for each reason against others, their names."""
    accepted: list[tuple[int, Compared, Config]] = []
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


def _run(accepted: Sequence[tuple[int, Compared, Config]], slot) -> list[tuple[Curves, Summary]]:
    """Measure and predict every column; one that fails leaves a sentence, and the others go on."""
    show = _progress_in(slot, sum(work(own).seconds for _, _, own in accepted), len(accepted))
    drawn = []
    for done, (place, column, own) in enumerate(accepted):
        with panel(plain(column.label)):
            trace = trace_of(own, show(done))
            prediction = if_known(prediction_of, own)
            summary = summarize(place, column.label, trace, diagnose(trace, prediction), _condition(own))
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


def _yours(config: Config, columns: Sequence[Compared]) -> Yours | None:
    """Return the sidebar's setting where it is none of the columns, and theory has an answer."""
    networks = isinstance(columns[0], Network)
    own = replace(config, trials=min(config.trials, MOST_DRAWS)) if networks else column_of(config).uses(config)
    if any(_same(column, config, own) for column in columns):
        return None
    prediction = if_known(prediction_of, own)
    return None if prediction is None else Yours("yours" if networks else column_of(config).in_short, prediction)


def _same(column: Compared, config: Config, own: Config) -> bool:
    """Return whether a column runs the experiment `own` where the sidebar has this config."""
    try:
        return column.uses(config) == own
    except ValueError:
        return False


def _answers(
    columns: Sequence[Compared], layout: dict, config: Config, field: str, values: Sequence[float], here: int
) -> Iterator[Answers]:
    """Yield the sidebar's setting at the values of a slider, to be drawn over the chart; nothing where the columns would move, too."""
    base = experiment.imagined(field, values[0])
    if not all(_same(column, base, column.uses(config)) for column in columns):
        return
    chosen = [values[place] for place in spread(len(values), MOST_POSITIONS, here)]
    name = f"yours, {NUMBERS[field].symbol} {{value}}"  # which the page fills in
    charts = [yours_spec(layout, Yours(name, one), appearance=appearance()) for one in predictions_of(base, field, chosen)]
    yield Answers(chosen, [Shown({_CHART: chart}, {}) for chart in charts])


def _result(drawn: Sequence[tuple[Curves, Summary]], yours: Yours | None, report: Report | None, answer, networks: bool) -> dict | None:
    """Say who wins and why; draw the charts and the table. Return the layout of the charts, or None where they could not be drawn."""
    layout = None
    curves, summaries = [list(part) for part in zip(*drawn, strict=True)]
    decision = compare_networks.told(summaries) if networks else decide(summaries)
    healthy = any(s.kind == "healthy" and (networks or s.place == decision.winner) for s in summaries)
    icon = f":green[:material/{'check_circle' if networks else 'trophy'}:]" if healthy else ":orange[:material/balance:]"
    with answer.container(gap=None, key=VERDICT_KEY):
        st.header(f"{icon} {plain(decision.headline)}", anchor=False)
        st.markdown(plain(decision.reason))
    with panel("The chart"):
        figure = compare_chart(
            curves,
            winner=decision.winner,
            yours=yours,
            measured=None if report is None else measured.curves(report),
            precision=number_format.chosen(),
            appearance=appearance(),
        )
        told = "" if report is None else measured.in_words(report)
        draw_figure(figure, key=_CHART, alt=comparison.in_words(summaries, decision, yours, told))
        layout = figure.layout.to_plotly_json()
    with panel("The table"):
        what = "architecture" if networks else "initialization"
        lines = comparison.table(curves, summaries, decision, what)
        lines = lines if report is None else measured.with_line(lines, report, what)
        st.table(lines, width="content", hide_index=True, hide_header=False)
        if without_line := comparison.without_line(curves):
            st.caption(without_line)
    return layout
