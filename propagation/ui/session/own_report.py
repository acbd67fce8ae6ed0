"""Own report: the report of a visitor's network, from the address or as pasted; kept for the visit, and nowhere else.

The address holds it in the form of a link, rounded; what was pasted in this visit is shown in full. One too long for an address is kept
for the visit alone.
"""

from __future__ import annotations

import streamlit as st

from propagation.reports.link import PARAMETER, decode, encode, taken
from propagation.reports.read import ReportError
from propagation.reports.report import Report
from propagation.runtime.lru import LRU
from propagation.ui.session import experiment

#: characters of a report that browsers, servers and .hosting/nginx.conf pass on in an address
LONGEST = 30_000
_KEPT, _REFUSED = "own_report", "own_report_refused"
#: what another page calls a report that is too long for an address
_TOO_LONG = "own"
#: reports of links, for all visitors: a class opens one
_decoded: LRU[Report] = LRU(32)


def paste(key: str) -> None:
    """Take the report over from the text in the widget of this key, or keep what is wrong with it beside the text."""
    text = st.session_state[key]
    st.session_state[_REFUSED] = ""
    if not text.strip():
        return
    try:
        report = taken(text)
    except ReportError as refusal:
        st.session_state[_REFUSED] = str(refusal)
        return
    code = encode(report)
    code = code if len(code) <= LONGEST else ""
    st.session_state[_KEPT] = (code, report)
    st.session_state[key] = ""  # a browser would send it again with every move
    experiment.order_page_parameter(PARAMETER, code)


def leave() -> None:
    """Put the visitor's own report aside."""
    st.session_state.pop(_KEPT, None)
    experiment.order_page_parameter(PARAMETER, "")


def refusal() -> str:
    """Return what is wrong with the text that was pasted last, in a sentence; empty where nothing is."""
    return st.session_state.get(_REFUSED, "")


def present() -> Report | None:
    """Return the visitor's report, None where there is none. ReportError where the address holds one that cannot be read."""
    code = experiment.page_parameter(PARAMETER, "")
    kept_code, report = st.session_state.get(_KEPT, ("", None))
    if report is not None and kept_code == code:
        return report
    return _opened(code) if code else None


def named() -> str:
    """Return how another page's address names the visitor's report; empty where there is none, or none that can be read."""
    try:
        there = present() is not None
    except ReportError:
        return ""
    return experiment.page_parameter(PARAMETER, "") or (_TOO_LONG if there else "")


def by_name(name: str) -> Report:
    """Return the report that an address names like this; ReportError, a sentence, where there is none."""
    kept_code, report = st.session_state.get(_KEPT, ("", None))
    if report is not None and name == (kept_code or _TOO_LONG):
        return report
    if name == _TOO_LONG:
        raise ReportError("The report that was compared here is too long for an address. Paste it on the page “Your network”.")
    return _opened(name)


def query(name: str) -> dict[str, str]:
    """Return the parameters of a link to the page "Your network" that shows the report of this name."""
    return {} if name == _TOO_LONG else {PARAMETER: name}


def _opened(code: str) -> Report:
    """Return the report in the text of an address; ReportError as above."""
    found = _decoded.get(code)
    if found is None:
        found = decode(code)
        _decoded.put(code, found)
    return found


def is_in_address() -> bool:
    """Return whether the address holds the report that is shown."""
    return bool(experiment.page_parameter(PARAMETER, ""))
