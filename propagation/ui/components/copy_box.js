// A browser gives the clipboard to secure addresses only, and a class may well meet at http://192.168…: there the old command still works.

export default function ({ data, parentElement }) {
  const text = parentElement.querySelector(".text"), button = parentElement.querySelector("button");
  text.textContent = data.text;
  text.setAttribute("aria-label", data.what);
  button.textContent = data.label;
  const selected = () => {
    const range = document.createRange(), selection = getSelection();
    range.selectNodeContents(text);
    selection.removeAllRanges();
    selection.addRange(range);
    return document.execCommand("copy");
  };
  button.onclick = async () => {
    const done = await navigator.clipboard?.writeText(data.text).then(() => true, () => false) || selected();
    button.textContent = done ? "Copied" : "Press Ctrl+C";
    setTimeout(() => (button.textContent = data.label), 2000);
  };
}
