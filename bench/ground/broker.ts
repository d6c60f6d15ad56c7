import { join } from 'node:path';
import type { Behaviour, Counts, OneLogin } from '../broker/state.ts';
import type { Ends } from './ends.ts';
import { startProgram } from './programs.ts';

/** The bench's broker, as the runner sees it. */
export interface BenchBroker {
  readonly url: string;
  readonly pid: number;
  counts(): Promise<Counts>;
  users(): Promise<Readonly<Record<string, OneLogin>>>;
  /** When each token was handed out, ms since the epoch, in order. */
  instants(): Promise<readonly number[]>;
  behave(behaviour: Partial<Behaviour>): Promise<void>;
  /** The present token of a login is dead from now on. */
  revoke(user: string): Promise<void>;
  forget(): Promise<void>;
}

export async function startBroker(folder: string, ends: Ends): Promise<BenchBroker> {
  const program = startProgram({
    command: process.execPath,
    args: [join(import.meta.dirname, '../broker/main.ts')],
    env: {},
    dir: folder,
    name: 'broker',
  });
  ends.add(program.kill);
  const first = await program.line(/^\{/, 20_000);
  const { url } = JSON.parse(first) as { readonly url: string };
  const ask = async (path: string, body?: unknown): Promise<unknown> => {
    const init = body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) };
    const answer = await fetch(`${url}/bench/${path}`, init);
    if (!answer.ok) throw new Error(`the bench's broker answered ${answer.status} to ${path}`);
    return answer.json();
  };
  return {
    url,
    pid: program.pid,
    counts: async () => (await ask('counts')) as Counts,
    users: async () => (await ask('users')) as Readonly<Record<string, OneLogin>>,
    instants: async () => (await ask('instants')) as readonly number[],
    behave: async (behaviour) => void (await ask('behave', behaviour)),
    revoke: async (user) => void (await ask('revoke', { user })),
    forget: async () => void (await ask('forget', {})),
  };
}

/** Calls that brought a token. */
export const refreshes = ({ logins, renewals }: Pick<Counts, 'logins' | 'renewals'>): number =>
  logins + renewals;
