// The signal on its way: forward through the layers, then its gradient back, drawn from the figure that is on the page.

const THERE = 1800; // milliseconds from the input to the last layer, and as many back
const REST = 200; // at either end
const UNSEEN = 0.15; // opacity of what is still to come

// Those points of a line, or of the outline of an area, that have been passed, up to the layer where that ends.
function passed({ x, y, mode }, isPassed, front) {
  const [layers, sizes] = [[], []];
  const add = (layer, size) => void (layers.push(layer), sizes.push(size));
  x.forEach((layer, i) => {
    if (i && mode === "lines" && isPassed(layer) !== isPassed(x[i - 1]) && y[i] !== null && y[i - 1] !== null) {
      add(front, y[i - 1] + ((front - x[i - 1]) / (layer - x[i - 1])) * (y[i] - y[i - 1]));
    }
    if (isPassed(layer)) add(layer, y[i]);
  });
  return { x: layers, y: sizes };
}

// A dot where the signal of a row is, on the way between its measured layers.
function traveller(row, front) {
  const dots = row.filter(({ mode }) => mode === "markers");
  const { marker, yaxis } = dots.find(({ x }) => x[0] > 0) ?? {};
  const points = dots.flatMap(({ x, y }) => x.map((layer, i) => [layer, y[i]])).sort(([one], [other]) => one - other);
  const after = points.findIndex(([layer]) => layer >= front);
  if (!marker || after < 0) return [];
  const [[from, low], [to, high]] = [points[Math.max(0, after - 1)], points[after]];
  if (low === null || high === null) return [];
  const size = to === from ? high : low + ((front - from) / (to - from)) * (high - low);
  const dot = { type: "scatter", mode: "markers", x: [front], y: [size], xaxis: "x", yaxis };
  return [
    { ...dot, marker: { color: marker.color, size: 30 }, opacity: 0.25 },
    { ...dot, marker: { color: marker.color, size: 15 } },
  ];
}

// The figure when so much of the way there, and of the way back, is done, each from 0 to 1.
function signalAt({ data, layout }, there, back) {
  const layers = data.flatMap(({ x }) => x);
  const [first, last] = [Math.min(...layers), Math.max(...layers)];
  const [reached, returned] = [first + there * (last - first), last - back * (last - 1)];
  const isForward = ({ type, yaxis = "y" }) => type !== "heatmap" && yaxis === "y";
  const seen = (isGoing) => (isGoing ? (layer) => layer <= reached : (layer) => back > 0 && layer >= returned);
  const done = data.map((trace) => {
    const isGoing = isForward(trace);
    if (trace.type !== "heatmap") return { ...trace, ...passed(trace, seen(isGoing), isGoing ? reached : returned) };
    const z = trace.z.map((row, i) => row.map((value, j) => (seen(trace.y[i] === 1)(trace.x[j]) ? value : null)));
    return { ...trace, z };
  });
  const rows = back > 0 ? ["y2", "y3"] : ["y"];
  const dots = rows.flatMap((name) =>
    traveller(data.filter(({ type, yaxis = "y" }) => type === "scatter" && yaxis === name), back > 0 ? returned : reached),
  );
  return { data: [...data.map((trace) => ({ ...trace, opacity: UNSEEN })), ...done, ...dots], layout };
}

// Play the signal of a plot; return how to stop it. Then, and at its end, `ended` is called, and the chart stands as before.
function playSignal(plot, ended) {
  const { figure } = plot;
  const began = performance.now();
  let isOver = false;
  const stop = () => {
    if (isOver) return;
    isOver = true;
    plot.held = false;
    if (plot.shown) plot.uncover();
    else plot.paint(plot.figure);
    ended();
  };
  const draw = () => {
    if (isOver) return;
    const time = performance.now() - began;
    if (time > 2 * (THERE + REST) || plot.figure !== figure || !plot.place.isConnected) return stop();
    plot.paint(signalAt(figure, Math.min(1, time / THERE), Math.max(0, Math.min(1, (time - THERE - REST) / THERE))));
    requestAnimationFrame(draw);
  };
  plot.held = true;
  draw();
  return stop;
}

// A button that plays the signal of the plot that `ready` returns; any touch and any key stop it.
function signalButton(ready) {
  const button = document.createElement("button");
  let stop = null;
  const say = () => {
    button.textContent = stop ? "■ signal" : "▶ signal";
    button.setAttribute("aria-label", stop ? "Stop" : "Play: the signal goes forward, its gradient back");
  };
  const ended = () => {
    stop = null;
    say();
  };
  button.onclick = () => {
    if (stop) return stop();
    stop = playSignal(ready(), ended);
    say();
  };
  const isOwn = ({ type, key, target }) => button.contains(target) && (type === "pointerdown" || key === "Enter" || key === " ");
  for (const event of ["pointerdown", "keydown"]) document.addEventListener(event, (one) => isOwn(one) || stop?.(), true);
  button.className = "play-signal";
  say();
  return button;
}
