import { readFile, unlink } from 'node:fs/promises';
import { z } from 'zod';
import type { Account } from '../core/account.ts';
import type { Clock } from '../core/clock.ts';
import { errnoOf } from '../core/errno.ts';
import type { Log } from '../core/log.ts';
import { isLive, type Session } from '../core/session.ts';
import type { TokenStore } from '../core/store.ts';
import type { Tidings } from '../redis/tidings.ts';
import { writePrivately } from './private-file.ts';

export interface TokenFileParts {
  readonly accounts: { get(name: string): Account | undefined; all(): readonly Account[] };
  readonly store: Pick<TokenStore, 'peek'>;
  readonly tidings: Pick<Tidings, 'listen'>;
  readonly clock: Pick<Clock, 'now'>;
  readonly log: Log;
}

/** The files in which entries ask for their present token (`tokenFile`), whichever process got it. */
export interface TokenFiles {
  /** Brings every file up to date: what was not heard of, or was removed by somebody. */
  sweep(): Promise<void>;
  /** Resolves once nothing is being written. */
  close(): Promise<void>;
}

/** What a file of ours looks like; anything else in its place is somebody's, and is never written over. */
const ours = z.object({ name: z.string(), token: z.string(), expiresAt: z.string() });

export function makeTokenFiles(parts: TokenFileParts): TokenFiles {
  const { accounts, store, clock, log } = parts;
  const said = new Map<string, string>();
  let last: Promise<void> = Promise.resolve();
  let unlisten: (() => void) | undefined;

  /** One file after the other: two writes of one account must not overtake each other. */
  const inTurn = (name: string): Promise<void> => {
    last = last.then(() => refresh(name)).catch(() => undefined);
    return last;
  };

  async function refresh(name: string): Promise<void> {
    const account = accounts.get(name);
    const path = account?.tokenFile;
    // Left to its end, as its keys are.
    if (!account?.enabled || path === undefined) return;
    const { session } = await store.peek(name);
    const wanted =
      session && isLive(session, account.identity, clock.now()) ? textOf(account, session) : undefined;
    try {
      const there = await readFile(path, 'utf8').catch((error: unknown) => {
        if (errnoOf(error) === 'ENOENT') return undefined;
        throw error;
      });
      if (there === wanted) return void said.delete(path);
      if (there !== undefined && nameIn(there) !== name) {
        say(account, path, 'holds something else, which is never written over: name another file');
        return;
      }
      if (wanted === undefined) await unlink(path);
      else await writePrivately(path, wanted);
      said.delete(path);
    } catch (error) {
      say(account, path, `cannot be written (${errnoOf(error)})`);
    }
  }

  /** The same trouble once, until it has ended. */
  function say({ name, broker }: Account, path: string, why: string): void {
    if (said.get(path) === why) return;
    said.set(path, why);
    log.error(
      { event: 'token_file.trouble', account: name, broker, path },
      `The token file of ${name}, ${path}, ${why}.`,
    );
  }

  return {
    async sweep() {
      const named = accounts.all().filter(({ tokenFile }) => tokenFile !== undefined);
      if (named.length === 0) {
        unlisten?.();
        unlisten = undefined;
        return;
      }
      unlisten ??= parts.tidings.listen((name) => void inTurn(name));
      for (const { name } of named) await inTurn(name);
    },
    async close() {
      unlisten?.();
      await last;
    },
  };
}

function textOf({ name, broker }: Account, { generation, grant }: Session): string {
  const { token, tokenType, issuedAt, expiresAt } = grant;
  const content = {
    name,
    broker,
    token,
    tokenType,
    generation,
    issuedAt: new Date(issuedAt).toISOString(),
    expiresAt: new Date(expiresAt).toISOString(),
  };
  return `${JSON.stringify(content, null, 2)}\n`;
}

/** Whose file of ours it is; undefined where it is none. */
function nameIn(text: string): string | undefined {
  try {
    return ours.safeParse(JSON.parse(text)).data?.name;
  } catch {
    return undefined;
  }
}
