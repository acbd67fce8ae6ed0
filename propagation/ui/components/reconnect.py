"""Reconnect: after the server was away, the page is drawn anew from its address before anything is moved.

Streamlit's own pages wait for the next move, and a server that was started again, which knows nothing of the visit but the address, takes
that move for where the slider stood: it would jump back.
"""

from __future__ import annotations

import streamlit as st

_JS = """
export default function ({ parentElement, setTriggerValue }) {
  const app = document.querySelector("[data-testid=stApp]");
  if (!app) return;
  const watch = (parentElement.watch ??= { lost: false });
  watch.tell = () => setTriggerValue("back", Date.now());
  watch.observer ??= new MutationObserver(() => {
    const connected = app.dataset.testConnectionState === "CONNECTED";
    if (connected && watch.lost) watch.tell();
    watch.lost = !connected;
  });
  watch.observer.observe(app, { attributeFilter: ["data-test-connection-state"] });
  return () => {
    watch.observer.disconnect();
    delete parentElement.watch;
  };
}
"""


def prepare() -> None:
    """Watch the connection of this page. Draws nothing; belongs at the end of a page."""
    # registered anew in every run, which costs nothing: a registry lives as long as its server, this module may outlive it
    st.components.v2.component("reconnect", js=_JS)(key="reconnect", on_back_change=_nothing)


def _nothing() -> None:
    """That the page runs again is all there is to do."""
