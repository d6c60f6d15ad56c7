import { countdown, lifeTone } from './countdown.js';
import { morph } from './morph.js';
import { showPanel, warnPanel, watchPanel } from './panel.js';

const ASK_EVERY_MS = 5000;
/** What came of a button is shown so long. */
const SAID_MS = 15000;
const TYPING_MS = 250;
/** The service says something every few seconds: after this long without a word the stream is dead, whatever it looks like. */
const SILENT_MS = 15000;

// The server's clock counts: one that is wrong here would show tokens as dead or alive that are not.
let aheadMs = 0;
const setClock = (now) => {
  aheadMs = now - Date.now();
  document.getElementById('as-of').textContent = new Date(now).toISOString().slice(11, 19);
};

const tick = (root = document) => {
  const now = Date.now() + aheadMs;
  for (const element of root.querySelectorAll('[data-until]')) {
    const leftMs = Number(element.dataset.until) - now;
    if (element.dataset.life) element.className = lifeTone(leftMs, Number(element.dataset.life));
    if (element instanceof HTMLProgressElement) element.value = Math.max(0, leftMs);
    else if (leftMs <= 0) element.textContent = element.dataset.past;
    else element.textContent = `${element.dataset.lead}${countdown(leftMs)}`;
  }
  for (const element of root.querySelectorAll('[data-since]'))
    element.textContent = `${countdown(now - Number(element.dataset.since))} ago`;
};

const SILENT = 'The service does not answer.';
const stale = document.getElementById('stale');
/** Says that what is shown is old, and why: the verdict of then is taken away, for it would be believed. */
const setStale = (why) => {
  const since = document.getElementById('as-of').textContent;
  const text = `${why} What you see is of ${since} UTC; it is asked again every few seconds.`;
  if (stale.textContent !== text) stale.textContent = text;
  stale.hidden = false;
  document.body.classList.add('stale');
  warnPanel(text);
  setHead({ title: 'No answer', tone: 'bad' });
};
const setFresh = () => {
  stale.hidden = true;
  document.body.classList.remove('stale');
  warnPanel(undefined);
};
const parsed = (markup) => {
  const template = document.createElement('template');
  template.innerHTML = markup;
  tick(template.content);
  return template.content;
};

const setHead = ({ title, tone }) => {
  document.title = `${title} · token-refresher`;
  document.querySelector('link[rel=icon]').setAttribute('href', `/assets/${tone}.svg`);
};

/** Takes the whole of the page. */
const takePage = ({ now, main, ...head }) => {
  setClock(now);
  tick();
  const fresh = document.createElement('main');
  fresh.id = 'main';
  fresh.append(parsed(main));
  morph(document.getElementById('main'), fresh);
  showPanel();
  setHead(head);
  setFresh();
};

/** Takes what has changed; false where the page lacks what that belongs to. */
const takeNews = ({ now, parts, lists, ...head }) => {
  setClock(now);
  tick();
  const waiting = new Map();
  for (const part of parts.map((markup) => parsed(markup).firstElementChild)) {
    const shown = document.getElementById(part.id);
    if (shown) morph(shown, part);
    else waiting.set(part.id, part);
  }
  for (const { id, ids } of lists) {
    const list = document.getElementById(id);
    const lines = ids.map((line) => waiting.get(line) ?? document.getElementById(line));
    if (!list || lines.includes(null)) return false;
    const focused = document.activeElement;
    for (const [i, line] of lines.entries())
      if (list.children[i] !== line) list.insertBefore(line, list.children[i] ?? null);
    while (list.children.length > lines.length) list.lastElementChild.remove();
    if (focused?.isConnected) focused.focus({ preventScroll: true });
  }
  setHead(head);
  setFresh();
  return true;
};

/** What was said is old by now; not while the focus is on it. */
const unsay = () => {
  const said = document.getElementById('said');
  if (said.contains(document.activeElement)) said.addEventListener('focusout', () => said.replaceChildren());
  else said.replaceChildren();
};

let asking;
/** Asks for the page anew, at once or every few seconds where nobody tells of changes. */
const ask = async () => {
  if (document.hidden) return;
  asking?.abort();
  asking = new AbortController();
  const { signal } = asking;
  try {
    const answer = await fetch(location.href, {
      headers: { accept: 'text/html' },
      signal: AbortSignal.any([signal, AbortSignal.timeout(10000)]),
    });
    if (answer.status === 401) return location.reload();
    const page = new DOMParser().parseFromString(await answer.text(), 'text/html');
    if (!answer.ok) return setStale(page.querySelector('main p')?.textContent ?? SILENT);
    takePage({
      now: Number(page.body.dataset.now),
      main: page.getElementById('main').innerHTML,
      title: page.title.split(' · ')[0],
      tone: page
        .querySelector('link[rel=icon]')
        .getAttribute('href')
        .replace(/.*\/|\.svg/g, ''),
    });
  } catch {
    if (!signal.aborted) setStale(SILENT);
  }
};

let stream;
let heardAt = 0;
const hush = () => {
  stream?.close();
  stream = undefined;
};
/** Hears of changes while somebody looks: a browser has few connections to spare, and hidden pages need none. */
const listen = () => {
  hush();
  if (document.hidden) return;
  stream = new EventSource(`/api/events${location.search}`);
  heardAt = performance.now();
  const hear = (event, take) =>
    stream.addEventListener(event, ({ data }) => {
      heardAt = performance.now();
      take(JSON.parse(data));
    });
  hear('page', takePage);
  hear('news', (news) => {
    if (!takeNews(news)) void ask();
  });
  // The answer to whoever asks says why.
  hear('trouble', () => void ask());
  stream.addEventListener('error', () => void ask());
};
const isHeard = () => stream?.readyState === EventSource.OPEN && performance.now() - heardAt < SILENT_MS;

/** Shows what the address says now. */
const show = () => {
  listen();
  return ask();
};

const search = document.getElementById('search');
search.querySelector('button').hidden = true;
let typing;
search.addEventListener('input', () => {
  clearTimeout(typing);
  typing = setTimeout(() => {
    const query = new URLSearchParams([...new FormData(search)].filter(([, value]) => value.trim() !== ''));
    history.replaceState(null, '', query.size === 0 ? '/dashboard' : `/dashboard?${query}`);
    void show();
  }, TYPING_MS);
});

// The unspent secret of a sign-in link, where whoever followed it was signed in already; and the number of what has
// been said, which a bookmark need not keep.
const address = new URL(location.href);
address.hash = '';
address.searchParams.delete('said');
history.replaceState(null, '', address);
setTimeout(unsay, SAID_MS);
watchPanel(show);
showPanel();
setClock(Number(document.body.dataset.now));
setInterval(tick, 1000);
setInterval(() => {
  if (isHeard()) return;
  if (stream?.readyState !== EventSource.CONNECTING) listen();
  void ask();
}, ASK_EVERY_MS);
document.addEventListener('visibilitychange', () => {
  if (document.hidden) return hush();
  listen();
  return ask();
});
listen();
