import { makeHttp } from '../../../../src/brokers/http.ts';
import { upstox } from '../../../../src/brokers/upstox/index.ts';
import type { Arrival, Connection, RawEntry } from '../../../../src/core/broker.ts';
import { startSimulator, type Simulator } from '../../../../src/simulator/index.ts';
import { entry, ist } from './harness.ts';

export interface Desk {
  readonly simulator: Simulator;
  connect(changes?: RawEntry, settings?: Readonly<Record<string, string>>): Connection;
  /** Logs in as a browser would: the link, one button, and what the broker sent back; nothing where it did not. */
  login(connection: Connection, button?: '1' | 'other' | 'cancel'): Promise<Arrival | undefined>;
  /** How often each code was sent, by its fingerprint. */
  codesSent(): readonly number[];
  stop(): Promise<void>;
}

/** The adapter, the real HTTP client and the simulated Upstox, whose clock stands still where it is set. */
export async function openDesk(
  at = ist('2026-01-13T10:00:00'),
  holidays: readonly string[] = [],
): Promise<Desk> {
  // No wait, but the sockets' turn: an answer that trickles would else never see that its caller has left.
  const still = { now: () => 0, sleep: () => new Promise<void>((done) => setImmediate(done)) };
  const simulator = await startSimulator({ brokers: [upstox], clock: still });
  simulator.clock.set(at);
  simulator.command('upstox', 'register', `${entry.clientId} ${entry.userId}`);
  const http = makeHttp();
  return {
    simulator,
    connect: (changes = {}, settings = {}) => {
      const read = upstox.login({ ...entry, ...changes });
      if ('faults' in read) throw new Error(read.faults.map(({ field }) => field).join(', '));
      return read.login.connect({
        clock: { ...still, now: () => simulator.clock.now() },
        http,
        baseUrl: () => simulator.setting('UPSTOX_API_URL') ?? '',
        setting: (variable) => settings[variable],
        isHoliday: (day) => holidays.includes(day),
      });
    },
    login: async (connection, button = '1') => {
      const link = connection.consent?.url('state-1') ?? '';
      const answer = await fetch(`${link}&auto=${button}`, { redirect: 'manual' });
      const location = answer.headers.get('location');
      if (location === null) return undefined;
      const query = new URL(location).searchParams;
      return Object.fromEntries(
        ['code', 'error'].flatMap((name) => (query.has(name) ? [[name, query.get(name)]] : [])),
      );
    },
    codesSent: () => {
      const counts = new Map<string, number>();
      for (const { spent } of simulator.calls({ operation: 'exchange' })) {
        if (spent !== undefined) counts.set(spent, (counts.get(spent) ?? 0) + 1);
      }
      return [...counts.values()];
    },
    stop: async () => {
      await simulator.stop();
      await http.close();
    },
  };
}
