"""Handouts: a text to copy and a code to project, each drawn by the visitor's browser."""

from __future__ import annotations

import streamlit as st

from propagation import qr

_COPIER_CSS = """
.copier { display: flex; gap: 0.5rem; align-items: stretch; font-family: var(--st-font); font-size: 0.875rem; }
.text {
  flex: 1; min-width: 0; max-height: 6.5em; overflow-y: auto; padding: 0.5rem 0.75rem; line-height: 1.5; overflow-wrap: anywhere;
  white-space: pre-wrap; font-family: var(--st-code-font); font-size: 0.8125rem; user-select: all; color: var(--st-text-color);
  background: var(--st-secondary-background-color); border-radius: var(--st-button-radius);
}
button {
  flex: none; align-self: start; min-width: 7.5rem; min-height: 2.5rem; padding: 0.25rem 0.75rem;
  font: inherit; font-weight: 600; cursor: pointer;
  color: var(--st-background-color); background: var(--st-primary-color); border: 0; border-radius: var(--st-button-radius);
}
button:hover { filter: brightness(1.08); }
button:focus-visible, .text:focus-visible { outline: 2px solid var(--st-primary-color); outline-offset: 2px; }
@media (max-width: 480px) { .copier { flex-direction: column; } button { align-self: stretch; } }
"""
# a browser gives the clipboard to secure addresses only, and a class may well meet at http://192.168…: there the old command still works
_COPIER_JS = """
export default function ({ data, parentElement }) {
  const text = parentElement.querySelector(".text"), button = parentElement.querySelector("button");
  text.textContent = data.text;
  text.setAttribute("aria-label", data.what);
  button.textContent = data.label;
  const selected = () => {
    const range = document.createRange(), selection = getSelection();
    range.selectNodeContents(text);
    selection.removeAllRanges();
    selection.addRange(range);
    return document.execCommand("copy");
  };
  button.onclick = async () => {
    const done = await navigator.clipboard?.writeText(data.text).then(() => true, () => false) || selected();
    button.textContent = done ? "Copied" : "Press Ctrl+C";
    setTimeout(() => (button.textContent = data.label), 2000);
  };
}
"""

_CODE_CSS = """
.code { display: flex; flex-direction: column; gap: 0.5rem; font-family: var(--st-font); font-size: 0.875rem; }
svg { display: block; background: #fff; fill: #000; shape-rendering: crispEdges; }
.code > svg { width: 100%; max-width: 300px; border: 1px solid var(--st-border-color); border-radius: var(--st-button-radius); }
button {
  max-width: 302px; min-height: 2.5rem; padding: 0.25rem 0.75rem; font: inherit; cursor: pointer; color: var(--st-text-color);
  background: var(--st-background-color); border: 1px solid var(--st-border-color); border-radius: var(--st-button-radius);
}
button:hover, button:focus-visible { color: var(--st-primary-color); border-color: var(--st-primary-color); }
button:focus-visible { outline: 2px solid var(--st-primary-color); outline-offset: 1px; }
dialog {
  width: 100vw; height: 100vh; max-width: none; max-height: none; margin: 0; padding: 2vmin; border: 0; box-sizing: border-box;
  background: #fff; color: #000; cursor: pointer;
}
dialog[open] { display: flex; flex-direction: column; align-items: center; justify-content: center; gap: 1vmin; }
dialog svg { flex: 1; min-height: 0; width: 100%; }
dialog p {
  margin: 0; max-width: 100%; font: 500 clamp(14px, 2.6vmin, 30px)/1.3 var(--st-code-font); overflow-wrap: anywhere; text-align: center;
}
@media print { button { display: none; } }
"""
_CODE_JS = """
const SVG = "http://www.w3.org/2000/svg";

function drawn({ path, size, alt }) {
  const picture = document.createElementNS(SVG, "svg"), squares = document.createElementNS(SVG, "path");
  picture.setAttribute("viewBox", `0 0 ${size} ${size}`);
  picture.setAttribute("role", "img");
  picture.setAttribute("aria-label", alt);
  squares.setAttribute("d", path);
  picture.append(squares);
  return picture;
}

export default function ({ data, parentElement }) {
  const place = parentElement.querySelector(".code"), button = document.createElement("button");
  const screen = document.createElement("dialog"), words = document.createElement("p");
  button.textContent = "Fill the screen";
  words.textContent = data.words;
  screen.append(drawn(data), words);
  screen.onclick = () => screen.close();
  screen.onkeydown = (event) => event.stopPropagation(); // Escape closes this, and not the panel behind it
  screen.onclose = () => document.fullscreenElement && document.exitFullscreen();
  button.onclick = () => {
    screen.showModal();
    screen.requestFullscreen?.().catch(() => {}); // where that is not allowed, it fills the window
  };
  screen.onfullscreenchange = () => document.fullscreenElement || screen.close();
  place.replaceChildren(drawn(data), button, screen);
}
"""


def draw_copier(text: str, label: str, what: str, key: str) -> None:
    """A text in a box, and a button that copies it."""
    html = '<div class="copier"><div class="text" tabindex="0" role="textbox" aria-readonly="true"></div><button></button></div>'
    # registered anew in every run, which costs nothing: a registry lives as long as its server, this module may outlive it
    st.components.v2.component("copier", html=html, css=_COPIER_CSS, js=_COPIER_JS)(
        key=key, data={"text": text, "label": label, "what": what}
    )


def draw_code(link: str, key: str) -> None:
    """The link as a QR code, black on white in every theme, and a button that fills the screen with it."""
    try:
        squares = qr.encode(link)
    except ValueError as error:
        st.info(f"This link is too long for a QR code: {error}.", icon=":material/qr_code:")
        return
    size = len(squares) + 2 * qr.QUIET
    data = {"path": qr.outline(squares), "size": size, "alt": f"QR code of {link}", "words": link}
    st.components.v2.component("qr_code", html='<div class="code"></div>', css=_CODE_CSS, js=_CODE_JS)(key=key, data=data)
