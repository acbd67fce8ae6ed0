"""Signal Propagation Explorer: `streamlit run app.py`."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import streamlit as st

from propagation.ui import browser
from propagation.ui.components import reconnect
from propagation.ui.pages import PAGES
from propagation.ui.session import experiment, predict_first, url
from propagation.ui.widgets import controls, presentation, question
from propagation.ui.widgets.panels import panel

TITLE = "Signal Propagation Explorer"
ICON = Path(__file__).parent / "propagation" / "ui" / "icon.svg"


def main() -> None:
    """Set the page up, draw the controls, and hand the experiment they describe to the page chosen."""
    browser.complete_streamlit()
    st.set_page_config(
        page_title=TITLE,
        page_icon=str(ICON),
        layout="wide",
        initial_sidebar_state="collapsed" if st.context.is_embedded else "auto",
    )
    this_experiment = partial(panel, "This experiment", instead="Open the address without what follows its “?”", needed=True)
    with this_experiment():
        experiment.sync_from_url()
    config = experiment.present()
    waits = predict_first.waits()
    pages = {}
    menu: dict[str, list] = {}
    for spec in PAGES:
        render = question.render_with_controls if waits and not spec.own_networks else spec.render
        page = st.Page(partial(render, config), title=spec.title, icon=spec.icon, url_path=spec.slug, default=spec is PAGES[0])
        pages[spec] = page
        menu.setdefault(spec.section, []).append(page)
    chosen = st.navigation(menu, position="hidden" if st.context.is_embedded else "top", expanded=True)
    presentation.turn([*pages.values()], chosen)
    here = next(spec for spec, page in pages.items() if page is chosen)
    st.set_page_config(page_title=f"{here.title} · {TITLE}")
    asked_for = url.page_asked_for(nowhere_yet=here is PAGES[0])
    if here.shows_experiment or asked_for:
        with this_experiment():
            experiment.sync_to_url()
    url.lead_to(asked_for, pages.values(), default=PAGES[0].slug)
    with_controls = here.shows_controls
    if with_controls:
        with st.sidebar:
            controls.draw_all()
    if waits and with_controls:
        with panel("The question"):
            question.render(config)
    else:
        with panel("The rest of this page"):
            chosen.run()
    presentation.fit_screen(here)
    reconnect.prepare(None if url.TELLS_OF_BACK else url.gone_to, experiment.address_unread)


main()
