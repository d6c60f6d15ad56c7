import { describe, expect, it } from 'vitest';
import { states } from '../../../src/core/state.ts';
import { below, found, rows, rowsByName, sorted, sourcesBelow, textOf } from './documents.ts';
import { tokenEvents } from './token-events.ts';

const document = textOf('docs/operating.md');
const source = sourcesBelow('src');

describe('the log events in docs/operating.md', () => {
  const described = rowsByName(below(document, 'The log'));
  const logged = [...source.matchAll(/\blog\.(\w+)\(\s*\{\s*event: '([\w.]+)'/g)];

  it('are all that the code logs or prints, and no others', () => {
    const events = [...found(source, /\{\s*event: '([\w.]+)'/g)].filter((event) => !tokenEvents.has(event));
    expect(events.length).toBeGreaterThan(45);
    expect(sorted(described.keys())).toEqual(sorted(events));
  });

  it('have their level', () => {
    const levels = sorted(logged.map(([, level, event]) => `${event} ${level}`));
    const said = [...described].map(([event, [, level]]) => `${event} ${level}`);
    expect(sorted(said.filter((each) => !each.endsWith(' –')))).toEqual(levels);
  });
});

describe('the words in docs/operating.md', () => {
  it('are every state', () => {
    expect(sorted(rowsByName(below(document, 'States')).keys())).toEqual(sorted(states));
  });

  it('are every command', () => {
    const commands = found(sourcesBelow('src/cli'), /new Command\('([a-z]+)'\)/g);
    const named = rows(below(document, 'Commands')).flatMap(([first = '']) => [
      ...found(first, /`([a-z]+)[^`]*`/g),
    ]);
    expect(commands.size).toBeGreaterThan(5);
    expect(sorted(named)).toEqual(sorted(commands));
  });

  it('are those of /readyz', () => {
    const reasons = rows(below(document, 'Health')).filter(([first = '']) => !first.startsWith('`/'));
    expect(reasons.length).toBeGreaterThan(4);
    for (const [first = ''] of reasons) {
      for (const reason of found(first, /`([^`]+)`/g)) {
        for (const part of reason.split('…')) expect(source).toContain(part);
      }
    }
  });
});
