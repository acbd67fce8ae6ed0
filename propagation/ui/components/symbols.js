// Symbols with a subscript. Sentences of the app have them as formulas, "$σ_w²$"; a few that our scripts write have them as elements that
// look alike, and what is read aloud or compared has them as plain text.

const plainText = (text) => text.replaceAll("$", "");

// What is read of an element: each formula as it was written.
function readText(element) {
  const copy = element.cloneNode(true);
  for (const formula of copy.querySelectorAll(".katex")) formula.replaceWith(formula.querySelector("annotation")?.textContent ?? "");
  return copy.textContent.trim();
}

// A text with symbols as elements, the subscripts no higher than the line.
const typeset = (text) =>
  text.split(/([σξχW]_[A-Za-z])(?!\w)/).map((part, i) => {
    if (i % 2 === 0) return part;
    const symbol = document.createElement("span");
    const below = Object.assign(document.createElement("sub"), { textContent: part[2], style: "line-height: 0" });
    symbol.append(part[0], below);
    return symbol;
  });
