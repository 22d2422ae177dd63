'use strict';
// Keeps an open page as it would be after a reload. What is shown comes from the server's own pages; nothing here decides anything.
(() => {
  const byScript = { headers: { 'X-By-Script': '1' }, credentials: 'same-origin', cache: 'no-store', redirect: 'error' };

  // Time left, counted by this browser from what the server said: the clocks may differ.
  let counts = [];
  const countAnew = () => {
    const now = performance.now();
    counts = [...document.querySelectorAll('[data-left]')].map(element => ({ element, ends: now + 1000 * Number(element.dataset.left) }));
  };
  const words = seconds => seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
  setInterval(() => {
    for (const { element, ends } of counts) element.textContent = words(Math.max(0, Math.floor((ends - performance.now()) / 1000)));
  }, 500);
  countAnew();

  let refreshing = false;
  let again = false;
  async function refresh() {
    if (refreshing) { again = true; return; }
    refreshing = true;
    try {
      const answer = await fetch(location.pathname, byScript);
      if (answer.ok) {
        const page = new DOMParser().parseFromString(await answer.text(), 'text/html');
        const fresh = page.getElementById('live');
        if (fresh) {
          // What has just moved cannot be pressed for a moment: the finger may be on its way to what was there before.
          fresh.classList.add('settling');
          setTimeout(() => fresh.classList.remove('settling'), 800);
          document.getElementById('live').replaceWith(document.adoptNode(fresh));
          document.title = page.title;
          countAnew();
        }
      }
    } catch {
      // The next event, or a reload, brings it.
    } finally {
      refreshing = false;
      if (again) { again = false; refresh(); }
    }
  }

  function hear(standing) {
    const live = document.getElementById('live');
    if (!live) return;
    if (live.dataset.approval) {
      const known = standing.approvals.find(approval => approval.id === live.dataset.approval);
      if (known && known.version !== live.dataset.version) refresh();
      tellOfOthers(standing.pending.filter(waiting => waiting.id !== live.dataset.approval));
    } else if (standing.approvals.map(approval => `${approval.id}:${approval.version}`).join(' ') !== live.dataset.list) refresh();
  }

  function tellOfOthers(others) {
    const news = document.getElementById('news');
    if (!news) return;
    news.hidden = others.length === 0;
    news.replaceChildren();
    if (others.length === 0) return;
    const link = document.createElement('a');
    link.href = others[0].path;
    link.textContent = others[0].title;
    news.append(others.length === 1 ? 'Another request waits for you: ' : `${others.length} other requests wait for you, the latest: `, link);
  }

  function say(text) {
    const news = document.getElementById('news');
    if (news) { news.hidden = false; news.textContent = text; }
  }

  let events;
  function listen() {
    events = new EventSource('/approvals/events');
    events.onmessage = event => hear(JSON.parse(event.data));
    // It does not sign in by itself: nobody may be there.
    events.addEventListener('signed-out', () => { events.close(); say('You are signed out here. Reload this page to sign in again.'); });
    // A lost connection comes back by itself; one that was refused does not.
    events.onerror = () => { if (events.readyState === EventSource.CLOSED) setTimeout(listen, 60000); };
  }

  if (window.EventSource) listen();
  // Pressing a button leaves the page: no half of it may change meanwhile.
  addEventListener('submit', () => { refreshing = true; });
  addEventListener('pagehide', () => events?.close());
  addEventListener('pageshow', event => { if (event.persisted) location.reload(); });
})();
