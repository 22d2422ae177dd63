'use strict';
// Draws what the server recorded. Everything is set as text: nothing that anybody sent becomes part of the page.
(() => {
  const lanes = ['Browser', 'Client', 'Server', 'Authority', 'Brokerage'];
  const lane = name => Math.max(0, lanes.indexOf(name === 'Agent' ? 'Client' : name));
  const list = document.getElementById('calls');
  const steps = document.getElementById('steps');
  const none = document.getElementById('none');
  const drawn = new Map();

  function element(tag, text, className) {
    const made = document.createElement(tag);
    if (text !== undefined && text !== null) made.textContent = text;
    if (className) made.className = className;
    return made;
  }

  const part = (title, value) => {
    const made = element('div');
    made.append(element('h3', title));
    const lines = [];
    for (const [name, header] of Object.entries(value?.headers ?? {})) lines.push(`${name}: ${header}`);
    for (const name of ['query', 'body']) if (value?.[name] !== undefined && value[name] !== null) lines.push(lines.length ? '' : null, typeof value[name] === 'string' ? value[name] : JSON.stringify(value[name], null, 2));
    const text = element('pre', lines.filter(line => line !== null).join('\n') || 'nothing to show');
    text.tabIndex = 0;
    made.append(text);
    return made;
  };

  function tokenPart(token) {
    const made = element('div', null, 'wide');
    made.append(element('h3', `Token: ${token.typ}, made by ${token.issuer}`));
    for (const claims of [token.payload, token.header]) {
      const terms = element('dl', null, 'claims');
      for (const claim of claims) {
        const term = element('dt');
        term.append(element('code', claim.name));
        const value = element('dd');
        value.append(element('code', claim.value));
        if (claim.means) value.append(element('small', claim.means));
        terms.append(term, value);
      }
      made.append(terms);
    }
    made.append(element('p', 'Its signature is cut off: what you see here opens nothing.', 'dim'));
    return made;
  }

  function draw(call) {
    const known = drawn.get(call.id);
    const made = known ?? element('details', null, 'call');
    const [from, to] = [lane(call.from), lane(call.to)];
    const [first, last] = [Math.min(from, to), Math.max(from, to)];
    const summary = element('summary');
    const label = element('div', null, 'label');
    label.append(element('span', call.title || `${call.method} ${call.path}`));
    const facts = element('small');
    if (call.tokens.length) facts.append(element('span', 'token ', 'key'));
    facts.append(`${call.from} → ${call.to} · ${call.method} ${call.path} · `);
    facts.append(call.status ? element('span', String(call.status), call.status >= 400 ? 'bad' : '') : element('span', 'waits'));
    if (call.status) facts.append(` · ${call.milliseconds} ms`);
    label.append(facts);
    const row = element('div', null, 'row');
    row.append(element('div', null, `arrow ${to >= from ? 'right' : 'left'} s${2 * first + 2} e${first === last ? 2 * last + 3 : 2 * last + 2}${call.status ? '' : ' open-still'}`));
    summary.append(label, row);
    const detail = element('div', null, 'detail');
    detail.append(part('Request', call.request), part('Response', call.response), ...call.tokens.map(tokenPart));
    const open = element('div', null, 'open');
    open.append(detail);
    made.replaceChildren(summary, open);
    if (!known) { drawn.set(call.id, made); list.append(made); }
  }

  function tell(story) {
    const anew = JSON.stringify(story);
    if (steps.dataset.shown === anew) return;
    steps.dataset.shown = anew;
    steps.replaceChildren(...story.map(step => {
      const made = element('li', step.text);
      made.dataset.state = step.state;
      if (step.note) made.append(element('small', step.note));
      if (step.link) {
        const link = element('a', step.linkText, 'button');
        link.href = step.link;
        if (step.newTab) { link.target = '_blank'; link.rel = 'noopener'; }
        made.append(link);
      }
      return made;
    }));
  }

  const events = new EventSource('/flow/events');
  events.onmessage = event => {
    const news = JSON.parse(event.data);
    const atEnd = innerHeight + scrollY >= document.body.scrollHeight - 80;
    for (const [id, made] of drawn) if (id < news.first) { made.remove(); drawn.delete(id); }
    news.calls.forEach(draw);
    none.hidden = drawn.size > 0;
    tell(news.story);
    if (atEnd && news.calls.length && scrollY > 0) scrollTo(0, document.body.scrollHeight);
  };
})();
