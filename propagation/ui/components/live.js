// The charts move with the hand: while a slider is held, its value is reported, at most once a frame and one report at a time, and once
// more where the hand rests. Of a step made by keys the charts on the page are told, which may have its answer already; the server is
// told only which slider keys move.
//
// Streamlit's own sliders report when they are let go. This watches the thumb that is held and never touches it: without this script
// everything still works on release.

const THUMB = "input[type=range], [role=slider]";
const MOVING = /^(Arrow|Page|Home|End)/; // keys
const IMPATIENCE = 1000; // milliseconds after which a report is taken for lost
const REST = 80; // milliseconds without a move after which a hand rests

const where = (thumb) => Number(thumb.value ?? thumb.getAttribute("aria-valuenow"));

const value = (slider, position) => (slider.steps ? slider.steps[position] : position);

function watch() {
  const hand = { thumb: null };

  const say = (position, rests) => {
    hand.reported = position;
    hand.report("moved", { field: hand.slider.field, value: value(hand.slider, position), rests });
  };
  const look = () => {
    if (!hand.thumb) return;
    const [now, position] = [performance.now(), where(hand.thumb)];
    if (position !== hand.position) Object.assign(hand, { position, moved: now, resting: false });
    if (now < hand.waiting) return;
    if (position !== hand.reported) {
      hand.waiting = now + IMPATIENCE;
      say(position, false);
    } else if (!hand.resting && now > hand.moved + REST) {
      hand.resting = true;
      say(position, true);
    }
  };
  const follow = () => {
    if (!hand.thumb) return;
    look();
    requestAnimationFrame(follow);
  };
  const answered = () => {
    hand.waiting = 0;
    look(); // before the answer is drawn: the server works meanwhile
  };
  const tell = (step) => document.dispatchEvent(new CustomEvent("propagation-step", { detail: step }));
  const stepped = (thumb, slider) => {
    const position = where(thumb);
    if (hand.thumb || position === hand.before) return;
    hand.before = position;
    tell({ field: slider.field, value: value(slider, position) });
    if (hand.stepped !== slider.field) hand.keep("stepped", (hand.stepped = slider.field));
  };
  const press = ({ key, target: thumb }) => {
    const slider = thumb.matches?.(THUMB) && hand.sliders[thumb.getAttribute("aria-label")];
    if (!slider) return tell({}); // something else may be moved: what was prepared for a step from here is not for that
    if (!MOVING.test(key)) return;
    hand.before = where(thumb);
    thumb.addEventListener("input", () => stepped(thumb, slider), { once: true, capture: true });
    setTimeout(() => stepped(thumb, slider)); // in Streamlit 1.62 a thumb is no input
  };
  const take = ({ target }) => {
    tell({});
    const thumb = target.closest?.(STREAMLIT.slider)?.querySelector(THUMB);
    const slider = thumb && hand.sliders[thumb.getAttribute("aria-label")];
    if (!slider) return;
    const position = where(thumb);
    Object.assign(hand, { thumb, slider, position, reported: position, waiting: 0, resting: true });
    requestAnimationFrame(follow);
  };
  const letGo = () => (hand.thumb = null);

  const listeners = [
    [document, "propagation-answer", answered],
    [document, "keydown", press],
    [document, "pointerdown", take],
    [window, "pointerup", letGo],
    [window, "pointercancel", letGo],
    [window, "blur", letGo],
  ];
  for (const [on, event, listener] of listeners) on.addEventListener(event, listener, true);
  hand.stop = () => {
    letGo();
    for (const [on, event, listener] of listeners) on.removeEventListener(event, listener, true);
  };
  return hand;
}

export default function ({ data, parentElement, setStateValue, setTriggerValue }) {
  const hand = (parentElement.hand ??= watch());
  hand.sliders = JSON.parse(new TextDecoder().decode(data));
  hand.keep = setStateValue;
  hand.report = setTriggerValue;
  return () => {
    hand.stop();
    delete parentElement.hand;
  };
}
