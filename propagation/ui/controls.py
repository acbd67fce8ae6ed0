"""The controls: the sidebar that turns a visitor's hand, or an address, into a Config, and what else on a page can move it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import streamlit as st

from propagation import rules
from propagation.activations import ACTIVATIONS
from propagation.config import BOUNDS, COSTS, INPUT_LAWS, METHODS, WIDTH_PROFILES, Config
from propagation.diagnosis import critical_here
from propagation.expressions import LONGEST, lookup
from propagation.formatting import number, plain
from propagation.initializers import SCHEMES, WEIGHT_LAWS
from propagation.locks import CONTROLS, labels
from propagation.presets import PRESETS
from propagation.slider_steps import CONTINUOUS, STEPPED, VARIANCE_STEP, scale, slider_end
from propagation.ui import experiment
from propagation.ui.figures import clicked_point
from propagation.ui.panels import panel
from propagation.ui.slider_marks import Mark, ruler

_MARKED = {"lecun": "LeCun", "glorot": "Glorot", "he": "He", "kumar": "Kumar"}
_CRITICAL = "critical"
#: what is not folded away
_FRONT = ("preset", "activation", "scheme", "depth", "width")

#: what a control is for, and what moves when it moves
_HELP = {
    "preset": "Sets every control at once. What you change afterwards is your own experiment.",
    "activation": "The nonlinearity after every layer. Its slope decides how much of a gradient gets through.",
    "scheme": "A published rule for the weights' variance. Choosing one moves the slider below; moving the slider makes it custom.",
    "weight_variance": "σ_w² = fan_in · Var[W], what a layer does to the signal's size. Up: signals and gradients grow. Down: they fade.",
    "bias_variance": "The same random offset for every input. Up: all inputs look more alike.",
    "exactly": "Any value from 0 to 100; the slider above widens to reach it.",
    "depth": "Number of layers. What one layer does a little, many do a lot: deeper makes every slope matter more.",
    "width": "Neurons per layer. Wider: less chance, the band closes and the dots go to the theory's line.",
    "weight_law": "The distribution the weights are drawn from, at the same variance. Orthogonal weights keep lengths exactly.",
    "width_profile": "How the width changes with depth. Where fan-in and fan-out differ, no rule can serve both directions.",
    "input_law": "What the network is shown.",
    "inputs": "Size of the batch. More inputs: steadier averages, slower.",
    "input_variance": "Size of the inputs. It moves the start of the curves; whether the end moves too depends on the activation.",
    "cost": "Where gradients come from: at random, or from a loss on random labels through a readout layer.",
    "trials": "Independent random networks. Dots are their median, the band holds the middle 80 %.",
    "seed": "The same seed draws the same weights and inputs, on any machine.",
    "method": "How a layer is simulated. The implicit way is exact in law and never builds the weights.",
}


def draw() -> Config:
    """Draw the sidebar and return the experiment it describes; the address is made to say the same."""
    experiment.sync_from_url()
    with st.sidebar:
        draw_all()
    return experiment.sync_to_url()


@panel("The controls", instead="Reload the page")
def draw_all() -> None:
    """Draw all controls that are to be seen, standing where the experiment stands."""
    _locks()
    _presets()
    _network(experiment.present())
    if not all(experiment.hidden(control) for control in CONTROLS if control not in _FRONT):
        # drawn when it is open: half of all controls are in here, and a class waits for every one of them
        folded = st.expander("More: law, inputs, draws", key="more", on_change="rerun", type="compact")
        if folded.open:
            with folded:
                _more(experiment.present())


def _locks() -> None:
    """What a teacher's link holds fast, and that a move has just met it."""
    locked = experiment.terms().locked
    if locked:
        st.caption(f":material/lock: This link locks {plain(labels(locked))}.")
    if experiment.refused():
        st.toast(f"Locked by this link: {plain(labels(experiment.refused()))}.", icon=":material/lock:")


def set_weight_variance(value: float) -> None:
    """Set σ_w², as a button on a page does."""
    experiment.order(weight_variance=value)


def draw_again() -> None:
    """Take the next seed: other weights and inputs for the same experiment."""
    experiment.order(seed=(experiment.present().seed + 1) % 2**32)


def point_chosen(chart: str, up: str = "bias_variance") -> Callable[[], None]:
    """What a click on the plane drawn as `chart` does: σ_w² across and the field `up` become the experiment's own."""

    def chosen() -> None:
        point = clicked_point(chart)
        if point:
            experiment.order(**{"weight_variance": float(point["x"]), up: float(point["y"])})

    return chosen


def formula() -> None:
    """A formula of the visitor's own, which becomes the activation everywhere as soon as it can be read."""
    if experiment.hidden("activation"):
        return
    st.text_input(
        "Or type your own φ(x)",
        key="formula",
        max_chars=LONGEST,
        placeholder="x * sigmoid(1.7 * x)",
        on_change=experiment.take_formula,
        args=("formula",),
        disabled=experiment.fixed("activation"),
        help="Numbers, x, + - * / **, exp, log, sqrt, cos, abs, max, min, clip, and every activation in the list by name.",
    )
    refusal = experiment.refused_formula("formula")
    if refusal:
        st.warning(f"This formula cannot be used: {plain(refusal.sentence)}.", icon=":material/function:")
        st.code(refusal.marker, language=None)


def page_choice(label: str, name: str, choices: dict[str, str], help: str, folded: bool = False) -> str:
    """A switch that belongs to a page and to the address: the name chosen among `choices` (name → label), by default the first.

    `folded` is for where there is no room to show them all side by side.
    """
    chosen = page_choice_made(name, choices)
    switch: dict[str, Any] = {
        "format_func": choices.__getitem__,
        "key": experiment.show(name, chosen),
        "on_change": experiment.set_page_parameter,
        "args": (name, next(iter(choices))),
        "help": help,
        "width": "stretch",
    }
    if folded:
        st.selectbox(label, list(choices), **switch)
    else:
        st.segmented_control(label, list(choices), **switch)
    return chosen


def page_choice_made(name: str, choices: dict[str, str]) -> str:
    """What the switch of that name stands at, for what is drawn before it."""
    default = next(iter(choices))
    chosen = experiment.page_parameter(name, default)
    return chosen if chosen in choices else default


def _presets() -> None:
    if experiment.hidden("preset"):
        return
    config = experiment.present()
    here = next((name for name, preset in PRESETS.items() if rules.settled(preset.config) == config), None)
    st.selectbox(
        "Start from",
        list(PRESETS),
        index=None,
        format_func=lambda name: PRESETS[name].label,
        placeholder="a well-known experiment …",
        **_widget("preset", here),
    )
    if here:
        st.caption(PRESETS[here].sentence)


def _network(config: Config) -> None:
    scheme = SCHEMES[config.scheme]
    own_bias = scheme.bias_scale is not None
    _names("activation", "Activation φ", _activation_labels(config))
    _names("scheme", "Initialization scheme", {name: scheme.label for name, scheme in SCHEMES.items()})
    if experiment.note():
        st.info(plain(experiment.note()))
    _variance("weight_variance", rules.shown_weight_variance(config))
    _marks(config)
    if config.scheme == "lsuv" and not experiment.hidden("weight_variance"):
        st.caption("LSUV: the data decide, layer by layer, whatever the slider says.")
    _variance("bias_variance", rules.shown_bias_variance(config), disabled=own_bias)
    if own_bias and not experiment.hidden("bias_variance"):
        st.caption(f"{scheme.label} brings its own biases.")
    _steps("depth")
    _steps("width")


def _activation_labels(config: Config) -> dict[str, str]:
    """The known activations, and the formula of a visitor or a link where that is the activation."""
    return {name: activation.label for name, activation in ACTIVATIONS.items()} | {config.activation: lookup(config.activation).label}


def _more(config: Config) -> None:
    weight, bias = st.columns(2)
    with weight:
        _exact("weight_variance", "σ_w², exactly", rules.shown_weight_variance(config))
    with bias:
        _exact("bias_variance", "σ_b², exactly", rules.shown_bias_variance(config), disabled=SCHEMES[config.scheme].bias_scale is not None)
    _names("weight_law", "Weight law", {name: law.label for name, law in WEIGHT_LAWS.items()})
    _names("width_profile", "Width profile", WIDTH_PROFILES)
    _names("input_law", "Inputs", INPUT_LAWS)
    _steps("inputs")
    _number("input_variance", "Input variance", step=0.1, format="%g")
    _names("cost", "Backward pass starts from", COSTS)
    if not experiment.hidden("trials"):
        st.slider(CONTINUOUS["trials"], *BOUNDS["trials"], **_widget("trials", config.trials))
    _number("seed", "Seed", step=1)
    # without a shortcut for the weight law there is no implicit method to choose
    _names(
        "method", "Method", {name: label for name, label in METHODS.items() if name != "implicit" or rules.has_shortcut(config.weight_law)}
    )


def _widget(key: str, value: Any, help: str = "", disabled: bool = False) -> dict[str, Any]:
    """What all widgets have in common: they stand at a value, report when they are moved unless they are locked, and say what they do."""
    locked = experiment.fixed(key.removesuffix(experiment.EXACTLY))
    return {
        "key": experiment.show(key, value),
        "on_change": experiment.report,
        "args": (key,),
        "help": _HELP[help or key] + (" Locked by this link." if locked else ""),
        "disabled": disabled or locked,
    }


def _names(field: str, label: str, choices: dict[str, str]) -> None:
    """A field that is a name."""
    if experiment.hidden(field):
        return
    st.selectbox(label, list(choices), format_func=choices.__getitem__, **_widget(field, getattr(experiment.present(), field)))


def _steps(field: str) -> None:
    """A whole number chosen on a scale of sensible steps."""
    if experiment.hidden(field):
        return
    value = getattr(experiment.present(), field)
    st.select_slider(STEPPED[field][0], scale(field, value), format_func="{:,}".format, **_widget(field, value))


def _number(field: str, label: str, **kwargs: Any) -> None:
    """A number to be typed."""
    if experiment.hidden(field):
        return
    options = {**_widget(field, getattr(experiment.present(), field)), **kwargs}
    st.number_input(label, *BOUNDS[field], **options)


def _variance(field: str, value: float, disabled: bool = False) -> None:
    """A variance slider over the useful range, wider where the value asks for it."""
    if not experiment.hidden(field):
        widget = _widget(field, value, disabled=disabled)
        st.slider(CONTINUOUS[field], 0.0, slider_end(value), step=VARIANCE_STEP, format="%.2f", **widget)


def _exact(field: str, label: str, value: float, disabled: bool = False) -> None:
    """The same variance as a number to be typed, over its whole range."""
    if not experiment.hidden(field):
        widget = _widget(field + experiment.EXACTLY, value, help="exactly", disabled=disabled)
        st.number_input(label, *BOUNDS[field], step=0.01, format="%.6g", **widget)


def _marks(config: Config) -> None:
    """The ruler: where the named schemes and the critical point stand for this activation. It is all click: what is fixed has no mark."""
    if experiment.fixed("weight_variance"):
        return
    value = rules.shown_weight_variance(config)
    end = slider_end(value)
    places = {} if experiment.fixed("scheme") else rules.marks(config, tuple(_MARKED))
    marks = [
        Mark(name, _MARKED[name], f"{SCHEMES[name].label}: σ_w² = {number(place)}", place / end, config.scheme == name)
        for name, place in places.items()
        if place <= end
    ]
    critical = critical_here(config)
    if critical is not None and critical <= end:
        near = abs(value - critical) <= 0.005
        marks.append(Mark(_CRITICAL, "critical", f"Critical: σ_w² = {number(critical)}", critical / end, near))

    def chosen(name: str) -> None:
        if name == _CRITICAL:
            experiment.order(weight_variance=critical)
        else:
            experiment.order(scheme=name)

    ruler(marks, chosen)
