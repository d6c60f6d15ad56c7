import { createHash } from 'node:crypto';
import { hashes, lists, sets } from './collections.ts';
import { keyed, strings } from './keyed.ts';
import { makeKeyspace, type Keyspace } from './keyspace.ts';
import { sharedLua } from './lua.ts';
import { integer, RedisError, type Reply } from './reply.ts';
import { streamGroups } from './stream-groups.ts';
import { streams } from './streams.ts';
import type { Command, Commands } from './table.ts';
import { zsets } from './zsets.ts';

const commands: Commands = {
  ...strings,
  ...keyed,
  ...hashes,
  ...lists,
  ...sets,
  ...zsets,
  ...streams,
  ...streamGroups,
};

export const isCommand = (name: string): boolean =>
  Object.hasOwn(commands, name) || ['EVAL', 'EVALSHA', 'PUBLISH', 'SCRIPT'].includes(name);

/** A Redis in this process, on a clock of the test's. It answers at once; whoever wants a network puts one before it. */
export interface RedisServer {
  readonly keyspace: Keyspace;
  /** One command, as `[name, ...args]`. Throws RedisError. */
  execute(words: readonly string[]): Reply;
  /** True: writes are turned away, as a replica does after a failover. */
  setReadOnly(readOnly: boolean): void;
  /** Hears of every PUBLISH. */
  onPublish(listener: (channel: string, message: string) => void): void;
  /** How many commands and scripts it has run. */
  executed(): number;
  /** Forgets the scripts it was given, as a restarted server does. */
  forgetScripts(): void;
}

/** A server that is empty. `now`: its own clock, ms since the epoch. */
export async function makeRedisServer(now: () => number): Promise<RedisServer> {
  const lua = await sharedLua();
  const keyspace = makeKeyspace(now);
  const scripts = new Map<string, string>();
  const listeners: ((channel: string, message: string) => void)[] = [];
  let isReadOnly = false;
  let executed = 0;

  function call(name: string, args: readonly string[]): Reply {
    if (name === 'PUBLISH') {
      for (const listener of listeners) listener(args[0] ?? '', args[1] ?? '');
      return listeners.length;
    }
    const command: Command | undefined = Object.hasOwn(commands, name) ? commands[name] : undefined;
    if (!command) throw new RedisError(`ERR unknown command '${name}', with args beginning with: simulated`);
    if (isReadOnly && command.writes) {
      throw new RedisError("READONLY You can't write against a read only replica.");
    }
    return command.run(keyspace, args);
  }

  function evaluate(script: string, rest: readonly string[]): Reply {
    const count = integer(rest[0]);
    return lua.run(script, rest.slice(1, 1 + count), rest.slice(1 + count), call);
  }

  return {
    keyspace,
    execute([word = '', ...args]) {
      executed += 1;
      const name = word.toUpperCase();
      const [first = '', ...rest] = args;
      switch (name) {
        case 'EVALSHA': {
          const script = scripts.get(first.toLowerCase());
          if (script === undefined) throw new RedisError('NOSCRIPT No matching script. Please use EVAL.');
          return evaluate(script, rest);
        }
        case 'EVAL':
          scripts.set(digestOf(first), first);
          return evaluate(first, rest);
        case 'SCRIPT':
          scripts.set(digestOf(rest[0] ?? ''), rest[0] ?? '');
          return digestOf(rest[0] ?? '');
        default:
          return call(name, args);
      }
    },
    setReadOnly: (readOnly) => {
      isReadOnly = readOnly;
    },
    onPublish: (listener) => void listeners.push(listener),
    executed: () => executed,
    forgetScripts: () => scripts.clear(),
  };
}

const digests = new Map<string, string>();

function digestOf(script: string): string {
  const known = digests.get(script) ?? createHash('sha1').update(script).digest('hex');
  digests.set(script, known);
  return known;
}
