// Picture: what a saved chart carries beside itself: the page's sentence above it; the experiment in words, and the address, below.

const HEADLINE = 18, SMALL_PRINT = 12, LINES = 1.4, EDGE = 12; // pixels, and heights of type
const WIDE = 0.52; // of a letter, in its height

const plainText = (text) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");

// A text in lines of no more than so many letters; what has no spaces is broken where it must be.
function folded(text, letters) {
  const lines = [""];
  for (const word of text.split(/\s+/)) {
    const line = `${lines.at(-1)} ${word}`.trim();
    if (line.length <= letters) lines[lines.length - 1] = line;
    else lines.push(...(word.match(new RegExp(`.{1,${letters}}`, "gu")) ?? []));
  }
  return lines.filter(Boolean);
}

function sentenceOf(page) {
  const heading = (page.querySelector(`${STREAMLIT.verdict} h2`) ?? page.querySelector(`${STREAMLIT.content} h1`))?.cloneNode(true);
  heading?.querySelectorAll("[role=img], button, svg").forEach((part) => part.remove());
  return heading?.textContent.trim() ?? "";
}

// The figure as it is drawn, with its words around it.
function labelled({ data, layout, _fullLayout: drawn }, family, { title, settings, address }) {
  const { width, height, _size: size } = drawn;
  const lines = (text, type) => folded(text, Math.floor((width - 2 * EDGE) / (WIDE * type)));
  const above = lines(title, HEADLINE);
  const below = [...lines(settings, SMALL_PRINT), ...lines(address, SMALL_PRINT)];
  const head = above.length ? above.length * LINES * HEADLINE + EDGE : 0;
  const foot = below.length * LINES * SMALL_PRINT + EDGE;
  const note = (text, type, place) => ({
    text: text.map(plainText).join("<br>"), font: { ...layout.font, family, size: type }, showarrow: false, align: "left",
    xref: "paper", yref: "paper", x: 0, xanchor: "left", xshift: EDGE - size.l, ...place,
  });
  const words = [
    note(above, HEADLINE, { y: 1, yanchor: "bottom", yshift: size.t }),
    note(below, SMALL_PRINT, { y: 0, yanchor: "top", yshift: -size.b }),
  ];
  return {
    data,
    layout: {
      ...layout, font: { ...layout.font, family }, width, height: height + head + foot,
      margin: { ...layout.margin, l: size.l, r: size.r, t: size.t + head, b: size.b + foot },
      annotations: [...(layout.annotations ?? []), ...words.filter(({ text }) => text)],
    },
  };
}
