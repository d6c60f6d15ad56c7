import { afterEach, describe, expect, test } from 'vitest';
import { errorRows, type ErrorRow } from '../../support/rows/tradovate.ts';
import {
  comesLater,
  keepsQuiet,
  provesFirst,
  signsInAgain,
  signsInAtOnce,
  stops,
  type Next,
} from './next.ts';
import { fetchesAnother, heedsList, listsLater, provesLater } from './next-proof.ts';
import { MINUTE_MS, openScene, SECOND_MS, type Scene } from './scene.ts';

const LIFE_MS = 80 * MINUTE_MS;
/** Renewals are due this long before the token's end, at least. */
const LEFT_MS = 15 * MINUTE_MS;
const BACKOFF_MS = [2 * SECOND_MS, 5 * SECOND_MS] as const;

const neighbour = { username: 'USER_NEXT', password: 'made-up-next' };

const signInOf = ({ entry }: Pick<ErrorRow, 'entry'>): string =>
  entry.login === 'api' ? 'access-token-request' : 'authorize';
const operationOf = (row: ErrorRow): string => {
  switch (row.during) {
    case 'sign-in':
      return signInOf(row);
    case 'renewal':
      return 'renew';
    case 'proof':
      return 'me';
    case 'discovery':
      return row.entry.login === 'api' ? 'account-list' : 'bridge-accounts';
  }
};

const seen = new Set<string>();
/** A day for the first row of each code, three hours for the others. */
const hoursFor = ({ expect: { code } }: ErrorRow): number => {
  const isFirst = !seen.has(code);
  seen.add(code);
  return isFirst ? 24 : 3;
};

function nextOf(row: ErrorRow): Next {
  const { kind, code, scope, retryAfterMs = 0 } = row.expect;
  const operation = operationOf(row);
  if (row.during === 'discovery') return afterListing(row, operation);
  if (row.during === 'proof') return afterProof(row);
  const signIn = signInOf(row);
  const then = row.during === 'renewal' && retryAfterMs < LEFT_MS ? [operation] : [signIn];
  switch (kind) {
    case 'throttled':
      return keepsQuiet({ code, scope, retryAfterMs, neighbour, then, heals: row.carries !== true });
    case 'needs-human':
      return stops(code, [operation], hoursFor(row));
    case 'refused':
      return row.during === 'renewal'
        ? signsInAtOnce(signIn, LIFE_MS)
        : stops(code, [operation], hoursFor(row));
    case 'transient':
      return comesLater(code, [operation, operation], BACKOFF_MS);
    case 'outcome-unknown':
      if (row.during === 'sign-in') return signsInAgain(code, [operation, operation], LIFE_MS);
      if (code === 'orphan_suspected') return provesFirst([operation, 'me', signIn], 5 * SECOND_MS);
      return comesLater(code, [operation, operation], BACKOFF_MS);
  }
}

function afterListing(
  { name, stalls, expect: { kind, code, scope, retryAfterMs } }: ErrorRow,
  list: string,
): Next {
  if (kind !== 'throttled' && kind !== 'needs-human') {
    const comes = name.startsWith('account list') ? 'at once' : 'later';
    return listsLater(list, LIFE_MS, stalls === true ? 'later, tried once' : comes);
  }
  const silenceMs = retryAfterMs ?? 0;
  const isNetworks = silenceMs > 0 && scope === 'egress';
  const isSaid = kind === 'needs-human' || silenceMs >= MINUTE_MS;
  return heedsList(list, LIFE_MS, { code, silenceMs, isSaid, ...(isNetworks && { neighbour }) });
}

/** A new token is in hand, and its proof is answered so. */
function afterProof({ entry, expect: { kind, code, retryAfterMs = 0 } }: ErrorRow): Next {
  if (code === 'orphan_suspected')
    return fetchesAnother(['me', 'me', signInOf({ entry }), 'me'], 'dead_on_arrival');
  if (kind === 'throttled') return provesLater('me', retryAfterMs, `${code} warning`);
  return kind === 'needs-human'
    ? provesLater('me', MINUTE_MS, `${code} critical`)
    : provesLater('me', 2 * SECOND_MS);
}

/** Lets the signal come: at a first login, at a renewal that falls due, or beside a new token. */
async function play(scene: Scene, row: ErrorRow): Promise<void> {
  const { stage, world, name } = scene;
  const arrange = (): void => row.arrange(stage);
  if (row.during === 'sign-in') {
    await scene.arrange(arrange);
    return scene.enable();
  }
  if (row.during === 'discovery') {
    await scene.enable();
    return scene.arrangeAt([signInOf(row)], arrange, MINUTE_MS);
  }
  await scene.enable();
  await world.runUntil('the first token', () => world.token(name) !== undefined, MINUTE_MS);
  if (row.during === 'proof') return scene.arrangeAt([signInOf(row), 'renew'], arrange, 2 * LIFE_MS);
  // What lasts an hour must not be over by then.
  await world.runFor((world.dueAt(name) ?? 0) - 2 * SECOND_MS - world.now());
  return scene.arrange(arrange);
}

let scene: Scene | undefined;
afterEach(() => scene?.stop());

describe('wire signal -> kind and code -> what the service does next', () => {
  test.each(
    errorRows.map((row) => {
      const next = nextOf(row);
      return [`${row.name} -> ${row.expect.kind} ${row.expect.code} -> ${next.says}`, row, next] as const;
    }),
  )('%s', async (_name, row, next) => {
    const more = { proof: { verify: true }, discovery: { discoverAccounts: true } };
    const beside = row.during === 'proof' || row.during === 'discovery' ? more[row.during] : {};
    scene = await openScene({ broker: 'tradovate', entry: { ...row.entry, ...beside } });
    await play(scene, row);
    const signal = await scene.signal([operationOf(row)], 10 * SECOND_MS);
    expect(signal.line.fields).toMatchObject({ kind: row.expect.kind, code: row.expect.code });
    await next.check(scene, signal);
  });
});
