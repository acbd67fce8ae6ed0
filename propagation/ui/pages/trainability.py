"""Trainability map: how deep a network can be and still learn, as theory says and as networks actually trained show."""

from __future__ import annotations

import logging
import math
from dataclasses import replace

import numpy as np
import streamlit as st

from propagation.assets import asset
from propagation.charts.trainability import layers, trainability_chart
from propagation.config import Config
from propagation.expressions import lookup
from propagation.formatting import number, percent, plain
from propagation.labs.sweep import outcomes
from propagation.labs.trainability import (
    LEARNED,
    Grid,
    Outcome,
    Place,
    TrainabilityMap,
    agreement,
    assembled,
    coarse_grid,
    from_json,
    reach,
    seconds_to_train,
    training_by,
)
from propagation.labs.training import HELD_OUT
from propagation.rules import shown_bias_variance, shown_weight_variance
from propagation.theory.maps import fixed_point
from propagation.theory.phases import critical_weight_variance
from propagation.ui.longwork import remembered
from propagation.ui.widgets import controls, places
from propagation.ui.widgets.figures import draw_figure
from propagation.ui.widgets.page_header import appearance, opening, without_blocks
from propagation.ui.widgets.panels import panel

log = logging.getLogger(__name__)

SHIPPED = asset("trainability.json")
TITLE = "How deep can it be and still learn?"
LOOK_FOR = (
    "Every cell is a network trained to read digits; its colour says how many unseen ones it reads. Theory drew the line without training "
    "anything: **above it no signal gets through, and colour should end there.** Click a cell to go there."
)
_MAPS = {"shipped": "Tanh, trained beforehand", "own": "Yours, trained here"}
_CHART = "trainability_map"


def _tanh(weight_variance: float, depth: int) -> dict[str, str | float | int]:
    return {"activation": "tanh", "weight_law": "gaussian", "bias_variance": 0.05, "weight_variance": weight_variance, "depth": depth}


PLACES = (
    places.Place("Ordered, 32 layers", "A signal goes 22 layers deep: all digits look alike at the end.", _tanh(1.0, 32)),
    places.Place("Critical, 32 layers", "The same depth, and a signal that gets through.", _tanh(1.75, 32)),
    places.Place(
        "Chaotic, 91 layers", "A signal goes 42 layers deep: two pictures of one digit look as different as two digits.", _tanh(4.0, 91)
    ),
)


def render(config: Config) -> None:
    """Draw the page: how well the line tells who learns, the map to click on, and beside it the visitor's own network."""
    opening(TITLE, LOOK_FOR)
    without_blocks(config, "This map is of")
    places.draw_places(PLACES)
    answer = st.empty()
    left, right = st.columns([1.9, 1], gap="medium")
    with left:
        chosen = controls.page_choice("Map", "map", _MAPS, "A large map that comes with the app, or a small one of your activation.")
        chart = st.empty()
    trainability = None
    with panel("The map"):
        trainability = _shipped() if chosen == "shipped" else _own_map(config, right, answer, chart)
        if trainability is None:
            words = "The map that comes with the app cannot be read. Yours can be trained here: choose it below."
            answer.warning(words, icon=":material/map:")
        else:
            words = _in_words(trainability)
            answer.header(words, anchor=False)
            with chart.container():
                draw_figure(_figure(trainability, config), _CHART, words, on_point=controls.point_chosen(_CHART, up="depth"))
    if trainability is None:
        return
    with right, panel("Your network"):
        _yours(config, trainability, chosen == "shipped")
    with right, panel("The line"):
        st.markdown(_quality(trainability))
    with panel("The explanation"):
        _explanation(trainability)


def _figure(trainability: TrainabilityMap, config: Config):
    base = trainability.grid.base
    critical = critical_weight_variance(base.shifted_activation, base.bias_variance)
    return trainability_chart(trainability, critical, shown_weight_variance(config), config.depth, appearance=appearance())


def _shipped() -> TrainabilityMap | None:
    """Return the map that comes with the app; None, and the reason in the log, where there is none to be read."""
    try:
        return _shipped_map()
    except (OSError, ValueError):
        log.exception("no map in %s", SHIPPED.name)
        return None


@st.cache_resource(show_spinner=False)
def _shipped_map() -> TrainabilityMap:
    """Return the map that comes with the app. It raises where there is none, so that only a map is kept: the next visitor looks again."""
    return from_json(SHIPPED.read_text(encoding="utf-8"))


def _own_grid(config: Config) -> Grid:
    return coarse_grid(config.activation, shown_bias_variance(config), config.weight_law, config.seed, config.bias_mean)


@st.cache_resource(max_entries=64, show_spinner=False)
def _known(grid: Grid) -> dict[Place, Outcome]:
    """Return what has been trained of a grid, for all visitors: who leaves early finds it here again. What failed may be tried again."""
    return {}


def _own_map(config: Config, beside, answer, chart) -> TrainabilityMap:
    """Draw the coarse map of the visitor's activation, as far as it goes; a button trains the rest, any move of a control ends that."""
    grid = _own_grid(config)
    known = _known(grid)
    done = dict(known)
    missing = [place for place in grid.places if place not in done]
    if not missing:
        return assembled(grid, done)
    with beside:
        count = f"these {len(missing)} networks" if len(missing) == len(grid.places) else f"the other {len(missing)}"
        seconds = sum(seconds_to_train(grid.cell(place), grid.recipe) for place in missing)
        pressed = st.button(f":blue[**Train {count}**]", icon=":material/model_training:", key="train_map", width="stretch")
        st.caption(f"It takes about {number(float(f'{seconds:.1g}'))} s. Moving a control ends it; what is trained by then is kept.")
    if pressed:
        answer.progress(len(done) / len(grid.places), "Training …")
        for place, outcome in outcomes(grid, missing):
            done[place] = outcome
            if not outcome.failure:
                known[place] = outcome
            answer.progress(len(done) / len(grid.places), f"Training … {len(done)} of {len(grid.places)} networks")
            if place[1] == grid.shape[1] - 1:
                with chart.container():
                    draw_figure(_figure(assembled(grid, done), config), f"{_CHART}_{place[0]}", "Networks are being trained.")
    return assembled(grid, done)


def _in_words(trainability: TrainabilityMap) -> str:
    """Say how well the line tells who learns, in a sentence with the numbers."""
    found = agreement(trainability)
    if found is None:
        return "Nothing is trained yet: the line is what theory expects."
    share = percent(found.right / found.cells)
    return f"{share} of {found.cells} networks are where theory puts them: learning below the line, or lost above it."


def _yours(config: Config, trainability: TrainabilityMap, shipped: bool) -> None:
    """Say what theory says of the visitor's place on the map, what was trained there; draw the button that trains it again."""
    grid = trainability.grid
    weight_variance, depth = shown_weight_variance(config), config.depth
    own = (config.activation, shown_bias_variance(config), config.bias_mean)
    if shipped and own != (grid.base.activation, grid.base.bias_variance, grid.base.bias_mean):
        mean = f" and biases of mean {number(config.bias_mean)}" if config.bias_mean else ""
        st.info(
            f"This map, and its theory, is of tanh with $σ_b²$ = {number(grid.base.bias_variance)}. Yours, "
            f"{plain(lookup(config.activation).label)} with $σ_b²$ = {number(own[1])}{mean}, has a map of its own: choose "
            f"*{_MAPS['own']}*.",
            icon=":material/info:",
        )
    st.markdown(
        f"**Your place:** $σ_w²$ {number(weight_variance)}, {depth:,} layer{'s' * (depth > 1)}\n\n{_expected(grid, weight_variance, depth)}"
    )
    place = _nearest(grid, weight_variance, depth)
    here = grid.cell(place).weight_variance == weight_variance and grid.depths[place[0]] == depth
    st.markdown(_known_there(trainability, place, here))
    if depth > grid.depths[-1]:
        st.caption(f"Networks of up to {grid.depths[-1]} layers are trained here.")
        return
    network = replace(grid.base, scheme="custom", depth=depth, weight_variance=weight_variance)
    if st.button("Train it now", icon=":material/play_arrow:", key="train_now", help="The same weights and batches: the same result."):
        outcome = remembered(training_by(grid.recipe), network, words=f"Training {depth} layers, {grid.recipe.steps} steps")
        st.markdown(_compared(outcome, trainability.outcome(place) if here else None))


def _expected(grid: Grid, weight_variance: float, depth: int) -> str:
    """Say what theory expects of a place on the map."""
    limit = float(reach(grid.base, np.array([weight_variance]))[0])
    if math.isinf(fixed_point(grid.base.shifted_activation, weight_variance, grid.base.bias_variance)):
        return "Theory: the signal grows without end, so $ξ_c$ sets no limit to the depth; but numbers this large are hard to learn from."
    verdict = "it should **learn**" if depth <= limit else "it is **too deep** to learn"
    return f"Theory: a signal goes {layers(limit)} (6 $ξ_c$), so {verdict}."


def _nearest(grid: Grid, weight_variance: float, depth: int) -> Place:
    """Return the cell closest to a place, by ratios of depth and differences of σ_w²."""
    row = np.argmin(np.abs(np.log(grid.depths) - math.log(depth)))
    return int(row), int(np.argmin(np.abs(np.array(grid.weight_variances) - weight_variance)))


def _known_there(trainability: TrainabilityMap, place: Place, here: bool) -> str:
    """Return what the map holds at this place, or in the cell nearest to it."""
    grid = trainability.grid
    cell = "This cell" if here else f"The nearest cell ($σ_w²$ {number(grid.weight_variances[place[1]])}, {grid.depths[place[0]]:,} layers)"
    if place in trainability.failures:
        return f"{cell} could not be trained: {plain(trainability.failures[place])}."
    outcome = trainability.outcome(place)
    return f"{cell} is not trained yet." if outcome is None else f"{cell}: {_result(outcome)}."


def _result(outcome: Outcome) -> str:
    return f"**{percent(outcome.accuracy)}** of unseen digits right" + (", then it diverged" if outcome.diverged else "")


def _compared(now: Outcome, before: Outcome | None) -> str:
    """Say what a training came to, beside what the map says of it."""
    if before is None:
        return f"Trained now: {_result(now)}."
    differ = round(abs(now.accuracy - before.accuracy) * HELD_OUT)
    if not differ:
        verdict = "**The same.**"
    else:
        verdict = f"{differ} of {HELD_OUT} digits apart: another processor rounds sums differently, and deep chaotic networks magnify that."
    return f":material/check: The map: {percent(before.accuracy)}. Now: {percent(now.accuracy)}. {verdict}"


def _quality(trainability: TrainabilityMap) -> str:
    """Say how good the line is, and how good a rule without theory would be."""
    found, base = agreement(trainability), trainability.grid.base
    if found is None:
        return ""
    words = (
        f"**How good is the line?** Say that a network has learned if it reads {percent(LEARNED)} of unseen digits (chance: 10 %). The "
        f"line is right about {found.right} of {found.cells}: {found.short} below it did not learn, {found.beyond} above it did. The best "
        f"rule without $σ_w²$ (one greatest depth for all) is right about {found.one_depth}."
    )
    if found.one_depth > found.right:
        words += " Here the simple rule is better."
    if math.isinf(fixed_point(base.shifted_activation, trainability.grid.weight_variances[-1], base.bias_variance)):
        words += " The line sees how alike signals are, not how large: where they explode, training ends before it."
    if not math.isnan(found.rank_correlation):
        words += f" Rank correlation of accuracy with depth / 6 $ξ_c$: {number(found.rank_correlation)}."
    return words


def _explanation(trainability: TrainabilityMap) -> None:
    """Explain why there is a line at all, and how the networks were trained."""
    left, right = st.columns(2)
    with left.expander("Why is there a line?"):
        st.markdown(
            "A network learns from how alike its inputs are. With depth the correlation of any two tends to the same number c*, and gets "
            "there like $e^{−l/ξ_c}$: after about 6 $ξ_c$ layers there is nothing left to learn from (Schoenholz et al. 2017). Left "
            "of the critical $σ_w²$, in the ordered phase, all digits end up alike; right of it, in the chaotic phase, even almost equal "
            "ones end up different.\n\n"
            "The line is a scale, not a wall. It is drawn for infinitely wide networks and knows nothing of learning rates or of the "
            "number of steps. At the critical $σ_w²$ it has no end; real networks do."
        )
        st.latex(r"\xi_c = -1 / \ln C'(c^*), \qquad L_{max} \approx 6\,\xi_c")
    with right.expander("What am I looking at?"):
        st.markdown(_recipe(trainability.grid))


def _recipe(grid: Grid) -> str:
    base, recipe = grid.base, grid.recipe
    biases = f"$σ_b²$ = {number(base.bias_variance)}" + (f", biases of mean {number(base.bias_mean)}" if base.bias_mean else "")
    return (
        f"Networks of {base.width} neurons a layer, {plain(lookup(base.activation).label)}, {biases}, taught by "
        f"stochastic gradient descent: {recipe.steps} steps of {recipe.batch} digits, learning rate {number(recipe.learning_rate)}, "
        f"momentum {number(recipe.momentum)}, the same for all. {HELD_OUT} digits are held out. All cells start from the same random "
        "numbers, scaled, so they differ in nothing but depth and $σ_w²$. A stroke ⁄ marks a training that diverged, a dot · a network "
        "that is not trained yet.\n\n"
        "The learning rate is small on purpose: a large one throws deep chaotic networks off by the size of their gradients alone, and the "
        "map would show that instead."
    )
