export default function ({ parentElement }) {
  const status = parentElement.querySelector("[role=status]");
  for (const button of parentElement.querySelectorAll("button")) {
    button.onclick = () => {
      const plots = [...(window.propagationPlots?.values() ?? [])];
      status.textContent = plots.length ? "" : "There is no chart on this page.";
      for (const plot of plots) plot.save(button.dataset.format);
    };
  }
}
