'use strict';
// Streams answers, and keeps an open page as it would be after a reload. What others wrote is set as text only; nothing here decides anything.
(() => {
  const byScript = { headers: { 'X-By-Script': '1' }, credentials: 'same-origin', cache: 'no-store', redirect: 'error' };
  const log = () => document.getElementById('log');
  const composer = document.getElementById('composer');
  const answer = document.getElementById('answer');
  const step = document.getElementById('step');
  let running = false;
  let waiting = false; // a message was sent off while an answer came: it goes out after that

  // Enter sends, Shift+Enter makes a new line.
  for (const text of document.querySelectorAll('.composer textarea')) {
    text.addEventListener('keydown', event => {
      if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      if (text.value.trim()) text.form.requestSubmit();
    });
  }

  const atEnd = () => innerHeight + scrollY >= document.body.scrollHeight - 120;
  const toEnd = () => composer && scrollTo({ top: document.body.scrollHeight });

  function show(element, text) {
    if (!element) return;
    element.hidden = text === null;
    const place = element.querySelector('p') ?? element;
    if (text !== null) place.textContent = text;
  }

  // The log as the server renders it now takes the place of the one that is shown; what streamed in meanwhile gives way in the same moment.
  async function refresh(instead) {
    const old = log();
    if (!old) return;
    const response = await fetch(location.pathname, byScript);
    if (response.status === 401) { say('You are signed out here. Reload this page to sign in again.'); throw new Error('signed out'); }
    if (!response.ok) return;
    const fresh = new DOMParser().parseFromString(await response.text(), 'text/html').getElementById('log');
    if (!fresh) return;
    const follow = atEnd();
    const open = new Set([...old.querySelectorAll('details[open]')].map(details => details.dataset.keep));
    const adopted = document.adoptNode(fresh);
    for (const details of adopted.querySelectorAll('details')) details.open = open.has(details.dataset.keep);
    instead?.();
    // What did not change is left alone: somebody may be about to press something there.
    if (adopted.innerHTML === old.innerHTML) {
      for (const name of ['busy', 'live', 'resume']) if (adopted.dataset[name]) old.dataset[name] = adopted.dataset[name]; else delete old.dataset[name];
    } else old.replaceWith(adopted);
    if (follow) toEnd();
  }

  function say(text) {
    let place = document.getElementById('news');
    if (!place) {
      place = document.createElement('p');
      place.id = 'news';
      place.className = 'notice';
      place.setAttribute('role', 'alert');
      (composer ?? log()).before(place);
    }
    place.textContent = text;
  }

  async function* events(response) {
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    let text = '';
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      text += value;
      for (let end; (end = text.indexOf('\n\n')) >= 0; text = text.slice(end + 2)) {
        const [name, data] = text.slice(0, end).split('\n');
        yield { name: name.slice('event: '.length), text: JSON.parse(data.slice('data: '.length)) };
      }
    }
  }

  // One turn at a time on this page; another tab's is answered with 409.
  async function turn(path, quiet) {
    if (running || !composer) return false;
    running = true;
    const button = composer.querySelector('button');
    const box = composer.elements.message;
    const says = path.endsWith('/messages');
    button.disabled = !quiet;
    let sent = false;
    const body = new URLSearchParams(new FormData(composer));
    const text = box.value;
    if (says) box.value = ''; // what is written from here on is another message
    try {
      const response = await fetch(path, { ...byScript, method: 'POST', body, headers: { ...byScript.headers, Accept: 'text/event-stream' } });
      if (response.status === 401) { say('You are signed out here. Reload this page to sign in again.'); return false; }
      if (!response.ok || !response.headers.get('Content-Type')?.startsWith('text/event-stream')) {
        if (!quiet) {
          const page = new DOMParser().parseFromString(await response.text(), 'text/html');
          say([...page.querySelectorAll('main h1, main p')].map(part => part.textContent).join('. ') || 'This did not work. Reload the page and try again.');
        }
        await refresh();
        return false;
      }
      sent = true;
      if (says) { document.getElementById('news')?.remove(); await refresh(); }
      let said = '';
      for await (const event of events(response)) {
        if (event.name === 'text') { said += event.text; show(answer, said); show(step, null); if (atEnd()) toEnd(); }
        else if (event.name === 'step') show(step, event.text);
        else if (event.name === 'changed') { await refresh(() => { said = ''; show(answer, null); show(step, null); }); }
      }
      return true;
    } catch {
      if (!quiet) say('The connection broke off. What you asked goes on; the page shows it when it is there.');
      return false;
    } finally {
      running = false;
      button.disabled = false;
      if (says && !sent && !box.value) box.value = text;
      refresh(() => { show(answer, null); show(step, null); }).catch(() => {}).finally(() => {
        if (!waiting) return;
        waiting = false;
        if (box.value.trim()) send();
      });
    }
  }

  function send() {
    if (running) waiting = true;
    else turn(composer.action.replace(location.origin, ''), false);
  }

  composer?.addEventListener('submit', event => {
    event.preventDefault();
    send();
  });
  document.addEventListener('submit', event => {
    if (!event.target.classList.contains('again')) return;
    event.preventDefault();
    turn(new URL(event.target.action).pathname, false);
  });

  // While something is awaited, the page looks again; a call that a card interrupted is tried again.
  let busy = false;
  async function tick() {
    const now = log();
    if (!now || running || busy || document.hidden) return;
    busy = true;
    try {
      if (now.dataset.resume === 'now' && !now.dataset.busy) await turn(`${location.pathname}/resume`, false);
      else if (now.dataset.resume === 'watch' && !now.dataset.busy) await turn(`${location.pathname}/resume`, true);
      else if (now.dataset.live || now.dataset.busy) await refresh();
    } catch {
      // The next tick, or a reload, brings it.
    } finally {
      busy = false;
    }
  }
  if (log()) {
    setInterval(tick, 2000);
    document.addEventListener('visibilitychange', tick);
    tick();
    toEnd();
  }
  addEventListener('pageshow', event => { if (event.persisted) location.reload(); });
})();
