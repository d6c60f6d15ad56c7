/**
 * Makes `shown` what `fresh` is, and leaves alone whatever is so already: the focus, what somebody types, what is
 * folded out, and what a screen reader has read stay. Children with an id are told apart by it. What carries
 * `data-keep` is the page's own.
 */
export function morph(shown, fresh) {
  if (shown.isEqualNode(fresh)) return;
  if (shown.nodeType !== fresh.nodeType || shown.nodeName !== fresh.nodeName) {
    shown.replaceWith(fresh);
  } else if (!(shown instanceof Element)) {
    shown.nodeValue = fresh.nodeValue;
  } else if (!shown.hasAttribute('data-keep')) {
    takeAttributes(shown, fresh);
    takeChildren(shown, fresh);
  }
}

function takeAttributes(shown, fresh) {
  for (const { name, value } of fresh.attributes)
    if (name !== 'open' && shown.getAttribute(name) !== value) shown.setAttribute(name, value);
  // Whether it is folded out is up to whoever reads it.
  for (const { name } of [...shown.attributes])
    if (!fresh.hasAttribute(name) && name !== 'open') shown.removeAttribute(name);
}

function takeChildren(shown, fresh) {
  const known = new Map([...shown.children].filter(({ id }) => id !== '').map((child) => [child.id, child]));
  const wanted = new Set([...fresh.children].map(({ id }) => id));
  let at = shown.firstChild;
  for (const child of [...fresh.childNodes]) {
    // Those that are on their way out must not be made into something else.
    while (at?.id && !wanted.has(at.id)) {
      const gone = at;
      at = at.nextSibling;
      gone.remove();
    }
    const same = child.id
      ? known.get(child.id)
      : at && !at.id && at.nodeName === child.nodeName
        ? at
        : undefined;
    if (!same) shown.insertBefore(child, at);
    else {
      if (same === at) at = at.nextSibling;
      else shown.insertBefore(same, at);
      morph(same, child);
    }
  }
  while (at) {
    const gone = at;
    at = at.nextSibling;
    gone.remove();
  }
}
