"""Skeleton: what every page has in common, from its question to the colours of its charts."""

from __future__ import annotations

import streamlit as st


def opening(question: str, look_for: str) -> None:
    """The question a page answers, and one sentence on what to look for."""
    st.title(question, anchor=False)
    st.markdown(look_for)


def appearance() -> str:
    """ "light" or "dark", as the visitor's browser shows it."""
    return st.context.theme.type or "light"


def plain(text: str) -> str:
    """A visitor's text for Markdown: nothing in it is markup."""
    return "".join(f"\\{c}" if c in r"\`*_{}[]()<>#+-.!|~:$" else c for c in text)
