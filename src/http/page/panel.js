/** The details of an account as a dialog. The address says whose are open: it can be sent, and the way back closes it. */
const panel = () => document.getElementById('panel');
const isWanted = () => new URLSearchParams(location.search).has('account');

/** Opens or closes it, as the address says. */
export function showPanel() {
  const dialog = panel();
  if (isWanted() && !dialog.matches(':modal')) {
    // As the page came it stands open for those without scripts, and lets the focus out.
    dialog.close();
    dialog.showModal();
  } else if (!isWanted() && dialog.open) dialog.close();
}

/** Says in the details what the page says above its list, which they hide; `undefined` takes it back. */
export function warnPanel(text) {
  const shown = document.getElementById('panel-stale');
  if (text === undefined || !panel().matches(':modal')) return shown?.remove();
  const warning = shown ?? document.createElement('p');
  warning.id = 'panel-stale';
  warning.className = 'complaint';
  warning.role = 'alert';
  if (warning.textContent !== text) warning.textContent = text;
  if (!shown) panel().querySelector('header').after(warning);
}

/** Takes clicks on names, and whatever closes the dialog. `show` draws what the address says. */
export function watchPanel(show) {
  document.addEventListener('click', (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    const link = event.target.closest('a[data-open]');
    if (link) {
      event.preventDefault();
      history.pushState(null, '', link.href);
      void show();
    } else if (event.target === panel() || event.target.closest('#panel-close')) {
      event.preventDefault();
      panel().close();
    }
  });
  // Escape closes it too.
  panel().addEventListener('close', () => {
    if (!isWanted() || panel().open) return;
    const address = new URL(location.href);
    address.searchParams.delete('account');
    history.pushState(null, '', address);
    void show();
  });
  window.addEventListener('popstate', () => void show());
}
