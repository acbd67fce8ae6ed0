"""The ruler under the weight-variance slider: where the named schemes stand. A click on a mark chooses it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass

import streamlit as st

_CSS = """
/* the inset is the radius of the slider's thumb */
.ruler { position: relative; height: 62px; margin: -22px 7px 0; font-family: var(--st-font); }
.tick { position: absolute; top: 0; width: 2px; margin-left: -1px; background: var(--st-text-color); opacity: 0.35; }
.mark {
  position: absolute; padding: 0 3px; border: 0; border-radius: 4px; cursor: pointer; white-space: nowrap;
  background: var(--st-background-color); color: var(--st-text-color); font: inherit; font-size: 13px; line-height: 17px;
}
.mark:hover, .mark:focus-visible, .mark.here { color: var(--st-primary-color); }
.mark.here { font-weight: 700; }
.mark:focus-visible { outline: 2px solid var(--st-primary-color); }
"""

# Labels stand under their value and go one line down where a neighbour leaves them no room.
_JS = """
const LINE = 18, TICK = 8, GAP = 2, INSIDE = 4;

export default function ({ data, parentElement, setTriggerValue }) {
  const ruler = parentElement.querySelector(".ruler");

  const draw = () => {
    ruler.replaceChildren();
    const width = ruler.clientWidth, lines = [];
    for (const mark of data.marks) {
      const button = document.createElement("button");
      button.className = mark.here ? "mark here" : "mark";
      button.textContent = mark.label;
      button.title = mark.title;
      button.setAttribute("aria-label", mark.title);
      button.onclick = () => setTriggerValue("chosen", mark.name);
      ruler.append(button);
      const centre = mark.position * width, size = button.offsetWidth;
      const free = (line) => (lines[line] ?? -GAP) + GAP;
      const beside = (line) => Math.min(Math.max(centre - size / 2, free(line)), width - size);
      // a label may step aside for its neighbour while it still stands under its tick; where all is crowded, it follows the shortest line
      let line = [0, 1, 2].find((line) => beside(line) >= free(line) && beside(line) < centre - INSIDE);
      line ??= [0, 1, 2].reduce((best, line) => (free(line) < free(best) ? line : best), 0);
      const left = Math.max(beside(line), free(line));
      lines[line] = left + size;
      button.style.left = left + "px";
      button.style.top = TICK + line * LINE + "px";
      const tick = document.createElement("div");
      tick.className = "tick";
      tick.style.left = centre + "px";
      tick.style.height = TICK + line * LINE + "px";
      ruler.prepend(tick);
    }
  };

  draw();
  const observer = new ResizeObserver(draw);
  observer.observe(ruler);
  return () => observer.disconnect();
}
"""


@dataclass(frozen=True)
class Mark:
    """One place on the ruler: `position` from 0 to 1, `title` says what a click does, `here` that the experiment stands there."""

    name: str
    label: str
    title: str
    position: float
    here: bool


def ruler(marks: list[Mark], on_chosen: Callable[[str], None]) -> None:
    """Draw the marks; `on_chosen` gets the name of the one that is clicked."""
    key = "weight_variance_ruler"
    # registered anew in every run, which costs nothing: a registry lives as long as its server, this module may outlive it
    mount = st.components.v2.component(key, html='<div class="ruler" role="group" aria-label="Schemes"></div>', css=_CSS, js=_JS)
    mount(
        key=key,
        data={"marks": [asdict(mark) for mark in sorted(marks, key=lambda mark: mark.position)]},
        on_chosen_change=lambda: on_chosen(st.session_state[key].chosen),
    )
