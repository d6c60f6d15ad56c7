import { describe, expect, it } from 'vitest';
import { loginOnce, type LoginOutcome } from '../../../src/app/login-once.ts';
import type { Account } from '../../../src/core/account.ts';
import type { Arrival, Connection } from '../../../src/core/broker.ts';
import { BrokerError } from '../../../src/core/errors.ts';
import type { Session, Source } from '../../../src/core/session.ts';
import type { Tended } from '../../../src/tending/parts.ts';

const START = Date.UTC(2026, 10, 21, 12);

const account = (connection: Connection): Account => ({
  name: 'USER_A',
  broker: 'alpha',
  environment: 'demo',
  username: 'USER_A',
  enabled: true,
  subAccounts: [],
  ttlSeconds: undefined,
  discoverAccounts: false,
  hours: undefined,
  verify: false,
  identity: 'alpha/demo/USER_A',
  credentials: [],
  key: undefined,
  connection,
});
const never = (): never => {
  throw new Error('the keeper makes the calls');
};
const byPassword: Connection = { signIn: never };
const byPerson: Connection = {
  consent: { url: never, redirectUri: 'x', receive: never, askAt: never, deadline: never },
};
/** The broker asks the person, too. */
const byPhone: Connection = {
  consent: { url: never, redirectUri: 'x', receive: never, askAt: never, deadline: never, request: never },
};
const asked: Tended = { outcome: 'asked', until: START + 1 };

const sessionOf = (source: Source, owner?: string): Session => ({
  generation: 1,
  grant: {
    token: 'x',
    headers: {},
    issuedAt: START,
    expiresAt: START + 4_800_000,
    tokenType: 'Bearer',
    baseUrl: 'x',
    ...(owner !== undefined && { owner }),
  },
  source,
  identity: 'x',
  renewAt: START,
  renewalSpent: false,
});
const committed = (source: Source = 'sign-in', owner?: string): Tended => ({
  outcome: 'committed',
  session: sessionOf(source, owner),
});
const refused = (again: boolean): Tended => ({
  outcome: 'failed',
  error: new BrokerError('Refused.', { kind: 'refused', code: 'bad_credentials' }),
  again,
});
const rested = (state: 'stopped' | 'fresh' | 'expired', because: string, nextAt?: number): Tended => ({
  outcome: 'rested',
  decision: { do: 'rest', state, because, nextAt },
});
const held: Tended = { outcome: 'held' };
const pending: Tended = { outcome: 'pending' };

/** What the keeper says, look by look; `!` in front of a look: it sent a call to the broker. */
interface Played {
  readonly outcome: LoginOutcome;
  /** `ask`, `tend` and `receive`, as they came. */
  readonly steps: readonly string[];
  readonly tookMs: number;
  /** What the person was told of being asked by phone. */
  readonly rung: string | undefined;
}

async function play(
  connection: Connection,
  looks: readonly { readonly tended: Tended; readonly sends?: boolean }[],
  arrival: Arrival | 'nobody' | undefined = { code: 'made-up' },
): Promise<Played> {
  const steps: string[] = [];
  let rung: string | undefined;
  let presents = 0;
  const approved = arrival === 'nobody' ? sessionOf('consent', 'AB0001') : undefined;
  let now = START;
  let sent = 0;
  let looked = 0;
  const look = (step: string) => (): Promise<Tended> => {
    steps.push(step);
    const next = looks[Math.min(looked, looks.length - 1)];
    looked += 1;
    if (!next) throw new Error('no look was planned');
    if (next.sends === true) sent += 1;
    return Promise.resolve(next.tended);
  };
  const outcome = await loginOnce({
    account: account(connection),
    keeper: { tend: look('tend'), receive: look('receive') },
    ask: async () => void steps.push('ask'),
    arrival: (_, { rung: said }) => {
      rung = said;
      return arrival === 'nobody' ? new Promise(() => undefined) : Promise.resolve(arrival);
    },
    present: () => {
      presents += 1;
      return Promise.resolve(presents > 3 ? approved : undefined);
    },
    sent: () => sent,
    clock: {
      now: () => now,
      async sleep(ms) {
        now += ms;
      },
    },
  });
  return { outcome, steps, tookMs: now - START, rung };
}

describe('a login by a person', () => {
  it('says whose account it is from now on', async () => {
    const { outcome, steps } = await play(byPerson, [{ tended: committed('consent', 'AB0001') }]);
    expect(steps).toEqual(['receive']);
    expect(outcome.message).toContain('It belongs to the user AB0001; other users are refused from now on.');
  });

  it('asks them by phone where the broker does that, once, and takes what a running service has got', async () => {
    const { outcome, steps, rung } = await play(
      byPhone,
      [{ tended: held }, { tended: asked, sends: true }],
      'nobody',
    );
    expect(steps).toEqual(['ask', 'tend', 'tend']);
    expect(rung).toMatch(/was asked through the broker: approve it/);
    expect(outcome).toMatchObject({ outcome: 'signed-in', expiresAt: START + 4_800_000 });
    expect(outcome.message).toContain('AB0001');
  });

  it.each([
    [refused(false), /Nobody could be asked by phone: Refused\./],
    [rested('expired', 'asked'), /was asked before, and may still approve/],
    [rested('expired', 'awaiting_approval'), /Nobody was asked by phone now/],
  ])('goes on by the link where nobody was asked, and says why', async (tended, said) => {
    const { outcome, steps, rung } = await play(byPhone, [
      { tended },
      { tended: committed('consent', 'AB0001') },
    ]);
    expect(rung).toMatch(said);
    expect(steps).toEqual(['ask', 'tend', 'receive']);
    expect(outcome.outcome).toBe('signed-in');
  });
});

describe('the same token as before', () => {
  it.each([byPassword, byPerson])('is said, and only then', async (connection) => {
    const looks = (same: boolean) => [{ tended: { ...committed(), same } as const, sends: true }];
    expect((await play(connection, looks(true))).outcome.message).toMatch(
      / min\. .* the same token as before\.$/,
    );
    expect((await play(connection, looks(false))).outcome.message).not.toContain('same token');
  });
});

describe('one login', () => {
  it('proves a token that is due for it first, and is then made', async () => {
    const looks = [
      { tended: { outcome: 'confirmed' } as const, sends: true },
      { tended: committed(), sends: true },
    ];
    const { outcome, steps } = await play(byPassword, looks);
    expect(steps).toEqual(['ask', 'tend', 'ask', 'tend']);
    expect(outcome.outcome).toBe('signed-in');
  });

  it('is asked for, made, and told with the life of its token', async () => {
    const { outcome, steps } = await play(byPassword, [{ tended: committed(), sends: true }]);
    expect(steps).toEqual(['ask', 'tend']);
    expect(outcome).toEqual({
      outcome: 'signed-in',
      message: 'USER_A is logged in; its token is good until Sat 21 Nov 13:20 UTC, for 80 min.',
      expiresAt: START + 4_800_000,
    });
  });

  it('is not tried again after a refusal, whatever would come next', async () => {
    const { outcome, steps } = await play(byPassword, [{ tended: refused(true), sends: true }]);
    expect(steps).toEqual(['ask', 'tend']);
    expect(outcome).toEqual({
      outcome: 'failed',
      code: 'bad_credentials',
      message: 'Refused. Say it again for the next way in.',
    });
  });

  it('goes on where an attempt was closed that somebody else had left open', async () => {
    const { outcome, steps } = await play(byPassword, [
      { tended: refused(true) },
      { tended: committed(), sends: true },
    ]);
    expect(steps).toEqual(['ask', 'tend', 'tend']);
    expect(outcome.outcome).toBe('signed-in');
  });

  it('is still made where a token was found and taken over', async () => {
    const { outcome, steps } = await play(byPassword, [
      { tended: committed('adopted') },
      { tended: committed(), sends: true },
    ]);
    expect(steps).toEqual(['ask', 'tend', 'ask', 'tend']);
    expect(outcome.outcome).toBe('signed-in');
  });

  it('waits for the lease of a running service', async () => {
    const { outcome, tookMs } = await play(byPassword, [
      { tended: held },
      { tended: held },
      { tended: committed(), sends: true },
    ]);
    expect(outcome.outcome).toBe('signed-in');
    expect(tookMs).toBe(500);
  });

  it('does not wait for it for ever', async () => {
    const { outcome, tookMs } = await play(byPassword, [{ tended: held }]);
    expect(outcome).toMatchObject({ outcome: 'failed', code: 'held' });
    expect(tookMs).toBe(60_000);
  });

  it('waits for the proof of its token', async () => {
    const { outcome, steps, tookMs } = await play(byPassword, [
      { tended: pending, sends: true },
      { tended: rested('expired', 'proof_pending', START + 1_750) },
      { tended: committed(), sends: true },
    ]);
    expect(steps).toEqual(['ask', 'tend', 'tend', 'tend']);
    expect(outcome.outcome).toBe('signed-in');
    expect(tookMs).toBe(1_750);
  });

  it.each<readonly [string, Tended, string, string]>([
    [
      'a stopped account',
      rested('stopped', 'bad_credentials'),
      'bad_credentials',
      'USER_A is stopped (bad_credentials), and nothing was sent: mend its credentials, or run "token-refresher refresh USER_A --force" beside the running service.',
    ],
    [
      'a silence',
      rested('expired', 'broker_silence', START + 3_600_000),
      'broker_silence',
      'Nothing was sent: USER_A has to wait until Sat 21 Nov 13:00 UTC (broker_silence).',
    ],
    [
      'a service that was faster',
      rested('fresh', 'fresh', START),
      'served',
      'A running service has just refreshed USER_A, and nothing was sent from here.',
    ],
    [
      'the ramp',
      { outcome: 'ramped' },
      'ramped',
      'Other first logins at this broker are under way: try again in a minute.',
    ],
    [
      'a lease that was lost',
      { outcome: 'lost' },
      'lost',
      'A running service is looking after USER_A: try again in a minute.',
    ],
  ])('says what is in its way: %s', async (_what, tended, code, message) => {
    expect((await play(byPassword, [{ tended }])).outcome).toEqual({ outcome: 'failed', code, message });
  });
});

describe('one login of a person', () => {
  it('is the exchange of what their browser brought back', async () => {
    const { outcome, steps } = await play(byPerson, [{ tended: committed('consent'), sends: true }]);
    expect(steps).toEqual(['receive']);
    expect(outcome.outcome).toBe('signed-in');
  });

  it('is received again while somebody else holds the account: the code was not sent', async () => {
    const { steps } = await play(byPerson, [{ tended: held }, { tended: committed('consent'), sends: true }]);
    expect(steps).toEqual(['receive', 'receive']);
  });

  it('is received once: the proof is made by a look', async () => {
    const { steps } = await play(byPerson, [
      { tended: pending, sends: true },
      { tended: held },
      { tended: committed('consent'), sends: true },
    ]);
    expect(steps).toEqual(['receive', 'tend', 'tend']);
  });

  it('is not made where nobody comes back', async () => {
    const outcome = await loginOnce({
      account: account(byPerson),
      keeper: { tend: never, receive: never },
      ask: never,
      arrival: () => Promise.resolve(undefined),
      present: () => Promise.resolve(undefined),
      sent: () => 0,
      clock: { now: () => START, sleep: never },
    });
    expect(outcome).toMatchObject({ outcome: 'failed', code: 'nobody_came' });
  });
});
