"""The address is the state: what the browser's address says, and how it is told what the controls say.

Streamlit can bind a widget to a parameter, but a bound selectbox writes its label ("He 2015") where the address must say "he", two
controls that move together become two steps of history, and a bound slider leaves no step at all, so that Back could undo nothing. Here all
parameters are written in one go, in the words of `Config.to_query`, and every change is one step back.
"""

from __future__ import annotations

from urllib.parse import urlencode, urlsplit, urlunsplit

import streamlit as st

from propagation import locks
from propagation.config import Config
from propagation.rules import settled
from propagation.ui import pages
from propagation.ui.session import paths

#: parameters that pages, and the terms of a visit, read and write themselves, not fields of Config
PAGE_PARAMETERS = (*locks.PARAMETERS, *pages.PARAMETERS)


def read() -> dict[str, list[str]]:
    """All parameters the address has now, except Streamlit's own and the name of a page."""
    return {name: st.query_params.get_all(name) for name in st.query_params if name != pages.PARAMETER}


def path() -> str:
    """Which page the address names."""
    return urlsplit(st.context.url or "").path


def parsed(parameters: dict[str, list[str]]) -> tuple[Config, list[str]]:
    """The config the parameters describe, and a sentence for each that could not be read."""
    config, problems = Config.from_query({name: texts for name, texts in parameters.items() if name not in PAGE_PARAMETERS})
    problems += [
        f"{name} is given {len(texts):,} times: the last one counts."
        for name, texts in parameters.items()
        if name in PAGE_PARAMETERS and name not in locks.PARAMETERS and len(texts) > 1
    ]
    return settled(config), problems


def of_page(parameters: dict[str, list[str]]) -> dict[str, str]:
    """What the parameters say beside the config; a list of locks given twice is one list."""
    return {
        name: ",".join(texts) if name in locks.PARAMETERS else texts[-1] for name, texts in parameters.items() if name in PAGE_PARAMETERS
    }


def write(config: Config, page: dict[str, str]) -> dict[str, list[str]]:
    """Make the address say this config and these page parameters, unless it does; returns what it says afterwards.

    An address that means the same in other words is left alone: rewriting it on arrival would trap the Back button.
    """
    present = read()
    if parsed(present)[0] == config and of_page(present) == page:
        return present
    st.query_params.from_dict(config.to_query() | page)
    return read()


def link(config: Config, page: dict[str, str]) -> str:
    """The full address of this experiment, to be sent to a colleague."""
    return link_from(st.context.url or "", config, page)


def link_from(here: str, config: Config, page: dict[str, str]) -> str:
    """The address of this experiment on the page that is `here`; what need not be encoded stays readable."""
    parts = urlsplit(here)
    path, named = paths.place(parts.path)
    return urlunsplit((parts.scheme, parts.netloc, path, urlencode(named | config.to_query() | page, safe=",~"), ""))
