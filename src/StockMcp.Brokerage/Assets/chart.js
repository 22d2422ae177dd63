// Shows the value under the pointer. The chart says the same without it, in its label and its scale.
"use strict";
(() => {
  const watch = chart => {
    const plot = chart.querySelector(".plot");
    const drawing = plot.querySelector("svg");
    const cursor = chart.querySelector(".cursor");
    const readout = chart.querySelector("[data-readout]");
    const values = chart.dataset.values.split("|");
    const labels = chart.dataset.labels.split("|");
    const format = new Intl.NumberFormat("en-US", { style: "currency", currency: "USD" });

    plot.addEventListener("pointermove", event => {
      const box = drawing.getBoundingClientRect();
      const part = Math.min(1, Math.max(0, (event.clientX - box.left) / box.width));
      const index = Math.round(part * (values.length - 1));
      cursor.hidden = false;
      cursor.style.left = `${box.width * index / (values.length - 1)}px`;
      readout.textContent = `${format.format(values[index])} · ${labels[index]}`;
    });
    plot.addEventListener("pointerleave", () => {
      cursor.hidden = true;
      readout.textContent = "";
    });
  };

  const watchAll = () => {
    for (const chart of document.querySelectorAll("[data-chart]:not([data-watched])")) {
      chart.dataset.watched = "";
      watch(chart);
    }
  };
  document.addEventListener("live", watchAll);
  watchAll();
})();
