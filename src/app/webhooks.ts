import type { Account } from '../core/account.ts';
import type { Clock } from '../core/clock.ts';
import type { Desk, NoticeAnswer } from '../http/desk.ts';
import type { Keeper } from '../tending/parts.ts';

export interface WebhookParts {
  readonly keeper: Pick<Keeper, 'take'>;
  readonly accounts: () => readonly Account[];
  /** Signatures over a text, one for each key of the ring, the sealing key's first. */
  readonly signatures: (text: string) => readonly string[];
  readonly same: (a: string, b: string) => boolean;
  readonly clock: Clock;
}

export interface Webhooks extends Pick<Desk, 'takeNotice'> {
  /** Where the broker has to post for this account; undefined where it has no webhook. */
  pathOf(account: Account): string | undefined;
}

/** How long an arrival waits for an account that is just being looked at, and how often it asks. */
const HELD_WAITS = 20;
const HELD_WAIT_MS = 250;
/** Enough of a signature that nobody guesses it. */
const SECRET_LENGTH = 32;

const what = (account: Account): string => `webhook ${account.broker} ${account.name}`;

/**
 * What brokers post. The path's secret is signed, not stored: it is the same in every process and after
 * every restart, and one that was handed out before a rotation of the sealing key works while the old key is in the ring.
 */
export function makeWebhooks(parts: WebhookParts): Webhooks {
  async function takeNotice(broker: string, secret: string, notice: unknown): Promise<NoticeAnswer> {
    const account = parts
      .accounts()
      .filter((each) => each.broker === broker && takes(each))
      .find((each) => secretsOf(each, parts.signatures).some((known) => parts.same(known, secret)));
    if (!account) return { outcome: 'unknown-path' };
    // Before the lease, Redis or the broker is troubled: junk costs nothing.
    const read = account.connection.consent?.read?.(notice, parts.clock.now());
    if (!read || 'refused' in read) return { outcome: 'refused', reason: read?.refused ?? 'no_webhook' };
    for (let i = 0; i < HELD_WAITS; i++) {
      if (i > 0) await parts.clock.sleep(HELD_WAIT_MS);
      const tended = await parts.keeper.take(account.name, notice);
      if (tended.outcome === 'pending') return { outcome: 'taken' };
      if (tended.outcome === 'refused') return { outcome: 'refused', reason: tended.reason };
      if (tended.outcome !== 'held' && tended.outcome !== 'lost') break;
    }
    return { outcome: 'busy' };
  }

  return { takeNotice, pathOf: (account) => webhookPath(account, parts.signatures) };
}

/** The path that the account's broker has to post to; undefined where it has no webhook. */
export function webhookPath(
  account: Account,
  signatures: (text: string) => readonly string[],
): string | undefined {
  const [secret] = secretsOf(account, signatures);
  return takes(account) && secret !== undefined ? `/webhooks/${account.broker}/${secret}` : undefined;
}

const takes = (account: Account): boolean =>
  account.enabled && account.connection.consent?.read !== undefined;

const secretsOf = (account: Account, signatures: (text: string) => readonly string[]): readonly string[] =>
  signatures(what(account)).map((signature) => signature.slice(0, SECRET_LENGTH));
