import type { CallOptions, WithToken } from './calls.ts';

/** The part of `fetch` that is used; an HTTP client of one's own fits as well. */
export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

/** A call to the broker of a name: a path is put behind the broker's base URL, the token's headers are added. */
export interface FetchWithToken {
  (name: string, path: string, init?: RequestInit, options?: CallOptions): Promise<Response>;
}

/**
 * `fetch` with the token of a name. An answer of 401 is reported and the call made again with the newer token;
 * the body has to be one that can be sent twice, so a stream is refused at once.
 */
export function makeFetch(withToken: WithToken, send: Fetch): FetchWithToken {
  return (name, path, init = {}, options = {}) => {
    if (init.body instanceof ReadableStream) {
      return Promise.reject(
        new TypeError('A stream cannot be sent a second time: give the body as text or bytes.'),
      );
    }
    const { signal } = init;
    return withToken(
      name,
      (token) => {
        const headers = new Headers(token.headers);
        // What the caller says of the call itself (a version, a content type) goes first.
        new Headers(init.headers).forEach((value, header) => headers.set(header, value));
        return send(/^https?:/.test(path) ? path : `${token.baseUrl}${path}`, { ...init, headers });
      },
      { ...(signal && { signal }), ...options },
    );
  };
}
