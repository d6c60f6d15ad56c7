import { z } from 'zod';
import type { RawEntry } from '../../../src/core/broker.ts';
import type { Invariants } from '../invariants/index.ts';
import type { World } from '../world.ts';

export const SECOND_MS = 1_000;
export const MINUTE_MS = 60 * SECOND_MS;

/** A world with its judges. */
export interface Stage {
  readonly world: World;
  readonly invariants: Invariants;
}

/** Something the service does for one account, from what sets it off to what shows that it is over. */
export interface Act {
  readonly what: string;
  readonly entry: RawEntry;
  readonly name: string;
  readonly broker: string;
  readonly startAt?: number;
  /** Before there is any process: what the brokers are to know. */
  setUp?(world: World): void;
  /** Lets the service come to where it begins. Left out, it begins with the process' first step. */
  before?(stage: Stage): Promise<void>;
  /** Sets it off; again where whoever did so was not heard, as a person would. */
  begin?(stage: Stage): void;
  isOver(stage: Stage): boolean;
  /** How long it may take without a fault, ms. */
  readonly lastsMs: number;
  /** How many logins it takes without a fault. */
  readonly logins: number;
  /** True where it ends without a token. */
  readonly lasting?: true;
}

const ig = { broker: 'ig', username: 'IG', password: 'made-up-pass-ig', apiKey: 'made-up-key' };
const tradovate = {
  username: 'TV',
  password: 'made-up-pass-tv',
  login: 'api',
  api: { appId: 'made-up', appVersion: '1.0', deviceId: 'made-up-device', cid: 7, sec: 'made-up-sec-of-api' },
};
const upstox = {
  broker: 'upstox',
  name: 'UP',
  clientId: 'made-up-app',
  clientSecret: 'made-up-secret',
  redirectUri: 'https://app.example/callback',
  userId: 'AB0001',
};
/** 09:00 in India. */
const MORNING = Date.UTC(2026, 1, 2, 3, 30);

const hasToken =
  (name: string): Act['isOver'] =>
  ({ world }) =>
    world.token(name) !== undefined;
const dueSoon =
  (name: string) =>
  async ({ world }: Stage): Promise<void> => {
    await world.runUntil('the first token', () => world.token(name) !== undefined, MINUTE_MS);
    // The plan of the login's look stands by then.
    await world.runFor(5 * SECOND_MS);
    const at = world.dueAt(name);
    if (at === undefined) throw new Error(`${name} has no next action`);
    await world.runFor(at - SECOND_MS - world.now());
  };
/** Over once another token is there than at the beginning. */
const renewed = (name: string): Required<Pick<Act, 'begin' | 'isOver'>> => {
  let before: string | undefined;
  return {
    begin: ({ world }) => void (before ??= world.token(name)),
    isOver: ({ world }) => ![undefined, before].includes(world.token(name)),
  };
};

/** A person whose page does not come back tries again. */
const logIn = (world: World): void => {
  const note = (message: string): void => world.note(`person: sees ${message}`);
  world.logIn('UP').then(note, (error: unknown) => note(String(error)));
};
const said = z.object({ approved: z.number() });
const WRONG = 'made-up-another-one';
const isStopped =
  (name: string): Act['isOver'] =>
  ({ world }) =>
    world.state(name)['state'] === 'stopped' &&
    world.openIncidents().some(({ accounts }) => accounts.includes(name));

export const acts: readonly Act[] = [
  {
    what: 'the first login of an IG account',
    entry: ig,
    name: 'IG',
    broker: 'ig',
    isOver: hasToken('IG'),
    lastsMs: 5 * SECOND_MS,
    logins: 1,
  },
  {
    what: 'a rotation at IG',
    entry: ig,
    name: 'IG',
    broker: 'ig',
    before: dueSoon('IG'),
    ...renewed('IG'),
    lastsMs: 10 * SECOND_MS,
    logins: 0,
  },
  {
    what: 'a rotation at IG that fails once',
    entry: ig,
    name: 'IG',
    broker: 'ig',
    async before(stage) {
      await dueSoon('IG')(stage);
      stage.world.fault({ broker: 'ig', kind: 'status', status: 503, times: 1 });
    },
    ...renewed('IG'),
    lastsMs: 30 * SECOND_MS,
    // What was sent and not answered with a word of IG's own is not sent again.
    logins: 1,
  },
  {
    what: 'a login at Tradovate whose token is proved first',
    entry: { ...tradovate, verify: true },
    name: 'TV',
    broker: 'tradovate',
    isOver: hasToken('TV'),
    lastsMs: 5 * SECOND_MS,
    logins: 1,
  },
  {
    what: 'a renewal at Tradovate',
    entry: tradovate,
    name: 'TV',
    broker: 'tradovate',
    before: dueSoon('TV'),
    ...renewed('TV'),
    lastsMs: 10 * SECOND_MS,
    logins: 0,
  },
  {
    what: 'a person’s login at Upstox',
    entry: upstox,
    name: 'UP',
    broker: 'upstox',
    startAt: MORNING,
    setUp: (world) => void world.command('upstox', 'register', 'made-up-app AB0001'),
    async before({ world }) {
      await world.runFor(10 * SECOND_MS);
    },
    begin: ({ world }) => logIn(world),
    isOver: hasToken('UP'),
    lastsMs: 10 * SECOND_MS,
    logins: 1,
  },
  {
    what: 'a question to a person at Upstox, and the token that is posted',
    entry: { ...upstox, approval: 'request' },
    name: 'UP',
    broker: 'upstox',
    startAt: MORNING,
    setUp: (world) => void world.command('upstox', 'register', 'made-up-app AB0001'),
    begin({ world }) {
      world.command('upstox', 'notifier', `made-up-app ${world.webhookUrl('UP') ?? ''}`);
      // What is posted while nobody listens is lost, so the person takes a moment; then the link is left.
      world.timeline.after(5 * SECOND_MS, () => {
        const { approved } = said.parse(world.command('upstox', 'approve', 'made-up-app'));
        if (approved === 0) logIn(world);
      });
    },
    isOver: hasToken('UP'),
    lastsMs: 30 * SECOND_MS,
    logins: 1,
  },
  {
    what: 'a refused password, its verdict and its alert',
    entry: ig,
    name: 'IG',
    broker: 'ig',
    setUp: (world) => world.setPassword('ig', 'IG', WRONG),
    isOver: isStopped('IG'),
    lastsMs: 10 * SECOND_MS,
    logins: 1,
    lasting: true,
  },
  {
    what: 'one more try that a person asks for, and the end of the alert',
    entry: ig,
    name: 'IG',
    broker: 'ig',
    setUp: (world) => world.setPassword('ig', 'IG', WRONG),
    async before(stage) {
      await stage.world.runUntil('the alert', () => isStopped('IG')(stage), MINUTE_MS);
      await stage.world.runFor(5 * SECOND_MS);
    },
    begin({ world, invariants }) {
      world.setPassword('ig', 'IG', undefined);
      invariants.rearmed('IG');
      void world.requestRefresh('IG', true).catch(() => false);
    },
    isOver: ({ world }) => world.token('IG') !== undefined && world.openIncidents().length === 0,
    lastsMs: 30 * SECOND_MS,
    logins: 1,
  },
];
