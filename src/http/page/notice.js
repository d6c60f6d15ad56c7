// The code of a login must not stay in the address or the history, where a reload would send it again.
if (/[?&](code|state)=/.test(location.search)) history.replaceState(null, '', location.pathname);
if ('closes' in document.body.dataset) setTimeout(() => window.close(), 1500);
