import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { createTokenReader, type Token } from '../../../src/client/index.ts';
import type { Bot, BotMaker, BotOptions, BrokerPart, Made } from './bot.ts';

class Refused extends Error {
  readonly status = 401;
}

const nap = (ms: number, signal: AbortSignal): Promise<void> =>
  sleep(ms, undefined, { signal }).catch(() => undefined);

/** Bots that use the client for Node. */
export function nodeBots(): BotMaker {
  const closing: (() => void)[] = [];
  return {
    open: async (options) => openBot(options, closing),
    end: async () => closing.forEach((close) => close()),
  };
}

function openBot({ url, frozen = false }: BotOptions, closing: (() => void)[]): Bot {
  const redis = new Redis(url, { maxRetriesPerRequest: 3 });
  redis.on('error', () => undefined);
  let now = 0;
  let errors = 0;
  const reader = createTokenReader({
    redis,
    onError: () => (errors += 1),
    ...(frozen && { clock: { now: Date.now, elapsed: () => now, sleep: nap } }),
  });
  const close = (): void => {
    reader.close();
    redis.disconnect();
  };
  closing.push(close);
  return {
    get: (name) => reader.get(name),
    headers: (name) => reader.headers(name),
    async read(name) {
      const found = await reader.read(name);
      return found && { name, token: found.token, generation: found.generation, baseUrl: found.baseUrl };
    },
    why: (name) => reader.why(name),
    getFirst: async (names) => (await reader.getFirst(names))?.name,
    call: (name, broker) => {
      const one = async (): Promise<Made> => {
        const tries: { generation: number; at: number }[] = [];
        const made = reader.withToken(name, (token) => brokerAnswer(token, broker, tries), {
          ...(broker.waitMs !== undefined && { waitMs: broker.waitMs }),
        });
        return { tries, ended: await made.then(endOf, endOf) };
      };
      return Promise.all(Array.from({ length: broker.times ?? 1 }, one));
    },
    follow(name, { throws = false } = {}) {
      const heard: (number | null)[] = [];
      const stop = reader.subscribe(name, (token) => {
        heard.push(token?.generation ?? null);
        if (throws) throw new Error('made up');
      });
      return { heard: () => heard, errors: () => errors, stop: async () => stop() };
    },
    elapse: async (ms) => void (now += ms),
    close: async () => close(),
  };
}

function brokerAnswer(
  { generation }: Token,
  { refuses = 0, answers = false, fails }: BrokerPart,
  tries: { generation: number; at: number }[],
): { readonly status: number } {
  tries.push({ generation, at: performance.now() });
  if (fails !== undefined) throw new Error(fails);
  if (generation > refuses) return { status: 200 };
  if (answers) return { status: 401 };
  throw new Refused();
}

function endOf(outcome: unknown): string {
  if (typeof outcome !== 'object' || outcome === null) return String(outcome);
  const status: unknown = Reflect.get(outcome, 'status');
  if (status !== undefined) return status === 401 ? 'refused' : 'done';
  const code: unknown = Reflect.get(outcome, 'code');
  return outcome instanceof Error
    ? typeof code === 'string'
      ? `${code} ${outcome.message}`
      : outcome.message
    : '';
}
