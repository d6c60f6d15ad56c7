import { describe, expect, it } from 'vitest';
import { makeMetrics } from '../../../src/metrics/metrics.ts';
import { readScrape } from '../../support/scrape.ts';
import { below, found, rows, sorted, textOf } from './documents.ts';

/** Every metric that the service has, whatever Redis holds. */
async function names(accountLabels: boolean): Promise<readonly string[]> {
  const metrics = makeMetrics(() => Promise.reject(new Error('away')), {
    ...{ accountLabels, version: '0.0.0' },
    stateFolderWorks: () => true,
  });
  return [...readScrape(await metrics.text()).kinds.keys()];
}

describe('the metrics in docs/operating.md', () => {
  const described = rows(below(textOf('docs/operating.md'), 'Metrics')).flatMap(([first = '']) => [
    ...found(first, /`([a-z_…]+)/g),
  ]);

  it('are all that the service has, but for those of the process', async () => {
    const own = [...(await names(false)), ...(await names(true))].filter(
      (name) => !/^(?:process|nodejs)_/.test(name),
    );
    expect(own.length).toBeGreaterThan(25);
    expect(sorted(described.filter((name) => !name.endsWith('…')))).toEqual(sorted(own));
  });
});
