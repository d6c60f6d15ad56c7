import { describe, expect, it } from 'vitest';
import { Failure } from '../../../src/cli/failure.ts';
import { readInterval, watch, type Seen } from '../../../src/cli/watch.ts';

const seen = (state: string, text = `${state}\n`): Seen => ({ facts: [state], text, answer: { state } });

/** Shows one look after the other, and ends with the last. */
async function shown(
  looks: readonly (Seen | Error)[],
  screen: {
    readonly isTTY?: boolean;
    readonly rows?: number;
    readonly columns?: number;
    readonly json?: boolean;
  } = {},
): Promise<readonly string[]> {
  const ending = new AbortController();
  const written: string[] = [];
  let at = Date.UTC(2026, 10, 30, 10);
  let next = 0;
  await watch({
    look: () => {
      const look = looks[next] ?? seen('none');
      next += 1;
      return look instanceof Error ? Promise.reject(look) : Promise.resolve(look);
    },
    json: screen.json ?? false,
    everyMs: 2_000,
    screen: {
      ...screen,
      write: (text) => written.push(text),
      once: () => undefined,
      on: () => undefined,
      off: () => undefined,
    },
    clock: {
      now: () => at,
      sleep: (ms) => {
        at += ms;
        if (next >= looks.length) ending.abort();
        return Promise.resolve();
      },
    },
    signal: ending.signal,
  });
  return written;
}

describe('status --watch', () => {
  it('writes one block a change into a pipe', async () => {
    expect(await shown([seen('due'), seen('due', 'due, a second later\n'), seen('fresh')])).toEqual([
      '2026-11-30T10:00:00.000Z\ndue\n\n',
      '2026-11-30T10:00:04.000Z\nfresh\n\n',
    ]);
  });

  it('writes one line of JSON a change for programs, on a terminal too', async () => {
    const away = new Failure('REDIS_AWAY', 'Redis does not answer.');
    expect(await shown([seen('due'), away, away, seen('due')], { json: true, isTTY: true })).toEqual([
      '{"at":"2026-11-30T10:00:00.000Z","state":"due"}\n',
      '{"at":"2026-11-30T10:00:02.000Z","status":"error","code":"REDIS_AWAY","message":"Redis does not answer."}\n',
      '{"at":"2026-11-30T10:00:06.000Z","state":"due"}\n',
    ]);
  });

  it('draws it anew on a screen of its own, which it leaves as it ends', async () => {
    const written = await shown([seen('due'), seen('due')], { isTTY: true, rows: 24 });
    expect(written[0]).toBe('\u001B[?1049h\u001B[?25l');
    expect(written[1]).toBe(
      '\u001B[H10:00:00 UTC, every 2 s. Ctrl-C ends it.\u001B[K\n\u001B[K\ndue\u001B[K\n\u001B[J',
    );
    expect(written[2]).toContain('10:00:02 UTC');
    expect(written.slice(3)).toEqual(['\u001B[?25h\u001B[?1049l']);
  });

  it('never scrolls, and says how much is out of sight', async () => {
    const [, frame = ''] = await shown([seen('due', 'one\ntwo\nthree\nfour\nfive\n')], {
      isTTY: true,
      rows: 6,
    });
    expect(frame.split('\n')).toHaveLength(6);
    expect(frame).toContain('two');
    expect(frame).not.toContain('three');
    expect(frame).toContain('… and 3 more lines');
  });

  it('breaks what is longer than a line itself, so that it knows how many there are', async () => {
    const text = 'Redis does not answer at all.\n';
    const [, frame = ''] = await shown([seen('due', text)], { isTTY: true, rows: 24, columns: 12 });
    expect(frame).toContain('Redis does\u001B[K\nnot answer\u001B[K\nat all.\u001B[K\n');
  });

  it('fails where there is nothing to be seen from the start', async () => {
    await expect(shown([new Failure('UNKNOWN_ACCOUNT', 'There is none.')])).rejects.toThrow('There is none.');
  });

  it('looks as often as it is told', () => {
    expect([readInterval('5'), readInterval('5s'), readInterval('1m')]).toEqual([5_000, 5_000, 60_000]);
    for (const wrong of ['0', '0s', '2h', 'often', '']) expect(() => readInterval(wrong)).toThrow('like 5s');
  });
});
