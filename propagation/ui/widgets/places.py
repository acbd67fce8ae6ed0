"""Places: networks in which what a page is about is unmistakable, one button each."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import streamlit as st

from propagation.ui.session import experiment


@dataclass(frozen=True)
class Place:
    """A button: what it says, what there is to see, and the fields of the experiment it sets."""

    label: str
    help: str
    fields: dict[str, str | float | int]


def draw_places(places: Iterable[Place]) -> None:
    """Draw a row of buttons; what they do not set stays as it is."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown("See it in", width="content")
        for place in places:
            st.button(place.label, key=f"place_{place.label}", on_click=experiment.order, kwargs=place.fields, help=place.help)
