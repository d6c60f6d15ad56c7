import { afterEach, describe, expect, test } from 'vitest';
import { operationOf, rows, type Row } from '../../support/rows/ig.ts';
import { v3 } from '../../support/rows/ig-row.ts';
import {
  comesLater,
  expectWell,
  keepsQuiet,
  operations,
  paces,
  signsInAtOnce,
  stops,
  triesAgain,
  type Next,
} from './next.ts';
import { fetchesAnother, heedsList, listsLater, provesLater, worksOn } from './next-proof.ts';
import { HOUR_MS, MINUTE_MS, openScene, SECOND_MS, type Scene } from './scene.ts';

const isPair = ({ entry }: Row): boolean => entry.session === 'v2';
/** An access token's life, or that of a pair of headers. */
const lifeOf = (row: Row): number => (isPair(row) ? 6 * HOUR_MS : MINUTE_MS);
/** A renewal has a quarter of what is left of 60 s after 34 to 36 s. */
const BACKOFF_MS = [2 * SECOND_MS, 7 * SECOND_MS] as const;
/** Five failed logins in a quarter of an hour. */
const LEDGER_PACE_MS = 3 * MINUTE_MS;
const QUOTA_PAUSE_MS = 10 * SECOND_MS;
const SICK_MS = 3 * MINUTE_MS;

/** The same network, and the same API key. */
const neighbour = { ...v3, username: 'desk_next' };

const seen = new Set<string>();
/** A day for the first row of each code, three hours for the others. */
function hoursFor(code: string): number {
  const isFirst = !seen.has(code);
  seen.add(code);
  return isFirst ? 24 : 3;
}

const outcomeOf = ({ expect: end }: Row): string =>
  typeof end === 'string' ? end : `${end.kind} ${end.code}`;

/** Maintenance ends all tokens besides what it answers. */
const inMaintenance: Readonly<Record<string, Next>> = {
  'maintenanceAnswer page, proof': fetchesAnother(['session', 'session', 'login', 'session'], undefined),
  'maintenanceAnswer errors, renewal': {
    says: 'a login at once, and again after 2 to 7 s while they fail; a token as soon as one works',
    async check(scene, { line }) {
      const { world, name } = scene;
      await world.runFor(20 * SECOND_MS);
      const logins = scene.sent('login').map(({ call }) => call.startedAt - line.at);
      expect(logins[0]).toBeLessThan(SECOND_MS);
      for (const [i, at] of logins.slice(1).entries()) {
        expect(at - (logins[i] ?? 0)).toBeGreaterThanOrEqual(BACKOFF_MS[0]);
        expect(at - (logins[i] ?? 0)).toBeLessThan(BACKOFF_MS[1]);
      }
      scene.heal();
      await world.runUntil('a token', () => world.state(name)['state'] === 'fresh', BACKOFF_MS[1]);
      expect(scene.gaps()).toEqual([]);
      expectWell(scene);
    },
  },
};

function nextOf(row: Row): Next {
  const maintained = inMaintenance[row.name];
  if (maintained) return maintained;
  if (row.during === 'proof') return afterProof(row);
  if (typeof row.expect === 'string') return worksAsRowSays(row);
  const { kind, code, scope } = row.expect;
  if (row.during === 'discovery') {
    if (kind !== 'throttled' && kind !== 'needs-human') {
      return listsLater('accounts', lifeOf(row), row.stalls === true ? 'later, tried once' : 'later');
    }
    const silenceMs = kind === 'throttled' ? 10 * SECOND_MS : 0;
    return heedsList('accounts', lifeOf(row), { code, silenceMs, isSaid: kind === 'needs-human' });
  }
  const isRenewal = row.during === 'renewal';
  const [first = ''] = row.calls;
  switch (kind) {
    case 'needs-human':
      return stops(code, row.calls, hoursFor(code));
    case 'throttled':
      return keepsQuiet({ code, scope, retryAfterMs: QUOTA_PAUSE_MS, neighbour, then: [first] });
    case 'refused':
      return isRenewal ? signsInAtOnce('login', MINUTE_MS, SICK_MS) : stops(code, row.calls, hoursFor(code));
    case 'outcome-unknown':
      return isRenewal ? signsInAtOnce('login', MINUTE_MS, SICK_MS) : paces(code, 'login', LEDGER_PACE_MS);
    case 'transient':
      return isRenewal ? comesLater(code, ['refresh-token', 'login'], BACKOFF_MS) : triesAgain(code, first);
  }
}

/** A new token is in hand, and its proof is answered so. */
function afterProof(row: Row): Next {
  if (row.expect === 'alive' || row.expect === 'works') return worksAsRowSays(row);
  if (typeof row.expect === 'string') {
    const again = ['session', 'login', 'session'];
    return fetchesAnother(again, isPair(row) ? 'dead_on_arrival' : undefined);
  }
  const { kind, code } = row.expect;
  if (kind === 'throttled') return provesLater('session', QUOTA_PAUSE_MS, `${code} warning`);
  return kind === 'needs-human'
    ? stops(code, row.calls, hoursFor(code))
    : provesLater('session', 2 * SECOND_MS);
}

/** The step goes well, at its price; where somebody has spent a quota, only the step is looked at. */
function worksAsRowSays(row: Row): Next {
  const isQuota = /Quota|authCounts/.test(row.name);
  // An answer that was only put into IG's mouth moves no session: the next proof would find it elsewhere.
  const isHearsay = row.name.includes('accountId-must-be-different');
  const on = worksOn(isHearsay ? 0 : 3, isPair(row) ? 6 * HOUR_MS : 2 * MINUTE_MS);
  return {
    says: `${row.calls.join(', ')}; ${on.says}`,
    async check(scene, signal) {
      const sent = operations(scene.sent()).slice(0, row.calls.length);
      expect(sent).toEqual(row.calls);
      if (isQuota) scene.heal();
      await on.check(scene, signal);
    },
  };
}

/** Lets the signal come: at a first login, at a renewal that falls due, or beside a new token. */
async function play(scene: Scene, row: Row): Promise<void> {
  const { stage, world, name } = scene;
  const arrange = (): void | Promise<void> => row.arrange(stage);
  if (row.during === 'sign-in') {
    await scene.arrange(arrange);
    return scene.enable();
  }
  if (row.during === 'discovery') {
    await scene.enable();
    return scene.arrangeAt(['login'], arrange, MINUTE_MS);
  }
  await scene.enable();
  await world.runUntil('the first token', () => world.token(name) !== undefined, MINUTE_MS);
  if (row.during === 'proof' && row.name.startsWith('secondLogin')) return playBetweenProofs(scene, arrange);
  if (row.during === 'proof') return scene.arrangeAt(['refresh-token', 'login'], arrange, lifeOf(row));
  // What somebody else's login takes is time that the token has left.
  await world.runFor(Math.max(0, (world.dueAt(name) ?? 0) - 4 * SECOND_MS - world.now()));
  return scene.arrange(arrange);
}

/** Somebody else's login takes a while: a new token waits for its second proof meanwhile. */
async function playBetweenProofs(scene: Scene, arrange: () => void | Promise<void>): Promise<void> {
  const { world } = scene;
  world.fault({ broker: 'ig', operation: 'session', kind: 'status', status: 503, times: 1 });
  await scene.arrangeAt(['session'], () => undefined, MINUTE_MS);
  return scene.arrange(arrange);
}

let scene: Scene | undefined;
afterEach(() => scene?.stop());

describe('wire signal or switch -> kind and code -> what the service does next', () => {
  test.each(
    rows.map((row) => {
      const next = nextOf(row);
      const pair = isPair(row) ? ' (v2)' : '';
      return [`${row.name}${pair} -> ${outcomeOf(row)} -> ${next.says}`, row, next] as const;
    }),
  )('%s', async (_name, row, next) => {
    const more = { proof: { verify: true }, discovery: { discoverAccounts: true } };
    const beside = row.during === 'proof' || row.during === 'discovery' ? more[row.during] : {};
    const strangers = row.entry.username === v3.username ? [] : [v3];
    scene = await openScene({ broker: 'ig', entry: { ...row.entry, ...beside }, strangers });
    await play(scene, row);
    const judged = row.during === 'sign-in' ? (row.calls.at(-1) ?? '') : operationOf[row.during];
    const signal = await scene.signal([judged], 10 * SECOND_MS);
    if (typeof row.expect === 'object' && row.during !== 'discovery') {
      const { kind, code } = row.expect;
      expect(signal.line.fields).toMatchObject({ kind, code });
    }
    await next.check(scene, signal);
  });
});
