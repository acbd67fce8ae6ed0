"""The address is the state: what the browser's address says, and how it is told what the controls say.

Streamlit can bind a widget to a parameter, but a bound selectbox writes its label ("He 2015") where the address must say "he", two
controls that move together become two steps of history, and a bound slider leaves no step at all, so that Back could undo nothing. Here all
parameters are written in one go, in the words of `Config.to_query`, and every change is one step back.

Hosts of files know a single page and no paths beyond it: there a page is named by a parameter, as in `?page=phase`, which works everywhere.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from urllib.parse import parse_qs, urlencode, urlsplit, urlunsplit

import streamlit as st
from streamlit.navigation.page import StreamlitPage

from propagation import locks
from propagation.config import FIELDS, Config
from propagation.rules import settled
from propagation.ui.pages import EXPERIMENTS, KEPT_BY, PAGES, PARAMETER, PARAMETERS

#: parameters that pages, and the terms of a visit, read and write themselves, not fields of Config
PAGE_PARAMETERS = (*locks.PARAMETERS, *PARAMETERS)
#: the path of the one page that a host of files knows, told by propagation/static/start.js; elsewhere empty
HOME = os.environ.get("PROPAGATION_HOME", "")
_ARRIVED = "arrived"
_STREAMLITS_OWN = ("embed", "embed_options")
#: Whether Streamlit's page tells of Back and Forward. Before 1.65 it goes on sending the parameters from before, until others are written;
#: what the address says then is told by `components.reconnect`.
TELLS_OF_BACK = tuple(int(part) for part in st.__version__.split(".")[:2]) >= (1, 65)
#: what Streamlit's page has sent since, and what the address says instead
_CORRECTION = "correction"
_LED = "led"


def read() -> dict[str, list[str]]:
    """Return all parameters that the address has now, except Streamlit's own and the name of a page."""
    sent = {name: st.query_params.get_all(name) for name in st.query_params if name != PARAMETER}
    instead_of, said = st.session_state.get(_CORRECTION, (None, None))
    return said if said is not None and sent == instead_of else sent


def gone_to(search: str) -> None:
    """Note that Back or Forward has led to an address with these parameters, of which Streamlit's page does not tell."""
    st.session_state.pop(_CORRECTION, None)
    parameters = parse_qs(search.removeprefix("?"), keep_blank_values=True)
    said = {name: texts for name, texts in parameters.items() if name not in (*_STREAMLITS_OWN, PARAMETER)}
    st.session_state[_CORRECTION] = (read(), said)
    st.session_state[_LED] = True


def led_here() -> bool:
    """Return whether `gone_to` began this run."""
    return st.session_state.pop(_LED, False)


def path() -> str:
    """Return the path of the address: which page it is of."""
    return urlsplit(st.context.url or "").path


def parsed(parameters: dict[str, list[str]]) -> tuple[Config, list[str]]:
    """Return the config that the parameters describe, and a sentence for each that could not be read."""
    config, problems = Config.from_query({name: texts for name, texts in parameters.items() if name not in PAGE_PARAMETERS})
    problems += [
        f"{name} is given {len(texts):,} times: the last one counts."
        for name, texts in parameters.items()
        if name in PAGE_PARAMETERS and name not in (*locks.LISTS, "ask", "own_seed") and len(texts) > 1
    ]
    return settled(config), problems


def of_page(parameters: dict[str, list[str]]) -> dict[str, str]:
    """Return what the parameters say beside the config; a list of locks given twice is one list."""
    return {
        name: ",".join(texts) if name in (*locks.LISTS, "ask", "own_seed") else texts[-1]
        for name, texts in parameters.items()
        if name in PAGE_PARAMETERS
    }


def for_this_page(page: dict[str, str]) -> dict[str, str]:
    """Return the parameters that the address of this page shows: without those that another page keeps to itself."""
    return {name: text for name, text in page.items() if not _is_kept_elsewhere(name)}


def kept_elsewhere(page: dict[str, str]) -> dict[str, str]:
    """Return of these parameters those that another page keeps to itself: an address here says nothing of them."""
    return {name: text for name, text in page.items() if _is_kept_elsewhere(name)}


def _is_kept_elsewhere(name: str) -> bool:
    """Return whether another page than this one keeps this parameter to itself."""
    if name not in KEPT_BY or not path():
        return False
    last = path().removeprefix(HOME.rstrip("/")).rstrip("/").rpartition("/")[2]
    return KEPT_BY[name] != (last if any(each.slug == last for each in PAGES) else PAGES[0].slug)


def write(config: Config, page: dict[str, str]) -> dict[str, list[str]]:
    """Make the address say this config and these page parameters, unless it does; return what it says afterwards.

    An address that means the same in other words is left alone: rewriting it on arrival would trap the Back button.
    """
    present = read()
    if parsed(present)[0] == config and of_page(present) == page:
        return present
    st.session_state.pop(_CORRECTION, None)
    st.query_params.from_dict(config.to_query() | page)
    return read()


def link(config: Config, page: dict[str, str]) -> str:
    """Return the full address of this experiment, to be sent to a colleague."""
    return link_from(st.context.url or "", config, page)


def link_from(here: str, config: Config, page: dict[str, str]) -> str:
    """Return the address of this experiment on the page that is `here`; what need not be encoded stays readable."""
    parts = urlsplit(here)
    path, named = place(parts.path)
    return urlunsplit((parts.scheme, parts.netloc, path, urlencode(named | config.to_query() | page, safe=",~"), ""))


def place(path: str) -> tuple[str, dict[str, str]]:
    """Return the path, and the parameter if it takes one, by which the page at this path is found on this host."""
    if not HOME:
        return path or "/", {}
    name = path.removeprefix(HOME.rstrip("/")).strip("/")
    return HOME, {PARAMETER: name} if name else {}


def page_asked_for(nowhere_yet: bool) -> str:
    """Return the page that the address asks for, in the first run of a visit; Back may pass such an address again.

    That is the one named by parameter; where it has no path (`nowhere_yet`) and names none, but describes an experiment, Explore.
    """
    first = _ARRIVED not in st.session_state
    st.session_state[_ARRIVED] = True
    if not first:
        return ""
    describes = any(name in FIELDS or name in PAGE_PARAMETERS for name in st.query_params)
    return st.query_params.get(PARAMETER, "") or (EXPERIMENTS if nowhere_yet and describes else "")


def lead_to(name: str, pages: Iterable[StreamlitPage], default: str) -> None:
    """Lead a visitor on the first page to the one of that name, with the rest of the address; `default` names the first page."""
    if name in ("", default):
        return
    target = next((page for page in pages if page.url_path == name), None)
    if target is None:
        st.warning("This address names a page that is not here: this is the first one.", icon=":material/link_off:")
        return
    st.switch_page(target, query_params={each: st.query_params.get_all(each) for each in st.query_params if each != PARAMETER})
