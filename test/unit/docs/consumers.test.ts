import { describe, expect, it } from 'vitest';
import type { Grant } from '../../../src/core/broker.ts';
import { states } from '../../../src/core/state.ts';
import { publicationsOf } from '../../../src/tending/publications.ts';
import { below, found, rows, rowsByName, sorted, textOf } from './documents.ts';
import { tokenEvents } from './token-events.ts';

const document = textOf('docs/consumers.md');
const keysPart = below(document, 'Keys');

/** The names in the first cells of the table that follows a line. */
function namesAfter(line: string): readonly string[] {
  const start = keysPart.indexOf(line);
  if (start < 0) throw new Error(`there is no line "${line}"`);
  const table = keysPart.slice(start).split('\n\n')[1] ?? '';
  return sorted(rows(table).flatMap(([first = '']) => [...found(first, /`([a-zA-Z]+)`/g)]));
}

describe('docs/consumers.md', () => {
  it('names every event', () => {
    expect(tokenEvents.size).toBe(6);
    expect(sorted(rowsByName(below(document, 'Events')).keys())).toEqual(sorted(tokenEvents));
  });

  it('names every field of meta', () => {
    const grant: Grant = {
      token: 'x',
      headers: {},
      issuedAt: 0,
      expiresAt: 1,
      tokenType: 'Bearer',
      baseUrl: 'http://127.0.0.1',
    };
    const account = {
      name: 'A',
      broker: 'b',
      environment: 'demo',
      username: 'A',
      enabled: true,
      subAccounts: [],
      ttlSeconds: undefined,
      discoverAccounts: false,
      hours: undefined,
      verify: false,
      identity: 'b/A',
      credentials: [],
      key: undefined,
      connection: {},
    };
    const [own] = publicationsOf(
      account,
      {
        generation: 1,
        grant,
        source: 'sign-in',
        identity: 'b/A',
        renewAt: 0,
        renewalSpent: false,
      },
      undefined,
    );
    expect(namesAfter('`meta:<name>`, every field')).toEqual(sorted(Object.keys(own?.meta ?? {})));
  });

  it('names every field and word of state', () => {
    expect(namesAfter('`state:<name>`:')).toEqual(['expiresAt', 'reason', 'since', 'state']);
    const row = rowsByName(keysPart).get('state')?.join(' ') ?? '';
    expect(states.filter((state) => !row.includes(`\`${state}\``))).toEqual([]);
  });

  it('says the contract’s version', () => {
    const version = found(textOf('src/redis/world.ts'), /CONTRACT = '(\d+)'/g);
    expect(document).toContain(`\`refresher:contract\`: \`${[...version].join()}\``);
  });
});
