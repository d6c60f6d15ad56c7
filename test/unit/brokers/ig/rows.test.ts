import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeHttp, type PooledHttp } from '../../../../src/brokers/http.ts';
import { igErrorCodes } from '../../../../src/brokers/ig/errors.ts';
import { ig } from '../../../../src/brokers/ig/index.ts';
import { igWireCodes } from '../../../../src/brokers/ig/meanings.ts';
import type { Call, Connection, Grant } from '../../../../src/core/broker.ts';
import { BrokerError } from '../../../../src/core/errors.ts';
import { startSimulator, type Simulator } from '../../../../src/simulator/index.ts';
import { operationOf, rows, type Row } from '../../../support/rows/ig.ts';

// Every row over the real HTTP layer, against the simulator behind a real socket.
let http: PooledHttp;
beforeAll(() => {
  http = makeHttp();
});
afterAll(() => http.close());

const unhurried = (): Call => ({ signal: AbortSignal.timeout(5_000) });

function connect(simulator: Simulator, { entry }: Row): Connection {
  const read = ig.login(entry);
  if ('faults' in read) throw new Error(`the entry is refused: ${JSON.stringify(read.faults)}`);
  return read.login.connect({
    clock: {
      now: simulator.clock.now,
      sleep: (_ms, signal) => new Promise((done) => signal?.addEventListener('abort', () => done())),
    },
    baseUrl: () => simulator.setting('IG_API_URL') ?? '',
    http,
    setting: () => undefined,
    isHoliday: () => false,
  });
}

/** What the row's step came to, in the row's words. */
async function outcome(
  connection: Connection,
  row: Row,
  grant: Grant | undefined,
  call: Call,
): Promise<unknown> {
  try {
    if (row.during === 'sign-in') await connection.signIn?.(call);
    if (!grant) return 'works';
    if (row.during === 'proof') return await connection.probe?.(grant, call);
    if (row.during === 'renewal') await connection.renew?.(grant, call);
    if (row.during === 'discovery') await connection.discover?.(grant, call);
    return 'works';
  } catch (error) {
    if (!(error instanceof BrokerError)) throw error;
    const { kind, code, scope, message } = error;
    const { password, apiKey } = row.entry;
    expect([password, apiKey].filter((secret) => message.includes(String(secret)))).toEqual([]);
    if (kind === 'throttled') {
      expect(error.retryAfterMs).toBeGreaterThanOrEqual(10_000);
      expect(error.retryAfterMs).toBeLessThanOrEqual(30_000);
    }
    return { kind, code, scope };
  }
}

describe.each(rows)('$name', (row) => {
  it(typeof row.expect === 'string' ? row.expect : `${row.expect.kind}, ${row.expect.code}`, async () => {
    const simulator = await startSimulator({ brokers: [ig] });
    try {
      const connection = connect(simulator, row);
      const grant = row.during === 'sign-in' ? undefined : await connection.signIn?.(unhurried());
      await row.arrange(simulator);
      const after = simulator.calls().length;
      const deadline = new AbortController();
      const ended = outcome(connection, row, grant, row.stalls ? { signal: deadline.signal } : unhurried());
      if (row.stalls) {
        await simulator.waitForCalls({ operation: operationOf[row.during], after }, 1, 2_000);
        deadline.abort(new DOMException('too late', 'TimeoutError'));
      }
      expect(await ended).toEqual(row.expect);
      expect(simulator.calls({ after }).map(({ operation }) => operation)).toEqual(row.calls);
    } finally {
      await simulator.stop();
    }
  });
});

describe('the rows', () => {
  it('have a name each', () => {
    const names = rows.map(({ name, entry }) => `${name} ${JSON.stringify(entry)}`);
    expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
  });

  it('hold every code of this adapter', () => {
    const shown = new Set(rows.map((row) => (typeof row.expect === 'string' ? '' : row.expect.code)));
    expect(igErrorCodes.filter((code) => !shown.has(code))).toEqual([]);
  });

  it("hold every code of IG's lists", () => {
    const named = rows.map(({ name }) => name);
    expect(igWireCodes.filter((code) => !named.some((name) => name.includes(code)))).toEqual([]);
  });
});
