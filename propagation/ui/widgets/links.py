"""Links from one page into another, with the whole experiment in the address; Back leads to where they were clicked."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from propagation.ui.pages import PAGES
from propagation.ui.session import experiment


def draw_link(text: str, page: str, query: Mapping[str, str]) -> None:
    """Draw a link to the page of that address with these parameters; what this visit may not change stays as it is."""
    target = st.Page(_elsewhere, title=text, url_path=page, default=page == PAGES[0].slug)  # the default page has no path of its own
    st.page_link(target, label=text, icon=":material/arrow_forward:", icon_position="right", query_params=experiment.on_these_terms(query))


def _elsewhere() -> None:
    """Stand for a page that the navigation knows by its address."""
