"""Signal Propagation Explorer: `streamlit run app.py`."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import streamlit as st

from propagation.ui import controls
from propagation.ui.pages import angles, compare, distributions, explore, gains, phase, spectrum, whose, width

ICON = Path(__file__).parent / "propagation" / "ui" / "icon.svg"


def main() -> None:
    """Set the page up, draw the controls, and hand the experiment they describe to the page chosen."""
    st.set_page_config(page_title="Signal Propagation Explorer", page_icon=str(ICON), layout="wide")
    config = controls.draw()
    pages = {
        "Play": [
            st.Page(partial(explore.render, config), title="Explore", icon=":material/show_chart:", url_path="explore", default=True),
            st.Page(partial(phase.render, config), title="Order and chaos", icon=":material/map:", url_path="phase"),
            st.Page(partial(gains.render, config), title="Gain lab", icon=":material/tune:", url_path="gains"),
        ],
        "Look inside": [
            st.Page(partial(compare.render, config), title="Compare", icon=":material/compare_arrows:", url_path="compare"),
            st.Page(partial(whose.render, config), title="Whose variance?", icon=":material/stacked_bar_chart:", url_path="whose"),
            st.Page(partial(distributions.render, config), title="Distributions", icon=":material/area_chart:", url_path="distributions"),
            st.Page(partial(angles.render, config), title="Angles", icon=":material/hub:", url_path="angles"),
            st.Page(partial(spectrum.render, config), title="Spectrum", icon=":material/equalizer:", url_path="spectrum"),
            st.Page(partial(width.render, config), title="How wide is infinite?", icon=":material/width:", url_path="width"),
        ],
    }
    st.navigation(pages, position="top").run()


main()
