"""The address is the state: what the browser's address says, and how it is told what the controls say.

Streamlit can bind a widget to a parameter, but a bound selectbox writes its label ("He 2015") where the address must say "he", two
controls that move together become two steps of history, and a bound slider leaves no step at all, so that Back could undo nothing. Here all
parameters are written in one go, in the words of `Config.to_query`, and every change is one step back.
"""

from __future__ import annotations

from urllib.parse import urlencode, urlsplit, urlunsplit

import streamlit as st

from propagation.config import Config
from propagation.ui.rules import settled

#: parameters that pages read and write themselves, not fields of Config
PAGE_PARAMETERS = (
    "view",
    "plane",
    "columns",
    "layer",
    "at",
    "signal",
    "whose",
    "over",
    "scale",
    "place",
    "step",
    "language",
    "paper",
    "map",
    "rate",
    "momentum",
    "steps",
    "lane",
)


def read() -> dict[str, list[str]]:
    """All parameters the address has now, except Streamlit's own."""
    return {name: st.query_params.get_all(name) for name in st.query_params}


def path() -> str:
    """Which page the address names."""
    return urlsplit(st.context.url or "").path


def parsed(parameters: dict[str, list[str]]) -> tuple[Config, list[str]]:
    """The config the parameters describe, and a sentence for each that could not be read."""
    config, problems = Config.from_query({name: texts for name, texts in parameters.items() if name not in PAGE_PARAMETERS})
    return settled(config), problems


def write(config: Config, page: dict[str, str]) -> dict[str, list[str]]:
    """Make the address say this config and these page parameters, unless it does; returns what it says afterwards.

    An address that means the same in other words is left alone: rewriting it on arrival would trap the Back button.
    """
    present = read()
    told = {name: texts[-1] for name, texts in present.items() if name in PAGE_PARAMETERS}
    if parsed(present)[0] == config and told == page:
        return present
    st.query_params.from_dict(config.to_query() | page)
    return read()


def link(config: Config, page: dict[str, str]) -> str:
    """The full address of this experiment, to be sent to a colleague."""
    here = urlsplit(st.context.url or "")
    return urlunsplit((here.scheme, here.netloc, here.path or "/", urlencode(config.to_query() | page), ""))
