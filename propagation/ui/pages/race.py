"""Race: up to six initializations, or architectures, learn to read digits side by side, live."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from propagation.charts.marks import GLYPHS
from propagation.charts.race import gradient_map, pace_chart, race_chart
from propagation.charts.theme import palette
from propagation.config import Config
from propagation.formatting import from_log10, number, plain
from propagation.labs.race import LOOKS, Decision, Entry, Lane, decide, of_weights, ranked, whole_percent
from propagation.labs.training import HELD_OUT, split
from propagation.ui.session import race_session
from propagation.ui.widgets import controls
from propagation.ui.widgets.figures import draw_figure
from propagation.ui.widgets.page_header import appearance, opening, unbroken
from propagation.ui.widgets.panels import panel
from propagation.ui.widgets.race_setup import architectures_race, draw_lanes, draw_recipe, draw_starts, entries_of, read_lanes, read_recipe

TITLE = "Which initialization learns?"
_OF_ARCHITECTURES = "Which architecture learns?"
_LOOK_FOR = "Only {} differ. **Which networks leave 10 %, which is guessing?** On the right, why: how far each layer moves."
#: seconds of racing between two redraws, and between the beginnings of two of them: in between others get their turn
_TICK, _EVERY = 0.25, 0.4
_COLOURS = {"learned": "green", "learning": "gray", "guessing": "orange", "diverged": "orange"}


def render(config: Config) -> None:
    """Draw the page: races worth seeing, the recipe, the race itself, one network's gradients."""
    lanes, unread = read_lanes()
    with st.container(gap="xsmall"):
        if architectures_race():
            opening(_OF_ARCHITECTURES, _LOOK_FOR.format("skips and norms"))
        else:
            opening(TITLE, _LOOK_FOR.format("the first weights"))
        recipe, problems = read_recipe()
        buttons = st.container(horizontal=True, vertical_alignment="center", gap="small")
    if config.architecture == "transformer" and not architectures_race():
        st.caption(":material/layers_clear: A digit is one vector: attention is left out here, and the network of the MLPs races.")
    entries, refused = entries_of(config, lanes, recipe)
    _left_out([*unread, *problems, *refused])
    on = race_session.of(entries, recipe) if entries else None
    running = on is not None and on.status == "running"
    with buttons:
        if on:
            _drive(on)
        draw_lanes(config, lanes)
        if on:
            st.markdown(_what(on, config), width="stretch")
    if on:
        _run(on, running)
    else:
        words = "None of these can be raced." if lanes else "Nobody is at the start yet."
        st.info(f"{words} Choose a race below, or add a lane.", icon=":material/sports_score:")
    # what is set up stands below the charts: they are what a visitor comes for, and a race is ready to begin
    draw_starts()
    draw_recipe(recipe)
    _explanations()


def _left_out(problems: Sequence[str]) -> None:
    if problems:
        lines = "\n".join(f"- {problem}" for problem in problems)
        st.warning(f"Not all of this race can be run as it was asked for.\n{lines}", icon=":material/block:")


def _drive(on: race_session.Race) -> None:
    """Draw the buttons of the race."""
    match on.status:
        case "running":
            label, key, icon, act = "Pause", "race_pause", ":material/pause:", on.pause
        case "paused":
            label, key, icon, act = "Continue", "race_continue", ":material/play_arrow:", on.start
        case "ready":
            label, key, icon, act = "Start", "race_start", ":material/play_arrow:", on.start
        case _:
            label, key, icon, act = "Start again", "race_again", ":material/replay:", on.start
    st.button(f":blue[**{label}**]", key, icon=icon, on_click=act)  # a primary button is too pale to be read in the dark
    if on.status in ("running", "paused"):
        st.button("Stop", "race_stop", icon=":material/stop:", on_click=on.stop)


def _what(on: race_session.Race, config: Config) -> str:
    """Say what is raced, in a line."""
    own = on.entries[0].config
    lanes = "one network" if len(on.entries) == 1 else f"{len(on.entries)} networks"
    text = f"{lanes} of {own.depth:,} × {own.width:,} neurons, learning rate {number(on.recipe.learning_rate)}"
    if on.recipe.momentum:
        text += f", momentum {number(on.recipe.momentum)}"
    if own.width < config.width:
        text += f" (not your {config.width:,}: too slow)"
    return f":gray[{text}]"


def _run(on: race_session.Race, running: bool) -> None:
    """Draw the race and one lane's gradients: two pieces that redraw themselves while it runs, whatever else is on the page."""
    st.fragment(_track, run_every=_EVERY if running else None)(on, running)
    if on.lanes or running:
        chosen = _chosen(on.entries)
        st.fragment(_gradients, run_every=2 * _EVERY if running else None)(on, chosen)


@panel("The race")
def _track(on: race_session.Race, running: bool) -> None:
    """Draw the race as far as it is, and, if it was running when the page was drawn, a little further."""
    if running:  # before anything is drawn, so that what was drawn stays until there is something new
        with panel("The race"):
            on.advance(_TICK)
        if on.status != "running":
            st.rerun()  # the whole page: nothing redraws itself any more, and the buttons change
    decision = decide(on.lanes) if on.status == "over" else None
    winner = decision.winner if decision else None
    _answer(on, decision)
    st.markdown(_names(on, winner))
    left, right = st.columns([1.35, 1], gap="small")
    with left, panel("The chart of the race"):
        figure = race_chart(on.lanes, on.recipe.steps, winner=winner, appearance=appearance())
        draw_figure(figure, key="race_chart", alt=_in_words(on, decision))
    with right, panel("The chart of the layers"):
        figure = pace_chart(on.lanes, on.entries[0].config.depth, winner=winner, appearance=appearance())
        draw_figure(figure, key="pace_chart", alt=_paces_in_words(on.lanes))
    if decision:
        st.table(_table(on.lanes, winner), width="content", hide_index=True, hide_header=False)


def _answer(on: race_session.Race, decision: Decision | None) -> None:
    """Say where the race is, or how it ended."""
    if decision:
        icon = ":green[:material/trophy:]" if decision.winner is not None else ":orange[:material/balance:]"
        ended = f"Stopped at step {on.step:,} of {on.recipe.steps:,}. " if on.stopped else ""
        with st.container(gap=None):
            st.header(f"{icon} {plain(decision.headline)}", anchor=False)
            st.markdown(plain(ended + decision.reason))
    elif not on.lanes:
        st.header(":gray[At the start. Press Start, or choose a race below.]", anchor=False)
    else:
        ahead = max(on.lanes, key=lambda lane: lane.latest.accuracy)
        step = f"{'Paused at step' if on.status == 'paused' else 'Step'} {on.step:,} of {on.recipe.steps:,}"
        with st.container(gap="xsmall"):
            st.header(f"{plain(ahead.label)} is ahead with {whole_percent(ahead.latest.accuracy)}.", anchor=False)
            st.progress(min(1.0, on.step / on.recipe.steps), step)


def _names(on: race_session.Race, winner: int | None) -> str:
    """Say whose line is whose, and what each reads by now; for both charts."""
    reads = {lane.place: _reads(lane, on.status == "over") for lane in on.lanes}
    texts = []
    for entry in on.entries:
        name = plain(entry.label)
        words = f"{_glyph(entry.place)} " + (f"**{name} ✓**" if entry.place == winner else name)
        if entry.place in reads:
            words += f" :gray[{reads[entry.place]}]"
        texts.append(words.replace(" ", "\u00a0"))
    if on.status == "over":  # the chart's lines end at their last look, which may be another number
        texts.append(":gray[(median of the last looks)]")
    return " \u2003".join(texts)


def _glyph(place: int) -> str:
    return f':color[{GLYPHS[place]}]{{foreground="{palette(appearance()).compare[place]}"}}'


def _reads(lane: Lane, over: bool) -> str:
    """Say what counts of a lane: where it is, or how it ended."""
    return "diverged" if lane.kind == "diverged" else whole_percent(lane.accuracy if over else lane.latest.accuracy)


def _table(lanes: Sequence[Lane], winner: int | None) -> list[dict[str, str]]:
    """Return everyone's story, the first in front: a line for each, in Markdown."""
    what = "architecture" if architectures_race() else "initialization"
    lines = []
    for lane in ranked(lanes):
        values = {
            "outcome": f":{_COLOURS[lane.kind]}[{lane.story}]",
            "loss": number(lane.latest.loss),
            "slowest layer": of_weights(lane.slowest),
            "fastest layer": of_weights(lane.fastest),
        }
        lines.append({what: f"{_glyph(lane.place)} {_marked(lane, winner)}"} | unbroken(values))
    return lines


def _marked(lane: Lane, winner: int | None) -> str:
    """Return its name, with a mark where it has won."""
    return f"**{plain(lane.label)} ✓**" if lane.place == winner else plain(lane.label)


def _in_words(on: race_session.Race, decision: Decision | None) -> str:
    """Describe the race to those who cannot see it."""
    if not on.lanes:
        return "The race has not begun."
    each = "; ".join(f"{lane.label}: {_reads(lane, decision is not None)}, loss {number(lane.latest.loss)}" for lane in on.lanes)
    return f"{decision.headline if decision else f'Step {on.step:,} of {on.recipe.steps:,}.'} {each}."


def _paces_in_words(lanes: Sequence[Lane]) -> str:
    """Describe the paces to those who cannot see them."""
    if not lanes:
        return "No layer has moved yet."
    ends = ((lane.label, lane.latest.update_ratio.min(), lane.latest.update_ratio.max()) for lane in lanes)
    each = "; ".join(f"{label}: from {of_weights(slowest)} to {of_weights(fastest)}" for label, slowest, fastest in ends)
    return f"What one step moves the layers by, as a share of their weights. {each}."


def _chosen(entries: Sequence[Entry]) -> int:
    """Return the lane whose gradients are shown, by place."""
    labels = {str(entry.place): f"{GLYPHS[entry.place]} {plain(entry.label)}" for entry in entries}
    return int(controls.page_choice("Weight gradients ∂C/∂W of", "lane", labels, "Whose gradients the map below follows, layer by layer."))


def _gradients(on: race_session.Race, place: int) -> None:
    """Draw one lane's gradients, over layers and time."""
    lane = next((lane for lane in on.lanes if lane.place == place), None)
    if lane is None:
        st.caption("The size of its gradients in every layer appears here.")
        return
    with panel("The gradients"):
        figure = gradient_map(lane, on.lanes, on.recipe.steps, appearance=appearance())
        first, last = (from_log10(float(lane.latest.gradient_log10_second_moment[layer])) for layer in (0, -1))
        alt = f"Weight gradients of {lane.label} at step {lane.latest.step:,}: mean square {first} in the first layer, {last} in the last."
        draw_figure(figure, key="gradient_map", alt=alt)


def _explanations() -> None:
    left, right = st.columns(2)
    with left.expander("What am I looking at?"):
        st.markdown(
            "Each lane is a network with the layers and the weights that the other pages simulate, and a readout of ten scores after them. "
            f"It learns to read 8 × 8 digits: {len(split()[0]):,} to learn from, {HELD_OUT} held out, which decide.\n\n"
            "- **held-out digits read right**: 10 % is guessing. Two lanes closer than two standard errors are too close to call. In the "
            f"end the median of the last {LOOKS} looks counts: one unlucky batch can throw a network back for a while.\n"
            "- **training loss**: mean cross-entropy of the latest batches; ln 10 = 2.30 is guessing.\n"
            "- **pace**: how far one step moves a layer, ‖ΔW‖ / ‖W‖. A layer that moves by 10⁻⁹ of its weights needs a million times as "
            "long as one at 10⁻³; below 2 × 10⁻¹⁶ the step is lost in rounding. The table has the median over the race.\n"
            "- **weight gradients**: the mean square of ∂C/∂W in every layer. One colour means the same for all lanes.\n\n"
            "This is plain descent: no optimizer that gives each layer its own pace, and no normalization but in a lane that says so. Of a "
            "residual network a layer is one block. Batch norm takes the digits held out for one batch."
        )
    with right.expander("Formula"):
        st.latex(r"C = -\frac1B \sum_b \log \operatorname{softmax}(V h^L_b + c)_{y_b}, \qquad V_{ij} \sim N(0, 1/n_L)")
        st.latex(r"v \leftarrow \mu\, v + \frac{\partial C}{\partial \theta}, \qquad \theta \leftarrow \theta - \eta\, v")
        st.latex(r"\text{pace of layer } l = \eta\,\lVert v^l \rVert \,/\, \lVert W^l \rVert")
        st.caption(
            "η is the learning rate, μ the momentum, θ every weight and every bias. The same seed gives the same race. Another learning "
            "rate can change who wins: it makes up for a pace that is slow in all layers, but no one rate suits layers whose paces differ."
        )
