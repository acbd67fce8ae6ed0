// Scale: a figure in the type of its page and in the height there is for it. What is measured in pixels grows, and so does what is between
// rows, where words stand; the rows give way.

const NARROW = 760; // pixels of a chart, at a page's normal type
const NORMAL = 16; // pixels of the page's type for which figures are made
const ANY = [0, Infinity];
const LEAST_ROWS = 0.35; // of the height of a plot
const PIXELS = new Set(["xshift", "yshift", "ax", "ay", "standoff", "borderpad", "size"]);
const WITHIN = (number, [least, most]) => Math.min(most, Math.max(least, number));

const typeShare = () => parseFloat(getComputedStyle(document.documentElement).fontSize) / NORMAL;

// A part of a figure with its pixels times `share`, type and lines within their bounds; `name` is what its parent calls it.
function grownPart(part, name, screen) {
  if (Array.isArray(part)) return ["annotations", "shapes"].includes(name) ? part.map((one) => grownPart(one, "", screen)) : part;
  const { share, fonts = ANY, lines = ANY } = screen;
  if (name === "text" && typeof part === "string") return part.replace(/font-size:([\d.]+)px/g, (_, size) => `font-size:${WITHIN(share * size, fonts)}px`);
  if (typeof part !== "object" || part === null || /bins|contours/.test(name)) return part;
  return Object.fromEntries(
    Object.entries(part).map(([key, value]) => {
      if (key === "size" && /font$/.test(name)) return [key, WITHIN(share * value, fonts)];
      if (key === "size" && Array.isArray(value)) return [key, value.map((one) => one && share * one)];
      if (key === "width" && name === "line" && value) return [key, WITHIN(share * value, lines)];
      if (typeof value === "number" && (PIXELS.has(key) || (name === "margin" && key.length === 1) || (name === "margin" && key === "pad"))) return [key, share * value];
      return [key, grownPart(value, key, key === "marker" ? { ...screen, lines: ANY } : screen)];
    }),
  );
}

// From a height in the plot, 0 … 1, to where it is once the gaps between rows are `stretch` times as large.
function movedHeights(layout, stretch) {
  const rows = Object.keys(layout).flatMap((key) => (/^yaxis/.test(key) ? [layout[key].domain ?? [0, 1]] : []));
  const edges = [...new Set([0, 1, ...rows.flat()])].sort((one, other) => one - other);
  const isRow = edges.slice(1).map((top, i) => rows.some(([low, high]) => low <= edges[i] + 1e-6 && high >= top - 1e-6));
  const gaps = edges.slice(1).reduce((sum, top, i) => sum + (isRow[i] ? 0 : top - edges[i]), 0);
  const gap = gaps ? Math.min(stretch, (1 - LEAST_ROWS) / gaps) : 1;
  const row = gaps < 1 ? (1 - gap * gaps) / (1 - gaps) : 1;
  return (height) => {
    if (height <= 0) return stretch * height;
    if (height >= 1) return 1 + stretch * (height - 1);
    return edges.slice(1).reduce((sum, top, i) => sum + (isRow[i] ? row : gap) * Math.max(0, Math.min(height, top) - edges[i]), 0);
  };
}

// An axis with no more ticks than there is room for, in a plot of so many pixels.
function thinned(axis, pixels, size) {
  const { tickvals, ticktext, range, domain = [0, 1] } = axis;
  if (!Array.isArray(tickvals) || !Array.isArray(range) || tickvals.length < 2) return axis;
  const apart = (Math.abs(tickvals[1] - tickvals[0]) / Math.abs(range[1] - range[0])) * (domain[1] - domain[0]) * pixels;
  const every = Math.ceil((0.9 * size) / apart);
  if (every < 2 || !Number.isFinite(every)) return axis;
  if (axis.showgrid === false) return { ...axis, tickvals: [], ticktext: [] }; // names: one of two would be taken for both
  const first = (tickvals.length - 1) % every;
  const kept = (list) => list?.filter((_, i) => i % every === first);
  return { ...axis, tickvals: kept(tickvals), ticktext: kept(ticktext) };
}

// Without the sentences beside the titles of rows, where both have no room in a line.
function withoutBeside(figure) {
  const { layout } = figure;
  return layout.annotations ? { ...figure, layout: { ...layout, annotations: layout.annotations.filter(({ name }) => name !== "beside") } } : figure;
}

function scaled(whole, screen) {
  const { share, height, width } = screen;
  const figure = width < share * NARROW ? withoutBeside(whole) : whole;
  const { layout } = figure;
  const natural = layout.height ?? 450;
  if (share === 1 && height === natural && !screen.fonts) return figure;
  const grown = grownPart(layout, "layout", screen);
  const { t = 100, b = 80 } = layout.margin ?? {};
  const stretch = (share * (natural - t - b)) / (height - share * (t + b)); // of what keeps its pixels
  const moved = movedHeights(layout, stretch);
  for (const key of Object.keys(grown)) if (/^yaxis/.test(key) && grown[key].domain) grown[key].domain = grown[key].domain.map(moved);
  const inside = height - share * (t + b);
  for (const key of Object.keys(grown)) if (/^yaxis/.test(key)) grown[key] = thinned(grown[key], inside, grown.font?.size ?? 12);
  grown.annotations = grown.annotations?.map((note) => (note.yref === "paper" ? { ...note, y: moved(note.y) } : note));
  return { ...figure, data: figure.data.map((trace) => grownPart(trace, "", screen)), layout: { ...grown, height } };
}
