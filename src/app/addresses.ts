import type { Config } from '../config/index.ts';

/**
 * What links begin with: those that a person's login or a broker comes by, and those to the page. The listener for the
 * outside has no page, and what leads to it would lead nowhere.
 */
export function addressesOf({
  http,
  publicPort,
  publicUrl,
  pageUrl,
}: Pick<Config, 'http' | 'publicPort' | 'publicUrl' | 'pageUrl'>): {
  readonly publicUrl: string;
  readonly pageUrl: string;
} {
  const here = `http://localhost:${http.port}`;
  const outside = publicUrl ?? here;
  return { publicUrl: outside, pageUrl: pageUrl ?? (publicPort === undefined ? outside : here) };
}
