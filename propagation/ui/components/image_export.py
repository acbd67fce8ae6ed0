"""Pictures: charts saved as PNG or SVG by the Plotly that is in the visitor's browser already."""

from __future__ import annotations

import streamlit as st

_BUTTONS = """
<div class="pictures">
  <button data-format="png" title="Twice the size on the screen, on the page's own ground."><i aria-hidden="true">download</i>PNG</button>
  <button data-format="svg" title="Sharp at every size, for print and for drawing programs."><i aria-hidden="true">download</i>SVG</button>
  <span role="status"></span>
</div>
"""
_CSS = """
.pictures { display: flex; gap: 1rem; align-items: center; font-family: var(--st-font); font-size: 0.875rem; }
button {
  display: inline-flex; align-items: center; gap: 0.5rem; font: inherit; line-height: 1.6; cursor: pointer; white-space: nowrap;
  padding: 0.25rem 0.75rem; min-height: 2.5rem; color: var(--st-text-color); background: var(--st-background-color);
  border: 1px solid var(--st-border-color); border-radius: var(--st-button-radius);
}
i { font: normal 1.125rem/1 "Material Symbols Rounded"; letter-spacing: normal; }
button:hover, button:focus-visible { color: var(--st-primary-color); border-color: var(--st-primary-color); }
button:focus-visible { outline: 2px solid var(--st-primary-color); outline-offset: 1px; }
span { color: var(--st-gray-text-color); }
span:empty { display: none; }
"""

# A chart's camera knows how to save it. What it draws is a picture of its own, in which the page's fonts are missing and another one's
# letters would stand where theirs were measured: so it is told to measure in a font that every machine has.
_CAMERA = """
const EVERYWHERE = "Arial, Helvetica, sans-serif";

const camera = (target) => target instanceof Element && target.closest(".js-plotly-plot .modebar-btn");

if (!window.propagationCamera) {
  window.propagationCamera = true;
  document.addEventListener("pointerover", ({ target }) => {
    camera(target)?.setAttribute("data-title", "Save as PNG (with Shift: SVG)");
  }, true);
  document.addEventListener("click", (event) => {
    const chart = camera(event.target)?.closest(".js-plotly-plot");
    if (!chart) return;
    const { layout, _context: context } = chart, settings = context.toImageButtonOptions;
    const font = layout.font, format = event.shiftKey ? "svg" : settings.format;
    layout.font = { ...font, family: EVERYWHERE };
    context.toImageButtonOptions = { ...settings, format, scale: format === "svg" ? 1 : settings.scale };
    setTimeout(() => { layout.font = font; context.toImageButtonOptions = settings; });
    const quiet = document.createElement("style"); // Plotly's notes about it: the browser itself shows what it saves
    quiet.textContent = ".plotly-notifier { display: none }";
    document.head.append(quiet);
    setTimeout(() => quiet.remove(), 8000);
  }, true);
}
"""
_SAVE = (
    _CAMERA
    + """
export default function ({ parentElement }) {
  const status = parentElement.querySelector("[role=status]");
  for (const button of parentElement.querySelectorAll("button")) {
    button.onclick = () => {
      const cameras = document.querySelectorAll(".js-plotly-plot .modebar-btn");
      const shiftKey = button.dataset.format === "svg";
      status.textContent = cameras.length ? "" : "There is no chart on this page.";
      for (const one of cameras) one.dispatchEvent(new MouseEvent("click", { bubbles: true, shiftKey }));
    };
  }
}
"""
)


def save_buttons() -> None:
    """Two buttons that save every chart of the page."""
    # registered anew in every run, which costs nothing: a registry lives as long as its server, this module may outlive it
    st.components.v2.component("save_buttons", html=_BUTTONS, css=_CSS, js=_SAVE)(key="save_buttons", width="content")


def prepare_cameras() -> None:
    """Make the cameras of all charts, on this page and the next ones, save good pictures. Draws nothing; belongs at the end of a page."""
    st.components.v2.component("cameras", js=_CAMERA + "export default function () {}")(key="cameras")
