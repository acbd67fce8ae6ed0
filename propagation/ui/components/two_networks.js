// Two networks side by side: a digit goes in at the left, a gradient comes back from the right. All is drawn from one table, at every step
// of the slider; the server hears where it was let go.

const THERE = 2400, BACK = 2000, REST = 700, BEFORE = 900; // milliseconds of a round
const ROUNDS = 3; // that are played by themselves
const CALM = 900; // milliseconds after which a slider that rests has another round
const UNSEEN = 0.13; // opacity of what is still to come
const DECADES = 4; // of the gradient, above and below the size it starts with
const INK_SIZE = 8; // pixels of a digit across

const node = (name, attributes = {}, ...children) => {
  const made = Object.assign(document.createElement(name), attributes);
  made.append(...children);
  return made;
};
const bold = (text) => text.split("**").map((part, i) => (i % 2 ? node("strong", {}, part) : part));
const bytes = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
const channels = (colour) => (colour.length === 7 ? [1, 3, 5].map((place) => parseInt(colour.slice(place, place + 2), 16)) : [128, 128, 128]);

const written = (value) => value.toFixed(2);

async function unpacked(data) {
  const stream = new Blob([data]).stream().pipeThrough(new DecompressionStream("deflate"));
  const table = await new Response(stream).json();
  return Object.assign(table, { pictures: bytes(table.pictures), neurons: bytes(table.neurons) });
}

// Colours of the page, by role.
function coloursOf(element) {
  const style = getComputedStyle(element);
  const named = (name, other) => style.getPropertyValue(`--st-${name}`).trim() || other;
  const ground = named("background-color", "#ffffff");
  const isDark = channels(ground)[0] < 100;
  return {
    ground, isDark, text: named("text-color", "#101822"), grid: named("border-color", "#d5dce5"),
    forward: isDark ? "#56B4E9" : "#0072B2", backward: isDark ? "#FF8A50" : "#D55E00",
    low: isDark ? "#A79BFF" : "#5B4BB7", high: isDark ? "#E6C229" : "#B8860B", zero: isDark ? "#222D3A" : "#EDF0F4",
  };
}

const blend = (from, to, share) => {
  const [one, other] = [channels(from), channels(to)];
  return `rgb(${one.map((value, i) => Math.round(value + share * (other[i] - value)))})`;
};

// A digit as read in one layer, on a canvas of its own, one pixel a pixel.
function picture(table, digit, place, which, colours) {
  const made = Object.assign(document.createElement("canvas"), { width: INK_SIZE, height: INK_SIZE });
  const pen = made.getContext("2d"), image = pen.createImageData(INK_SIZE, INK_SIZE), pixels = INK_SIZE ** 2;
  const start = ((digit * table.values.length + place) * table.pictured.length + which) * pixels;
  const [paper, ink] = [channels(colours.ground), channels(colours.text)];
  for (let i = 0; i < pixels; i++) {
    const share = table.pictures[start + i] / table.steps;
    for (let c = 0; c < 3; c++) image.data[4 * i + c] = paper[c] + share * (ink[c] - paper[c]);
    image.data[4 * i + 3] = 255;
  }
  pen.putImageData(image, 0, 0);
  return made;
}

// One network: its picture and what is said of it.
class Net {
  constructor(table, heading, bar) {
    this.table = table;
    this.canvas = node("canvas", { role: "img" });
    this.canvas.setAttribute("role", "img");
    this.forward = node("p", { className: "forward" });
    this.backward = node("p", { className: "backward" });
    this.mark = node("span", { className: "mark" });
    this.section = node("section", { className: "net" }, node("div", { className: "head" }, this.mark, heading), bar, this.canvas, this.forward, this.backward);
    this.kept = new Map();
  }

  set(place, digit) {
    this.place = place;
    this.digit = digit;
    const { forward, backward, all, mark } = this.table.words[place];
    this.forward.replaceChildren(...bold(forward));
    this.backward.replaceChildren(...bold(backward));
    this.canvas.setAttribute("aria-label", all);
    this.mark.textContent = mark;
    this.section.classList.toggle("healthy", mark === "✓");
  }

  pictureOf(which) {
    const key = `${this.digit} ${this.place} ${which} ${this.colours.ground}`;
    if (!this.kept.has(key)) this.kept.set(key, picture(this.table, this.digit, this.place, which, this.colours));
    return this.kept.get(key);
  }

  // `there` and `back`: layers that the digit has reached, and from which on the gradient has come back.
  draw(there, back) {
    const { canvas, table } = this;
    const [, , layers, neurons] = table.shape;
    const width = canvas.clientWidth;
    if (!width) return;
    this.colours = coloursOf(canvas);
    const colours = this.colours;
    const small = width < 420;
    const size = Math.min(48, Math.floor(width / table.pictured.length) - 3), pitch = (width - size - 2) / layers;
    const dot = Math.min(4.2, pitch * 0.44), row = small ? 6.4 : 10, bars = small ? 36 : 52, type = small ? 12 : 13;
    const line = type + 7;
    const top = line, cells = top + size + 6 + line, low = cells + neurons * row + 4 + line, height = low + bars + 4;
    const ratio = window.devicePixelRatio || 1;
    if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
      Object.assign(canvas, { width: Math.round(width * ratio), height: Math.round(height * ratio) });
      canvas.style.height = `${height}px`;
    }
    const pen = canvas.getContext("2d");
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    pen.clearRect(0, 0, width, height);
    const across = (layer) => 1 + size / 2 + layer * pitch;
    const say = (text, colour, y, right = false) => {
      pen.globalAlpha = 1;
      pen.font = `${type}px ${getComputedStyle(canvas).fontFamily}`;
      pen.fillStyle = colour;
      pen.textAlign = right ? "right" : "left";
      pen.textBaseline = "alphabetic";
      pen.fillText(text, right ? width : 0, y);
    };
    const { labels } = table;
    say(small ? labels.digitShort : labels.digit, colours.isDark ? colours.forward : "#0072B2", top - 7);
    say(small ? labels.neuronsShort : labels.neurons, colours.text, cells - 7);
    say(small ? labels.gradientShort : labels.gradient, colours.isDark ? colours.backward : "#B34F00", low - 7);

    table.pictured.forEach((layer, which) => {
      pen.globalAlpha = layer <= there ? 1 : UNSEEN;
      pen.imageSmoothingEnabled = true;
      pen.imageSmoothingQuality = "high";
      pen.drawImage(this.pictureOf(which), across(layer) - size / 2, top, size, size);
      pen.strokeStyle = layer <= there && layer > there - 5 && there < layers ? colours.forward : colours.grid;
      pen.lineWidth = 1;
      pen.strokeRect(across(layer) - size / 2 + 0.5, top + 0.5, size - 1, size - 1);
    });
    for (let layer = 1; layer <= layers; layer++) {
      pen.globalAlpha = layer <= there ? 1 : UNSEEN;
      const start = ((this.digit * table.values.length + this.place) * layers + layer - 1) * neurons;
      for (let i = 0; i < neurons; i++) {
        const value = (2 * table.neurons[start + i]) / table.steps - 1;
        pen.fillStyle = blend(colours.zero, value < 0 ? colours.low : colours.high, Math.sqrt(Math.min(1, Math.abs(value))));
        pen.beginPath();
        pen.arc(across(layer), cells + (i + 0.5) * row, dot, 0, 2 * Math.PI);
        pen.fill();
      }
      pen.globalAlpha = layer >= back ? 1 : UNSEEN;
      const share = (table.gradient[this.place][layer - 1] + DECADES) / (2 * DECADES);
      const tall = Math.max(1, Math.min(1, share) * bars);
      pen.fillStyle = share <= 0 ? colours.grid : colours.backward;
      pen.fillRect(across(layer) - pitch * 0.38, low + bars - tall, Math.max(1.5, pitch * 0.76), tall);
    }
    pen.globalAlpha = 1;
    pen.strokeStyle = colours.text;
    pen.setLineDash([3, 4]);
    pen.beginPath();
    pen.moveTo(across(0.5), low + bars / 2 + 0.5);
    pen.lineTo(width, low + bars / 2 + 0.5);
    pen.stroke();
    pen.setLineDash([]);
  }
}

function built(root, table, report, played) {
  const { labels, values } = table;
  const slider = node("input", { type: "range", min: 0, max: values.length - 1, step: 1, value: window.propagationPlace ?? table.first });
  const shown = node("output");
  const button = node("button", { type: "button" }), other = node("button", { type: "button" }, labels.another);
  const slide = node("div", { className: "bar" }, node("span", {}, labels.smaller), slider, node("span", {}, labels.larger));
  const left = new Net(table, node("span", {}, `${labels.weights} ${written(values[table.fixed])}`), node("div", { className: "bar" }, button, other));
  const right = new Net(table, node("span", {}, `${labels.weights} `, shown), slide);
  slider.setAttribute("aria-label", labels.slider);
  root.replaceChildren(left.section, right.section);

  let digit = 0, playing = null, rounds = 0, waiting = null;
  const still = () => [left, right].forEach((net) => net.draw(Infinity, 0));
  const caption = () => {
    button.textContent = playing === null ? labels.play : labels.stop;
  };
  const stop = () => {
    cancelAnimationFrame(playing);
    clearTimeout(waiting);
    playing = null;
    caption();
  };
  const begin = (times) => {
    stop();
    rounds = times;
    const began = performance.now();
    const layers = table.shape[2];
    const frame = (now) => {
      const time = (now - began) % (THERE + REST + BACK + REST + BEFORE);
      if (now - began > rounds * (THERE + REST + BACK + REST + BEFORE) || !root.isConnected) {
        stop();
        return still();
      }
      const there = (time / THERE) * layers;
      const back = time < THERE + REST ? Infinity : layers - ((time - THERE - REST) / BACK) * layers;
      [left, right].forEach((net) => net.draw(time > THERE ? Infinity : there, back));
      playing = requestAnimationFrame(frame);
    };
    playing = requestAnimationFrame(frame);
    caption();
  };
  const isCalm = matchMedia("(prefers-reduced-motion: reduce)").matches;
  const moved = () => {
    const place = Number(slider.value);
    shown.textContent = written(values[place]);
    slider.setAttribute("aria-valuetext", `${shown.textContent}. ${table.words[place].all}`);
    right.set(place, digit);
  };
  slider.oninput = () => {
    stop();
    moved();
    still();
    if (!isCalm) waiting = setTimeout(() => begin(1), CALM);
  };
  slider.onchange = () => report("place", Number(slider.value));
  button.onclick = () => {
    if (playing === null) return begin(1);
    stop();
    still();
  };
  other.onclick = () => {
    digit = (digit + 1) % table.digits.length;
    left.set(table.fixed, digit);
    moved();
    if (playing === null) still();
  };
  left.set(table.fixed, digit);
  moved();
  caption();
  const observer = new ResizeObserver(() => playing === null && still());
  observer.observe(root);
  still();
  if (!isCalm && played) begin(played);
  if (Number(slider.value) !== table.first) report("place", Number(slider.value)); // where it was left before the app was there
  delete window.propagationPlace;
  root.again = () => playing === null && still(); // in the colours that the page has now
  root.end = () => {
    stop();
    observer.disconnect();
  };
}

export default function ({ data, parentElement, setStateValue, played = ROUNDS }) {
  const root = parentElement.querySelector(".stage");
  root.report = setStateValue;
  if (root.begun) return void setTimeout(() => root.again?.()); // a run of the page puts this in anew: what stands there goes on
  root.begun = true;
  unpacked(data).then((table) => built(root, table, (...said) => root.report(...said), played));
  return () => root.end?.();
}
