import type { Arrival } from '../../src/core/broker.ts';

/**
 * A person with a browser: opens the link, presses the first button of the page, and comes back with
 * what the broker sent to `redirectUri`.
 */
export async function consentOfPerson(link: string, redirectUri: string): Promise<Arrival> {
  const page = await fetch(link, { redirect: 'manual' });
  const back = page.status === 302 ? page : await pressFirstButton(link, await page.text());
  const location = new URL(back.headers.get('location') ?? '', redirectUri);
  if (`${location.origin}${location.pathname}` !== new URL(redirectUri).href) {
    throw new Error(`the browser was sent to ${location.origin}${location.pathname}`);
  }
  const code = location.searchParams.get('code');
  const error = location.searchParams.get('error');
  return { ...(code !== null && { code }), ...(error !== null && { error }) };
}

async function pressFirstButton(link: string, html: string): Promise<Response> {
  const button = /<button\b[^>]*>/.exec(html)?.[0] ?? '';
  const attribute = (name: string): string => new RegExp(`\\b${name}="([^"]*)"`).exec(button)?.[1] ?? '';
  const body = new URLSearchParams({ [attribute('name')]: attribute('value') });
  return fetch(link, { method: 'POST', body, redirect: 'manual' });
}
