"""Paths: pages by name, as in `?page=phase`, for hosts of files, which know a single page and no paths beyond it."""

from __future__ import annotations

import os
from collections.abc import Iterable

import streamlit as st
from streamlit.navigation.page import StreamlitPage

from propagation.ui.pages import PARAMETER

#: the path of the one page such a host knows, told by propagation/static/start.js; elsewhere empty
HOME = os.environ.get("PROPAGATION_HOME", "")
_ARRIVED = "arrived"


def page_asked_for() -> str:
    """The page that the address names by parameter, in the first run of a visit; Back may pass such an address again."""
    first = _ARRIVED not in st.session_state
    st.session_state[_ARRIVED] = True
    return st.query_params.get(PARAMETER, "") if first else ""


def lead_to(name: str, pages: Iterable[StreamlitPage], default: str) -> None:
    """Lead the visitor to the page of that name, with the rest of the address; `default` names the page they are on."""
    if name in ("", default):
        return
    target = next((page for page in pages if page.url_path == name), None)
    if target is None:
        st.warning("This address names a page that is not here: this is the first one.", icon=":material/link_off:")
        return
    st.switch_page(target, query_params={each: st.query_params.get_all(each) for each in st.query_params if each != PARAMETER})


def place(path: str) -> tuple[str, dict[str, str]]:
    """The path, and the parameter if it takes one, by which the page at this path is found on this host."""
    if not HOME:
        return path or "/", {}
    name = path.removeprefix(HOME.rstrip("/")).strip("/")
    return HOME, {PARAMETER: name} if name else {}
