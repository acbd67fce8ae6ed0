// Frames: a chart as its table has it at any place between two positions of a slider, drawn through the chart's own plot (plot.js).

const EASE = 0.35; // of the way to a wider window, in one frame
const FUZZ = 1e-9; // of an interval between ticks, which rounding may make of none

// Where a slider's position stands among those of a table: 2.5 halfway between the third and the fourth.
function placeOf(positions, position) {
  const after = positions.findIndex((one) => one >= position);
  if (after <= 0) return after ? positions.length - 1 : 0;
  return after - (positions[after] - position) / (positions[after] - positions[after - 1]);
}

// The numbers of a curve at a place: between two rows, or the nearer one where they do not match.
function numbersAt({ at, rows, unit }, place) {
  const after = Math.max(0, at.findIndex((one) => one >= place));
  const high = at.at(-1) < place ? at.length - 1 : after;
  const low = high && at[high] > place ? high - 1 : high;
  const share = low === high ? 0 : (place - at[low]) / (at[high] - at[low]);
  const [first, second] = [rows[low], rows[high]];
  const nearer = share < 0.5 ? first : second;
  if (unit === null) return nearer; // words
  const match = first.length === second.length;
  return nearer.map((own, i) => {
    if (!match || first[i] === null || second[i] === null) return own === null ? null : own * unit;
    return (first[i] + share * (second[i] - first[i])) * unit;
  });
}

const decades = ([low, high]) => [low + (high - low) / 27, high - (high - low) / 27]; // without the 4 % at both ends
const widened = ([low, high]) => [low - 0.04 * (high - low), high + 0.04 * (high - low)];

// Windows that hold both: each grows as far as it must, and all stay equally high.
function grown(windows, wanted) {
  const joined = Object.entries(windows).map(([axis, [low, high]]) => {
    const [lowest, highest] = decades(wanted[axis]);
    return [axis, [Math.min(low, Math.round(lowest)), Math.max(high, Math.round(highest))]];
  });
  const height = Math.max(...joined.map(([, [low, high]]) => high - low));
  return Object.fromEntries(
    joined.map(([axis, [low, high]]) => {
      const below = Math.floor((height - high + low) / 2);
      return [axis, [low - below, low - below + height]];
    }),
  );
}

// Windows of any numbers: each grows as far as it must.
const larger = (windows, wanted) =>
  Object.fromEntries(Object.entries(windows).map(([axis, [low, high]]) => [axis, [Math.min(low, wanted[axis][0]), Math.max(high, wanted[axis][1])]]));

const SUPERSCRIPTS = { "-": "⁻", 0: "⁰", 1: "¹", 2: "²", 3: "³", 4: "⁴", 5: "⁵", 6: "⁶", 7: "⁷", 8: "⁸", 9: "⁹" };
const powerOfTen = (exponent) => ["1", "10"][exponent] ?? `10${[...String(exponent)].map((sign) => SUPERSCRIPTS[sign]).join("")}`;

function roundNumber(value) {
  const size = Math.abs(value);
  if (!size || (size >= 1e-3 && size < 1e5)) return value.toLocaleString("en", { maximumSignificantDigits: 3 }).replace("-", "−");
  const exponent = Math.floor(Math.log10(size) + FUZZ);
  const mantissa = Number((value / 10 ** exponent).toPrecision(2));
  return (mantissa === 1 ? "" : `${mantissa} × `) + powerOfTen(exponent);
}

// Ticks at round numbers: the smallest step of … 0.5, 1, 2, 5, 10 … with no more than so many intervals.
function ticks([low, high], intervals, smallest, text) {
  const least = Math.max((high - low) / intervals, smallest);
  const scale = 10 ** Math.floor(Math.log10(least) + FUZZ);
  const step = [1, 2, 5, 10].map((factor) => factor * scale).find((one) => one >= (1 - FUZZ) * least);
  const tickvals = [];
  for (let count = Math.ceil(low / step - FUZZ); count <= high / step + FUZZ; count++) tickvals.push(count * step + 0); // of −0, 0
  return { tickvals, ticktext: tickvals.map(text) };
}
const decadeTicks = (window) => ticks(window, 4, 1, powerOfTen);
const linearTicks = (window) => ticks(window, 6, 0, roundNumber);

function figureAt({ figure, curves, notes, decades, axes: layers }, place, { windows, shown, xaxis }, value) {
  const data = figure.data.map((trace) => ({ ...trace }));
  for (const curve of curves) {
    const trace = data[curve.trace];
    const numbers = numbersAt(curve, place);
    const across = numbers.length / (trace.type === "heatmap" ? trace.y.length : 1);
    trace[curve.attribute] = curve.attribute === "z" ? trace.y.map((_, row) => numbers.slice(row * across, (row + 1) * across)) : numbers;
  }
  const axes = Object.fromEntries(
    Object.entries(windows).map(([axis, window]) => [
      axis,
      { ...figure.layout[axis], range: decades ? widened(shown[axis]) : shown[axis], ...(decades ? decadeTicks : linearTicks)(window) },
    ]),
  );
  const own = notes[Math.round(place)].map((note) => ({ ...note, y: windows[note.yref.replace("y", "yaxis")]?.[0] ?? note.y }));
  const annotations = [...figure.layout.annotations, ...own].map((note) => ({ ...note, text: note.text.replace("{value}", value) }));
  const across = layers ? { xaxis } : {};
  return { data, layout: { ...figure.layout, ...across, ...axes, annotations } };
}

// What there is to know of a chart while a slider moves: its axes when that began, and its curves from then, in faint colour.
function begun(key, plot, names) {
  const { data, layout } = plot.figure;
  const curves = data.filter(({ name }) => names.includes(name));
  const ghost = curves.map(({ x, y, xaxis, yaxis, mode, line, marker }) => {
    const style = mode === "markers" && x.length > 1 ? { mode: "lines", line: { color: marker.color, width: 3 } } : { mode, line, marker };
    return { x, y, xaxis, yaxis, ...style, opacity: 0.35 };
  });
  return { key, plot, layout, names, ghost, xaxis: layout.xaxis };
}

// Draw a chart as its table has it at a place, with the slider's value where words ask for it; return whether its window is on its way to
// what it must hold.
function drawFrame(chart, table, place, value) {
  const nearest = Math.round(place);
  const wanted = Object.fromEntries(Object.entries(table.windows).map(([axis, ranges]) => [axis, ranges[nearest]]));
  if (!chart.windows) {
    const range = (axis) => (table.decades ? decades(chart.layout[axis].range).map(Math.round) : chart.layout[axis].range);
    chart.windows = Object.fromEntries(Object.keys(wanted).map((axis) => [axis, range(axis)]));
    chart.shown = { ...chart.windows };
  }
  chart.windows = (table.decades ? grown : larger)(chart.windows, wanted);
  let easing = false;
  for (const [axis, window] of Object.entries(chart.windows)) {
    const close = table.decades ? 0.01 : 0.002 * (window[1] - window[0]);
    chart.shown[axis] = chart.shown[axis].map((edge, i) => {
      const left = window[i] - edge;
      easing ||= Math.abs(left) > close;
      return Math.abs(left) > close ? edge + EASE * left : window[i];
    });
  }
  const xaxis = table.axes?.[nearest];
  if (xaxis && xaxis.range[1] > chart.xaxis.range[1]) chart.xaxis = xaxis;
  const figure = figureAt(table, place, chart, value);
  figure.data.unshift(...chart.ghost);
  Object.assign(chart.plot, { held: true, ghost: chart.ghost });
  if (isOver(figure)) veil(chart, 0);
  chart.plot.paint(figure);
  return easing;
}

// A figure that lies over a chart which shines through: what it draws anew is not to be seen twice.
const isOver = ({ layout }) => layout.paper_bgcolor === "none";
function veil({ plot, names }, opacity) {
  for (const drawn of plot.chart.querySelectorAll(".scatterlayer > .trace")) {
    if (names.includes(drawn.__data__?.[0].trace.name)) drawn.style.opacity = opacity;
  }
  for (const drawn of plot.chart.querySelectorAll(".annotation")) {
    if (names.includes(plot.chart.layout.annotations[drawn.dataset.index]?.name)) drawn.style.opacity = opacity;
  }
}
