// The charts move along: while a slider is held, its value is reported, at most once a frame and one report at a time, and once
// more where it rests. Of a step made by keys the charts on the page are told, which may have its answer already; the server is
// told only which slider keys move.
//
// Streamlit's own sliders report when they are let go. This watches the thumb that is held and never touches it: without this script
// everything still works on release.

const THUMB = "input[type=range], [role=slider]";
const MOVING = /^(Arrow|Page|Home|End)/; // keys
const IMPATIENCE = 1000; // milliseconds after which a report is taken for lost
const REST = 80; // milliseconds without a move after which it rests

const where = (thumb) => Number(thumb.value ?? thumb.getAttribute("aria-valuenow"));

const value = (slider, position) => (slider.steps ? slider.steps[position] : position);

function watch() {
  const drag = { thumb: null };

  const say = (position, rests) => {
    drag.reported = position;
    drag.report("moved", { field: drag.slider.field, value: value(drag.slider, position), rests });
  };
  const look = () => {
    if (!drag.thumb) return;
    const [now, position] = [performance.now(), where(drag.thumb)];
    if (position !== drag.position) Object.assign(drag, { position, moved: now, resting: false });
    if (now < drag.waiting) return;
    if (position !== drag.reported) {
      drag.waiting = now + IMPATIENCE;
      say(position, false);
    } else if (!drag.resting && now > drag.moved + REST) {
      drag.resting = true;
      say(position, true);
    }
  };
  const follow = () => {
    if (!drag.thumb) return;
    look();
    requestAnimationFrame(follow);
  };
  const answered = () => {
    drag.waiting = 0;
    look(); // before the answer is drawn: the server works meanwhile
  };
  const tell = (step) => document.dispatchEvent(new CustomEvent("propagation-step", { detail: step }));
  const stepped = (thumb, slider) => {
    const position = where(thumb);
    if (drag.thumb || position === drag.before) return;
    drag.before = position;
    tell({ field: slider.field, value: value(slider, position) });
    if (drag.stepped !== slider.field) drag.keep("stepped", (drag.stepped = slider.field));
  };
  const press = ({ key, target: thumb }) => {
    const slider = thumb.matches?.(THUMB) && drag.sliders[thumb.getAttribute("aria-label")];
    if (!slider) return tell({}); // something else may be moved: what was prepared for a step from here is not for that
    if (!MOVING.test(key)) return;
    drag.before = where(thumb);
    thumb.addEventListener("input", () => stepped(thumb, slider), { once: true, capture: true });
    setTimeout(() => stepped(thumb, slider)); // in Streamlit 1.62 a thumb is no input
  };
  const take = ({ target }) => {
    tell({});
    const thumb = target.closest?.(STREAMLIT.slider)?.querySelector(THUMB);
    const slider = thumb && drag.sliders[thumb.getAttribute("aria-label")];
    if (!slider) return;
    const position = where(thumb);
    Object.assign(drag, { thumb, slider, position, reported: position, waiting: 0, resting: true });
    requestAnimationFrame(follow);
  };
  const letGo = () => (drag.thumb = null);

  const listeners = [
    [document, "propagation-answer", answered],
    [document, "keydown", press],
    [document, "pointerdown", take],
    [window, "pointerup", letGo],
    [window, "pointercancel", letGo],
    [window, "blur", letGo],
  ];
  for (const [on, event, listener] of listeners) on.addEventListener(event, listener, true);
  drag.stop = () => {
    letGo();
    for (const [on, event, listener] of listeners) on.removeEventListener(event, listener, true);
  };
  return drag;
}

export default function ({ data, parentElement, setStateValue, setTriggerValue }) {
  const drag = (parentElement.drag ??= watch());
  drag.sliders = JSON.parse(new TextDecoder().decode(data));
  drag.keep = setStateValue;
  drag.report = setTriggerValue;
  return () => {
    drag.stop();
    delete parentElement.drag;
  };
}
