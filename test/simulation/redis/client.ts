import type { Redis } from 'ioredis';
import { isCommand } from './server.ts';
import { RedisError, Status, type Reply } from './reply.ts';

/** What carries commands to a server and replies back; rejects with what ioredis would. */
export interface Link {
  /** Sends commands in one go; resolves with a reply or an error for each. `atomic`: nobody comes between them. */
  send(commands: readonly (readonly string[])[], atomic: boolean): Promise<readonly Reply[]>;
  /** Told whenever the connection is lost. */
  onClose?(listener: () => void): void;
  /** Told whenever it is there again. */
  onReady?(listener: () => void): void;
}

type Words = readonly string[];

/**
 * A client with ioredis' face over a link. Every command that the simulated server knows is a method;
 * any other name is undefined, so that a use of what is not simulated fails where it stands.
 */
export function makeClient(link: Link): Redis {
  const one = async (words: Words): Promise<unknown> => {
    const [reply] = await link.send([words], false);
    return settled(words, reply ?? null);
  };
  const batch = (atomic: boolean): unknown => {
    const queued: Words[] = [];
    const chain: object = new Proxy(
      {},
      {
        get: (_, name) => {
          if (name === 'exec') {
            return async () => {
              const replies = await link.send(queued, atomic);
              return queued.map((words, i): [Error | null, unknown] => {
                const reply = replies[i] ?? null;
                return reply instanceof RedisError ? [reply, undefined] : [null, shaped(words, reply)];
              });
            };
          }
          if (typeof name !== 'string' || !isCommand(name.toUpperCase())) return undefined;
          return (...args: readonly unknown[]) => {
            queued.push([name.toUpperCase(), ...args.flatMap(argument)]);
            return chain;
          };
        },
      },
    );
    return chain;
  };
  const own: Readonly<Record<string, unknown>> = {
    status: 'ready',
    multi: () => batch(true),
    pipeline: () => batch(false),
    call: (name: string, ...args: readonly unknown[]) => one([name.toUpperCase(), ...args.flatMap(argument)]),
    on: (event: string, listener: () => void) => {
      if (event === 'close') link.onClose?.(listener);
      if (event === 'ready') link.onReady?.(listener);
      return client;
    },
    once: () => client,
    off: () => client,
    disconnect: () => undefined,
    quit: () => Promise.resolve('OK'),
    duplicate: () => client,
  };
  const client: unknown = new Proxy(own, {
    get: (known, name) => {
      if (typeof name !== 'string') return undefined;
      if (Object.hasOwn(known, name)) return known[name];
      const command = name.toUpperCase();
      if (!isCommand(command)) return undefined;
      return (...args: readonly unknown[]) => one([command, ...args.flatMap(argument)]);
    },
  });
  // ioredis' type has some four hundred methods with overloads each. The service calls a handful, and
  // what the proxy does not have fails at its first use, so the one cast of the simulation hides nothing.
  return client as Redis;
}

/** As ioredis writes arguments: lists flat, objects as pairs, everything as text. */
function argument(value: unknown): readonly string[] {
  if (Array.isArray(value)) return value.map(String);
  if (value instanceof Map) return [...value].flat().map(String);
  if (typeof value === 'object' && value !== null) return Object.entries(value).flat().map(String);
  if (typeof value === 'string') return [value];
  return [typeof value === 'number' || typeof value === 'bigint' ? String(value) : ''];
}

function settled(words: Words, reply: Reply): unknown {
  if (reply instanceof RedisError) throw reply;
  return shaped(words, reply);
}

/** As ioredis hands replies on: HGETALL as an object, a status as its text. */
function shaped(words: Words, reply: Reply): unknown {
  if (words[0] === 'HGETALL' && Array.isArray(reply)) {
    const flat = reply.map(String);
    return Object.fromEntries(flat.flatMap((field, i) => (i % 2 === 0 ? [[field, flat[i + 1]]] : [])));
  }
  return plain(reply);
}

function plain(reply: Reply): unknown {
  if (reply instanceof Status) return reply.text;
  return Array.isArray(reply) ? reply.map((part: Reply) => plain(part)) : reply;
}

/** A link without a network: each command at once. */
export function directLink(execute: (words: Words) => Reply): Link {
  return {
    send: (commands) =>
      Promise.resolve(
        commands.map((words) => {
          try {
            return execute(words);
          } catch (error) {
            if (error instanceof RedisError) return error;
            throw error;
          }
        }),
      ),
  };
}
