export default function ({ data, parentElement, setTriggerValue }) {
  const app = document.querySelector(STREAMLIT.app);
  if (!app) return;
  watchNotices();
  oneStepAMove();
  const watch = (parentElement.watch ??= { lost: false });
  const tell = () => (data.tells ? setTriggerValue("back", Date.now()) : setTriggerValue("address", location.search || "?"));
  watch.tell = tell;
  watch.observer ??= new MutationObserver(() => {
    const connected = app.getAttribute(STREAMLIT.connection) === STREAMLIT.connected;
    if (connected && watch.lost) watch.tell();
    watch.lost = !connected;
  });
  watch.observer.observe(app, { attributeFilter: [STREAMLIT.connection] });
  if (!data.tells) followHistory(tell);
  // Streamlit hands on none of so many: the visitor would see the page without them, and no word
  const parameters = location.search.split("&").length;
  if (parameters > data.most && window.propagationTold !== location.search) {
    window.propagationTold = location.search;
    setTriggerValue("unread", parameters);
  }
  return () => {
    watch.observer.disconnect();
    delete parentElement.watch;
  };
}

/** Tells where Back and Forward lead: at once on the same page, else when the other page stands. Streamlit's page leads there by itself. */
function followHistory(tell) {
  const history = (window.propagationHistory ??= { elsewhere: false });
  history.path = location.pathname;
  history.tell = tell;
  if (history.elsewhere) tell();
  history.elsewhere = false;
  history.listener ??= (event) => {
    history.elsewhere = location.pathname !== history.path;
    if (history.elsewhere) return;
    event.stopImmediatePropagation(); // Streamlit would ask for the page with the parameters from before
    history.tell();
  };
  addEventListener("popstate", history.listener, true);
}
