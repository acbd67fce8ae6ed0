// Keys that turn the screens of a lesson: arrows, and the Page keys that a presenter's clicker sends. Whatever has the focus comes first.

const PAGE_KEYS_ARE_ITS_OWN = "input:not([type=radio]), textarea, select, [contenteditable=true], [role=slider], [role=combobox], [role=listbox]";
const ARROWS_ARE_ITS_OWN = `${PAGE_KEYS_ARE_ITS_OWN}, input, [role=radio], [role=tab], [role=menuitem]`;
const OPEN = "[role=dialog], dialog[open], [role=menu]";

export default function ({ data, parentElement }) {
  if (parentElement.step !== undefined && parentElement.step !== data.step) document.querySelector(STREAMLIT.main)?.scrollTo(0, 0);
  parentElement.step = data.step;
  const press = (...names) => {
    const found = names.map((name) => document.querySelector(`${STREAMLIT.of_key}${name} button:not(:disabled)`)).find((button) => button);
    found?.click();
  };
  const onKey = (event) => {
    if (event.defaultPrevented || event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
    const focused = event.composedPath()[0];
    const its = (names) => focused.closest?.(names);
    const [arrow, page] = [["ArrowLeft", "ArrowRight"], ["PageUp", "PageDown"]].map((keys) => keys.indexOf(event.key));
    if ((arrow < 0 && page < 0) || its(arrow < 0 ? PAGE_KEYS_ARE_ITS_OWN : ARROWS_ARE_ITS_OWN) || document.querySelector(OPEN)) return;
    event.preventDefault();
    if (Math.max(arrow, page) === 0) press(data.back);
    else if (page > 0) press(data.show, data.next); // a clicker has no other way to ask for the answer
    else press(data.next);
  };
  addEventListener("keydown", onKey);
  window.propagationTurnsPages = true; // a presentation leaves the Page keys to this
  return () => {
    removeEventListener("keydown", onKey);
    window.propagationTurnsPages = false;
  };
}
