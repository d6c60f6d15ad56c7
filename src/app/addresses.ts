import type { Config } from '../config/index.ts';

/**
 * What links begin with: those that a person's login or a broker comes by (`publicUrl`), those that whoever is here already
 * follows to the page (`pageUrl`), and those in alerts to it (`alertUrl`). The listener for the outside has no page: in alerts
 * it is whoever set it up that says where the page is, by `PAGE_URL`.
 */
export function addressesOf({
  http,
  publicPort,
  publicUrl,
  pageUrl,
}: Pick<Config, 'http' | 'publicPort' | 'publicUrl' | 'pageUrl'>): {
  readonly publicUrl: string;
  readonly pageUrl: string;
  readonly alertUrl: string;
} {
  const here = `http://localhost:${http.port}`;
  const outside = publicUrl ?? here;
  return {
    publicUrl: outside,
    pageUrl: pageUrl ?? (publicPort === undefined ? outside : here),
    alertUrl: pageUrl ?? outside,
  };
}
