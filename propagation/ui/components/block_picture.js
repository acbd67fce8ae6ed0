export default function ({ data, parentElement }) {
  const drawing = new DOMParser().parseFromString(data.svg, "image/svg+xml").documentElement;
  parentElement.querySelector(".block").replaceChildren(drawing);
}
