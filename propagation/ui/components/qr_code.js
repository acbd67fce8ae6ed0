const SVG = "http://www.w3.org/2000/svg";

function drawn({ path, size, alt }) {
  const picture = document.createElementNS(SVG, "svg"), squares = document.createElementNS(SVG, "path");
  picture.setAttribute("viewBox", `0 0 ${size} ${size}`);
  picture.setAttribute("role", "img");
  picture.setAttribute("aria-label", alt);
  squares.setAttribute("d", path);
  picture.append(squares);
  return picture;
}

export default function ({ data, parentElement }) {
  const place = parentElement.querySelector(".code"), button = document.createElement("button");
  const screen = document.createElement("dialog"), words = document.createElement("p");
  button.textContent = "Fill the screen";
  words.textContent = data.words;
  screen.append(drawn(data), words);
  screen.onclick = () => screen.close();
  screen.onkeydown = (event) => event.stopPropagation(); // Escape closes this, and not the panel behind it
  screen.onclose = () => document.fullscreenElement && document.exitFullscreen();
  button.onclick = () => {
    screen.showModal();
    screen.requestFullscreen?.().catch(() => {}); // where that is not allowed, it fills the window
  };
  screen.onfullscreenchange = () => document.fullscreenElement || screen.close();
  place.replaceChildren(drawn(data), button, screen);
}
