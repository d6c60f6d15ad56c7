import type { Random } from '../core/clock.ts';
import type { Delivery, DialectHost } from '../core/dialect.ts';
import type { MovableClock } from './clock.ts';

/** Values of a broker's switches, by broker and by name. */
export type Switches = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

/** What an operator may set: switches and passwords, and what dialects read of them. */
export interface Bench {
  switchOf(broker: string, name: string): unknown;
  setSwitch(broker: string, name: string, value: unknown): void;
  /** Makes the login's password exact; undefined: back to the rule that only `wrong` is wrong. */
  setPassword(broker: string, username: string, password: string | undefined): void;
  hostFor(broker: string, baseUrl: string): DialectHost;
  /** Resolves when no webhook is under way. */
  idle(): Promise<void>;
}

/** A webhook's receiver that does not answer is given up after this long. */
const POST_TIMEOUT_MS = 10_000;

/** The operator's side of the simulated brokers. */
export function makeBench(clock: MovableClock, random: Random, initial: Switches): Bench {
  const switches = new Map<string, unknown>();
  const passwords = new Map<string, string>();
  const posts = new Set<Promise<void>>();
  const at = (broker: string, name: string): string => `${broker}\n${name}`;
  for (const [broker, values] of Object.entries(initial)) {
    for (const [name, value] of Object.entries(values)) switches.set(at(broker, name), value);
  }

  return {
    switchOf: (broker, name) => switches.get(at(broker, name)),
    setSwitch: (broker, name, value) => void switches.set(at(broker, name), value),
    setPassword: (broker, username, password) => {
      if (password === undefined) passwords.delete(at(broker, username));
      else passwords.set(at(broker, username), password);
    },
    hostFor: (broker, baseUrl) => ({
      clock,
      random,
      accepts: (username, password) => {
        const exact = passwords.get(at(broker, username));
        return exact === undefined ? !password.includes('wrong') : password === exact;
      },
      switch: <T>(name: string, byDefault: T): T => {
        const value = switches.get(at(broker, name));
        // The one place where an operator's value meets the type the dialect reads it with.
        return value === undefined ? byDefault : (value as T);
      },
      baseUrl: () => baseUrl,
      post: (url, body, delivery) => {
        const post = deliver(url, body, delivery).finally(() => posts.delete(post));
        posts.add(post);
      },
    }),
    idle: async () => {
      await Promise.all(posts);
    },
  };
}

/** Sends a webhook, to this machine only: a simulated broker speaks to nobody else. */
async function deliver(url: string, body: unknown, delivery: Delivery = {}): Promise<void> {
  const target = URL.parse(url);
  if (target === null || !isLoopback(target.hostname)) return;
  const { retries = 0, timeoutMs = POST_TIMEOUT_MS } = delivery;
  for (let sent = 0; sent <= retries; sent++) if (await isTaken(target, body, timeoutMs)) return;
}

/** Sends it once: true where a 2xx came in time. A real broker's webhook fails unseen, too. */
async function isTaken(target: URL, body: unknown, timeoutMs: number): Promise<boolean> {
  try {
    const answer = await fetch(target, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
      redirect: 'manual',
      signal: AbortSignal.timeout(timeoutMs),
    });
    await answer.body?.cancel();
    return answer.ok;
  } catch {
    return false;
  }
}

/** True for names and addresses of this machine, as they stand in a URL or on a socket. */
export function isLoopback(host: string): boolean {
  return /^(?:localhost|127(?:\.\d{1,3}){3}|\[?::1\]?|::ffff:127(?:\.\d{1,3}){3})$/.test(host);
}
