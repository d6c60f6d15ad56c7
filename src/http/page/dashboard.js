import { countdown } from './countdown.js';

const REFRESH_MS = 5000;

// The server's clock counts: one that is wrong here would show tokens as dead or alive that are not.
let aheadMs = 0;
const setClock = (page) => {
  aheadMs = Number(page.body.dataset.now) - Date.now();
};

const tick = () => {
  const now = Date.now() + aheadMs;
  for (const element of document.querySelectorAll('[data-until]')) {
    const leftMs = Number(element.dataset.until) - now;
    if (element instanceof HTMLProgressElement) element.value = Math.max(0, leftMs);
    else if (leftMs <= 0) element.textContent = element.dataset.past;
    else element.textContent = `${element.dataset.lead}${countdown(leftMs)}`;
  }
};

// Only parts that the server words differently are replaced, so that a screen reader hears news and nothing else.
const served = new Map();
const take = (page) => {
  const focused = document.activeElement?.id;
  for (const fresh of page.querySelectorAll('[data-part]')) {
    const shown = document.querySelector(`[data-part="${fresh.dataset.part}"]`);
    if (shown && served.get(fresh.dataset.part) !== fresh.innerHTML) {
      served.set(fresh.dataset.part, fresh.innerHTML);
      shown.replaceChildren(...fresh.childNodes);
    }
  }
  document.title = page.title;
  document.querySelector('link[rel=icon]').href = page.querySelector('link[rel=icon]').getAttribute('href');
  if (focused) document.getElementById(focused)?.focus();
  setClock(page);
  tick();
};

const stale = document.getElementById('stale');
let loading = false;

const refresh = async () => {
  if (document.hidden || loading) return;
  loading = true;
  try {
    const answer = await fetch('/dashboard', {
      headers: { accept: 'text/html' },
      signal: AbortSignal.timeout(10000),
    });
    if (answer.status === 401) return location.reload();
    if (!answer.ok) throw new Error(`status ${answer.status}`);
    take(new DOMParser().parseFromString(await answer.text(), 'text/html'));
    stale.hidden = true;
  } catch {
    stale.hidden = false;
  } finally {
    loading = false;
  }
};

// The unspent secret of a sign-in link, where whoever followed it was signed in already.
if (location.hash !== '') history.replaceState(null, '', location.pathname);
for (const part of document.querySelectorAll('[data-part]')) served.set(part.dataset.part, part.innerHTML);
setClock(document);
setInterval(tick, 1000);
setInterval(refresh, REFRESH_MS);
document.addEventListener('visibilitychange', refresh);
