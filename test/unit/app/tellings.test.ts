import { createServer } from 'node:http';
import { once } from 'node:events';
import { afterEach, describe, expect, it } from 'vitest';
import type { Morning } from '../../../src/alerts/morning.ts';
import { makeReleases, type Releases } from '../../../src/app/releases.ts';
import { startTellings } from '../../../src/app/tellings.ts';
import type { Account } from '../../../src/core/account.ts';
import { fakeClock, type FakeClock } from '../../support/clock.ts';
import { until } from '../../support/poll.ts';
import { account } from '../http/support.ts';

/** Monday 30 November 2026, 07:59 in India. */
const BEFORE = Date.UTC(2026, 10, 30, 2, 29);
const nothing = (): void => undefined;
const log = { debug: nothing, info: nothing, warn: nothing, error: nothing };
const missing = { valid: false, state: 'expired', reason: 'observed_missing' } as const;

const configured = (name: string): Account => ({
  name,
  broker: 'alpha',
  environment: 'live',
  username: name,
  enabled: true,
  subAccounts: [],
  ttlSeconds: undefined,
  discoverAccounts: false,
  hours: undefined,
  verify: false,
  identity: `alpha/${name}`,
  credentials: [],
  key: undefined,
  connection: {},
});

let releases: Releases;
afterEach(() => releases.run());

function tell(heartbeatUrl?: string): { readonly clock: FakeClock; readonly said: Omit<Morning, 'sent'>[] } {
  const clock = fakeClock(BEFORE);
  const said: Omit<Morning, 'sent'>[] = [];
  releases = makeReleases(log);
  startTellings(
    {
      config: { heartbeatUrl, alertTimes: { morning: '08:00', zone: 'Asia/Kolkata' } },
      desk: {
        accounts: async () => [
          account('one'),
          account('seen', missing),
          account('far', { ...missing, broker: 'far' }),
        ],
      },
      accounts: { observed: () => [configured('seen'), configured('far')] },
      configured: () => [configured('one')],
      isHoliday: () => false,
      alerts: { greet: async (morning) => void said.push(morning) },
      reasons: async () => [],
      alertUrl: 'https://tokens.example',
      clock,
      log,
    },
    releases,
  );
  return { clock, said };
}

describe('what is said while all is well', () => {
  it('in the morning counts no account that somebody else serves', async () => {
    const { clock, said } = tell();
    await clock.advance(2 * 60_000);
    expect(said.map(({ brokers }) => brokers)).toEqual([
      [{ broker: 'alpha', ready: 1, total: 1, lacks: [] }],
    ]);
  });

  it('by the heartbeat goes on though somebody else serves no token', async () => {
    let beats = 0;
    const server = createServer((_, response) => {
      beats += 1;
      response.end();
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    tell(`http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}/`);
    await until(() => beats > 0, { what: 'a beat' });
    await releases.run();
    server.close();
  });
});
