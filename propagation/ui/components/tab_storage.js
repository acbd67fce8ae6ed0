// The storage of a tab may be closed to a page, as in some embedded frames: then nothing is kept, and nothing was.

export default function ({ data, setTriggerValue }) {
  const name = `propagation-${data.name}`;
  const kept = () => {
    try {
      return sessionStorage.getItem(name);
    } catch {
      return null;
    }
  };
  if (data.text === null) setTriggerValue("found", kept() ?? "{}");
  else
    try {
      sessionStorage.setItem(name, data.text);
    } catch {}
}
