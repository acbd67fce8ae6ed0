"""Race setup: races worth seeing, who takes part, and by which recipe, all of it from the address."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import streamlit as st

from propagation.charts.marks import GLYPHS
from propagation.config import Config
from propagation.formatting import number, plain
from propagation.labs import compare_networks, compare_text
from propagation.labs.compare import FIRST, GLOROT_2010, MOST_COLUMNS, Column, column_of, with_added
from propagation.labs.compare_networks import NETWORKS, Network
from propagation.labs.race import MOST_DEPTH, MOST_SECONDS, Entry, fitting_width
from propagation.labs.training import Recipe
from propagation.ui.session import experiment, race_session, way_back

#: parameter of the address → field of the recipe
FIELDS = {"rate": "learning_rate", "momentum": "momentum", "steps": "steps"}
#: sensible values, as they stand in the address
_SCALES = {
    "rate": ("0.001", "0.003", "0.01", "0.03", "0.1", "0.3", "1", "3", "10"),
    "momentum": ("0", "0.5", "0.9", "0.99"),
    "steps": ("100", "200", "300", "500", "1000", "2000"),
}
_LABELS = {"rate": "Learning rate", "momentum": "Momentum", "steps": "Steps"}
_HELP = {
    "rate": "How far a step goes. Too small: nobody arrives. Too large: lanes diverge.",
    "momentum": "How much of the last step is kept. 0.9 goes about ten times as far.",
    "steps": f"Each step takes a batch of {Recipe.batch} digits.",
}


@dataclass(frozen=True)
class Start:
    """A race in which something is unmistakable: what its button says and tells, who takes part, the network, the learning rate.

    Who takes part are initializations of one network, `columns`, or `networks` of one initialization.
    """

    label: str
    help: str
    columns: tuple[Column, ...]
    fields: dict[str, Any]
    rate: str
    networks: tuple[Network, ...] = ()


_TEN_LAYERS = {"depth": 10, "width": 100, "bias_variance": 0.0}
STARTS = (
    Start(
        "Glorot 2010's six, 10 layers", "Standard and normalized weights with tanh, softsign and sigmoid.", GLOROT_2010, _TEN_LAYERS, "0.03"
    ),
    Start(
        "Sigmoid, tanh, ReLU",
        "Three activations with Glorot's weights, and ReLU with He's: 10 layers.",
        (*(Column("glorot", activation, "uniform") for activation in ("sigmoid", "tanh", "relu")), Column("he", "relu", "gaussian")),
        _TEN_LAYERS,
        "0.03",
    ),
    Start(
        "Ordered, critical, chaotic: 50 layers",
        "tanh with $σ_w²$ = 0.9, 1.76 and 4: only the second is critical.",
        tuple(Column("custom", "tanh", "gaussian", value) for value in (0.9, 1.76, 4.0)),
        {"depth": 50, "width": 100, "bias_variance": 0.05},
        "0.01",
    ),
    Start(
        "ReLU, 30 layers",
        "LeCun, Glorot and He: a factor of 2 in the variance, thirty times over.",
        tuple(Column(scheme, "relu", "gaussian") for scheme in ("lecun", "glorot", "he")),
        {"depth": 30, "width": 100, "bias_variance": 0.0},
        "0.01",
    ),
    Start(
        "Skips and norms: 50 layers",
        "ReLU with He's weights: plain, with batch norm, as residual blocks, as those scaled by 1/√L, and pre-norm.",
        (),
        {
            "depth": 50,
            "width": 64,
            "activation": "relu",
            "scheme": "he",
            "weight_law": "gaussian",
            "bias_variance": 0.0,
            "width_profile": "constant",
            "layer_sizes": "",
            "first_weight_variance": None,
        },
        "0.01",
        compare_networks.FIRST,
    ),
)
#: what takes part: initializations of one network, or architectures of one initialization
Lanes = Sequence[Column | Network]
#: the setting of a page that says so, as on the Compare page
_ARCHITECTURES = "architectures"


def draw_starts() -> None:
    """Draw a button for each race worth seeing: it sets everything and starts."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown("Race", width="content")
        for start in STARTS:
            st.button(start.label, key=f"start_{start.label}", help=start.help, icon=":material/flag:", on_click=_begin, args=(start,))


def _begin(start: Start) -> None:
    way_back.keep((compare_networks.SWITCH, compare_networks.PARAMETER, compare_text.PARAMETER, *FIELDS))
    experiment.order(**start.fields)
    experiment.order_page_parameter(compare_networks.SWITCH, _ARCHITECTURES if start.networks else "")
    experiment.order_page_parameter(compare_networks.PARAMETER, compare_networks.written(start.networks) if start.networks else "")
    _compare(start.columns or FIRST)
    for name, text in (("rate", start.rate), ("momentum", _default("momentum")), ("steps", _default("steps"))):
        experiment.order_page_parameter(name, "" if text == _default(name) else text)
    race_session.announce()


def architectures_race() -> bool:
    """Return whether architectures race, and not initializations."""
    return experiment.page_parameter(compare_networks.SWITCH, "") == _ARCHITECTURES


def read_lanes() -> tuple[Lanes, list[str]]:
    """Return who is to take part by the address, and a sentence for each part of it that could not be read."""
    lab = compare_networks if architectures_race() else compare_text
    return lab.read(experiment.page_parameter(lab.PARAMETER, ""))


def read_recipe() -> tuple[Recipe, list[str]]:
    """Return the recipe of the address, and a sentence for each part of it that could not be read."""
    recipe, problems = Recipe(), []
    for name, field in FIELDS.items():
        try:
            given: dict[str, Any] = {field: float(experiment.page_parameter(name, _default(name)))}
            recipe = replace(recipe, **given)
        except ValueError as error:
            problems.append(f"`{name}`: {plain(str(error))}. It stays at {_default(name)}.")
    return recipe, problems


def draw_recipe(recipe: Recipe) -> None:
    """Draw the sliders of the recipe. (Not in a popover: that builds its widgets when it is opened, at the first of their values.)"""
    with st.expander("Learning rate, momentum, steps", type="compact"):
        for (name, field), place in zip(FIELDS.items(), st.columns([2, 1, 1], gap="medium"), strict=True):
            value = f"{getattr(recipe, field):.10g}"
            place.select_slider(
                _LABELS[name],
                sorted({*_SCALES[name], value}, key=float),
                format_func=lambda text: number(float(text)),
                key=experiment.show(name, value),
                on_change=experiment.set_page_parameter,
                args=(name, _default(name)),
                help=_HELP[name],
            )


def _default(name: str) -> str:
    """Return what a link leaves out."""
    return f"{getattr(Recipe, FIELDS[name]):g}"


def entries_of(config: Config, lanes: Lanes, recipe: Recipe) -> tuple[tuple[Entry, ...], list[str]]:
    """Return who takes part, all of the largest width that there is time for; and a sentence for each who cannot."""
    accepted: list[tuple[int, Column | Network]] = []
    problems = []
    for place, column in enumerate(lanes):
        try:
            column.uses(config)
        except ValueError as error:
            problems.append(f"{GLYPHS[place]} **{plain(column.label)}**: {plain(str(error))}.")
        else:
            accepted.append((place, column))

    def of_width(width: int) -> list[Config]:
        return [column.uses(config.no_larger(width=width)) for _, column in accepted]

    width = fitting_width(of_width, config.width, recipe)
    if width is None:
        return (), [*problems, _too_much(config)]
    return tuple(Entry(place, column.label, own) for (place, column), own in zip(accepted, of_width(width), strict=True)), problems


def _too_much(config: Config) -> str:
    limit = f"a race has at most {MOST_DEPTH} layers and takes at most {number(MOST_SECONDS)} s of one core"
    return f"This is too much: {limit}. What would fit: fewer layers than {config.depth:,}, fewer steps, or fewer lanes."


def draw_lanes(config: Config, lanes: Lanes) -> None:
    """Draw who takes part, to be changed: the columns or the networks of the Compare page."""
    with st.popover("Lanes", icon=":material/playlist_add:"):
        if architectures_race():
            _draw_networks([lane for lane in lanes if isinstance(lane, Network)])
            return
        here, columns = column_of(config), tuple(lane for lane in lanes if isinstance(lane, Column))
        added = (with_added(columns, (here,)),)
        help = "The sidebar's own setting. Six fit; the oldest make room."
        label = f"Add {plain(here.label)}"
        st.button(label, "race_add", help, icon=":material/add:", disabled=here in columns, on_click=_compare, args=added)
        for place, column in enumerate(columns):
            rest = columns[:place] + columns[place + 1 :]
            label = f"Remove {GLYPHS[place]} {plain(column.label)}"
            st.button(label, f"race_remove_{place}", icon=":material/remove:", on_click=_compare, args=(rest,), width="stretch")


def _draw_networks(chosen: Sequence[Network]) -> None:
    """Draw a button for each architecture, to add it, or to take it away. (Pills would forget in a popover what is chosen.)"""
    for name, network in NETWORKS.items():
        here = network in chosen
        wanted = [one for one in NETWORKS.values() if (one in chosen) != (one is network)]
        st.button(
            f"{'Remove' if here else 'Add'} {network.label}",
            f"race_network_{name}",
            icon=":material/remove:" if here else ":material/add:",
            disabled=len(wanted) > MOST_COLUMNS,
            on_click=_race_networks,
            args=(wanted,),
            width="stretch",
        )


def _race_networks(networks: Sequence[Network]) -> None:
    experiment.order_page_parameter(compare_networks.PARAMETER, compare_networks.written(networks))


def _compare(columns: tuple[Column, ...]) -> None:
    experiment.order_page_parameter(compare_text.PARAMETER, compare_text.written(columns))
