import { systemClock } from '../../src/core/clock.ts';
import type { AccountStatus } from '../../src/core/status.ts';
import type { Desk } from '../../src/http/desk.ts';
import { startHttp, type HttpServer } from '../../src/http/server.ts';
import type { Page } from 'playwright-core';
import { fakeDesk, fakeLog, fakeMetrics } from '../unit/http/support.ts';

export const ADMIN_TOKEN = 'made-up-admin-token';

/** The pages over a made-up service: every state there is, and none that changes by itself. */
export function serveDesk(
  accounts: readonly AccountStatus[],
  changes: Partial<Desk> = {},
): Promise<HttpServer> {
  return startHttp({
    desk: fakeDesk(accounts, changes),
    metrics: fakeMetrics,
    host: '127.0.0.1',
    port: 0,
    publicUrl: 'http://localhost:8000',
    pageUrl: 'http://localhost:8000',
    adminToken: ADMIN_TOKEN,
    log: fakeLog(),
    clock: systemClock,
    version: '0.1.0',
    settings: [
      { name: 'STATE_DIR', value: '/var/lib/token-refresher' },
      { name: 'ADMIN_TOKEN', value: 'set' },
      { name: 'EGRESS_ID', value: 'default' },
    ],
    titleOf: (broker) => broker.charAt(0).toUpperCase() + broker.slice(1),
  });
}

/** Signs in by the form, as a person does, and waits for the page. */
export async function signIn(page: Page, url: string): Promise<void> {
  await page.goto(`${url}/dashboard`);
  await page.getByLabel('Admin token').fill(ADMIN_TOKEN);
  await page.keyboard.press('Enter');
  await page.getByRole('button', { name: 'Sign out' }).waitFor();
}
