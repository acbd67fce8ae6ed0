// A figure as plain SVG: what Plotly draws of lines, dots, areas, bars, cells, axes with given ticks and words, in the same places, and a
// hundred times as fast. Of a figure that has more than that it makes nothing.

const FAMILY = "Arial, sans-serif";
const DASHES = { dash: "9,9", dot: "3,3", dashdot: "9,3,3,3", longdash: "15,15", longdashdot: "15,6,3,6", "3px,9px": "3,9" };
const SCATTER = new Set([undefined, "lines", "markers", "lines+markers", "markers+text"]);
const SYMBOLS = /^(circle|diamond|square|triangle-up|cross|x)/; // of markers on a line
const PADDING = 2; // what Plotly keeps around the words of an annotation
const pen = document.createElement("canvas").getContext("2d");

const axisOf = (name, letter) => (name ? name.replace(letter, `${letter}axis`) : `${letter}axis`);
const decimal = (number) => Math.round(number * 100) / 100;
const escaped = (text) => text.replace(/&(?!\w+;)/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");

// What is lower or higher than its line, and what brings the next letters back to it: as Plotly has them.
const SHIFTS = { sub: ["0.3em", "-0.21em"], sup: ["-0.6em", "0.42em"] };
const shifted = (found, tag, text) =>
  `<tspan dy="${SHIFTS[tag][0]}" style="font-size: 70%">${text}</tspan><tspan dy="${SHIFTS[tag][1]}">&#8203;</tspan>`;

// The few tags that words of a chart have, as those of SVG.
const words = (text) =>
  escaped(text)
    .replace(/&lt;b&gt;/g, '<tspan font-weight="bold">')
    .replace(/&lt;span style=["']([-#.:;\s\w]+)["']&gt;/g, (found, style) => `<tspan style="${style.replace("color:", "fill:")}">`)
    .replace(/&lt;\/(?:b|span)&gt;/g, "</tspan>")
    .replace(/&lt;(sub|sup)&gt;(.*?)&lt;\/\1&gt;/g, shifted);

function places(layout, width) {
  const { margin, height } = layout;
  const [wide, high] = [width - margin.l - margin.r, height - margin.t - margin.b];
  const scale = (name, letter) => {
    const { range, domain = [0, 1] } = layout[axisOf(name, letter)];
    const [low, high_] = domain;
    const share = (value) => low + ((high_ - low) * (value - range[0])) / (range[1] - range[0]);
    return letter === "x" ? (value) => margin.l + wide * share(value) : (value) => margin.t + high * (1 - share(value));
  };
  const paper = { x: (share) => margin.l + wide * share, y: (share) => margin.t + high * (1 - share) };
  return { scale, paper, left: margin.l, right: margin.l + wide, top: margin.t, bottom: margin.t + high, pad: margin.pad ?? 0 };
}

const isPlain = ({ range, tickvals, ticktext = [], type = "linear" }) =>
  type === "linear" && [range, tickvals, ticktext].every(Array.isArray) && tickvals.length <= ticktext.length;
const isCurve = ({ type = "scatter", mode, x, y, line = {}, marker = {} }) =>
  type === "scatter" && SCATTER.has(mode) && [x, y].every(Array.isArray) && !line.shape &&
  ![marker.color, marker.symbol].some(Array.isArray) && (mode !== "lines+markers" || (marker.size && SYMBOLS.test(marker.symbol)));
const isBars = ({ type, orientation, x, y }) => type === "bar" && orientation !== "h" && [x, y].every(Array.isArray);
const isCells = ({ type, zsmooth, x, y, z }) => type === "heatmap" && !zsmooth && [x, y, z].every(Array.isArray);

const isDrawable = ({ data, layout }) =>
  Object.entries(layout).every(([key, axis]) => !/^[xy]axis\d*$/.test(key) || isPlain(axis)) &&
  layout.margin && layout.height && layout.xaxis && layout.yaxis && !layout.shapes?.length && !layout.showlegend &&
  data.every((trace) => isCells(trace) || isCurve(trace) || isBars(trace));

let clips = 0; // so that each picture has a name for its own

const missing = (value) => value === null || value === undefined;

const near = (pixel) => Math.max(-1e9, Math.min(1e9, pixel)); // what is further away would break a path

function polyline(x, y, across, up, closed) {
  let path = "", pen = "M";
  for (let i = 0; i < x.length; i++) {
    if (missing(y[i])) {
      if (!closed) pen = "M";
      continue;
    }
    path += `${pen}${decimal(near(across(x[i])))},${decimal(near(up(y[i])))}`;
    pen = "L";
  }
  return path && closed ? `${path}Z` : path;
}

// Corners of Plotly's symbols, in radii.
const cross = (inner, outer) => [[outer, inner], [inner, inner], [inner, outer], [-inner, outer], [-inner, inner], [-outer, inner]];
const mirrored = (half) => [...half, ...half.map(([right, down]) => [-right, -down])];
const turned = (corners) => corners.map(([right, down]) => [(right - down) / Math.SQRT2, (right + down) / Math.SQRT2]);
const CORNERS = {
  square: mirrored([[1, 1], [-1, 1]]),
  diamond: mirrored([[1.3, 0], [0, 1.3]]),
  "triangle-up": [[-2 / Math.sqrt(3), 0.5], [2 / Math.sqrt(3), 0.5], [0, -1]],
  cross: mirrored(cross(0.4, 1.2)),
  x: turned(mirrored(cross(0.4, 1.2))),
};

function dot(x, y, radius, symbol) {
  if (symbol === "x-thin") {
    return `M${x - radius},${y - radius}l${2 * radius},${2 * radius}M${x - radius},${y + radius}l${2 * radius},${-2 * radius}`;
  }
  const corners = CORNERS[symbol?.replace("-open", "")];
  if (corners) return `M${corners.map(([right, down]) => `${decimal(x + radius * right)},${decimal(y + radius * down)}`).join("L")}Z`;
  return `M${decimal(x - radius)},${y}a${radius},${radius} 0 1,0 ${2 * radius},0a${radius},${radius} 0 1,0 ${-2 * radius},0`;
}

function scatter({ x, y, mode = "lines", line = {}, marker = {}, fill, fillcolor, text, textfont }, across, up, clip) {
  if (fill) return `<path d="${polyline(x, y, across, up, true)}" fill="${fillcolor}"${clip}/>`;
  let drawn = "";
  if (mode.startsWith("lines")) {
    const dashes = DASHES[line.dash] ? ` stroke-dasharray="${DASHES[line.dash]}"` : "";
    drawn = `<path d="${polyline(x, y, across, up)}" fill="none" stroke="${line.color}" stroke-width="${line.width ?? 2}"${dashes}${clip}/>`;
  }
  if (!mode.includes("markers")) return drawn;
  const { size, color, symbol, line: edge } = marker;
  const ground = /-(open|thin)$/.test(symbol) ? "none" : color;
  const wide = (i) => (Array.isArray(size) ? size[i] : size);
  const path = x.map((value, i) => (missing(y[i]) || !wide(i) ? "" : dot(decimal(across(value)), decimal(up(y[i])), wide(i) / 2, symbol)));
  const stroke = edge || ground === "none" ? ` stroke="${edge?.color ?? color}" stroke-width="${edge?.width ?? 1}"` : "";
  return `${drawn}<path d="${path.join("")}" fill="${ground}"${stroke}/>${text && mode.endsWith("text") ? inside({ x, y, text, textfont }, across, up) : ""}`;
}

// Words in the middle of dots.
function inside({ x, y, text, textfont: { size, color } }, across, up) {
  const spot = (value, i) => `x="${decimal(across(value))}" y="${decimal(up(y[i]) + 0.36 * size)}"`;
  return x.map((value, i) => `<text ${spot(value, i)} text-anchor="middle" font-size="${size}" fill="${color}">${words(text[i])}</text>`).join("");
}

// Bars that stand on those drawn before, whose upper ends are `tops` by x.
function bars({ x, y, width, marker }, across, up, gap, tops) {
  const half = (width ?? 1 - gap) / 2;
  const path = x.map((value, i) => {
    const low = tops.get(value) ?? 0;
    tops.set(value, low + (y[i] ?? 0));
    const [left, right, bottom, top] = [across(value - half), across(value + half), up(low), up(low + (y[i] ?? 0))].map(decimal);
    return missing(y[i]) ? "" : `M${left},${bottom}H${right}V${top}H${left}Z`;
  });
  return `<path d="${path.join("")}" fill="${marker.color}"/>`;
}

const channels = (colour) => [1, 3, 5].map((place) => parseInt(colour.slice(place, place + 2), 16));

// Colours of 0 … 1 on a scale of three.
function shades(colorscale) {
  const [low, middle, high] = colorscale.map(([, colour]) => channels(colour));
  return (share) => {
    const [from, to, part] = share < 0.5 ? [low, middle, 2 * share] : [middle, high, 2 * share - 1];
    return `rgb(${from.map((value, i) => Math.round(value + part * (to[i] - value)))})`;
  };
}

function cells({ x, y, z, zmin, zmax, colorscale, xgap = 0, ygap = 0 }, across, up) {
  const shade = shades(colorscale);
  const edges = x.map((value, i) => across(i ? (x[i - 1] + value) / 2 : value - ((x[1] ?? value + 1) - value) / 2));
  edges.push(across(x.at(-1) + (x.at(-1) - (x.at(-2) ?? x.at(-1) - 1)) / 2));
  let drawn = "";
  y.forEach((row, j) => {
    const [top, bottom] = [up(row + 0.5) + ygap / 2, up(row - 0.5) - ygap / 2];
    z[j].forEach((value, i) => {
      if (missing(value)) return;
      const [left, right] = [edges[i] + xgap / 2, edges[i + 1] - xgap / 2];
      const box = `x="${decimal(left)}" y="${decimal(top)}" width="${decimal(right - left)}" height="${decimal(Math.max(0, bottom - top))}"`;
      drawn += `<rect ${box} fill="${shade(Math.min(1, Math.max(0, (value - zmin) / (zmax - zmin))))}"/>`;
    });
  });
  return drawn;
}

// In the middle of its axis, beyond the texts of the ticks.
function axisTitle({ title, ticktext }, letter, place, { size, family }) {
  const large = title.font?.size ?? Math.round(1.2 * size);
  pen.font = `${size}px ${family}`;
  const [x, y] = [(place.left + place.right) / 2, (place.top + place.bottom) / 2];
  const [text, type] = [words(title.text), `text-anchor="middle" font-size="${large}"`];
  if (letter === "x") return `<text x="${x}" y="${place.bottom + place.pad + 2.36 * size + title.standoff}" ${type}>${text}</text>`;
  const wide = Math.max(0, ...ticktext.map((tick) => pen.measureText(tick).width));
  const spot = `${decimal(place.left - place.pad - 6.4 - wide - title.standoff)},${y}`;
  return `<text transform="translate(${spot}) rotate(-90)" ${type}>${text}</text>`;
}

function axes(layout, place, font) {
  let drawn = "";
  const { size } = font;
  for (const [key, axis] of Object.entries(layout)) {
    const [, letter, number] = key.match(/^([xy])axis(\d*)$/) ?? [];
    if (!letter) continue;
    const at = place.scale(letter + number, letter);
    const [low, high] = axis.range;
    axis.tickvals.forEach((value, i) => {
      if (value < low || value > high) return;
      const spot = decimal(at(value));
      if (letter === "x") {
        if (axis.showgrid !== false) drawn += `<path d="M${Math.floor(spot) + 0.5},${place.top}V${place.bottom}" stroke="${axis.gridcolor}"/>`;
        drawn += `<text x="${spot}" y="${place.bottom + place.pad + size + 1}" text-anchor="middle">${words(axis.ticktext[i])}</text>`;
        return;
      }
      if (axis.showgrid !== false) {
        const crisp = Math.floor(spot) + 0.5; // on the pixels, as Plotly's
        drawn += `<path d="M${place.left},${crisp}H${place.right}" stroke="${axis.gridcolor}"/>`;
      }
      drawn += `<text x="${place.left - place.pad - 1}" y="${decimal(spot + 0.35 * size)}" text-anchor="end">${words(axis.ticktext[i])}</text>`;
    });
    if (axis.title?.text) drawn += axisTitle(axis, letter, place, font);
  }
  return drawn;
}

const ANCHORS = { left: "start", center: "middle", auto: "middle", right: "end" };
const ASIDE = { left: PADDING, right: -PADDING };

function note({ text, x, y, xref = "x", yref = "y", xanchor = "auto", yanchor = "auto", xshift = 0, yshift = 0, font }, place, family) {
  const across = xref === "paper" ? place.paper.x(x) : place.scale(xref, "x")(x);
  const up = yref === "paper" ? place.paper.y(y) : place.scale(yref, "y")(y);
  pen.font = `${font.size}px ${family}`;
  const { fontBoundingBoxAscent: ascent, fontBoundingBoxDescent: descent } = pen.measureText("x");
  const below = { bottom: -PADDING - descent, top: PADDING + ascent }[yanchor] ?? (ascent - descent) / 2;
  const spot = `x="${decimal(across + xshift + (ASIDE[xanchor] ?? 0))}" y="${Math.floor(up - yshift + below)}"`;
  const type = `text-anchor="${ANCHORS[xanchor]}" font-size="${font.size}" fill="${font.color}"`;
  return `<text ${spot} ${type} style="white-space: pre">${words(text)}</text>`; // some words are two spaces apart
}

// Draw the figure into an element as wide as it; nothing where there is none, or where it has what this cannot draw. Of what stands there
// already the parts that differ are drawn anew: a frame of a drag moves the curves and leaves the words.
function paint(element, figure) {
  const { data, layout } = figure ?? {};
  if (!figure || !isDrawable(figure)) return element.replaceChildren();
  const width = element.clientWidth;
  const place = places(layout, width);
  const { font = {}, height, paper_bgcolor: ground = "none" } = layout;
  const [family, size] = [font.family ?? FAMILY, font.size ?? 12];
  element.clip ??= `clip-${(clips += 1)}`;
  const clip = (row) => ` clip-path="url(#${element.clip}-${row})"`; // what leaves the window of its row ends there
  const tops = new Map();
  const traces = data.map((trace) => {
    const [across, up] = [place.scale(trace.xaxis, "x"), place.scale(trace.yaxis, "y")];
    const drawn = {
      heatmap: () => cells(trace, across, up),
      bar: () => bars(trace, across, up, layout.bargap ?? 0, tops),
      scatter: () => scatter(trace, across, up, clip(trace.yaxis ?? "y")),
    }[trace.type ?? "scatter"]();
    return trace.opacity === undefined ? drawn : `<g opacity="${trace.opacity}">${drawn}</g>`;
  });
  const notes = (layout.annotations ?? []).map((one) => note(one, place, family)).join("");
  const rows = [...new Set(data.map(({ yaxis }) => yaxis ?? "y"))];
  const inside = rows.map((row) => {
    const { domain: [low, high] = [0, 1] } = layout[axisOf(row, "y")];
    const [top, bottom] = [place.paper.y(high), place.paper.y(low)];
    const box = `x="${place.left}" y="${top}" width="${place.right - place.left}" height="${bottom - top}"`;
    return `<clipPath id="${element.clip}-${row}"><rect ${box}/></clipPath>`;
  });
  const parts = [inside.join("") + axes(layout, place, { size, family }), ...traces, notes];
  const type = `font-family="${family.replaceAll('"', "'")}" font-size="${size}" fill="${font.color}"`;
  const head = `width="${width}" height="${height}" ${type} style="background: ${ground}"`;
  if (element.head !== head || element.parts?.length !== parts.length || !element.firstChild) {
    element.innerHTML = `<svg ${head}>${parts.map((part) => `<g>${part}</g>`).join("")}</svg>`;
  } else {
    const groups = element.firstChild.children;
    parts.forEach((part, i) => part !== element.parts[i] && (groups[i].innerHTML = part));
  }
  Object.assign(element, { head, parts });
}
