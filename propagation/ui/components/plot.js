// A Plotly figure that is changed in place, so that zoom, legend choices and the hover box survive a redraw.
//
// Messages arrive as JSON. One with `into` draws nothing of its own: it hands a later, better figure to the plot of that key. A picture
// lies over the chart until Plotly is there, and while a slider is held: the same figure as plain SVG, which takes no time.

const plots = (window.propagationPlots ??= new Map());
const early = (window.propagationEarly ??= new Map()); // better figures that came before the plot they are for
const GHOST = 1000; // milliseconds for which the curves from before stay, once a slider is let go

const library = (url) =>
  (window.propagationPlotly ??= new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = url;
    script.onload = () => resolve(window.Plotly);
    script.onerror = reject;
    document.head.append(script);
  }));

function draw(plot, text) {
  if (text === plot.text) return;
  plot.text = text;
  const { alt, config, figure, url } = JSON.parse(text);
  plot.figure = figure;
  plot.config = config;
  plot.place.setAttribute("aria-label", alt);
  plot.screen = screenOf(plot);
  plot.place.style.height = `${plot.screen.height}px`;
  if (!plot.shown) plot.paint(figure);
  library(url).then(
    () => setTimeout(() => plot.text === text && show(plot)), // of several that came at once, the last
    () => {
      delete window.propagationPlotly; // the next redraw tries again
      plot.text = null;
      plot.chart.textContent = "This chart could not be drawn: a part of the page did not arrive. Reload the page.";
      plot.paint(null);
    },
  );
}

// What Plotly saves is a picture of its own, in which the page's fonts are missing and another one's letters would stand where theirs were
// measured: so it is told to measure in a font that every machine has.
const EVERYWHERE = "Arial, Helvetica, sans-serif";

function save({ chart, config }, format) {
  const scale = format === "svg" ? 1 : config.toImageButtonOptions.scale;
  const words = { title: sentenceOf(document), settings: window.propagationSettings ?? "", address: location.href };
  const figure = labelled(chart, EVERYWHERE, words);
  const { width, height } = figure.layout;
  const saved = window.Plotly.downloadImage(figure, { ...config.toImageButtonOptions, format, scale, width, height });
  saved.catch(() => {}); // it is being saved already
}

const camera = (plot) => ({
  name: "save",
  title: "Save as PNG (with Shift: SVG)",
  icon: window.Plotly.Icons.camera,
  click: (_, { shiftKey }) => plot.save(shiftKey ? "svg" : "png"),
});

function show(plot) {
  const width = plot.place.clientWidth;
  if (!width || plot.gone) return; // not laid out yet: the observer calls again
  const screen = (plot.screen = screenOf(plot));
  plot.fitted = fit(plot, screen);
  plot.place.style.height = `${screen.height}px`;
  const { data, layout, frames } = scaled(plot.figure, screen);
  plot.camera ??= camera(plot); // the same in every redraw: other settings would mean another chart
  const config = { ...plot.config, modeBarButtons: [[plot.camera]] };
  window.Plotly.react(plot.chart, { data, layout: { ...layout, width }, frames, config });
  plot.shown = true;
  if (!plot.held) plot.uncover();
  if (!plot.listening) {
    plot.listening = true;
    plot.chart.on("plotly_click", ({ points }) => plot.onPoint?.(points[0]));
  }
}

// How large type, lines and the figure are to be, see screen.js: on its page, and of a height.
function screenOf({ place, figure }) {
  const share = typeShare();
  const natural = share * (figure.layout.height ?? 450);
  const { fonts, lines, room } = window.propagationScreen ?? {};
  return { share, fonts, lines, width: place.clientWidth, height: room?.(place, natural) ?? natural };
}
const fit = ({ place }, { share, fonts, height }) => `${place.clientWidth} ${share} ${fonts} ${height}`;

function made(place) {
  const [chart, picture] = place.children;
  const plot = { place, chart, text: null, held: false, ghost: [] };
  plot.paint = (figure) => {
    const shown = figure && scaled(figure, plot.screen);
    paint(picture, figure?.layout.paper_bgcolor === "none" ? over(chart, shown) : shown);
  };
  plot.uncover = () => {
    const { ghost, figure } = plot;
    plot.ghost = [];
    clearTimeout(plot.fading);
    plot.paint(ghost.length ? bare(figure, ghost) : null);
    plot.fading = setTimeout(() => !plot.held && plot.paint(null), GHOST);
  };
  plot.save = (format) => plot.figure && window.Plotly && save(plot, format);
  plot.refit = () => {
    if (!plot.figure || !place.clientWidth || fit(plot, screenOf(plot)) === plot.fitted) return;
    plot.screen = screenOf(plot);
    if (window.Plotly) show(plot);
    else plot.paint(plot.figure);
  };
  plot.observer = new ResizeObserver(plot.refit);
  plot.observer.observe(place);
  return plot;
}

// A figure that lies over the chart, in its places: a legend with many rows moves an edge, a zoom the ends of an axis.
function over({ _fullLayout: drawn }, { data, layout }) {
  if (!drawn) return { data, layout };
  const { l, r, t, b } = drawn._size;
  const axes = Object.entries(layout).filter(([key]) => /^[xy]axis/.test(key));
  const here = Object.fromEntries(axes.map(([key, axis]) => [key, { ...axis, range: drawn[key].range }]));
  return { data, layout: { ...layout, ...here, margin: { ...layout.margin, l, r, t, b } } };
}

// These traces where the figure would have them, and nothing else.
function bare({ layout }, data) {
  const axes = Object.entries(layout).filter(([key]) => /^[xy]axis/.test(key));
  const blank = Object.fromEntries(axes.map(([key, axis]) => [key, { ...axis, tickvals: [], title: null }]));
  return { data, layout: { ...layout, ...blank, annotations: [], paper_bgcolor: "none" } };
}

export default function ({ data, parentElement, setTriggerValue }) {
  const text = new TextDecoder().decode(data);
  const { key, into, clickable } = JSON.parse(text);
  if (into) {
    if (plots.has(into)) draw(plots.get(into), text);
    else early.set(into, text);
    return;
  }
  const place = parentElement.querySelector(".plot");
  const plot = (place.plot ??= made(place));
  plots.set(key, plot);
  plot.onPoint = clickable ? ({ x, y, customdata }) => setTriggerValue("point", { x, y, customdata }) : null;
  draw(plot, early.get(key) ?? text);
  early.delete(key);
  return () => {
    plot.gone = true;
    plot.observer.disconnect();
    if (plots.get(key) === plot) plots.delete(key);
    window.Plotly?.purge(plot.chart);
  };
}
