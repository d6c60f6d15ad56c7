import { describe, expect, it } from 'vitest';
import { makeMetrics } from '../../src/metrics/metrics.ts';
import { alerts, dashboard, expressions, recorded } from '../support/monitoring.ts';
import { metricsIn } from '../support/promql.ts';
import { readScrape } from '../support/scrape.ts';
import { rows, textOf } from './docs/documents.ts';

/** Of Prometheus itself. */
const given = ['up', 'ALERTS'];

async function known(): Promise<ReadonlySet<string>> {
  const options = { accountLabels: false, version: '0.0.0', stateFolderWorks: () => true };
  const metrics = makeMetrics(() => Promise.reject(new Error('away')), options);
  const { kinds } = readScrape(await metrics.text());
  const names = [...kinds].flatMap(([name, kind]) =>
    kind === 'histogram' ? [`${name}_bucket`, `${name}_sum`, `${name}_count`] : [name],
  );
  return new Set([...names, ...recorded.map(({ record }) => record), ...given]);
}

describe('the names in an expression', () => {
  it.each([
    ['max by (broker) (a_b{c="d",e!~"f"}) > 0', ['a_b']],
    ['a:b:rate5m > 14.4 * 0.001\nand\nb', ['a:b:rate5m', 'b']],
    ['histogram_quantile(0.99, sum by (le) (rate(a_bucket[$__rate_interval]))) > 5', ['a_bucket']],
    ['1 - a{b="c)"} / on (d) group_left (e) f offset 5m', ['a', 'f']],
    ['(a{b="c"} > time()) - time() < 1e3', ['a']],
  ])('%s', (expr, names) => {
    expect(metricsIn(expr).filter((name) => !['m'].includes(name))).toEqual(names);
  });
});

describe('the rules and the dashboard', () => {
  it('ask for metrics that the service has', async () => {
    const names = await known();
    const asked = expressions.flatMap(metricsIn);
    expect(new Set(asked).size).toBeGreaterThan(25);
    expect(asked.filter((name) => !names.has(name))).toEqual([]);
  });

  it('show every metric of the service', async () => {
    const own = [...(await known())].filter(
      (name) => !/^(?:process|nodejs|broker:)|_(?:sum|count)$/.test(name),
    );
    const asked = new Set(expressions.flatMap(metricsIn));
    expect(own.filter((name) => !asked.has(name) && !given.includes(name))).toEqual([]);
  });
});

describe('an alert', () => {
  const pages = ['docs/operating.md', 'docs/slo.md'];

  it('has a name of its own', () => {
    expect(alerts.length).toBeGreaterThan(15);
    expect(new Set(alerts.map(({ alert }) => alert)).size).toBe(alerts.length);
  });

  it.each(alerts.map((each) => [each.alert, each] as const))(
    '%s leads to what is to be done',
    (name, each) => {
      const [page = '', anchor] = each.annotations.runbook.split('#');
      expect(pages).toContain(page);
      expect(anchor).toBe(name);
      const row = rows(textOf(page)).find(([first = '']) => first === `<a id="${name}"></a>\`${name}\``);
      expect(row?.every((cell) => cell !== '')).toBe(true);
    },
  );

  it('is described nowhere that does not exist', () => {
    const described = pages.flatMap((page) =>
      [...textOf(page).matchAll(/<a id="([A-Z]\w+)"><\/a>/g)].map(([, id]) => id),
    );
    expect(described.toSorted()).toEqual(alerts.map(({ alert }) => alert).toSorted());
  });

  it.each(
    alerts.filter(({ alert }) => alert.startsWith('Freshness')).map((each) => [each.alert, each] as const),
  )('%s burns as fast as docs/slo.md says', (name, { expr }) => {
    const row = rows(textOf('docs/slo.md')).find(([first = '']) => first.includes(`\`${name}\``)) ?? [];
    const windows = [...expr.matchAll(/ratio_rate(\d+)([a-z])/g)].map(([, count = '', unit = '']) => [
      count,
      { m: 'min', h: 'h', d: Number(count) === 1 ? 'day' : 'days' }[unit],
    ]);
    expect(row[1]).toBe(/> ([\d.]+) \* 0\.001/.exec(expr)?.[1]);
    expect(row[3]).toBe(windows.map((window) => window.join(' ')).join(' and '));
  });
});

describe('the dashboard', () => {
  const shown = dashboard.panels.filter(({ type }) => type !== 'row');

  it('asks the data source that is chosen', () => {
    expect(dashboard.templating.list).toContainEqual(
      expect.objectContaining({ name: 'datasource', type: 'datasource' }),
    );
    expect(shown.every(({ datasource, targets }) => datasource && targets.length > 0)).toBe(true);
  });

  it('has panels that are told apart and lie beside each other', () => {
    expect(new Set(dashboard.panels.map(({ id }) => id)).size).toBe(dashboard.panels.length);
    const places = dashboard.panels.map(({ gridPos }) => gridPos);
    for (const [i, a] of places.entries()) {
      expect(a.x + a.w).toBeLessThanOrEqual(24);
      for (const b of places.slice(i + 1)) {
        const isApart = a.x + a.w <= b.x || b.x + b.w <= a.x || a.y + a.h <= b.y || b.y + b.h <= a.y;
        expect(isApart).toBe(true);
      }
    }
  });

  it('uses no variable that it does not have', () => {
    const variables = new Set(dashboard.templating.list.map(({ name }) => name));
    const used = JSON.stringify(dashboard).matchAll(/\$\{?([a-z]\w*)/g);
    expect([...used].map(([, name = '']) => name).filter((name) => !variables.has(name))).toEqual([]);
  });
});
