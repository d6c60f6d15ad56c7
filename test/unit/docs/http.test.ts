import { describe, expect, it } from 'vitest';
import { operations } from '../../../src/http/api/operations.ts';
import { rates } from '../../../src/http/rate-limits.ts';
import { below, rowsByName, sorted, textOf } from './documents.ts';

const document = textOf('docs/http.md');

describe('docs/http.md', () => {
  const routes = rowsByName(below(document, 'Routes'));

  it('has the routes of the OpenAPI document, and who may call them', () => {
    const by = { 'signed-in': 'signed in', person: 'a person', anybody: 'anybody' } as const;
    const described = [...routes].map(([route, [, who]]) => `${route}: ${who ?? ''}`);
    expect(sorted(described)).toEqual(
      sorted(operations.map(({ method, path, by: who }) => `${method} ${path}: ${by[who]}`)),
    );
  });

  it('has the limits', () => {
    const limits = [...rowsByName(below(document, 'Limits'))].map(([name, [, burst, perMinute]]) => [
      name,
      { burst: Number(burst), perMinute: Number(perMinute) },
    ]);
    expect(Object.fromEntries(limits)).toEqual(rates);
  });
});
