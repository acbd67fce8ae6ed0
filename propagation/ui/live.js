// The charts move with the hand: while a slider is held, its value is reported, at most once a frame and one report at a time.
//
// Streamlit's own sliders report when they are let go. This watches the thumb that is held and never touches it: without this script
// everything still works on release.

const THUMB = "input[type=range], [role=slider]";
const IMPATIENCE = 1000; // milliseconds after which a report is taken for lost

const where = (thumb) => Number(thumb.value ?? thumb.getAttribute("aria-valuenow"));

function watch() {
  const hand = { thumb: null, reported: null, waiting: 0 };

  const say = () => {
    const slider = hand.thumb && hand.sliders[hand.thumb.getAttribute("aria-label")];
    const position = hand.thumb && where(hand.thumb);
    if (!slider || position === hand.reported || performance.now() < hand.waiting) return;
    hand.reported = position;
    hand.waiting = performance.now() + IMPATIENCE;
    hand.report("moved", { field: slider.field, value: slider.steps ? slider.steps[position] : position });
  };
  const follow = () => {
    if (!hand.thumb) return;
    say();
    requestAnimationFrame(follow);
  };
  const answered = () => {
    hand.waiting = 0;
    say(); // before the answer is drawn: the server works meanwhile
  };
  const take = ({ target }) => {
    const thumb = target.closest?.("[data-testid=stSlider]")?.querySelector(THUMB);
    if (!thumb) return;
    Object.assign(hand, { thumb, reported: where(thumb), waiting: 0 });
    requestAnimationFrame(follow);
  };
  const letGo = () => (hand.thumb = null);

  const listeners = [
    [document, "propagation-answer", answered],
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

export default function ({ data, parentElement, setTriggerValue }) {
  const hand = (parentElement.hand ??= watch());
  hand.sliders = data.sliders;
  hand.report = setTriggerValue;
  return () => {
    hand.stop();
    delete parentElement.hand;
  };
}
