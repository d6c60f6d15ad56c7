import { describe, expect, test } from 'vitest';
import { tradovate } from '../../../../src/brokers/tradovate/index.ts';
import { tradovateDialect } from '../../../../src/brokers/tradovate/simulator.ts';
import type { Connection, Grant, Http } from '../../../../src/core/broker.ts';
import type { Dialect } from '../../../../src/core/dialect.ts';
import { drawRenewAt } from '../../../../src/core/policy.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const startAt = Date.UTC(2026, 0, 15, 8);
const call = { signal: new AbortController().signal };

/** The adapter on the dialect, in one process, at a time that a test moves. */
function makeWorld() {
  const world = { now: startAt };
  let draws = 0;
  const random = (): number => ((draws += 1) * 0.618) % 1;
  const dialect = tradovateDialect({
    clock: { now: () => world.now },
    random,
    accepts: () => true,
    switch: (_, byDefault) => byDefault,
    baseUrl: () => 'https://tradovate.example',
    post: () => undefined,
  });
  const connect = (entry: object): Connection => {
    const read = tradovate.login({ ...entry });
    if ('faults' in read) throw new Error('the entry is refused');
    return read.login.connect({
      clock: { now: () => world.now, sleep: () => Promise.resolve() },
      baseUrl: (purpose) => `https://tradovate.example${purpose === 'api' ? '/v1' : ''}`,
      setting: () => undefined,
      isHoliday: () => false,
      http: overDialect(dialect),
    });
  };
  return { world, dialect, connect, random };
}

const overDialect =
  (dialect: Dialect): Http =>
  async ({ method, url, headers = {}, body = '' }) => {
    const { pathname: path, searchParams: query } = new URL(url);
    const request = { method, path, query, headers, body, egress: 'one' };
    const operation = dialect.identify(request);
    if (!operation) throw new Error(`no such call: ${method} ${path}`);
    const answer = await dialect.answer(request, operation);
    const text = typeof answer.body === 'string' ? answer.body : JSON.stringify(answer.body ?? '');
    return { status: answer.status, headers: {}, body: text, json: answer.body };
  };

interface Day {
  readonly signIns: number;
  readonly renewals: number;
  /** Most renewals within any hour. */
  readonly renewalsAnHour: number;
  /** Share of the day in which a user holds two sessions of ours, so that a person's login closes one. */
  readonly fullShare: number;
}

/**
 * A day of logins of one network, each acted on when its policy says: renewed where the hour's budget
 * less its reserve allows, else signed in anew. Any penalty would throw.
 */
async function day(logins: number, renew: boolean): Promise<Day> {
  const { world, dialect, connect, random } = makeWorld();
  const budget = tradovate.limits.find(({ name }) => name === 'renewals');
  const allowed = (budget?.max ?? 0) - (budget?.reserve ?? 0);
  const renewedAt: number[] = [];
  const desk = Array.from({ length: logins }, (_, n) => {
    const username = `DESK_${n}`;
    const connection = connect({ username, password: 'made-up', ...(renew && { renew }) });
    // The first logins of a start are spread over a few minutes.
    return { username, connection, grant: undefined as Grant | undefined, dueAt: startAt + n * 5_000 };
  });
  let signIns = 0;
  let [looks, full] = [0, 0];

  for (; world.now < startAt + 24 * HOUR_MS; world.now += 30_000) {
    for (const account of desk.filter(({ dueAt }) => dueAt <= world.now)) {
      const { connection, grant } = account;
      const spent = renewedAt.filter((at) => at > world.now - HOUR_MS).length;
      const canRenew = grant !== undefined && connection.renew !== undefined && spent < allowed;
      const next = canRenew ? await connection.renew?.(grant, call) : await connection.signIn?.(call);
      if (canRenew) renewedAt.push(world.now);
      else signIns += 1;
      if (!next) throw new Error('no grant');
      const policy = { ...tradovate.policy, ...connection.policy };
      account.grant = next;
      account.dueAt = drawRenewAt(next.issuedAt, next.expiresAt, policy, random);
    }
    for (const { username } of desk) {
      const { alive } = dialect.command?.('sessions', username) as { alive: number };
      looks += 1;
      if (alive >= 2) full += 1;
    }
  }
  const renewalsAnHour = Math.max(
    0,
    ...renewedAt.map((at) => renewedAt.filter((other) => other <= at && other > at - HOUR_MS).length),
  );
  return { signIns, renewals: renewedAt.length, renewalsAnHour, fullShare: full / looks };
}

describe('a day of bridge logins on one network', () => {
  test('forty without renewal: some 39 logins an hour, none counted; two sessions a third of the time', async () => {
    const { signIns, renewals, fullShare } = await day(40, false);
    expect(renewals).toBe(0);
    expect(signIns / 24).toBeGreaterThan(36);
    expect(signIns / 24).toBeLessThan(44);
    expect(fullShare).toBeGreaterThan(0.25);
    expect(fullShare).toBeLessThan(0.4);
  });

  test('forty with renewal: twelve renewals in any hour at most, a login for all others', async () => {
    const { signIns, renewals, renewalsAnHour } = await day(40, true);
    expect(renewalsAnHour).toBe(12);
    expect(renewals / 24).toBeGreaterThan(10);
    expect(signIns / 24).toBeGreaterThan(20);
  });

  test('thirteen with renewal: one too many for the twelve, and a login or two an hour', async () => {
    const { signIns, renewalsAnHour, fullShare } = await day(13, true);
    expect(renewalsAnHour).toBe(12);
    expect(signIns / 24).toBeLessThan(2);
    expect(fullShare).toBeLessThan(0.03);
  });

  test('twelve with renewal: one session each, and the other one is free for a person', async () => {
    const { signIns, renewalsAnHour, fullShare } = await day(12, true);
    expect(signIns).toBe(12);
    expect(renewalsAnHour).toBe(12);
    expect(fullShare).toBe(0);
  });
});

describe('a person in the web app, whose page renews its own session,', () => {
  /** Whether the person's token lives after each of our next three refreshes. */
  async function livesBeside(renew: boolean): Promise<readonly unknown[]> {
    const { world, connect } = makeWorld();
    const ours = connect({ username: 'USER', password: 'made-up', ...(renew && { renew }) });
    const page = connect({ username: 'USER', password: 'made-up', renew: true });
    let own = await ours.signIn?.(call);
    let theirs = await page.signIn?.(call);
    const proofs: unknown[] = [];
    for (let cycle = 0; cycle < 3; cycle += 1) {
      world.now += 62 * MINUTE_MS;
      if (!own || !theirs) throw new Error('no grant');
      const kept: Grant = theirs;
      theirs = await page.renew?.(kept, call).catch(() => kept);
      own = ours.renew ? await ours.renew(own, call) : await ours.signIn?.(call);
      proofs.push(theirs && (await page.probe?.(theirs, call)));
    }
    return proofs;
  }

  test('stays beside a session that we renew', async () => {
    expect(await livesBeside(true)).toEqual(['alive', 'alive', 'alive']);
  });

  test('is thrown out by our second login after theirs', async () => {
    expect(await livesBeside(false)).toEqual(['alive', 'dead', 'dead']);
  });
});
