// The page in its window. On a phone, and in a presentation, Streamlit's sidebar lies along the lower edge with one control at a time, which
// is a matter of screen.css: here are the row above it, the menu's button, the keys, and how much room there is for charts.

const root = document.documentElement;
const SMALL = matchMedia("(max-width: 768px), (max-height: 500px)");
const LOW = matchMedia("(max-height: 500px)");
const TYPE = { fonts: [22, 28], lines: [3, 4] }; // of charts in a presentation, in pixels
const LEAST = 0.35; // of a chart's height
const ABOVE = 56; // pixels over a chart on a phone
const SEEN = `${STREAMLIT.label}, button, label, p`;
const STILL = 200; // milliseconds without scrolling after which the strip stands
const SPACE = 10; // pixels under the last chart: no less than the padding there, 0.3 rem of at most 28 pixels, and what is rounded

const made = (tag, className, text = "") => Object.assign(document.createElement(tag), { className, textContent: text, type: "button" });

function screen() {
  const page = { presents: false, ask: () => {} };
  const menuButton = made("button", "menu-button", "☰ Menu");
  const row = made("nav", "bar-row");
  const [before, middle, after, leave] = ["bar-before", "bar-middle", "bar-after", "bar-leave"].map((name) => made(name === "bar-middle" ? "span" : "button", name));
  const corner = made("button", "corner-code");
  corner.onclick = () => corner.classList.toggle("large");
  leave.textContent = "Leave (Esc)";
  row.setAttribute("aria-label", "Controls, one at a time");
  row.append(before, middle, after, leave);
  document.body.append(menuButton, row, corner);

  const strip = () => document.querySelector(STREAMLIT.controls);
  const cards = () => [...(strip()?.children ?? [])].filter((card) => card.offsetWidth && card.querySelector(SEEN));
  const nameOf = (card) => {
    const words = card?.querySelector(`${STREAMLIT.label}, summary, p`);
    return words?.querySelector(".katex") ? readText(words) : (words?.innerText.trim().split("\n")[0] ?? "");
  };
  const here = () => {
    const left = strip()?.getBoundingClientRect().left ?? 0;
    const apart = cards().map((card) => Math.abs(card.getBoundingClientRect().left - left));
    return Math.max(0, apart.indexOf(Math.min(...apart)));
  };
  const lead = (place, behavior) => {
    const card = cards()[place];
    if (!card) return null;
    strip().scrollTo({ left: card.offsetLeft - cards()[0].offsetLeft, behavior: matchMedia("(prefers-reduced-motion: reduce)").matches ? "auto" : behavior });
    card.inert = false; // as it is where it has yet to come
    return card;
  };
  const focus = (card) => page.presents && card?.querySelector("input[type=range], [role=slider]")?.focus({ preventScroll: true });
  const go = (place) => {
    page.moved = true;
    focus(lead(place, "smooth"));
  };
  const leadToFirst = () => lead(Math.max(0, cards().findIndex((card) => card.matches(page.first) || card.querySelector(page.first))), "auto");
  // While the strip still moves, nothing becomes inert: the control that it goes to may have the focus already.
  const tell = (moves = false) => {
    const [all, place] = [cards(), here()];
    for (const [button, other, text] of [[before, place - 1, (name) => `‹ ${name}`], [after, place + 1, (name) => `${name} ›`]]) {
      const name = nameOf(all[other]);
      button.replaceChildren(...typeset(name ? text(isLow() ? "" : name).trim() : ""));
      button.title = name;
      button.setAttribute("aria-label", name || "none");
      button.disabled = !name;
    }
    middle.textContent = `${place + 1} of ${all.length}`;
    if (!moves) all.forEach((card, i) => (card.inert = hasBar() && i !== place));
  };
  let still = 0;
  const scrolled = () => {
    tell(true);
    clearTimeout(still);
    still = setTimeout(tell, STILL);
  };
  before.onclick = () => go(here() - 1);
  after.onclick = () => go(here() + 1);
  leave.onclick = () => page.ask({ presents: false });

  const hasBar = () => page.presents || SMALL.matches;
  const openMenu = (open) => {
    root.classList.toggle("menu-open", open);
    menuButton.setAttribute("aria-expanded", open);
    menuButton.textContent = open ? "✕ Close" : "☰ Menu";
  };
  menuButton.onclick = () => {
    const open = !root.classList.contains("menu-open");
    openMenu(open);
    if (open) document.querySelector(`${STREAMLIT.menu} a`)?.focus();
  };
  openMenu(false);

  const isLow = () => page.presents || LOW.matches; // the row lies beside a control's name
  const barHeight = () => {
    if (!hasBar() || !cards().length) return 0;
    return document.querySelector(STREAMLIT.sidebar).offsetHeight + (isLow() ? 0 : row.offsetHeight);
  };
  // On a phone no chart is higher than what is seen above the bar. In a presentation the charts of a page share what the rest of it leaves
  // them, where that is enough: else the page can be scrolled, and a chart that begins on its first screen ends there.
  const room = (place, natural) => {
    const seen = Math.max(LEAST * natural, Math.min(natural, innerHeight - barHeight() - (page.presents ? SPACE : ABOVE)));
    const main = document.querySelector(STREAMLIT.content)?.firstElementChild;
    if (!page.presents || !main) return seen;
    const plots = [...(window.propagationPlots?.values() ?? [])].filter((plot) => plot.figure && plot.place.offsetWidth);
    const box = (plot) => plot.place.getBoundingClientRect();
    const column = plots.filter((plot) => Math.abs(box(plot).left - place.getBoundingClientRect().left) < place.offsetWidth / 2);
    if (!column.length) return seen;
    const sum = (numbers) => numbers.reduce((total, number) => total + number, 0);
    const [ends, end] = [plots.map((plot) => box(plot).bottom), main.getBoundingClientRect().bottom];
    const below = end - Math.max(...ends);
    const scrolled = main.parentElement.parentElement.scrollTop;
    const free = innerHeight - barHeight() - SPACE - below - scrolled - Math.max(...column.map((plot) => box(plot).bottom));
    const heights = column.map((plot) => plot.figure.layout.height ?? 450);
    const own = column.find((plot) => plot.place === place)?.figure.layout.height ?? 450;
    const fitted = Math.round((own / sum(heights)) * (sum(column.map((plot) => plot.place.offsetHeight)) + free));
    if (fitted >= LEAST * natural) return fitted;
    const left = innerHeight - barHeight() - SPACE - scrolled - place.getBoundingClientRect().top; // under what stands before it
    return left < LEAST * natural ? seen : Math.round(Math.min(natural, left));
  };

  const fit = () => {
    root.classList.toggle("presenting", page.presents);
    root.classList.toggle("one-at-a-time", hasBar());
    root.classList.toggle("no-controls", !cards().length);
    root.classList.toggle("low", isLow());
    const { backgroundColor, color, fontFamily } = getComputedStyle(document.querySelector(STREAMLIT.sidebar) ?? document.body);
    root.style.setProperty("--bar-ground", backgroundColor);
    root.style.setProperty("--bar-text", color);
    root.style.setProperty("--bar-font", fontFamily);
    root.style.setProperty("--bar", `${barHeight()}px`);
    root.style.setProperty("--cards", `${document.querySelector(STREAMLIT.sidebar)?.offsetHeight ?? 0}px`);
    if (page.strip === strip() && !page.moved && hasBar()) leadToFirst(); // controls come one by one, and change the widths of others
    window.propagationScreen = { ...(page.presents ? TYPE : {}), ...(hasBar() ? { room } : {}) };
    tell();
    window.propagationPlots?.forEach((plot) => plot.refit());
  };
  let due = 0;
  const soon = () => {
    cancelAnimationFrame(due);
    due = requestAnimationFrame(fit);
  };
  const sizes = new ResizeObserver(soon);
  const children = new MutationObserver(soon);
  page.watch = () => {
    for (const part of [document.querySelector(STREAMLIT.sidebar), document.querySelector(STREAMLIT.content)?.firstElementChild]) {
      if (part) sizes.observe(part);
    }
    if (strip()) children.observe(strip(), { childList: true });
    if (!page.first || page.strip === strip() || !hasBar()) return;
    Object.assign(page, { strip: strip(), moved: false });
    fit();
    focus(leadToFirst());
  };
  page.begin = (first, presents) => {
    if (presents !== page.presents) page.strip = null; // and the first control is looked for again
    Object.assign(page, { first, presents });
    fit();
    page.watch();
  };
  page.show = ({ path, size, alt }) => {
    corner.innerHTML = path ? `<svg viewBox="0 0 ${size} ${size}" role="img"><path/></svg>` : "";
    corner.querySelector("path")?.setAttribute("d", path);
    corner.querySelector("svg")?.setAttribute("aria-label", alt);
  };

  const press = (event) => {
    const { key, code, altKey, ctrlKey, metaKey, target } = event;
    if (altKey && code === "KeyP" && !ctrlKey && !metaKey) return taken(event, { presents: !page.presents });
    if (key === "Escape" && root.classList.contains("menu-open")) return openMenu(false), menuButton.focus();
    if (!page.presents || altKey || ctrlKey || metaKey || document.querySelector("[role=dialog]")) return;
    const isSlider = target.matches("input[type=range], [role=slider]");
    if (!isSlider && target.closest("input, textarea, [role=combobox], [role=listbox], [role=option]")) return;
    if (key === "Escape") taken(event, { presents: false });
    if ((key === "PageDown" || key === "PageUp") && !window.propagationTurnsPages) {
      window.propagationLeaves = performance.now(); // no more questions of this page
      taken(event, { pages: key === "PageDown" ? 1 : -1 });
    }
    if (key === "ArrowDown" || key === "ArrowUp") (taken(event), go(here() + (key === "ArrowDown" ? 1 : -1)));
  };
  const taken = (event, wish) => {
    event.preventDefault();
    event.stopImmediatePropagation();
    if (wish) page.ask(wish);
  };
  addEventListener("keydown", press, true); // of the window: before the slider, and before those who watch it
  addEventListener("resize", soon);
  SMALL.addEventListener("change", () => (page.watch(), soon()));
  document.addEventListener("scroll", ({ target }) => target === strip() && scrolled(), true);
  for (const kind of ["pointerdown", "wheel", "keydown"]) {
    document.addEventListener(kind, ({ target }) => (page.moved ||= Boolean(strip()?.contains(target))), { capture: true, passive: true });
  }
  document.addEventListener("click", ({ target }) => target.closest?.(`${STREAMLIT.menu} a`) && openMenu(false), true);
  return page;
}

export default function ({ data, setTriggerValue }) {
  const page = (window.propagationWindow ??= screen()); // one for good
  page.ask = (wish) => setTriggerValue("asked", wish);
  window.propagationSettings = data.settings; // for saved pictures
  page.show(data);
  page.begin(`${STREAMLIT.of_key}${data.first}`, data.presents);
}
