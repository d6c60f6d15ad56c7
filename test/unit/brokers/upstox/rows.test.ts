import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { upstoxErrorCodes } from '../../../../src/brokers/upstox/errors.ts';
import { operationOf, rows } from '../../../support/rows/upstox.ts';
import { openDesk, type Desk } from './desk.ts';
import { play } from './play.ts';

let desk: Desk;
beforeEach(async () => {
  desk = await openDesk();
});
afterEach(async () => {
  await desk.stop();
});

describe('wire signal or switch → what the adapter makes of it, and what it costs', () => {
  it.each(rows.map((row) => [row.name, row] as const))('%s', async (_name, row) => {
    const played = await play(desk, row);
    expect(played.end).toEqual(row.expect);
    expect(played.calls).toBe(row.calls);
    if (row.companions !== undefined) expect(played.grant?.companions ?? []).toHaveLength(row.companions);
  });

  it('has a row for each code', () => {
    const shown = new Set(rows.map((row) => ('code' in row.expect ? row.expect.code : '')));
    // Time has to pass within a call: test/simulation/rows/upstox-rollover.test.ts.
    const elsewhere = ['token_expired'];
    expect(upstoxErrorCodes.filter((code) => !shown.has(code))).toEqual(elsewhere);
  });

  it('has a row, at each call, for each status that the OpenAPI lists, where it comes without a code', () => {
    const readme = readFileSync(
      join(import.meta.dirname, '../../../../src/brokers/upstox/README.md'),
      'utf8',
    );
    const listed = /The OpenAPI lists (.*?) for these calls/.exec(readme)?.[1]?.match(/\d{3}/g) ?? [];
    expect(listed).toHaveLength(8);
    const wanted = listed.flatMap((status) =>
      Object.keys(operationOf).map((step) => `${status} without a code at the ${step}`),
    );
    const names = new Set(rows.map(({ name }) => name));
    expect(wanted.filter((each) => !names.has(each))).toEqual([]);
  });

  it('names each row once', () => {
    const names = rows.map(({ name }) => name);
    expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
  });
});
