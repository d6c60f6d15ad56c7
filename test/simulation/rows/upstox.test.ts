import { afterEach, describe, expect, test } from 'vitest';
import { ist, operationOf, rows, type Row } from '../../support/rows/upstox.ts';
import { MINUTE_MS, openScene, SECOND_MS, type Scene } from './scene.ts';
import { arrivalsNext } from './upstox-arrivals.ts';
import {
  asksAgain,
  asksOnceADay,
  hearsNothing,
  logIn,
  needsAnotherLogin,
  provedLater,
  provedEachHalfHour,
  servesToRollover,
  staysServed,
  withdraws,
  type PersonsNext,
} from './upstox-next.ts';

/** A Tuesday in India; a request falls due on it at 08:00. */
const startOf = ({ during }: Row): number =>
  ist(during === 'request' ? '2026-01-13T07:59:00' : '2026-01-13T10:00:00');

/** No process of the service logs out by itself: upstox-logout.test.ts plays what a person asks for. */
const played = rows.filter(({ during }) => during !== 'sign-out');

const outcomeOf = ({ expect: end }: Row): string => {
  if ('kind' in end) return `${end.kind} ${end.code}`;
  return 'outcome' in end ? end.outcome : end.arrivals.join(', ') || 'nothing';
};

function nextOf(row: Row): PersonsNext {
  const { expect: end, during } = row;
  if (row.name.startsWith('loginSharesRateLimit off') && during === 'consent') return provedLater;
  if ('arrivals' in end) return arrivalsNext(row);
  if ('outcome' in end) {
    switch (end.outcome) {
      case 'granted':
        return servesToRollover(row);
      case 'browser-never-returns':
        return hearsNothing;
      case 'asked':
        return asksOnceADay('asked', false);
      case 'dead':
        return withdraws;
      default:
        return provedEachHalfHour;
    }
  }
  const { kind, code, scope } = end;
  if (during === 'consent') return needsAnotherLogin(row, code);
  if (during === 'request') {
    if (scope === 'egress' && kind === 'needs-human') return asksAgain('barred');
    return kind === 'throttled' || kind === 'transient'
      ? asksAgain(kind)
      : asksOnceADay(kind === 'outcome-unknown' ? 'asked' : code, true);
  }
  if (kind === 'throttled') return staysServed([30 * SECOND_MS, 65 * SECOND_MS], undefined);
  return kind === 'needs-human'
    ? staysServed([5 * MINUTE_MS, 5 * MINUTE_MS + 5 * SECOND_MS], `${code} critical`)
    : staysServed([2 * SECOND_MS, 36 * SECOND_MS], undefined);
}

/** What others' programs call counts for a second: it has to be that one. */
const isOfThisSecond = ({ name }: Row): boolean => name.includes('in this second');

async function play(scene: Scene, row: Row): Promise<string> {
  const { world, stage, name } = scene;
  const { clientId } = row.entry;
  await scene.enable();
  world.command('upstox', 'register', `${String(clientId)} AB0001`);
  const url = world.webhookUrl(name);
  if (url !== undefined) world.command('upstox', 'notifier', `${String(clientId)} ${url}`);
  const arrange = (): void => row.arrange(stage);
  const arrangeNow = (): Promise<void> => scene.arrange(arrange);
  const atArrival = (limitMs: number): Promise<void> =>
    scene.arrangeAt([operationOf[row.during]], arrange, limitMs, 'arrived');
  switch (row.during) {
    case 'consent': {
      await world.runFor(2 * SECOND_MS);
      if (!isOfThisSecond(row)) await arrangeNow();
      else {
        await scene.arrange(() => undefined);
        void atArrival(MINUTE_MS).catch(() => undefined);
      }
      betweenPageAndExchange(scene, row);
      return logIn(scene, row.button ?? 'user');
    }
    case 'request':
      if (isOfThisSecond(row)) await atArrival(2 * MINUTE_MS);
      else await arrangeNow();
      if (row.repeat !== undefined) await forget(scene);
      return '';
    case 'proof':
      await world.runFor(2 * SECOND_MS);
      await logIn(scene);
      await (isOfThisSecond(row) ? atArrival(31 * MINUTE_MS) : arrangeNow());
      return '';
    default:
      await world.runUntil('the request', () => world.state(name)['reason'] === 'asked', MINUTE_MS);
      await arrangeNow();
      world.command('upstox', row.answer ?? 'approve', String(clientId));
      return '';
  }
}

/** What happens while the code is on its way: time passes for the broker, or its edge closes. */
function betweenPageAndExchange(scene: Scene, { meanwhile, expect: end }: Row): void {
  if (!meanwhile) return;
  const { world, stage } = scene;
  const startedAt = world.now();
  let skewMs: number | undefined;
  // The way from the page takes time of its own: what must be in time has so much less.
  const shift = (ms: number): void => {
    const isInTime = 'outcome' in end;
    skewMs = isInTime ? Math.max(0, ms - (world.now() - startedAt)) : ms;
    world.clock.shift(skewMs);
  };
  let isDone = false;
  world.onCall((call, what) => {
    if (call.operation !== 'exchange') return;
    if (what === 'arrived' && !isDone) {
      isDone = true;
      meanwhile({ ...stage, clock: { ...stage.clock, shift } });
    } else if (what === 'answered' && skewMs !== undefined) {
      world.clock.shift(-skewMs);
      skewMs = undefined;
    }
  });
}

/** After the day's request Redis is lost, and the machine too: the next process cannot know of it. */
async function forget(scene: Scene): Promise<void> {
  const { world, name } = scene;
  await world.runUntil('the request', () => world.state(name)['reason'] === 'asked', 2 * MINUTE_MS);
  await scene.arrange(async () => {
    for (const { life } of world.replicas()) life.kill();
    await world.redis.flushall();
    await world.startReplica();
  });
}

let scene: Scene | undefined;
afterEach(() => scene?.stop());

describe('wire signal or switch -> kind and code -> what the service does next', () => {
  test.each(
    played.map((row) => {
      const next = nextOf(row);
      return [`${row.name} (${row.during}) -> ${outcomeOf(row)} -> ${next.says}`, row, next] as const;
    }),
  )('%s', async (_name, row, next) => {
    scene = await openScene({ broker: 'upstox', entry: row.entry, startAt: startOf(row) });
    const said = await play(scene, row);
    const isAlive = 'outcome' in row.expect && row.expect.outcome === 'alive';
    if (row.during === 'request' || (row.during === 'proof' && !isAlive)) {
      const { line } = await scene.signal([operationOf[row.during]], 31 * MINUTE_MS);
      if ('kind' in row.expect) {
        expect(line.fields).toMatchObject({ kind: row.expect.kind, code: row.expect.code });
      }
    }
    await next.check(scene, said);
  });
});
