// Brings the prices of the page up to date every two seconds, while somebody looks at it.
"use strict";
(() => {
  const root = document.querySelector("[data-prices]");
  const state = document.querySelector("[data-live-state]");
  const calm = matchMedia("(prefers-reduced-motion: reduce)");

  const write = (element, text, tone) => {
    if (!element) return;
    if (element.textContent !== text) {
      element.textContent = text;
      if (!calm.matches && "price" in element.dataset) {
        element.classList.remove("flash");
        void element.offsetWidth;
        element.classList.add("flash");
      }
    }
    if (tone) {
      element.classList.remove("gain", "loss", "even");
      element.classList.add(tone);
    }
  };

  const say = (text, live) => {
    if (!state) return;
    state.hidden = false;
    state.textContent = text;
    state.classList.toggle("on", live);
  };

  const refresh = async () => {
    if (document.hidden) return;
    try {
      const response = await fetch(root.dataset.prices);
      if (!response.ok) throw new Error(response.statusText);
      const answer = await response.json();
      for (const share of answer.prices) {
        for (const row of document.querySelectorAll(`[data-symbol="${share.symbol}"]`)) {
          write(row.querySelector("[data-price]"), share.text.price);
          write(row.querySelector("[data-percent]"), share.text.percent, share.tone);
          write(row.querySelector("[data-change]"), share.text.change, share.tone);
          write(row.querySelector("[data-bid]"), share.text.bid);
          write(row.querySelector("[data-ask]"), share.text.ask);
        }
      }
      say(answer.isOpen ? "Live" : "Market closed", answer.isOpen);
    } catch {
      say("Prices are not up to date: no connection", false);
    }
  };

  if (root) setInterval(refresh, 2000);
})();
