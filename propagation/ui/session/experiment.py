"""Experiment: the one Config a visitor works on, kept in step with widgets and address.

`st.session_state.config` is the truth and widgets are views of it, keyed by the names of its fields. What a visitor does waits in `pending`
(reports of widgets) or `orders` (buttons, clicks); the next run changes the config by the rules and `show` moves the other widgets along. A
new address (a link, Back, Forward) replaces the config. Nothing else keeps session state.

A browser sends the state of all its widgets with every move, and while a key is held down it has not yet heard what the last answer moved
elsewhere. Such a report is old news, not a move: `told` holds, widget by widget, where the widget stood and what the browser has been told
since, until it shows the last of these.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import streamlit as st

from propagation import rules
from propagation.config import FIELDS, Config
from propagation.expressions import ExpressionError, TooFast, typed_activation
from propagation.fields import Text
from propagation.locks import PARAMETERS, Terms
from propagation.presets import PRESETS
from propagation.ui.pages import PRESENT
from propagation.ui.session import url, way_back

#: key of the number entry that belongs to a field's slider: the field and this
EXACTLY = "_exactly"
#: seeds of visitors who get one of their own: few digits, and enough that no two of a class are likely to be alike
_SEEDS = 10**6
#: seconds after which a visitor who waits for networks is taken to have given up
_LONGEST_WAIT = 60.0


def sync_from_url() -> None:
    """Bring the experiment up to date: from the address if that is new (the first run, Back, Forward), else by what was done."""
    state = st.session_state
    here, path = url.read(), url.path()
    new = "config" not in state
    if new:
        state.pending, state.orders, state.told, state.shown, state.path, state.brought = {}, [], {}, set(), path, None
    if path != state.path:
        # The menu leads to pages without parameters: the experiment comes along
        state.path, state.brought, state.bare = path, None if here else state.config, False
        # its widgets are others, though they have the same names: the browser has yet to hear where they stand
        for key in state.shown:
            state.pop(key, None)
        state.shown, state.told = set(), {}
    if url.led_here():  # what the controls report beside it is from before
        state.pending, state.orders = {}, []
    # what is done before the browser has heard of the last address arrives with an old one
    touched = bool(state.pending or state.orders)
    state.silent, state.refused = False, ()
    if not new and not here and here != state.address and state.config == state.brought and not touched:
        # Back passes through that page without parameters again. Its address is left alone then, so that the next step goes on.
        state.silent, state.bare, state.address = state.bare, True, here
    elif new or (here != state.address and not touched):
        _open(here)
    for key, value in _moves():
        _apply(key, value)


def _open(here: dict[str, list[str]]) -> None:
    """Take the experiment over from an address. The terms of a visit are those it began with, wherever its links and Back lead."""
    state = st.session_state
    first = "terms" not in state
    config, problems = url.parsed(here)
    if not way_back.note_address(here) and not first and {*here} & {*FIELDS}:  # a link, to an experiment of its own
        way_back.keep()
    page, (asked, unread) = url.of_page(here), Terms.from_query(here)
    if first:
        state.terms, state.own_seed = asked, secrets.randbelow(_SEEDS)
        state.asked = {name: page[name] for name in PARAMETERS if name in page and name != "own_seed"}
        problems += unread
        if asked.own_seed and "seed" in here:
            problems.append(f"seed {config.seed} is ignored: this address gives everyone a seed of their own.")
    if asked.own_seed:
        config = replace(config, seed=state.own_seed)
    # from here on the address says the seed, so that a reload keeps it; Back to the one that does not leaves that alone
    state.silent = not first and "own_seed" in page
    page.pop("own_seed", None)
    state.config = config if first else state.terms.kept(state.config, config)[0]
    kept = {} if first else url.kept_elsewhere(state.page)
    state.page, state.problems, state.note, state.address = kept | page | state.asked, problems, "", here


def sync_to_url() -> Config:
    """Make the address say what the widgets say; return the experiment."""
    state = st.session_state
    if not state.silent:
        state.address = url.write(state.config, url.for_this_page(state.page))
        way_back.note_address(state.address)
    return state.config


def present() -> Config:
    """Return the visitor's experiment."""
    return st.session_state.config


def imagined(field: str, value: Any) -> Config:
    """Return the experiment as it would be if this control stood at this value; nothing is changed."""
    config = present()
    try:
        return terms().kept(config, rules.moved(config, field, type(getattr(config, field))(value))[0])[0]
    except (TypeError, ValueError, OverflowError):  # of a message that no slider sends, such as an infinite depth
        return config


def terms() -> Terms:
    """Return what the teacher's link asks that this visit began with."""
    return st.session_state.terms


def fixed(control: str) -> bool:
    """Return whether this control cannot be moved in this visit."""
    return control in terms().fixed(present())


def hidden(control: str) -> bool:
    """Return whether this control is not shown in this visit."""
    return control in terms().hidden


def refused() -> tuple[str, ...]:
    """Return the locked controls that a move of this run would have changed, had they not been locked."""
    return st.session_state.refused


def on_these_terms(query: Mapping[str, str]) -> dict[str, str]:
    """Return the parameters of a link to another experiment, with what this visit may not change as it is here."""
    if not terms():
        return dict(query)
    parameters = {name: [text] for name, text in query.items()}
    config, _ = terms().kept(present(), url.parsed(parameters)[0])
    return config.to_query() | url.of_page(parameters) | st.session_state.asked


def waiting_since() -> float:
    """Return since when the visitor waits for networks, by `time.monotonic()`. Whoever moves on while waiting keeps their place in line.

    It is lost after a while: who comes back then would pass all others.
    """
    now = time.monotonic()
    if now - st.session_state.setdefault("waiting_since", now) > _LONGEST_WAIT:
        st.session_state.waiting_since = now
    return st.session_state.waiting_since


def served() -> None:
    """Note that the visitor has got what they waited for."""
    st.session_state.pop("waiting_since", None)


def note() -> str:
    """Return a sentence where the last move did more than was asked for, else empty."""
    return st.session_state.note


def address_unread(parameters: Any) -> None:
    """Note that nothing of the address was read, because it has so many parameters."""
    if isinstance(parameters, (int, float)):  # as a browser says it
        st.session_state.unread = int(parameters)


def unread() -> int:
    """Return how many parameters an address has of which nothing was read, because they are too many; 0 once something was moved."""
    return st.session_state.get("unread", 0)


def problems() -> list[str]:
    """Return what could not be read in the address, one sentence each; empty once something was moved."""
    return st.session_state.problems


def link() -> str:
    """Return the full address of the experiment. Whoever opens it does not stand before the hall in which it is presented."""
    return url.link(present(), _handed_on())


def _handed_on() -> dict[str, str]:
    """Return the settings of this page that a link hands on."""
    return {name: text for name, text in url.for_this_page(st.session_state.page).items() if name != PRESENT}


def link_on(asked: Terms) -> str:
    """Return the full address of the experiment, on these terms for whoever opens it. A seed of their own is theirs to keep."""
    config, page = present(), {name: text for name, text in _handed_on().items() if name not in PARAMETERS}
    if asked.own_seed:
        config, asked = replace(config, seed=0), replace(asked, locked=asked.locked | {"seed"} - asked.hidden)
    return url.link(config, page | asked.to_query())


def order(**fields: Any) -> None:
    """Set fields, as a button or a click does, from the next run on."""
    st.session_state.orders += fields.items()


def report(key: str) -> None:
    """Note that a widget was moved, or that the browser repeats what it knew of it."""
    st.session_state.pending[key] = st.session_state[key]


def take_formula(key: str) -> None:
    """Take the formula in the widget of this key as the activation, or keep what is wrong with it.

    One that grows too fast for an experiment is kept in the address: the gain lab has something to say of one layer of it.
    """
    text = st.session_state[key]
    fast = ""
    try:
        if text.strip():
            order(activation=typed_activation(text).name)
    except ExpressionError as refusal:
        st.session_state.refusal = refusal
        fast = text if isinstance(refusal, TooFast) else ""
    if fast != page_parameter("one_layer", ""):
        order_page_parameter("one_layer", fast)


def refused_formula(key: str) -> ExpressionError | None:
    """Return what is wrong with the formula in the widget of this key, if anything is."""
    refusal = st.session_state.get("refusal")
    return refusal if refusal is not None and refusal.text == st.session_state.get(key) else None


def typed(field: str) -> str:
    """Return the text that stands in the entry of this field and could not be taken; empty where none does."""
    return st.session_state.get("untaken", {}).get(field, ("", ""))[0]


def refused_text(field: str) -> str:
    """Return what is wrong with that text, in a sentence; empty where nothing is."""
    return st.session_state.get("untaken", {}).get(field, ("", ""))[1]


def show(key: str, value: Any) -> str:
    """Make a widget that is about to be drawn stand at a value; return its key."""
    state = st.session_state
    state.shown.add(key)
    if key not in state:
        state[key] = value
    elif state[key] != value:
        state.told.setdefault(key, [state[key]]).append(value)
        state[key] = value
    return key


def page_parameter(name: str, default: str) -> str:
    """Return a setting of a page that is part of the address."""
    return st.session_state.page.get(name, default)


def set_page_parameter(name: str, default: str) -> None:
    """Take a page's setting over from the widget of that name; a default, or nothing chosen, is left out of the address."""
    state = st.session_state
    page = {key: text for key, text in state.page.items() if key != name}
    if state[name] not in (None, default):
        page[name] = state[name]
    if page != state.page:  # a browser also reports widgets that the page no longer draws: nobody has touched them
        state.page = page
        state.pending[name] = state[name]


def order_page_parameter(name: str, text: str) -> None:
    """Set a page's setting, as a button does, from the next run on; an empty text is left out of the address."""
    state = st.session_state
    others = {key: said for key, said in state.page.items() if key != name}
    state.page = others | {name: text} if text else others
    state.orders.append((name, text))


def _moves() -> list[tuple[str, Any]]:
    """Return what a visitor has done since the last run, as (key, value), without old news."""
    state = st.session_state
    pending, orders = state.pending, state.orders
    state.pending, state.orders = {}, []
    # a widget that reports nothing and shows what it was last told has heard everything; one that is folded away is told again
    state.told = {key: told for key, told in state.told.items() if key in pending or (key in state and state[key] != told[-1])}
    if len(pending) + len(orders) > 1:  # one move at a time: of several reports, those that repeat what was there before are old
        pending = {key: value for key, value in pending.items() if value not in state.told.get(key, ())}
    for key in pending:
        state.told.pop(key, None)
    return [*pending.items(), *orders]


def _apply(key: str, value: Any) -> None:
    """Change the experiment by one move."""
    state = st.session_state
    if key in url.PAGE_PARAMETERS:
        return
    if key == way_back.ORDER:
        state.config, state.note = state.terms.kept(state.config, value)[0], ""
        return
    config, note = state.config, ""
    field = key.removesuffix(EXACTLY)
    state.untaken = {name: text for name, text in state.get("untaken", {}).items() if name != field}
    if isinstance(FIELDS.get(field), Text):
        try:
            FIELDS[field].checked(field, value)
        except ValueError as refusal:
            state.untaken[field] = (value, f"{refusal}.")
            return
    if key != "preset":
        config, note = rules.moved(config, field, value)
    elif value is not None:
        state.untaken = {}
        config = rules.settled(PRESETS[value].config)
    state.config, kept = state.terms.kept(state.config, config)
    state.note, state.refused = ("" if kept else note), (*state.refused, *kept)
    state.problems, state.unread = [], 0
