import { afterEach, describe, expect, test } from 'vitest';
import { ist, operationOf, rows, upstoxEntry, type Row } from '../../support/rows/upstox.ts';
import { HOUR_MS, MINUTE_MS, SECOND_MS, watchGaps } from '../days/clockwork.ts';
import { intervene } from '../interventions.ts';
import { expectWell, operations } from './next.ts';
import { openScene, type Scene } from './scene.ts';
import { logIn } from './upstox-next.ts';

/* A person logs an account out: whatever Upstox answers, its keys go at once, and nobody else's token does. */

let scene: Scene | undefined;
afterEach(() => scene?.stop());

/** Another user of the same app, on the same network. */
const neighbour = { ...upstoxEntry, name: 'desk-next', userId: 'AB0002' };

const signOuts = rows.filter(({ during }) => during === 'sign-out');
const isEnded = ({ expect: end }: Row): boolean => 'outcome' in end;
const outcomeOf = ({ expect: end }: Row): string => {
  if ('kind' in end) return `${end.kind} ${end.code}`;
  return 'outcome' in end ? end.outcome : '';
};

describe('wire signal -> kind and code -> one DELETE, the keys gone, the neighbour served on', () => {
  test.each(
    signOuts.map((row) => {
      const said = isEnded(row) ? 'ended' : 'not ended, until when the token lives';
      return [
        `${row.name} -> ${outcomeOf(row)} -> ${said}; asked for by the link once resumed`,
        row,
      ] as const;
    }),
  )('%s', async (_name, row) => {
    scene = await openScene({ broker: 'upstox', entry: row.entry, startAt: ist('2026-01-13T10:00:00') });
    const { world, name, stage } = scene;
    await scene.enable();
    await scene.add(neighbour);
    world.command('upstox', 'register', `${upstoxEntry.clientId} AB0001`);
    world.command('upstox', 'join', `${upstoxEntry.clientId} AB0002`);
    const gaps = watchGaps(world, [neighbour.name]);
    await world.runFor(2 * SECOND_MS);
    for (const each of [name, neighbour.name])
      expect(await logIn(scene, 'user', each)).toContain('is logged in');
    await world.runFor(5 * SECOND_MS);
    const others = world.token(neighbour.name);
    const livesUntil = world.meta(name)['expiresAt'];

    await scene.arrange(() => row.arrange(stage));
    const answer = await intervene(world, 'logout', name);
    expect(answer).toMatchObject({
      outcome: 'done',
      state: 'paused',
      session: isEnded(row) ? { ended: true } : { ended: false, valid_until: livesUntil },
    });
    expect(answer.message).not.toMatch(/made-up-secret|OAuthClientException|[<>{}]/);
    expect(world.token(name)).toBeUndefined();
    expect(world.meta(name)).toEqual({});
    expect(scene.events()).toEqual(['removed']);
    const logged = world.log.findLast(({ fields }) => fields['event'] === 'account.logged_out');
    expect(logged?.fields['how']).toBe(isEnded(row) ? 'ended' : 'failed');
    scene.heal();
    await scene.restart();
    await world.runFor(3 * HOUR_MS);
    expect(operations(scene.sent())).toEqual([operationOf['sign-out']]);
    expect(world.state(name)).toMatchObject({ state: 'paused', reason: 'logged_out' });
    expect(scene.opened()).toEqual([]);

    expect(world.token(neighbour.name)).toBe(others);
    expect(gaps.of(neighbour.name)).toEqual([]);
    const proofs = world.calls({ operation: 'profile', username: 'AB0002' });
    expect(proofs.length).toBeGreaterThanOrEqual(5);

    await intervene(world, 'resume', name);
    await world.runFor(MINUTE_MS);
    expect(world.state(name)['state']).toBe('awaiting_approval');
    expect(await logIn(scene)).toContain('is logged in');
    await world.runFor(5 * SECOND_MS);
    expect(operations(scene.sent())).toEqual([operationOf['sign-out'], 'exchange', 'profile']);
    expectWell(scene);
  });
});
