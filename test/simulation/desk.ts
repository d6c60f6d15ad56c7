import type { RawEntry } from '../../src/core/broker.ts';
import type { Dice } from './random.ts';

/** The logins of one run, and how long things may go wrong with them. */
export interface Desk {
  readonly entries: readonly RawEntry[];
  /** A login whose password the broker does not take. */
  readonly wrong: string | undefined;
  /** The same at Tradovate, and nobody mends them. */
  readonly unmended?: readonly string[];
  /** Hours of trouble. Tokens of a minute are worth minutes, tokens of an hour are worth a day. */
  readonly hours: number;
  /** How long all is well afterwards, ms, before everything has to be well again. */
  readonly calmMs: number;
}

const MINUTE_MS = 60_000;
/** Past Tradovate's longest penalty, and paced logins have had their turn. */
const CALM_MS = 100 * MINUTE_MS;
/** The same where only IG's quarter of an hour counts. */
const SHORT_CALM_MS = 35 * MINUTE_MS;

/** A desk at random: of minute-long tokens, of longer ones, or now and then of both. */
export function randomDesk(dice: Dice): Desk {
  const kind = dice.pick(['minutes', 'minutes', 'minutes', 'hours', 'both']);
  const hasMinutes = kind !== 'hours';
  const tradovate = kind === 'minutes' ? [] : many(dice, 1, 3, tradovateLogin);
  const ig = hasMinutes ? many(dice, 1, 2, igLogin) : many(dice, 0, 1, igPair);
  const upstox = many(dice, 0, dice.chance(0.4) ? 1 : 0, upstoxLogin);
  const entries = [...tradovate, ...ig, ...upstox];
  const [first] = [...tradovate, ...ig];
  const isWrong = dice.chance(0.3) && entries.length > 1 && typeof first?.['username'] === 'string';
  return {
    entries,
    wrong: isWrong ? String(first['username']) : undefined,
    hours: hasMinutes ? 0.15 + 0.25 * dice.random() : 1 + 2 * dice.random(),
    calmMs: kind === 'minutes' ? SHORT_CALM_MS : CALM_MS,
  };
}

/** The same desk, with two accounts that somebody else serves. */
export const withObserved = (desk: Desk): Desk => ({
  ...desk,
  entries: [
    ...desk.entries,
    { username: 'TV_THEIRS', password: 'made-up-pass-tv-theirs', mode: 'observe' },
    {
      broker: 'ig',
      username: 'IG_THEIRS',
      password: 'made-up-pass-ig-theirs',
      apiKey: 'made-up-key-theirs',
      mode: 'observe',
    },
  ],
});

function many(
  dice: Dice,
  least: number,
  most: number,
  make: (dice: Dice, i: number) => RawEntry,
): readonly RawEntry[] {
  return Array.from({ length: dice.whole(least, most) }, (_, i) => make(dice, i));
}

const api = {
  appId: 'made-up',
  appVersion: '1.0',
  deviceId: 'made-up-device',
  cid: 7,
  sec: 'made-up-sec-of-api',
};

export function tradovateLogin(dice: Dice, i: number): RawEntry {
  const entry = { username: `TV_${i}`, password: `made-up-pass-tv-${i}` };
  switch (dice.whole(0, 3)) {
    case 0:
      return { ...entry, login: 'api', api };
    case 1:
      return { ...entry, renew: true };
    default:
      return { ...entry, ...(dice.chance(0.3) && { accounts: [`TV_${i}_SUB`] }) };
  }
}

export const igLogin = (_: Dice, i: number): RawEntry => ({
  broker: 'ig',
  username: `IG_${i}`,
  password: `made-up-pass-ig-${i}`,
  apiKey: `made-up-key-${i}`,
});

export const igPair = (dice: Dice, i: number): RawEntry => ({ ...igLogin(dice, i), session: 'v2' });

export const upstoxLogin = (dice: Dice, i: number): RawEntry => ({
  broker: 'upstox',
  name: `UP_${i}`,
  clientId: `made-up-app-${i}`,
  clientSecret: `made-up-secret-${i}`,
  redirectUri: 'https://app.example/callback',
  ...(dice.chance(0.5) && { approval: 'request' }),
});
