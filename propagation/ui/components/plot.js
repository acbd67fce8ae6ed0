// A Plotly figure that is changed in place, so that zoom, legend choices and the hover box survive a redraw.
//
// Messages arrive as JSON. One with `into` draws nothing of its own: it hands a later, better figure to the plot of that key. One with
// `ahead` holds the messages that will come after one more step of a slider: on that step they are drawn without waiting for the server.

const plots = (window.propagationPlots ??= new Map());
const early = (window.propagationEarly ??= new Map()); // better figures that came before the plot they are for

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
  plot.place.style.height = `${figure.layout.height ?? 450}px`;
  library(url).then(
    () => setTimeout(() => plot.text === text && show(plot)), // of several that came at once, the last
    () => {
      delete window.propagationPlotly; // the next redraw tries again
      plot.text = null;
      plot.place.textContent = "This chart could not be drawn: a part of the page did not arrive. Reload the page.";
    },
  );
}

// What Plotly saves is a picture of its own, in which the page's fonts are missing and another one's letters would stand where theirs were
// measured: so it is told to measure in a font that every machine has.
const EVERYWHERE = "Arial, Helvetica, sans-serif";

function save({ place, config }, format) {
  const { layout } = place;
  const { font } = layout;
  const scale = format === "svg" ? 1 : config.toImageButtonOptions.scale;
  layout.font = { ...font, family: EVERYWHERE };
  const saved = window.Plotly.downloadImage(place, { ...config.toImageButtonOptions, format, scale }); // which copies the layout at once
  layout.font = font;
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
  plot.width = width;
  const { data, layout, frames } = plot.figure;
  plot.camera ??= camera(plot); // the same in every redraw: other settings would mean another chart
  const config = { ...plot.config, modeBarButtons: [[plot.camera]] };
  window.Plotly.react(plot.place, { data, layout: { ...layout, width }, frames, config });
  if (!plot.listening) {
    plot.listening = true;
    plot.place.on("plotly_click", ({ points }) => plot.onPoint?.(points[0]));
  }
}

function made(place) {
  const plot = { place, text: null };
  plot.save = (format) => plot.figure && window.Plotly && save(plot, format);
  plot.observer = new ResizeObserver(() => {
    if (plot.figure && window.Plotly && place.clientWidth !== plot.width) show(plot);
  });
  plot.observer.observe(place);
  return plot;
}

window.propagationStep ??= ({ detail }) => {
  for (const plot of plots.values()) {
    const text = plot.ahead?.get(`${detail.field} ${detail.value}`);
    plot.ahead = null; // it was for one step from where the slider stood
    if (text) draw(plot, text);
  }
};
document.addEventListener("propagation-step", window.propagationStep);

export default function ({ data, parentElement, setTriggerValue }) {
  const text = new TextDecoder().decode(data);
  const { key, into, clickable, of, ahead } = JSON.parse(text);
  if (ahead) {
    const plot = plots.get(of);
    if (plot) plot.ahead = new Map(ahead.map(([field, value, message]) => [`${field} ${value}`, message]));
    return;
  }
  if (into) {
    if (plots.has(into)) draw(plots.get(into), text);
    else early.set(into, text);
    return;
  }
  const place = parentElement.querySelector(".plot");
  const plot = (place.plot ??= made(place));
  plots.set(key, plot);
  plot.ahead = null;
  plot.onPoint = clickable ? ({ x, y, customdata }) => setTriggerValue("point", { x, y, customdata }) : null;
  document.dispatchEvent(new CustomEvent("propagation-answer"));
  draw(plot, early.get(key) ?? text);
  early.delete(key);
  return () => {
    plot.gone = true;
    plot.observer.disconnect();
    if (plots.get(key) === plot) plots.delete(key);
    window.Plotly?.purge(place);
  };
}
