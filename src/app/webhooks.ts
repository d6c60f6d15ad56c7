import { createHash } from 'node:crypto';
import type { Account } from '../core/account.ts';
import type { Clock } from '../core/clock.ts';
import type { Log } from '../core/log.ts';
import type { Desk, NoticeAnswer } from '../http/desk.ts';
import type { Keeper } from '../tending/parts.ts';

export interface WebhookParts {
  readonly keeper: Pick<Keeper, 'take' | 'hold'>;
  readonly accounts: () => readonly Account[];
  /** Signatures over a text, one for each key of the ring, the sealing key's first. */
  readonly signatures: Signatures;
  readonly clock: Clock;
  readonly log: Log;
}

export interface Webhooks extends Pick<Desk, 'takeNotice'> {
  /** Tries no longer for what could not be taken yet, and resolves once no try is under way. */
  close(): Promise<void>;
}

/**
 * How long whoever posted waits for an account that is just being looked at, and how often it is asked
 * for: few wait longer than 5 s for an answer.
 */
const HELD_WAITS = 10;
const HELD_WAIT_MS = 250;
/** How often it is tried again after that, ms. */
const CARRY_ON_MS = 1_000;
/** So many notices wait for an account at most: more are no person's. */
const MOST_WAITING = 3;
/** Enough of a signature that nobody guesses it. */
const SECRET_LENGTH = 32;

const digest = (secret: string): string => createHash('sha256').update(secret).digest('base64');

type Signatures = (text: string) => readonly string[];

const takes = (account: Account): boolean =>
  account.enabled && account.connection.consent?.read !== undefined;
const secretsOf = (account: Account, signatures: Signatures): readonly string[] =>
  signatures(`webhook ${account.broker} ${account.name}`).map((each) => each.slice(0, SECRET_LENGTH));

/**
 * Where the broker has to post for this account; undefined where it has no webhook. Secret.
 * @param signatures over a text, one for each key of the ring, the sealing key's first
 */
export function webhookPath(account: Account, signatures: Signatures): string | undefined {
  return takes(account)
    ? `/webhooks/${account.broker}/${secretsOf(account, signatures)[0] ?? ''}`
    : undefined;
}

/**
 * True for an address that ends at this account's webhook, whichever key of the ring it was made with. Of the
 * host nothing is said: what stands in front of us may have several names.
 */
export function leadsToWebhook(account: Account, address: string, signatures: Signatures): boolean {
  const path = URL.parse(address)?.pathname ?? '';
  return secretsOf(account, signatures).some((secret) =>
    path.endsWith(`/webhooks/${account.broker}/${secret}`),
  );
}

/**
 * What brokers post. The path's secret is signed, not stored: it is the same in every process and after
 * every restart, and one that was handed out before a rotation of the sealing key works while the old key is in the ring.
 */
export function makeWebhooks(parts: WebhookParts): Webhooks {
  const { clock, log } = parts;
  const closing = new AbortController();
  const isClosing = (): boolean => closing.signal.aborted;
  const waiting = new Map<string, Set<Promise<void>>>();

  /** Undefined where the account cannot be had now: somebody looks at it, or Redis is away (`unreachable`). */
  async function tryOnce(
    name: string,
    notice: unknown,
    unreachable?: () => Promise<void>,
  ): Promise<NoticeAnswer | undefined> {
    const tended = await parts.keeper.take(name, notice).catch(async () => {
      await unreachable?.();
      return { outcome: 'held' as const };
    });
    switch (tended.outcome) {
      case 'held':
      case 'lost':
        return undefined;
      case 'pending':
        return { outcome: 'taken' };
      case 'refused':
        return { outcome: 'refused', reason: tended.reason };
      default:
        return { outcome: 'busy' };
    }
  }

  /** A person's approval comes once: it is tried until it can be kept, or is of no use any more. */
  function carryOn(account: Account, notice: unknown): void {
    const others = waiting.get(account.name) ?? new Set();
    if (isClosing() || others.size >= MOST_WAITING) return;
    log.warn(
      { event: 'webhook.waits', account: account.name, broker: account.broker },
      `What was posted for ${account.name} cannot be kept yet; it is tried again until it can.`,
    );
    const carrying = (async () => {
      let answer: NoticeAnswer | undefined;
      while (!answer && !isClosing()) {
        await clock.sleep(CARRY_ON_MS, closing.signal);
        if (!isClosing()) answer = await tryOnce(account.name, notice);
      }
    })().finally(() => others.delete(carrying));
    waiting.set(account.name, others.add(carrying));
  }

  let indexed: { readonly of: readonly Account[]; readonly by: ReadonlyMap<string, Account> } | undefined;
  /** The account of a path. Found by a digest, so that junk costs next to nothing, and its timing tells nothing. */
  function at(broker: string, secret: string): Account | undefined {
    const accounts = parts.accounts();
    if (indexed?.of !== accounts) {
      const entries = accounts
        .filter(takes)
        .flatMap((each) => secretsOf(each, parts.signatures).map((known) => [digest(known), each] as const));
      indexed = { of: accounts, by: new Map(entries) };
    }
    const account = indexed.by.get(digest(secret));
    return account?.broker === broker ? account : undefined;
  }

  async function takeNotice(broker: string, secret: string, notice: unknown): Promise<NoticeAnswer> {
    const account = at(broker, secret);
    if (!account) return { outcome: 'unknown-path' };
    // Before the lease, Redis or the broker is troubled: junk costs nothing.
    const read = account.connection.consent?.read?.(notice, clock.now());
    if (!read || 'refused' in read) return { outcome: 'refused', reason: read?.refused ?? 'no_webhook' };
    let isOnDisk = false;
    // A person approves once a day: a process that ends before Redis is back must not take it along.
    const hold = async (): Promise<void> => {
      if (isOnDisk) return;
      isOnDisk = true;
      await parts.keeper.hold(account.name, notice);
    };
    for (let i = 0; i < HELD_WAITS; i++) {
      if (i > 0) await clock.sleep(HELD_WAIT_MS, closing.signal);
      const answer = await tryOnce(account.name, notice, hold);
      if (answer) return answer;
    }
    if ((waiting.get(account.name)?.size ?? 0) < MOST_WAITING) await hold();
    carryOn(account, notice);
    return { outcome: 'busy' };
  }

  return {
    takeNotice,
    async close() {
      closing.abort();
      await Promise.all([...waiting.values()].flatMap((carrying) => [...carrying]));
    },
  };
}
