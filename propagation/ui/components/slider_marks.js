// Labels stand under their value and go one line down where a neighbour leaves them no room. The chart is told where a click leads to.

const LINE = 18, TICK = 8, GAP = 2, INSIDE = 4;

export default function ({ data, parentElement, setTriggerValue }) {
  const place = parentElement.querySelector(".marks");
  const tell = (event, detail) => document.dispatchEvent(new CustomEvent(event, { detail: { slider: data.slider, ...detail } }));
  place.onpointerenter = () => tell("propagation-near", {});

  const draw = () => {
    place.replaceChildren();
    const width = place.clientWidth, lines = [];
    for (const mark of data.marks) {
      const button = document.createElement("button");
      button.className = mark.here ? "mark here" : "mark";
      button.textContent = mark.label;
      button.title = mark.title;
      button.setAttribute("aria-label", mark.title);
      button.onclick = () => {
        tell("propagation-go", { share: mark.position });
        setTriggerValue("chosen", mark.name);
      };
      place.append(button);
      const centre = mark.position * width, size = button.offsetWidth;
      const free = (line) => (lines[line] ?? -GAP) + GAP;
      const beside = (line) => Math.min(Math.max(centre - size / 2, free(line)), width - size);
      // a label may step aside for its neighbour while it still stands under its tick; where all is crowded, it follows the shortest line
      let line = [0, 1, 2].find((line) => beside(line) >= free(line) && beside(line) < centre - INSIDE);
      line ??= [0, 1, 2].reduce((best, line) => (free(line) < free(best) ? line : best), 0);
      const left = Math.max(beside(line), free(line));
      lines[line] = left + size;
      button.style.left = left + "px";
      button.style.top = TICK + line * LINE + "px";
      const tick = document.createElement("div");
      tick.className = "tick";
      tick.style.left = centre + "px";
      tick.style.height = TICK + line * LINE + "px";
      place.prepend(tick);
    }
  };

  draw();
  const observer = new ResizeObserver(draw);
  observer.observe(place);
  return () => observer.disconnect();
}
