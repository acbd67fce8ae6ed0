export default function ({ parentElement, setTriggerValue }) {
  const app = document.querySelector(STREAMLIT.app);
  if (!app) return;
  const watch = (parentElement.watch ??= { lost: false });
  watch.tell = () => setTriggerValue("back", Date.now());
  watch.observer ??= new MutationObserver(() => {
    const connected = app.getAttribute(STREAMLIT.connection) === STREAMLIT.connected;
    if (connected && watch.lost) watch.tell();
    watch.lost = !connected;
  });
  watch.observer.observe(app, { attributeFilter: [STREAMLIT.connection] });
  return () => {
    watch.observer.disconnect();
    delete parentElement.watch;
  };
}
