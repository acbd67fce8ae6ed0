"""The controls: the sidebar in which a visitor moves the fields of Config, and what else on a page can move them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

import streamlit as st

from propagation import rules
from propagation.advice import critical_here
from propagation.choices import ARCHITECTURES
from propagation.config import FIELDS, NUMBERS, Config
from propagation.export.code.block_words import block_formula
from propagation.export.code.settings import size_words
from propagation.expressions import LONGEST, TooFast, lookup
from propagation.fields import Choice, Flag, Number, Text
from propagation.formatting import number, plain
from propagation.initializers import SCHEMES
from propagation.inputs import pixels_mismatch
from propagation.locks import CONTROLS, labels
from propagation.notation import markdown
from propagation.presets import PRESETS
from propagation.slider_steps import place_on, scale, slider_end, step_text
from propagation.ui.components.block_picture import block_picture
from propagation.ui.components.slider_marks import Mark, slider_marks
from propagation.ui.components.streamlit_page import REFUSED
from propagation.ui.session import experiment
from propagation.ui.widgets.figures import clicked_point
from propagation.ui.widgets.panels import panel

_MARKED = {"lecun": "LeCun", "glorot": "Glorot", "he": "He", "kumar": "Kumar"}
_CRITICAL = "critical"
#: maps of a block with the letter or the digit below them
_MAPS, _DIGITS = re.compile("W_?([₁₂a-z])"), str.maketrans("₁₂", "12")
#: letters of an architecture's name beside which there is room for the normalization
_FITS = 9
#: fields with an entry of their own beside the slider, and what is folded away
_EXACT = {name: field for name, field in NUMBERS.items() if field.symbol}
_FOLDED = [name for name in CONTROLS if name in FIELDS and FIELDS[name].folded]


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
    if not all(experiment.hidden(control) for control in (*_EXACT, *_FOLDED)):
        # drawn when it is open: half of all controls are in here, and a class waits for every one of them
        folded = st.expander("More: law, inputs, draws", key="more", on_change="rerun", type="compact")
        if folded.open:
            with folded:
                _more()


def _locks() -> None:
    """Say what a teacher's link holds fast, and that a move has just met it."""
    locked = experiment.terms().locked
    if locked:
        st.caption(f":material/lock: This link locks {plain(labels(locked))}.")
    if experiment.refused():
        st.toast(f"Locked by this link: {plain(labels(experiment.refused()))}.", icon=":material/lock:")


def settings(named: Mapping[str, float]) -> dict[str, float]:
    """Return the fields that an advice sets: those that it names, and where it names the variance of the inputs, their mean, 0."""
    mean = {"input_mean": 0.0} if "input_variance" in named and experiment.present().input_mean else {}
    return {**named, **mean}


def draw_again() -> None:
    """Take the next seed: other weights and inputs for the same experiment."""
    experiment.order(seed=(experiment.present().seed + 1) % 2**32)


def point_chosen(chart: str, up: str = "bias_variance") -> Callable[[], None]:
    """Return what a click on the plane drawn as `chart` does: σ_w² across and the field `up` become the experiment's own."""

    def chosen() -> None:
        point = clicked_point(chart)
        if point:
            experiment.order(**{"weight_variance": float(point["x"]), up: float(point["y"])})

    return chosen


def formula() -> None:
    """Draw the entry of a formula of the visitor's own, which becomes the activation everywhere as soon as it can be read."""
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
        help="Numbers, x, + - * / ^, exp, log, sqrt, cos, abs, max, min, clip, where(x > 0, a, b), and activations by name: prelu, "
        "leaky_relu(x, 0.2), relu6, swish. Formulas with torch., F., np., jnp. or tf.nn. can be pasted as they are.",
    )
    refusal = experiment.refused_formula("formula")
    if refusal and not isinstance(refusal, TooFast):  # of which the page says what it does in one layer
        end = "" if refusal.sentence.endswith("?") else "."
        still = f"What you see is still {plain(lookup(experiment.present().activation).label)}."
        with st.container(key=f"{REFUSED}formula"):
            st.warning(f"This formula cannot be used: {plain(refusal.sentence)}{end} {still}", icon=":material/function:")
            st.code(refusal.marker, language=None)


def page_choice(label: str, name: str, choices: dict[str, str], help: str, folded: bool = False, labelled: bool = True) -> str:
    """Draw a switch of a page that is part of the address; return the name chosen among `choices` (name → label), by default the first.

    `folded` is for where there is no room to show them all side by side; not `labelled` where words beside it say what it is.
    """
    chosen = page_choice_made(name, choices)
    switch: dict[str, Any] = {
        "format_func": choices.__getitem__,
        "key": experiment.show(name, chosen),
        "on_change": experiment.set_page_parameter,
        "args": (name, next(iter(choices))),
        "help": help,
        "width": "stretch",
        "label_visibility": "visible" if labelled else "collapsed",
    }
    if folded:
        st.selectbox(label, list(choices), **switch)
    else:
        st.segmented_control(label, list(choices), **switch)
    return chosen


def page_choice_made(name: str, choices: dict[str, str]) -> str:
    """Return what the switch of that name stands at, for what is drawn before it."""
    default = next(iter(choices))
    chosen = experiment.page_parameter(name, default)
    return chosen if chosen in choices else default


def _presets() -> None:
    if experiment.hidden("preset"):
        return
    config = experiment.present()
    here = next((name for name, preset in PRESETS.items() if rules.settled(preset.config) == config), None)
    st.selectbox(
        CONTROLS["preset"],
        list(PRESETS),
        index=None,
        format_func=lambda name: PRESETS[name].label,
        placeholder="a well-known experiment …",
        **_widget("preset", here, "Sets every control at once. What you change afterwards is your own experiment."),
    )
    if here:
        st.caption(markdown(PRESETS[here].sentence))


def _network(config: Config) -> None:
    scheme = SCHEMES[config.scheme]
    _control("activation")
    fits = len(ARCHITECTURES[config.architecture]) <= _FITS
    kind, norm = st.columns([1, 1.3], gap="xsmall") if fits else (st.container(), st.container())
    with kind:
        _control("architecture")
    with norm:
        _control("normalization")
    if (formula := block_formula(config)) and not experiment.hidden("architecture"):
        with st.container(gap="xxsmall"):
            block_picture(config)
            st.caption(_MAPS.sub(lambda found: f"$W_{found[1].translate(_DIGITS)}$", formula))
    _control("branch_rule")
    _control("branch_scale")
    _control("skip_scale")
    _control("tokens")
    _control("positions")
    _control("scheme")
    _control("weight_std")
    if experiment.note():
        st.info(plain(experiment.note()))
    with st.container():  # what belongs to a slider stays with it where controls are shown one at a time
        _control("weight_variance")
        _marks(config)
        if config.scheme == "lsuv" and not experiment.hidden("weight_variance"):
            st.caption("LSUV: the data decide, layer by layer, whatever the slider says.")
    with st.container():
        _control("bias_variance")
        if rules.overruled(config, "bias_variance") and not experiment.hidden("bias_variance"):
            st.caption(f"{scheme.label} brings its own biases.")
    _control("depth")
    _control("width")
    if config.layer_sizes and not (experiment.hidden("depth") and experiment.hidden("width")):
        st.caption(f"Not used: your own layer sizes count, {plain(size_words(config))}.")


def _more() -> None:
    for name, column in zip(_EXACT, st.columns(len(_EXACT)), strict=True):
        with column:
            _exact(name)
    for name in _FOLDED:
        _control(name)


def _control(name: str) -> None:
    """Draw the control of a field, of the kind that its declaration asks for."""
    config, field = experiment.present(), FIELDS[name]
    if experiment.hidden(name) or not rules.drawn(config, name):
        return
    value: Any = experiment.typed(name) or rules.shown(config, name)
    widget, label = _widget(name, value, markdown(field.help), rules.overruled(config, name)), markdown(field.label)
    if isinstance(field, Choice):
        choices = rules.choices(config, name)
        st.selectbox(label, list(choices), format_func=choices.__getitem__, **widget)
    elif isinstance(field, Text):
        _text(name, field, widget)
    elif isinstance(field, Flag):
        st.toggle(label, **widget)
    elif isinstance(field, Number) and field.steps:
        st.select_slider(label, scale(name, value), format_func=step_text, **widget)
    elif isinstance(field, Number) and field.slider_ends:
        st.slider(label, field.bounds[0], slider_end(name, value), step=field.step, format=field.format, **widget)
    elif isinstance(field, Number):
        if field.optional:
            widget |= {"value": None, "placeholder": "as in the others"}
        st.number_input(label, *field.bounds, step=field.step, format=field.format, **widget)


def _text(name: str, field: Text, widget: dict[str, Any]) -> None:
    """Draw the entry of a text; one that cannot be read stays there, with what is wrong with it."""
    st.text_input(field.label, max_chars=field.longest, placeholder=field.placeholder, **widget)
    if experiment.refused_text(name):
        with st.container(key=REFUSED + name):
            st.warning(plain(experiment.refused_text(name)), icon=":material/edit_off:")
    elif name == "layer_sizes" and (mismatch := pixels_mismatch(experiment.present())):
        st.caption(plain(mismatch))


def _exact(name: str) -> None:
    """Draw the number of a slider as one to be typed, over its whole range."""
    if experiment.hidden(name):
        return
    config, (low, high) = experiment.present(), _EXACT[name].bounds
    help = f"Any value from {number(low)} to {number(high)}; the slider above makes room for it."
    widget = _widget(name + experiment.EXACTLY, rules.shown(config, name), help, rules.overruled(config, name))
    st.number_input(f"{markdown(_EXACT[name].symbol)}, exactly", low, high, step=_EXACT[name].step, format="%.6g", **widget)


def _widget(key: str, value: Any, help: str, disabled: bool = False) -> dict[str, Any]:
    """Return what all widgets have in common: they stand at a value, report when they are moved unless locked, and say what they do."""
    locked = experiment.fixed(key.removesuffix(experiment.EXACTLY))
    return {
        "key": experiment.show(key, value),
        "on_change": experiment.report,
        "args": (key,),
        "help": help + (" Locked by this link." if locked else ""),
        "disabled": disabled or locked,
    }


def _marks(config: Config) -> None:
    """Draw marks where the named schemes and the critical point stand for this activation; none that would move what is fixed."""
    if experiment.fixed("weight_variance"):
        return
    value = rules.shown_weight_variance(config)
    steps = scale("weight_variance", value)
    places = {} if experiment.fixed("scheme") else rules.marks(config, tuple(_MARKED))
    marks = [
        Mark(name, _MARKED[name], f"{SCHEMES[name].label}: σ_w² = {number(place)}", place_on(steps, place), config.scheme == name)
        for name, place in places.items()
        if place <= steps[-1]
    ]
    critical = critical_here(config)
    if critical is not None and critical <= steps[-1]:
        near = abs(value - critical) <= 0.003 * critical
        marks.append(Mark(_CRITICAL, "critical", f"Critical: σ_w² = {number(critical)}", place_on(steps, critical), near))

    def chosen(name: str) -> None:
        if name == _CRITICAL:
            experiment.order(weight_variance=critical)
        else:
            experiment.order(scheme=name)

    slider_marks(FIELDS["weight_variance"].label, marks, chosen)
