import { z } from 'zod';
import type { AccountStatus } from '../core/status.ts';
import { byBroker, isServed } from '../core/summary.ts';
import { headlineOf, shortNames, unclosing } from './words.ts';

const lackSchema = z.readonly(z.object({ why: z.string(), names: z.readonly(z.array(z.string())) }));

const tallySchema = z.readonly(
  z.object({
    broker: z.string(),
    /** Accounts with a live token, of all that are served. */
    ready: z.number(),
    total: z.number(),
    /** What the others lack, and who they are. */
    lacks: z.readonly(z.array(lackSchema)),
  }),
);

export const morningSchema = z.readonly(
  z.object({
    /** The day it is the line of, `2026-11-30`. */
    day: z.string(),
    /** When it was drawn up, ms. */
    at: z.number(),
    brokers: z.readonly(z.array(tallySchema)),
    /** Where a person sees more. */
    link: z.string(),
    /** The channels that have said it. */
    sent: z.readonly(z.array(z.string())),
  }),
);

export type Tally = z.infer<typeof tallySchema>;
/** The line that says each morning how many accounts are ready: silence alone proves nothing. Holds no secret. */
export type Morning = z.infer<typeof morningSchema>;

/** What no channel took by then is no morning's news any more. */
const KEEP_MS = 2 * 60 * 60_000;
/** Discord takes 2000 characters. */
const LIMIT = 1_900;

/** How each broker's accounts stand; who is out of service on purpose does not count. */
export function tally(accounts: readonly AccountStatus[]): readonly Tally[] {
  return Object.entries(byBroker(accounts.filter(isServed))).map(([broker, theirs]) => ({
    broker,
    ready: theirs.filter(({ valid }) => valid).length,
    total: theirs.length,
    lacks: [...Map.groupBy(theirs.filter(({ valid }) => !valid).sort(byName), whyNot)].map(
      ([why, members]) => ({ why, names: members.map(({ name }) => name) }),
    ),
  }));
}

const byName = (a: AccountStatus, b: AccountStatus): number => a.name.localeCompare(b.name);

function whyNot({ state, last_error }: AccountStatus): string {
  const trouble = last_error === null ? undefined : unclosing(headlineOf(last_error.message));
  switch (state) {
    case 'awaiting_approval':
      return 'A person must log in.';
    case 'stopped':
      return `Stopped: ${trouble ?? 'a person must act.'}`;
    default:
      return trouble ?? 'No token yet; a login is on its way.';
  }
}

/** The line of a channel, where it has not said it and it is still this morning's. */
export function unsaidMorning(
  { morning }: { readonly morning?: Morning | undefined },
  channel: string,
  now: number,
): Morning | undefined {
  return morning && !morning.sent.includes(channel) && now - morning.at < KEEP_MS ? morning : undefined;
}

/** `40/40, 2/2, 3/3 ready`, each with its broker. */
export function countsOf({ brokers }: Morning): string {
  const counts = brokers.map(({ broker, ready, total }) => `${broker} ${ready}/${total}`);
  return `${counts.join(', ') || 'No account is served: nothing'} ready.`;
}

export const isAllReady = ({ brokers }: Morning): boolean =>
  brokers.every(({ ready, total }) => ready === total);

/** The counts in a line; then what is not ready and why, as much as fits, and where to see more. */
export function morningText(morning: Morning): string {
  const lacks = morning.brokers.flatMap(({ broker, lacks }) =>
    lacks.map(({ why, names }) => `${broker}, ${shortNames(names)}: ${why}`),
  );
  const more = isAllReady(morning) ? [] : [`More: ${morning.link}`];
  const first = countsOf(morning);
  let room = LIMIT - first.length - more.join('').length;
  const fitting = lacks.findIndex((line) => (room -= line.length + 1) < 0);
  return [first, ...(fitting < 0 ? lacks : lacks.slice(0, fitting)), ...more].join('\n');
}
