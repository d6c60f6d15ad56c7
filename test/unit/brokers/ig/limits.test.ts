import { expect, test } from 'vitest';
import { limits } from '../../../../src/brokers/ig/limits.ts';
import { budgetsOf, limitsWith } from '../../../../src/core/limits.ts';

/** How many calls of a key its accounts may make in a minute, with these settings. */
const ofKey = (environment: string, settings: Readonly<Record<string, string>>): unknown => {
  const read = limitsWith(limits, (variable) => settings[variable]);
  if ('faults' in read) return read.faults;
  return budgetsOf(read, 'renewal', { name: 'A', environment }, { egress: 'desk', key: 'k' })
    .filter(({ subject }) => subject === 'k')
    .map(({ limit, max }) => [limit, max]);
};

test.each([
  ['live', {}, 'key-calls', 60],
  ['demo', {}, 'demo-key-calls', 60],
  ['live', { IG_KEY_CALLS_PER_MINUTE: '30' }, 'key-calls', 30],
  ['demo', { IG_KEY_CALLS_PER_MINUTE: '30' }, 'demo-key-calls', 30],
  ['live', { IG_DEMO_KEY_CALLS_PER_MINUTE: '8' }, 'key-calls', 60],
  ['demo', { IG_DEMO_KEY_CALLS_PER_MINUTE: '8' }, 'demo-key-calls', 8],
  ['demo', { IG_DEMO_KEY_CALLS_PER_MINUTE: '8', IG_KEY_CALLS_PER_MINUTE: '30' }, 'demo-key-calls', 8],
])('a key of %s with %o has %s of %d', (environment, settings, limit, max) => {
  expect(ofKey(environment, settings)).toEqual([[limit, max]]);
});
