// Replaces the parts of the page that changed, every two seconds, while somebody looks at it. A part in which somebody types or has the focus stays.
"use strict";
(() => {
  const root = document.querySelector("[data-live]");
  const state = document.querySelector("[data-live-state]");
  if (!root) return;

  const say = (text, live) => {
    state.hidden = false;
    if (state.textContent !== text) state.textContent = text;
    state.classList.toggle("on", live);
  };

  let timer = 0;
  const refresh = async () => {
    if (document.hidden) return;
    try {
      const response = await fetch(root.dataset.live, { redirect: "manual" });
      if (response.type === "opaqueredirect") {
        clearInterval(timer);
        say("You were signed out. Reload the page to sign in again.", false);
        return;
      }
      if (!response.ok) throw new Error(response.statusText);
      const fresh = new DOMParser().parseFromString(await response.text(), "text/html");
      for (const part of fresh.querySelectorAll("[data-version]")) {
        const old = document.getElementById(part.id);
        if (old && old.dataset.version !== part.dataset.version && !old.contains(document.activeElement)) old.replaceWith(part);
      }
      document.dispatchEvent(new Event("live"));
      say("Live", true);
    } catch {
      say("Not up to date: no connection", false);
    }
  };
  timer = setInterval(refresh, 2000);
})();
