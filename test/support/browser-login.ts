import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ServiceBench } from './service.ts';

/** An Upstox login whose person logs in by browser. */
export const browsing = {
  broker: 'upstox',
  name: 'UP',
  clientId: 'client-UP',
  clientSecret: 'made-up-secret',
  redirectUri: 'https://app.example/callback',
};

/** Registers the app of `name` for a user, as Upstox would have it. */
export const register = ({ simulator }: Pick<ServiceBench, 'simulator'>, name: string, user: string): void =>
  void simulator.command('upstox', 'register', `client-${name} ${user} ${browsing.redirectUri}`);

/** A browser's way from the service to the broker's page and back: what it is shown at last. */
export async function logIn(bench: ServiceBench, name: string): Promise<Response> {
  const adminToken = (await readFile(join(bench.folder, 'data/admin-token'), 'utf8')).trim();
  const begun = await fetch(`${bench.service.url}/oauth/upstox/${name}`, {
    redirect: 'manual',
    headers: { authorization: `Bearer ${adminToken}` },
  });
  const dialog = await fetch(`${begun.headers.get('location') ?? ''}&auto=1`, { redirect: 'manual' });
  const back = new URL(dialog.headers.get('location') ?? '');
  return fetch(`${bench.service.url}/callback${back.search}`);
}
