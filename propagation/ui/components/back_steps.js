// A slider that is moved by keys is one step of history, however many keys that takes: Back undoes the move, not its last step.

const ONE_MOVE = 2000; // milliseconds between two keys of one move
const STEPS = /^(Arrow|Page|Home|End)/;

function oneStepAMove() {
  if (window.propagationSteps) return;
  const steps = (window.propagationSteps = { move: 0, slider: null, last: -Infinity, pushed: null });
  const another = () => Object.assign(steps, { move: steps.move + 1, slider: null });
  const press = ({ key, target }) => {
    if (!target.matches?.("input[type=range], [role=slider]") || !STEPS.test(key)) return another();
    const now = performance.now();
    const slider = target.getAttribute("aria-label");
    if (slider !== steps.slider || now - steps.last > ONE_MOVE) another();
    Object.assign(steps, { slider, last: now });
  };
  for (const event of ["pointerdown", "popstate"]) addEventListener(event, another, true);
  addEventListener("keydown", press, true);
  const push = history.pushState;
  history.pushState = function (...entry) {
    const goesOn = steps.slider !== null && steps.pushed === steps.move;
    steps.pushed = steps.slider === null ? null : steps.move;
    return goesOn ? history.replaceState(...entry) : push.apply(history, entry);
  };
}
