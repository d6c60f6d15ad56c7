import { describe, expect, it } from 'vitest';
import { makeSwitches } from '../../../src/brokers/switches.ts';
import { dialectFiles, readmeSwitches, switchedBrokers, writtenValues } from '../../support/switch-tables.ts';

describe('reading a switch', () => {
  const switched = makeSwitches({
    mode: { values: ['off', 'on'] },
    seconds: { values: [60, 'none'], also: 'number' },
    list: { values: ['own'], also: 'names' },
  });
  const host = (value?: unknown) => ({ switch: <T>(_: string, byDefault: T) => (value ?? byDefault) as T });

  it('gives the first value by default, and any that it takes', () => {
    expect([switched(host(), 'mode'), switched(host('on'), 'mode')]).toEqual(['off', 'on']);
    expect([switched(host(), 'seconds'), switched(host('none'), 'seconds')]).toEqual([60, 'none']);
    expect(switched(host(0.5), 'seconds')).toBe(0.5);
    expect(switched(host(['A']), 'list')).toEqual(['A']);
  });

  it.each([
    ['mode', 'On'],
    ['mode', true],
    ['seconds', '60'],
    ['seconds', Number.NaN],
    ['list', 'A'],
    ['list', [1]],
  ] as const)('never takes the default for a value that %s does not take (%j)', (name, value) => {
    expect(() => switched(host(value), name)).toThrow(RangeError);
  });
});

describe.each(switchedBrokers)('the switches of $broker', ({ broker, table, everywhere, played }) => {
  it('stand in its README with the values that the dialect takes, in their order', () => {
    const taken = Object.entries(table).map(([name, spec]) => [name, writtenValues(spec)]);
    expect(Object.fromEntries(readmeSwitches(broker))).toEqual(Object.fromEntries(taken));
  });

  it('are read by the table, and each of them is', () => {
    const files = dialectFiles(broker).filter(([file]) => !file.includes('switches'));
    const direct = files.filter(([, text]) => /\bhost\s*\.switch\b/.test(text)).map(([file]) => file);
    expect(direct).toEqual([]);
    const text = files.map(([, each]) => each).join('\n');
    const unread = Object.keys(table).filter((name) => {
      const [group = ''] = name.split('.');
      return !text.includes(`'${name}'`) && !text.includes(`\`${group}.\${`);
    });
    expect(unread).toEqual([]);
  });

  it.each(Object.entries(table).filter(([name]) => !everywhere.includes(name)))(
    '%s: a row plays each of its values, and one of any other kind that it takes',
    (name, { values, also }) => {
      const rows = played(name);
      const written = values.map(String);
      // The documented numbers are played wherever nothing is said.
      const wanted = written.filter((value) => value !== 'documented');
      expect(wanted.filter((value) => !rows.includes(value))).toEqual([]);
      if (also !== undefined) expect(rows.filter((value) => !written.includes(value))).not.toEqual([]);
    },
  );
});
