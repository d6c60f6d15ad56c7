import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { freshFolder } from '../../support/folder.ts';
import { track } from '../../support/leaks.ts';
import type { Python } from '../../support/python.ts';
import { BotError, type Bot, type BotMaker, type Made } from './bot.ts';

interface Answered {
  readonly id?: number;
  readonly answer?: unknown;
  readonly code?: string;
  readonly message?: string;
  readonly following?: number;
  readonly heard?: number | null;
}

type Ask = <T>(op: string, ...args: unknown[]) => Promise<T>;

/** Bots that use the client for Python, all in one process of it. */
export async function pythonBots(python: Python, kind: 'threads' | 'asyncio'): Promise<BotMaker> {
  const child = spawn(python.command, [join(import.meta.dirname, 'bot.py'), kind], {
    cwd: await freshFolder(),
    env: { PATH: process.env['PATH'], ...python.env },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const exited = once(child, 'exit');
  const end = async (): Promise<void> => {
    untrack();
    child.kill('SIGKILL');
    await exited;
  };
  const untrack = track(`bots in Python (${kind})`, end);
  const waiting = new Map<number, (answered: Answered) => void>();
  const followings = new Map<number, (number | null)[]>();
  createInterface({ input: child.stdout }).on('line', (line) => {
    const answered = JSON.parse(line) as Answered;
    if (answered.following !== undefined) followings.get(answered.following)?.push(answered.heard ?? null);
    else if (answered.id !== undefined) waiting.get(answered.id)?.(answered);
  });
  let last = 0;
  const ask = async <T>(bot: number, op: string, args: readonly unknown[]): Promise<T> => {
    const id = ++last;
    const { answer, code, message } = await new Promise<Answered>((done) => {
      waiting.set(id, done);
      child.stdin.write(`${JSON.stringify({ id, bot, op, args })}\n`);
    });
    waiting.delete(id);
    if (code !== undefined) throw new BotError(code, message ?? '');
    return (answer ?? undefined) as T;
  };
  return {
    end,
    async open({ url, frozen = false }) {
      const bot = ++last;
      await ask(bot, 'open', [url, frozen]);
      return openBot((op, ...args) => ask(bot, op, args), followings);
    },
  };
}

function openBot(ask: Ask, followings: Map<number, (number | null)[]>): Bot {
  return {
    get: (name) => ask('get', name),
    headers: (name) => ask('headers', name),
    read: (name) => ask('read', name),
    why: (name) => ask('why', name),
    getFirst: (names) => ask('getFirst', names),
    call: (name, broker) => ask<readonly Made[]>('call', name, broker),
    follow(name, { throws = false } = {}) {
      const id = followings.size + 1;
      const heard: (number | null)[] = [];
      let errors = 0;
      followings.set(id, heard);
      void ask('follow', id, name, throws);
      return {
        heard: () => heard,
        errors() {
          void ask<number>('errors').then((count) => (errors = count));
          return errors;
        },
        stop: () => ask('stop', id),
      };
    },
    elapse: (ms) => ask('elapse', ms),
    close: () => ask('close'),
  };
}
