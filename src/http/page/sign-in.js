// A sign-in link carries its secret behind the #: it is posted from here and taken out of the address at once.
const secret = location.hash.slice(1);
const form = document.getElementById('link');
if (secret !== '' && form) {
  history.replaceState(null, '', location.pathname);
  form.elements.namedItem('link').value = secret;
  form.submit();
}
