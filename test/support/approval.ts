import { randomBytes } from 'node:crypto';
import { makeSeal } from '../../src/redis/seal.ts';
import type { LedgerEntry } from '../../src/simulator/index.ts';
import { freePort } from './redis.ts';
import { withBench, type Ground, type GroundOptions, type ServiceBench } from './service.ts';
import { startWiretap, type Exchange } from './wiretap.ts';

/** An Upstox login whose person is asked through the broker. */
export const approving = {
  broker: 'upstox',
  name: 'UP',
  clientId: 'made-up-app',
  clientSecret: 'made-up-app-secret',
  redirectUri: 'https://app.example/callback',
  userId: 'AB0001',
  approval: 'request',
} as const;

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const IST_OFFSET_MS = 5.5 * HOUR_MS;

/** A Monday that has not begun yet, at this hour in India (ms): Redis' own clock stays behind it. */
export function mondayAt(hour: number): number {
  const today = Math.floor((Date.now() + IST_OFFSET_MS) / DAY_MS);
  // Day 0 of the epoch was a Thursday.
  const daysAhead = ((4 - (today % 7) + 7) % 7) + 7;
  return (today + daysAhead) * DAY_MS + hour * HOUR_MS - IST_OFFSET_MS;
}

/** What a notifier sends, field by field. */
export type Notice = Readonly<Record<string, string>>;

export interface ApprovalBench extends ServiceBench {
  /** The webhook's path, with its secret. */
  readonly path: string;
  readonly secret: string;
  /** What came to the webhook so far, and how it was answered. */
  readonly arrivals: readonly Exchange[];
  /** Where a notifier has to point for `arrivals` to show it. */
  readonly arrivalsUrl: string;
  /** Tells the simulated person something: `approve`, `approve-late`, `reject`, `forge` … */
  person(command: string, argument?: string): unknown;
  /** Posts to the webhook as anybody could. */
  post(body: unknown, path?: string): Promise<Response>;
  /** A notice that Upstox never made: fields as they should be, a token that no call honours. */
  forged(changes?: Notice): Notice;
  calls(operation: 'request' | 'profile' | 'exchange'): readonly LedgerEntry[];
}

/** Runs `work` with a service whose Upstox login has its webhook registered, on a Monday at 10:00 in India. */
export async function withApproval(
  options: Partial<GroundOptions>,
  work: (bench: ApprovalBench, ground: Ground) => Promise<void>,
): Promise<void> {
  const port = await freePort();
  const key = randomBytes(32);
  const secret = makeSeal([key]).sign(`webhook upstox ${approving.name}`).slice(0, 32);
  const path = `/webhooks/upstox/${secret}`;
  const tap = await startWiretap(`http://127.0.0.1:${port}`);
  try {
    await withBench(
      {
        entries: [approving],
        at: mondayAt(10),
        // Waits at the short end of what chance gives them.
        random: () => Math.random() / 20,
        ...options,
        env: { HTTP_PORT: String(port), SECRET_KEY: key.toString('base64'), ...options.env },
        async before(ground) {
          const { clientId, userId, redirectUri } = approving;
          ground.brokers.command('upstox', 'register', `${clientId} ${userId} ${redirectUri}`);
          ground.brokers.command('upstox', 'notifier', `${clientId} ${tap.url}${path}`);
          await options.before?.(ground);
        },
      },
      (bench, ground) =>
        work(extended(bench, { path, secret, port, arrivals: tap.exchanges, arrivalsUrl: tap.url }), ground),
    );
  } finally {
    await tap.stop();
  }
}

function extended(
  bench: ServiceBench,
  known: Pick<ApprovalBench, 'path' | 'secret' | 'arrivals' | 'arrivalsUrl'> & { readonly port: number },
): ApprovalBench {
  const { simulator } = bench;
  const { port, ...shown } = known;
  const own: Omit<ApprovalBench, keyof ServiceBench> = {
    ...shown,
    person: (command, argument = approving.clientId) => simulator.command('upstox', command, argument),
    post: (body, path = known.path) =>
      fetch(`http://127.0.0.1:${port}${path}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: typeof body === 'string' ? body : JSON.stringify(body),
      }),
    forged: (changes = {}) => {
      const now = simulator.clock.now();
      return {
        client_id: approving.clientId,
        user_id: approving.userId,
        access_token: `made-up-${randomBytes(12).toString('hex')}`,
        token_type: 'Bearer',
        issued_at: String(now),
        expires_at: String(now + 60 * 60_000),
        message_type: 'access_token',
        ...changes,
      };
    },
    calls: (operation) => simulator.calls({ broker: 'upstox', operation }),
  };
  // The bench's own `service` is another after a restart.
  return Object.defineProperties(own, Object.getOwnPropertyDescriptors(bench)) as ApprovalBench;
}
