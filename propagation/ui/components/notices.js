// What Streamlit tells developers, in words for a visitor; and for those who cannot see it, what the headline has become.

const PLAINLY = {
  "Connection error": ["Connection lost", "The server cannot be reached. What you see stays, and the page goes on by itself when the server is back."],
  "Page not found": ["No such page", "There is no page at this address. All pages are in the menu."],
};

function speakPlainly() {
  for (const title of document.querySelectorAll("[role=dialog] > h2")) {
    const [name, sentence] = PLAINLY[title.textContent] ?? [];
    const body = title.nextElementSibling;
    if (!name || !body) continue;
    title.firstChild.data = name; // the nodes are Streamlit's: their words change, and nothing is taken away
    body.style.display = "none";
    body.after(Object.assign(document.createElement("p"), { textContent: sentence, style: "margin: 0 24px 24px" }));
  }
}

// Streamlit takes the words beside a control for its name as they are written, and a screen reader would read the signs of Markdown.
function nameControls() {
  for (const control of document.querySelectorAll("[aria-label*='$']")) control.setAttribute("aria-label", plainText(control.getAttribute("aria-label")));
}

// A line that only screen readers see. Scripts that look for a sentence of the page do not meet it twice: it has a tree of its own.
function announcer() {
  const [place, line] = [document.createElement("div"), document.createElement("div")];
  line.setAttribute("role", "status");
  line.setAttribute("aria-live", "polite");
  place.className = "announced";
  place.style.cssText = "position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap";
  place.attachShadow({ mode: "closed" }).append(line);
  document.body.append(place);
  return line;
}

function headline() {
  const said = document.querySelector(STREAMLIT.verdict)?.querySelector("h2, h4, p") ?? document.querySelector(STREAMLIT.headline);
  if (!said) return "";
  const copy = said.cloneNode(true);
  copy.querySelectorAll("[role=img]").forEach((icon) => icon.remove());
  return readText(copy);
}

// Once the app has answered: its headline is told if it is another than before, but not that of a page just opened, which is read anyway.
function announce(notices) {
  const now = headline();
  const changed = now && notices.headline && notices.path === location.pathname && now !== notices.headline;
  Object.assign(notices, { headline: now, path: location.pathname });
  if (changed) notices.line.textContent = now;
}

function watchNotices() {
  if (window.propagationNotices) return;
  const notices = (window.propagationNotices = { line: announcer() });
  const mend = () => (speakPlainly(), nameControls());
  new MutationObserver(mend).observe(document.body, { childList: true, subtree: true, attributeFilter: ["aria-label"] });
  new MutationObserver(() => {
    clearTimeout(notices.soon);
    if (document.querySelector(STREAMLIT.idle)) notices.soon = setTimeout(() => announce(notices), 300); // when the page has drawn it
  }).observe(document.querySelector(STREAMLIT.app), { attributeFilter: [STREAMLIT.state] });
  mend();
  announce(notices);
}
