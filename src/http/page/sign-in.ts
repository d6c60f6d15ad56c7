import { html, type Html } from './html.ts';
import { htmlDocument } from './layout.ts';

/** The sign-in form. A one-time link brings its secret in the URL's fragment, which never leaves the browser. */
export function signInPage(view: { readonly next: string; readonly complaint: string | undefined }): Html {
  const body = html`<body class="notice">
    <main>
      <h1>token-refresher</h1>
      ${view.complaint === undefined ? undefined : html`<p class="complaint" role="alert">${view.complaint}</p>`}
      <form method="post" action="/sign-in">
        <input type="hidden" name="next" value="${view.next}" />
        <label for="token">Admin token</label>
        <input id="token" name="token" type="password" autocomplete="current-password" required autofocus />
        <button class="button">Sign in</button>
      </form>
      <p class="quiet">
        It is the setting ADMIN_TOKEN or, where that is not set, the text of the file admin-token in
        STATE_DIR.
      </p>
    </main>
    <form id="link" method="post" action="/sign-in" hidden><input type="hidden" name="link" /></form>
  </body>`;
  return htmlDocument(
    'Sign in · token-refresher',
    html`<link rel="icon" href="/assets/good.svg" />
      <script type="module" src="/assets/sign-in.js"></script>`,
    body,
  );
}
