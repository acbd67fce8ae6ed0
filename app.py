"""Signal Propagation Explorer: `streamlit run app.py`."""

from __future__ import annotations

from functools import partial
from itertools import chain
from pathlib import Path

import streamlit as st

from propagation.ui import browser, controls, experiment, image_export, paths, predict_first, reconnect
from propagation.ui.pages import (
    angles,
    ask,
    compare,
    distributions,
    explore,
    gains,
    lesson,
    myths,
    papers,
    phase,
    race,
    spectrum,
    trainability,
    variance_decomposition,
    width,
)
from propagation.ui.panels import panel

ICON = Path(__file__).parent / "propagation" / "ui" / "icon.svg"


def main() -> None:
    """Set the page up, draw the controls, and hand the experiment they describe to the page chosen."""
    browser.complete_streamlit()
    st.set_page_config(
        page_title="Signal Propagation Explorer",
        page_icon=str(ICON),
        layout="wide",
        initial_sidebar_state="collapsed" if st.context.is_embedded else "auto",
    )
    asked_for = paths.page_asked_for()
    with panel("This experiment", instead="Open the address without what follows its “?”", needed=True):
        experiment.sync_from_url()
        config = experiment.sync_to_url()
    waits = predict_first.waits()
    front = ask.render_with_controls if waits else explore.render
    pages = {
        "Play": [
            st.Page(partial(front, config), title="Explore", icon=":material/show_chart:", url_path="explore", default=True),
            st.Page(partial(phase.render, config), title="Order and chaos", icon=":material/map:", url_path="phase"),
            st.Page(partial(gains.render, config), title="Gain lab", icon=":material/tune:", url_path="gains"),
        ],
        "Look inside": [
            st.Page(partial(compare.render, config), title="Compare", icon=":material/compare_arrows:", url_path="compare"),
            st.Page(
                partial(variance_decomposition.render, config),
                title="Whose variance?",
                icon=":material/stacked_bar_chart:",
                url_path="whose",
            ),
            st.Page(partial(distributions.render, config), title="Distributions", icon=":material/area_chart:", url_path="distributions"),
            st.Page(partial(angles.render, config), title="Angles", icon=":material/hub:", url_path="angles"),
            st.Page(partial(spectrum.render, config), title="Spectrum", icon=":material/equalizer:", url_path="spectrum"),
            st.Page(partial(width.render, config), title="How wide is infinite?", icon=":material/width:", url_path="width"),
        ],
        "Learn": [
            st.Page(partial(lesson.render, config), title="Why constant variance?", icon=":material/school:", url_path="lesson"),
            st.Page(partial(myths.render, config), title="Myths", icon=":material/gavel:", url_path="myths"),
            st.Page(partial(papers.render, config), title="Papers", icon=":material/article:", url_path="papers"),
            st.Page(partial(race.render, config), title="Training race", icon=":material/sports_score:", url_path="race"),
            st.Page(partial(trainability.render, config), title="Trainability map", icon=":material/grid_on:", url_path="trainability"),
        ],
    }
    page = st.navigation(pages, position="hidden" if st.context.is_embedded else "top")
    paths.lead_to(asked_for, chain(*pages.values()), default="explore")
    bringing_their_own = pages["Learn"][:2]  # lesson and myths run networks of their own
    with_controls = page not in (pages["Play"][0], *bringing_their_own)  # Explore answers first and draws the controls afterwards
    if with_controls:
        with st.sidebar:
            controls.draw_all()
    if waits and with_controls:
        with panel("The question"):
            ask.render(config)
    else:
        with panel("The rest of this page"):
            page.run()
    image_export.prepare_cameras()
    reconnect.prepare()


main()
