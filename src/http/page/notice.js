// The code of a login must not stay in the address or the history, where a reload would send it again.
// Where nothing was done with it, it stays: whoever began the login elsewhere has to copy it from there.
if (/[?&](code|state)=/.test(location.search) && !('keepsAddress' in document.body.dataset))
  history.replaceState(null, '', location.pathname);
if ('closes' in document.body.dataset) setTimeout(() => window.close(), 1500);
