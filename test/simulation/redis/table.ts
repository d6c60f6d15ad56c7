import type { Keyspace } from './keyspace.ts';
import type { Reply } from './reply.ts';

/** One command: what it does to the keys and what it answers. Throws RedisError. */
export interface Command {
  /** True: a read-only replica turns it away. */
  readonly writes?: boolean;
  readonly run: (space: Keyspace, args: readonly string[]) => Reply;
}

/** By name, in capitals. */
export type Commands = Readonly<Record<string, Command>>;
