import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { inspectConfig } from '../../../src/config/config.ts';
import { tlsFiles } from './certificates.ts';
import { inFolder, surroundings } from './surroundings.ts';

const root = join(import.meta.dirname, '../../..');
const example = readFileSync(join(root, '.env.example'), 'utf8');

const linesNaming = (text: string): readonly string[] => text.match(/^#[A-Z][A-Z0-9_]*=.*$/gm) ?? [];

/** The example with its settings switched on, but for the ways to another Redis than `kept`. */
function switchedOn(kept: string): string {
  const others = ['REDIS_URL', 'REDIS_HOST', 'REDIS_SENTINELS'].filter((way) => !kept.startsWith(`#${way}=`));
  const lines = linesNaming(example).filter((line) => {
    const isOtherWay = others.some((way) => line.startsWith(`#${way}=`));
    return !isOtherWay && (!line.startsWith('#REDIS_URL=') || line === kept);
  });
  return lines.map((line) => line.slice(1)).join('\n');
}

describe('.env.example', () => {
  it('changes nothing as it stands', () => {
    const { faults } = inspectConfig(
      surroundings({ REDIS_URL: 'embedded' }, { [inFolder('.env')]: example }),
    );
    expect(faults).toEqual([]);
    expect(example).not.toMatch(/^[^#\n]/m);
  });

  const ways = linesNaming(example).filter((line) => /^#REDIS_(?:URL|HOST|SENTINELS)=/.test(line));

  it('shows every way to a Redis', () => {
    expect(ways).toHaveLength(4);
  });

  it.each(ways)('is valid when switched on, with %s', (way) => {
    const files = {
      [inFolder('.env')]: switchedOn(way),
      [inFolder('holidays.txt')]: '2026-01-26\n',
      ...tlsFiles,
    };
    const { faults } = inspectConfig(surroundings({}, files));
    expect(faults).toEqual([]);
  });

  it('names every setting that is read', () => {
    const asked = new Set<string>();
    const sources = ['config.ts', 'redis.ts', 'tls.ts', 'channels.ts'].map((file) =>
      readFileSync(join(root, 'src/config', file), 'utf8'),
    );
    for (const [, variable] of sources.join('\n').matchAll(/(?:read|text|sourceOf)\(\s*'([A-Z_]+)'/g)) {
      if (variable !== undefined) asked.add(variable);
    }
    expect(asked.size).toBeGreaterThan(25);
    const named = new Set(linesNaming(example).map((line) => line.slice(1, line.indexOf('='))));
    // What is longer than a line is shown as the file that holds it.
    expect([...asked].filter((variable) => !named.has(variable) && !named.has(`${variable}_FILE`))).toEqual(
      [],
    );
  });
});
