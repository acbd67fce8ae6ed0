// Starts the app in the visitor's browser, and says what is happening until its first page stands.

/** What the runtime reports on its way, in its order, and what that means to a visitor. */
const STEPS = [
  ["", "Fetching the app …"],
  ["Loading Pyodide.", "Fetching Python …"],
  ["Unpacking archives.", "Unpacking the app …"],
  ["Installing packages.", "Fetching numpy, Plotly and Streamlit …"],
  ["Loading streamlit package.", "Starting Streamlit …"],
  ["Booting up the Streamlit server.", "Drawing the first network …"],
];
const ALL_FETCHED = 4; // the step from which nothing else is on its way: Plotly comes while Streamlit starts, not in its way before
const CELLS_A_STEP = 4;
const IMPATIENCE = 45_000; // milliseconds without news after which something may be wrong

const settings = JSON.parse(document.getElementById("settings").textContent);
const start = document.getElementById("start");
const [words, more, button, network] = [".words", ".more", "button", ".network"].map((each) => start.querySelector(each));
const source = new URL(settings.stlite, location.href);
let watch;

function say(sentence) {
  words.textContent = sentence;
  clearTimeout(watch);
  watch = setTimeout(() => {
    more.textContent = `This takes longer than usual: the connection is slow, or something between you and ${source.host} is in the way.`;
    button.hidden = false;
  }, IMPATIENCE);
}

function step(place) {
  say(STEPS[place][1]);
  if (place === ALL_FETCHED) plotly();
  [...network.children].forEach((cell, k) => {
    const before = Math.floor(k / CELLS_A_STEP);
    cell.className = before < place ? "done" : before === place ? "now" : "";
    cell.style.animationDelay = `${(k % CELLS_A_STEP) * 0.15}s`;
  });
}

function fail(sentence, advice) {
  clearTimeout(watch);
  start.classList.add("failed");
  words.textContent = sentence;
  more.textContent = advice;
  button.hidden = false;
}

/** Takes the curtain away once the app shows its question, or a reason why it cannot; not from under a hand. */
function raise() {
  const shown = () => document.querySelector("#root :is([data-testid=stHeading], [data-testid=stAlert], [data-testid=stException])");
  const look = () => {
    if (!shown() || start.matches(":active")) return;
    clearTimeout(watch);
    watcher.disconnect();
    start.remove();
    if (navigator.serviceWorker) keep(); // not where a page is not trusted, as over http
  };
  const watcher = new MutationObserver(look);
  watcher.observe(document.getElementById("root"), { childList: true, subtree: true });
  start.addEventListener("pointerup", () => setTimeout(look));
  look();
}

function unreachable(error) {
  console.error(error);
  const cut = navigator.onLine ? `It comes from ${source.host}; a filter or a firewall may be in the way.` : "This device is offline.";
  fail("A part of the app could not be fetched.", `${cut} Nothing is lost: the address holds your experiment.`);
}

function broken(error) {
  console.error(error);
  const reason = String(error?.message ?? error);
  if (/Failed to fetch|NetworkError|dynamically imported|Load failed/.test(reason)) return unreachable(error);
  const [last] = reason.match(/^\w+(Error|Exception)\b.*/gm)?.slice(-1) ?? [reason.split("\n")[0]]; // of a traceback, what it came to
  fail("The app did not start.", last.slice(0, 200));
}

/** What the address opens, as it stands at first; of another experiment it would show what is not so. */
function picture() {
  if (["", "?page=start"].includes(location.search)) return networks();
  if (location.search === "?page=explore") return chart();
}

/** The two networks of the first page: they need no Python. The app's own go on where the slider was left. */
async function networks() {
  const { default: draw, style, data } = await import(settings.networks);
  const section = start.querySelector("section");
  section.hidden = false;
  start.classList.add("stands");
  const parentElement = section.lastElementChild.attachShadow({ mode: "open" });
  parentElement.append(Object.assign(document.createElement("style"), { textContent: style }));
  parentElement.append(Object.assign(document.createElement("div"), { className: "stage" }));
  draw({ data, parentElement, played: 0, setStateValue: (_, place) => (window.propagationPlace = place) });
}

/** The chart of Explore, as a picture. */
async function chart() {
  const { paint, figures } = await import(settings.picture);
  const figure = start.querySelector("figure");
  figure.hidden = false;
  paint(figure.firstElementChild, figures[matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light"]);
}

/** Has the browser keep what this visit has fetched, for the next. */
async function keep() {
  const { active } = await navigator.serviceWorker.ready;
  active.postMessage(performance.getEntriesByType("resource").map(({ name }) => name));
}

/** Plotly, from beside this page; charts wait for it under this name. */
function plotly() {
  window.propagationPlotly = new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = settings.plotly;
    script.onload = () => resolve(window.Plotly);
    script.onerror = reject;
    document.head.append(script);
  });
  window.propagationPlotly.catch(() => delete window.propagationPlotly);
}

/** The page that the first run leads to takes the place of the address that meant it: Back would come to that, and stay on another page. */
function oneEntryOnArrival() {
  const push = history.pushState;
  history.pushState = function (...entry) {
    return start.isConnected ? history.replaceState(...entry) : push.apply(history, entry);
  };
}

async function run() {
  network.append(...Array.from({ length: STEPS.length * CELLS_A_STEP }, () => document.createElement("i")));
  more.hidden = false;
  button.onclick = () => location.reload();
  if (typeof WebAssembly !== "object") {
    return fail("This browser cannot run the app: it has no WebAssembly.", "Some strict security modes switch it off. Any browser of today has it.");
  }
  if (location.protocol === "file:") {
    return fail("A browser does not run this app from a file.", "Serve its folder: python -m http.server, then open http://localhost:8000.");
  }
  step(0);
  navigator.serviceWorker?.register(settings.worker);
  picture();
  oneEntryOnArrival();
  let mount;
  try {
    ({ mount } = await import(new URL("stlite.js", source)));
  } catch (error) {
    return unreachable(error);
  }
  const { _kernel: kernel } = mount(
    {
      entrypoint: settings.entry,
      archives: [{ url: settings.archive, format: "zip" }],
      requirements: settings.requirements,
      streamlitConfig: { "server.fileWatcherType": "none" }, // else every module is looked at again once a second
      env: { PROPAGATION_HOME: location.pathname },
      ...(settings.pyodide && { pyodideUrl: new URL(settings.pyodide, location.href).href }),
      disableProgressToasts: true,
      disableErrorToasts: true,
    },
    document.getElementById("root"),
  );
  kernel.addEventListener("loadProgress", ({ detail }) => {
    const place = STEPS.findIndex(([message]) => message === detail);
    if (place > 0) step(place);
  });
  kernel.addEventListener("loadError", ({ detail }) => broken(detail));
  raise();
}

run();
