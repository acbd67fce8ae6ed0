"""Share: this experiment for a colleague, a room, a web page or a class."""

from __future__ import annotations

from html import escape
from urllib.parse import parse_qsl, quote, urlsplit

import streamlit as st

from propagation.locks import CONTROLS, Terms
from propagation.ui.components.copy_box import copy_box
from propagation.ui.components.qr_code import qr_code
from propagation.ui.session import experiment

#: characters up to which every mail and chat program leaves a link whole
MOST_CHARACTERS = 2000
#: what a long part of a link is, for those who want it shorter
_LONG = {"activation": "the typed formula", "columns": "the comparison", "layer_sizes": "the list of layer sizes", "report": "the report"}
_APPEARANCES = {"": "as the reader's", "light": "light", "dark": "dark"}
_OWN_MACHINE = ("localhost", "127.0.0.1", "::1", "0.0.0.0")
_WISHED = "wished_terms"


def draw_button() -> None:
    """Draw the way to the panel, for the title's row of any page."""
    if st.button("Share", key="share", icon=":material/share:", help="A link, a QR code, a web page, a class."):
        _panel()


@st.dialog("Share this experiment", width="medium", icon=":material/share:")
def _panel() -> None:
    draw()


def draw() -> None:
    """Draw the panel: three ways to hand the experiment on; to a visitor on a teacher's terms, two."""
    link = experiment.link()
    names = ["Link and QR code", "In a web page", "For a class"]
    tabs = st.tabs(names if not experiment.terms() else names[:2])
    with tabs[0]:
        carried = " It keeps what your teacher's link locks." if experiment.terms() else ""
        st.markdown(f"The address **is** the experiment: whoever opens it sees the same picture.{carried}")
        _hand_out(link, "link")
    with tabs[1]:
        _embed(link)
    for tab in tabs[2:]:
        with tab:
            _teach()


def _hand_out(link: str, key: str) -> None:
    """Draw a link to copy, its code to project, and what to know of it."""
    copy_box(link, "Copy link", "The link", f"copy_{key}")
    left, right = st.columns([300, 340], gap="medium")
    with left:
        qr_code(link, f"qr_{key}")
    with right:
        st.markdown("**For the room**  \nProject the code, and every phone opens this experiment.")
        _notes(link)


def _notes(link: str) -> None:
    """Say how long a link is, and whether others can open it."""
    if urlsplit(link).hostname in _OWN_MACHINE:
        st.warning("This address belongs to your own machine: others cannot open it.", icon=":material/wifi_off:")
    if len(link) <= MOST_CHARACTERS:
        st.caption(f"{len(link):,} characters")
    else:
        st.warning(f"{len(link):,} characters: {too_long(link)}", icon=":material/link:")


def too_long(link: str) -> str:
    """Say what may happen to a link of more than MOST_CHARACTERS, and what makes it so long."""
    parts = {name: len(quote(text)) for name, text in parse_qsl(urlsplit(link).query)}
    longest = max(parts, key=parts.__getitem__, default="")
    why = f" Most of it is {_LONG.get(longest, longest)}." if longest else ""
    return f"some mail and chat programs cut links after {MOST_CHARACTERS:,}.{why}"


def _embed(link: str) -> None:
    """Draw a piece of HTML for a web page or a course."""
    st.markdown("Paste this into a web page, a course or a notebook. The sidebar starts folded; the menu stays out.")
    left, right = st.columns(2)
    appearance = left.segmented_control(
        "Colours", list(_APPEARANCES), default="", format_func=_APPEARANCES.__getitem__, key="embed_colours"
    )
    height = right.number_input("Height in pixels", 300, 3000, 900, step=50, key="embed_height")
    copy_box(snippet(link, appearance or "", height), "Copy HTML", "The HTML", "copy_snippet")


def snippet(link: str, appearance: str, height: int) -> str:
    """Return an iframe that shows a link without the app's own frame, in colours "light", "dark" or, if empty, the reader's."""
    options = "embed=true" + (f"&embed_options={appearance}_theme" if appearance else "")
    source = f"{link}{'&' if urlsplit(link).query else '?'}{options}"
    return (
        f'<iframe src="{escape(source)}" title="Signal Propagation Explorer" width="100%" height="{height}" style="border: 0" '
        'loading="lazy" allow="clipboard-write; fullscreen"></iframe>'
    )


def _teach() -> None:
    """Draw the entries by which a teacher's link is put together."""
    st.markdown("A link that keeps a class on its question. **A lock is no secret:** whoever edits the address can lift it.")
    wished = st.session_state.setdefault(_WISHED, Terms())
    left, right = st.columns(2)
    locked = left.multiselect("Locked: shown, but cannot be moved", **_kept("teach_lock", sorted(wished.locked)))
    hidden = right.multiselect("Hidden: not shown at all", **_kept("teach_hide", sorted(wished.hidden)))
    left, right = st.columns(2)
    asks = left.toggle("The answer waits for “Reveal”", **_kept("teach_ask", wished.asks), help="They say first what they expect.")
    own = right.toggle(
        "A seed for each visitor", **_kept("teach_seed", wished.own_seed), help="Drawn when they arrive, and theirs to keep: it is locked."
    )
    wished = Terms(frozenset(locked) - {*hidden}, frozenset(hidden), asks, own)
    st.session_state[_WISHED] = wished
    if wished:
        _hand_out(experiment.link_on(wished), "teach")
    else:
        st.info("Choose what the link asks, and it appears here.", icon=":material/school:")


def _kept(key: str, value: list[str] | bool) -> dict:
    """Return what a widget of the builder needs: it stands where it was left when the panel was last open."""
    if key not in st.session_state:
        st.session_state[key] = value
    choices = {"options": list(CONTROLS), "format_func": CONTROLS.__getitem__, "placeholder": "none"} if isinstance(value, list) else {}
    return {"key": key} | choices
