import { createHmac, randomBytes } from 'node:crypto';
import type { Operation } from '../core/dialect.ts';
import type { FaultKind } from './faults.ts';

/** One call that reached the simulator. Holds no secret, ever. */
export interface LedgerEntry {
  /** Counts up from 1. */
  readonly n: number;
  readonly broker: string;
  /** In the dialect's words; `unknown` where the broker has no such call. */
  readonly operation: string;
  readonly username?: string;
  readonly egress: string;
  /** Ms by the simulated clock. */
  readonly startedAt: number;
  /** When its answer left, or the caller did; absent while it is in flight. */
  readonly endedAt?: number;
  /** Of the answer; absent where none was begun. */
  readonly status?: number;
  readonly fault?: FaultKind | 'dialect-error';
  /** True where the broker acted on it, whatever it answered. */
  readonly effect: boolean;
  /** Fingerprint of the single-use secret it brought: the same secret twice is the same text twice. */
  readonly spent?: string;
}

/** Which calls; every field given has to fit. */
export interface CallFilter {
  readonly broker?: string;
  readonly operation?: string;
  readonly username?: string;
  readonly egress?: string;
  readonly status?: number;
  readonly fault?: string;
  readonly effect?: boolean;
  /** Only calls with a greater number. */
  readonly after?: number;
}

/** A call under way, as the host fills in its line. */
export interface OpenCall {
  note(changes: Partial<Pick<LedgerEntry, 'status' | 'fault' | 'effect'>>): void;
  /** Ends it; the first time counts. */
  end(): void;
}

export interface Ledger {
  open(call: { broker: string; operation: Operation | undefined; egress: string }): OpenCall;
  calls(filter?: CallFilter): readonly LedgerEntry[];
  inFlight(broker: string, operation?: string): number;
  peakInFlight(broker: string, operation?: string): number;
  /** Resolves once `count` calls fit; rejects after `deadlineMs`, saying what came. */
  waitForCalls(filter: CallFilter, count: number, deadlineMs: number): Promise<readonly LedgerEntry[]>;
}

/** An empty ledger. `onEnd` hears of every call that ends. */
export function makeLedger(now: () => number, onEnd: (entry: LedgerEntry) => void = () => undefined): Ledger {
  const entries: LedgerEntry[] = [];
  const waiting = new Set<() => void>();
  const flights = new Map<string, { present: number; peak: number }>();
  const key = randomBytes(32);

  const flightsOf = (broker: string, operation = ''): { present: number; peak: number } => {
    const name = `${broker} ${operation}`;
    const found = flights.get(name) ?? { present: 0, peak: 0 };
    flights.set(name, found);
    return found;
  };
  const calls = (filter: CallFilter = {}): readonly LedgerEntry[] =>
    entries.filter((entry) => fits(entry, filter)).map((entry) => ({ ...entry }));

  return {
    open: ({ broker, operation, egress }) => {
      const index = entries.length;
      const name = operation?.name ?? 'unknown';
      const counters = [flightsOf(broker), flightsOf(broker, name)];
      let entry: LedgerEntry = {
        n: index + 1,
        broker,
        operation: name,
        ...(operation?.username !== undefined && { username: operation.username }),
        egress,
        startedAt: now(),
        effect: false,
        ...(operation?.spends !== undefined && { spent: fingerprint(key, broker, operation.spends) }),
      };
      const change = (changes: Partial<LedgerEntry>): void => {
        entry = { ...entry, ...changes };
        entries[index] = entry;
        for (const look of waiting) look();
      };
      for (const counter of counters) {
        counter.present += 1;
        counter.peak = Math.max(counter.peak, counter.present);
      }
      change({});
      return {
        note: change,
        end: () => {
          if (entry.endedAt !== undefined) return;
          for (const counter of counters) counter.present -= 1;
          change({ endedAt: now() });
          onEnd({ ...entry });
        },
      };
    },
    calls,
    inFlight: (broker, operation) => flightsOf(broker, operation).present,
    peakInFlight: (broker, operation) => flightsOf(broker, operation).peak,
    waitForCalls: (filter, count, deadlineMs) =>
      new Promise((resolve, reject) => {
        const done = (end: () => void): void => {
          clearTimeout(timer);
          waiting.delete(look);
          end();
        };
        const look = (): void => {
          const found = calls(filter);
          if (found.length >= count) done(() => resolve(found));
        };
        const timer = setTimeout(() => {
          const said = `${calls(filter).length} of ${count} calls came within ${deadlineMs} ms: ${JSON.stringify(filter)}`;
          done(() => reject(new Error(said)));
        }, deadlineMs);
        waiting.add(look);
        look();
      }),
  };
}

function fits(entry: LedgerEntry, { after = 0, ...wanted }: CallFilter): boolean {
  return (
    entry.n > after && Object.entries(wanted).every(([name, value]) => Reflect.get(entry, name) === value)
  );
}

function fingerprint(key: Buffer, broker: string, secret: string): string {
  return createHmac('sha256', key).update(`${broker}\n${secret}`).digest('hex').slice(0, 16);
}
