// The chart under the hand: while a slider is held, and at every step by keys, each frame is drawn from one table of the answers over the
// slider's range. The table is asked for when a hand comes near; of what the hand does nothing is reported. On release Streamlit's own
// slider reports its value, and the answer to that takes the place of the last frame.
//
// Streamlit's sliders are watched and never touched: without this script everything still works on release.

const tables = (window.propagationTables ??= new Map());
const MOST_TABLES = 8;
const THUMB = "input[type=range], [role=slider]";
const MOVING = /^(Arrow|Page|Home|End)/; // keys
const NEAR = 60; // milliseconds for which a pointer is on a slider before its table is asked for
const PATIENCE = 8000; // milliseconds after which a question is taken for lost
const QUIET = 80; // milliseconds for which an app that has answered is idle
const UNMOVED = 1500; // milliseconds after which an app that has not begun to answer has nothing to say
const UNKNOWN = { icon: "pan_tool", colour: "", phase: "", forward: "…", backward: "…", reach: "", line: "…" }; // instead of a table's words
const ROUND = 8000; // milliseconds in which the play button goes to and fro

const where = (thumb) => Number(thumb.value ?? thumb.getAttribute("aria-valuenow"));
const last = (thumb) => Number(thumb.max ?? thumb.getAttribute("aria-valuemax"));
const labelOf = (thumb) => plainText(thumb.getAttribute("aria-label") ?? "");
const sliderOf = (sliders, element) => {
  const thumb = element.closest?.(STREAMLIT.slider)?.querySelector(THUMB);
  const label = thumb && labelOf(thumb);
  return sliders[label] ? [thumb, label] : [];
};

// The first sentences of a page, and a remark elsewhere, with other words in them, in copies that lie in the place of Streamlit's own.
function words(root, count) {
  const originals = root ? [...root.children].slice(0, count) : [];
  const remark = document.querySelector(STREAMLIT.remark)?.firstElementChild;
  if (root && remark) originals.push(remark);
  const copies = originals.map((original) => {
    const copy = original.cloneNode(true);
    const { offsetLeft, offsetTop } = original;
    copy.style.cssText = `position: absolute; left: ${offsetLeft}px; top: ${offsetTop}px; width: max-content; max-width: ${original.parentElement.clientWidth}px`;
    copy.setAttribute("aria-hidden", "true");
    original.style.opacity = 0;
    original.after(copy);
    return copy;
  });
  const mark = copies[0]?.querySelector("[role=img]");
  const titles = copies.map((copy) => copy.querySelector("h2, h4, p"));
  const heading = mark?.closest(STREAMLIT.heading) ?? titles[0];
  const hasNumbers = mark && copies[1]?.querySelectorAll("strong").length > 1; // forward and backward, as on Explore
  const tell = (element, text) => element && (element.textContent = text);
  let said = null;
  // a longer sentence is written smaller, so that nothing moves
  const fit = (i) => {
    titles[i].style.fontSize = "";
    const [room, size] = [originals[i].offsetHeight + 2, parseFloat(getComputedStyle(titles[i]).fontSize)];
    for (let share = 0.95; copies[i].offsetHeight > room && share > 0.5; share -= 0.05) titles[i].style.fontSize = `${share * size}px`;
  };
  const numbers = ({ phase, forward, backward, reach }) => {
    const [signal, gradient] = copies[1].querySelectorAll("strong");
    tell(signal, forward);
    tell(gradient, backward);
    tell(copies[1].querySelector(STREAMLIT.badge), phase);
    const last = gradient?.closest("p")?.lastChild;
    if (last) last.textContent = `\u2002 ${reach}`;
    fit(1);
  };
  // Markdown as our sentences have it: words between pairs of asterisks are bold, what is after a backslash stands for itself
  const marked = (text) =>
    text.split("**").flatMap((part, i) => {
      const pieces = typeset(plainText(part.replace(/\\(.)/g, "$1")));
      if (i % 2 === 0) return pieces;
      const strong = document.createElement("strong");
      strong.append(...pieces);
      return strong;
    });
  return {
    say(now) {
      if (!titles[0] || now === said || !now.headline) return; // some tables leave the words as they are
      said = now;
      if (mark) mark.textContent = now.icon;
      if (mark) mark.style.color = now.colour;
      heading.replaceChildren(...(mark ? [mark, " ", ...typeset(now.headline)] : marked(now.headline)));
      fit(0);
      if (hasNumbers) return numbers(now);
      [now.line, now.more ?? "…"].slice(0, copies.length - 1).forEach((text, i) => {
        titles[i + 1].replaceChildren(...marked(text));
        fit(i + 1);
      });
    },
    end() {
      copies.forEach((copy) => copy.remove());
      originals.forEach((original) => (original.style.opacity = ""));
    },
  };
}

// What a page has put aside, which does not follow the hand, is pale meanwhile.
const leave = (aside) => document.querySelectorAll(STREAMLIT.later).forEach(({ classList }) => classList.toggle("left-aside", aside));

function watch() {
  const page = { sliders: {}, ghosts: {}, asked: new Map() };
  let move = null; // the slider that is moved, and all that is drawn of it

  const ask = (label) => {
    const now = performance.now();
    const slider = page.sliders[label];
    if (now - (window.propagationLeaves ?? -Infinity) < UNMOVED) return; // Streamlit shows nothing at all once a page left behind is asked
    if (!slider?.field || tables.get(slider.key)?.beyond || tables.get(slider.key)?.refused || now - (page.asked.get(slider.key) ?? -Infinity) < PATIENCE) return;
    page.asked.set(slider.key, now);
    page.report("asked", { field: slider.field, key: slider.key });
  };
  const begin = (thumb, label, held) => {
    if (move && move.label === label && !move.playing) return Object.assign(move, { held, thumb, at: null });
    end();
    const charts = Object.entries(page.ghosts).flatMap(([key, names]) => {
      const plot = window.propagationPlots?.get(key);
      return plot?.figure ? [begun(key, plot, names)] : [];
    });
    if (!charts.length) return null;
    return (move = { thumb, label, held, charts, from: where(thumb), drawn: null });
  };
  const end = () => {
    if (!move) return;
    for (const chart of move.charts) {
      chart.plot.held = false;
      veil(chart, 1);
      if (move.drawn !== null) chart.plot.uncover();
    }
    move.words?.end();
    leave(false);
    move = null;
    caption();
  };
  const paint = () => {
    if (!move.thumb.isConnected) move.thumb = thumbOf(move.label) ?? move.thumb; // Streamlit has drawn it anew
    const position = move.at?.() ?? where(move.thumb);
    const table = tables.get(page.sliders[move.label]?.key);
    if (position === move.from && move.drawn === null) return;
    if (!table || (position === move.drawn && table === move.table && !move.easing)) return;
    move.words ??= words(document.querySelector(STREAMLIT.verdict), table.words?.[0].more ? 3 : 2);
    leave(true);
    move.drawn = position;
    const beyond = table.positions && (position > table.positions.at(-1) || position < table.positions[0]);
    if (beyond && !table.beyond) return; // the whole table is on its way
    if (table.refused || beyond) {
      move.table = table;
      move.words.say({ ...UNKNOWN, headline: table.refused ?? table.beyond });
      return;
    }
    const place = placeOf(table.positions, position);
    const value = move.at ? roundNumber(table.values[Math.round(place)]) : move.thumb.getAttribute("aria-valuetext");
    move.easing = move.charts.map((chart) => drawFrame(chart, table.charts[chart.key], place, value)).some(Boolean);
    move.words.say(table.words[Math.round(place)]);
    move.table = table;
    if (move.playing) caption(table.values[Math.round(place)]);
  };
  const caption = (value) => {
    if (!page.button) return;
    const shown = value === undefined ? `▶ ${page.symbol}` : `❚❚ ${page.symbol} = ${Number(value.toPrecision(3))}`;
    page.button.replaceChildren(...typeset(shown));
    page.button.setAttribute("aria-label", value === undefined ? `Play: ${page.play} to and fro` : "Stop");
  };
  const offer = () => {
    if (!(page.play || page.signal) || matchMedia("(prefers-reduced-motion: reduce)").matches) return;
    const plot = () => window.propagationPlots?.get(Object.keys(page.ghosts)[0]);
    const place = plot()?.place;
    if (!place) return void setTimeout(offer, 200); // the chart is on its way
    if (page.play && !page.button) {
      page.button = document.createElement("button");
      page.button.className = "play-sweep";
      page.button.onclick = play;
    }
    if (page.signal) page.signalButton ??= signalButton(() => (end(), plot()));
    for (const button of [page.play && page.button, page.signal && page.signalButton]) {
      if (button && button.parentElement !== place) place.append(button);
    }
    caption();
  };
  const run = () => {
    if (!page.runs) requestAnimationFrame(follow);
    page.runs = true; // one loop, however many keys are pressed
  };
  const follow = () => {
    page.runs = false;
    if (!move) return;
    if (!move.charts[0].plot.place.isConnected) return end(); // another page
    if (move.held) ask(move.label); // it may have been lost to a run of the whole page
    paint();
    if (!move.held && hasAnswered()) {
      const { label, thumb } = move;
      end();
      return document.activeElement === thumb && ask(label); // more steps by keys may follow
    }
    run();
  };
  const hasAnswered = () => {
    const now = performance.now();
    const idle = document.querySelector(STREAMLIT.idle);
    if (!idle) Object.assign(move, { ran: true, quiet: null });
    else move.quiet ??= now;
    return idle && now > move.quiet + QUIET && (move.ran || now > move.released + UNMOVED);
  };
  const take = ({ target }) => {
    if (move?.playing && !page.button?.contains(target)) end();
    const [thumb, label] = sliderOf(page.sliders, target);
    if (!label || !begin(thumb, label, true)) return;
    ask(label);
    run();
  };
  // the thumb is on its way to where a mark stands
  const go = ({ detail: { slider: label, share } }) => {
    const thumb = thumbOf(label);
    if (!thumb || !begin(thumb, label, false)) return;
    const goal = share * last(thumb);
    Object.assign(move, { at: () => goal, released: performance.now(), ran: false, quiet: null });
    run();
  };
  const near = ({ detail: { slider: label } }) => ask(label);
  const click = ({ target }) => target.closest?.("button") && !target.closest(".plot") && (window.propagationLeaves = performance.now());
  const play = () => {
    const playing = move?.playing;
    end();
    if (playing) return;
    const thumb = thumbOf(page.play);
    if (!thumb || !begin(thumb, page.play, true)) return;
    let began = null; // so that it goes on from where the slider stands
    const at = () => {
      const [low, high] = tables.get(page.sliders[page.play]?.key)?.play ?? [];
      if (low === undefined) return move.from;
      const share = Math.min(1, Math.max(0, (move.from - low) / (high - low)));
      began ??= performance.now() - (ROUND * Math.acos(1 - 2 * share)) / (2 * Math.PI);
      return low + ((high - low) * (1 - Math.cos((2 * Math.PI * (performance.now() - began)) / ROUND))) / 2;
    };
    Object.assign(move, { at, playing: true });
    run();
  };
  const thumbOf = (label) => [...document.querySelectorAll(THUMB)].find((one) => labelOf(one) === label);
  const letGo = ({ type, target }) => {
    if (!move?.held || move.playing || (type === "blur" && target !== window)) return; // of elements it is told, too
    paint();
    Object.assign(move, { held: false, released: performance.now(), ran: false, quiet: null });
    if (where(move.thumb) === move.from) end();
  };
  const approach = ({ target }) => {
    const [, label] = sliderOf(page.sliders, target);
    clearTimeout(page.near);
    if (label) page.near = setTimeout(() => ask(label), NEAR);
  };
  const press = ({ key, target }) => {
    if (move?.playing && !page.button?.contains(target)) end();
    const [thumb, label] = target.matches?.(THUMB) ? sliderOf(page.sliders, target) : [];
    if (!label || !MOVING.test(key) || move?.held) return;
    if (!begin(thumb, label, false)) return;
    Object.assign(move, { released: performance.now(), ran: false, quiet: null });
    run();
  };
  const listeners = [
    [document, "propagation-go", go],
    [document, "propagation-near", near],
    [document, "pointerover", approach],
    [document, "focusin", approach],
    [document, "pointerdown", take],
    [document, "keydown", press],
    [document, "click", click],
    [window, "pointerup", letGo],
    [window, "pointercancel", letGo],
    [window, "blur", letGo],
  ];
  for (const [on, event, listener] of listeners) on.addEventListener(event, listener, true);
  page.offer = offer;
  return page;
}

async function unpacked(data) {
  const stream = new Blob([data]).stream().pipeThrough(new DecompressionStream("deflate"));
  const table = await new Response(stream).json();
  tables.delete(table.key);
  tables.set(table.key, table);
  if (tables.size > MOST_TABLES) tables.delete(tables.keys().next().value);
}

export default function ({ data, setTriggerValue }) {
  if (data[0] === 0x78) return void unpacked(data); // a table: what zlib writes begins so
  const page = (window.propagationSweep ??= watch()); // one for good: a run of the page puts this in anew, also while a slider is held
  const text = new TextDecoder().decode(data);
  if (text !== page.text) {
    page.asked.clear(); // the whole page has run since, and what was asked before may be lost
    window.propagationLeaves = undefined;
  }
  const turn = {};
  Object.assign(page, JSON.parse(text), { text, turn, report: setTriggerValue });
  page.offer();
  return () => page.turn === turn && Object.assign(page, { sliders: {}, play: "", signal: false });
}
