"""Share: this experiment for a colleague, a room, a web page or a class."""

from __future__ import annotations

from html import escape
from urllib.parse import parse_qsl, quote, urlsplit

import streamlit as st

from propagation.locks import CONTROLS, ROOM_NAMES, Terms
from propagation.notation import without_symbols
from propagation.questions import LONGEST_OPTION, LONGEST_QUESTION, MOST_OPTIONS, STANDARD, Question, asked
from propagation.rooms import LONGEST_NAME, is_name
from propagation.runtime.platform import IN_BROWSER
from propagation.ui.components.copy_box import copy_box
from propagation.ui.components.qr_code import qr_code
from propagation.ui.session import experiment
from propagation.ui.widgets import presentation
from propagation.ui.widgets.room_counts import KEPT, REPLICAS

#: characters up to which every mail and chat program leaves a link whole
MOST_CHARACTERS = 2000
#: what a long part of a link is, for those who want it shorter
_LONG = {
    "activation": "the typed formula",
    "columns": "the comparison",
    "question": "the question",
    "options": "the options",
    "report": "the report",
    "layer_sizes": "the list of layer sizes",
}
_APPEARANCES = {"": "as the reader's", "light": "light", "dark": "dark"}
_OWN_MACHINE = ("localhost", "127.0.0.1", "::1", "0.0.0.0")
_WISHED = "wished_terms"


def draw_button() -> None:
    """Draw the way to the panel, and into a presentation, for the title's row of any page."""
    presentation.draw_button()
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
    question = _teachers_question(wished) if asks else None
    wished = Terms(frozenset(locked) - {*hidden}, frozenset(hidden), asks, own, question, _teachers_room(wished))
    st.session_state[_WISHED] = wished
    if wished:
        _hand_out(experiment.link_on(wished), "teach")
    else:
        st.info("Choose what the link asks, and it appears here.", icon=":material/school:")


def _teachers_question(wished: Terms) -> Question | None:
    """Draw the entries of a question of the teacher's own; return it, None where it is left empty."""
    before = wished.question or Question("")
    text = st.text_input(
        "What is asked",
        **_kept("teach_question", before.text),
        max_chars=LONGEST_QUESTION,
        placeholder=f"{STANDARD.text} …",
        help=f"Empty: “{STANDARD.text} {', '.join(STANDARD.options)}”.",
    )
    options = st.text_area(
        "What can be answered, one a line",
        **_kept("teach_options", "\n".join(before.options)),
        max_chars=MOST_OPTIONS * (LONGEST_OPTION + 1),
        height=108,
        placeholder="Empty: they think about it, and choose nothing",
        disabled=not text.strip(),
    )
    question, problems = asked(text, options.splitlines() if text.strip() else ())
    for problem in problems:
        st.caption(f":material/info: {problem}")
    return question


def _teachers_room(wished: Terms) -> str:
    """Draw the entry of a room; return its name, empty where there is none. Where no server runs, nothing can be counted."""
    if IN_BROWSER:
        return ""
    name = st.text_input(
        "Room, in which guesses are counted",
        **_kept("teach_room", wished.room),
        max_chars=LONGEST_NAME,
        placeholder="none",
        help="All who open the link see how many guessed what, before the answer: on this question, and on each screen of the lesson.",
    )
    name = name.strip().lower()
    if name and not is_name(name):
        st.caption(f":material/info: No room yet: {ROOM_NAMES}")
        return ""
    if name:
        st.caption(f"{KEPT} Whoever knows the name can guess in this room. {REPLICAS}")
    return name


def _kept(key: str, value: list[str] | bool | str) -> dict:
    """Return what a widget of the builder needs: it stands where it was left when the panel was last open."""
    if key not in st.session_state:
        st.session_state[key] = value
    choices = {"options": list(CONTROLS), "format_func": _control_name, "placeholder": "none"} if isinstance(value, list) else {}
    return {"key": key} | choices


def _control_name(name: str) -> str:
    return without_symbols(CONTROLS[name])
