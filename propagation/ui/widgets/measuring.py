"""Measuring: how a visitor gets a report of a network of their own, and where they paste it."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

import propagation
from propagation.formatting import plain
from propagation.ui.session import own_report

#: read as text: it needs PyTorch, which this app has not
_PROBE = Path(propagation.__file__).parent / "probe.py"
_LINES = """from probe import probe
report = probe(model, batch)
report.save("mine.json")"""
_PASTE = "pasted_report"
_FILE_HELP = "One file to lay beside your script. It needs PyTorch and NumPy, changes nothing in your model, and sends nothing."


def draw() -> None:
    """Draw the lines to copy, the file they need, and the entry for what they write."""
    with st.container(border=True, gap="xsmall"):
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.markdown("**Measure your own**", width="stretch")
            if _PROBE.exists():
                st.download_button(
                    "probe.py",
                    _PROBE.read_bytes(),
                    "probe.py",
                    "text/x-python",
                    icon=":material/download:",
                    help=_FILE_HELP,
                    on_click="ignore",
                )
        st.code(_LINES, language=None)
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.text_input(
                "Paste the text of mine.json, or a link with a report",
                key=_PASTE,
                placeholder="Paste mine.json, or a link with a report",
                on_change=own_report.paste,
                args=(_PASTE,),
                label_visibility="collapsed",
            )
            # a click may arrive with the address from before the text did: that it takes the text again says so
            st.button("Show it", on_click=own_report.paste, args=(_PASTE,))
        if own_report.refusal() and st.session_state[_PASTE].strip():
            st.warning(plain(own_report.refusal()), icon=":material/error:")
