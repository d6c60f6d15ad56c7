import { join } from 'node:path';
import type { Config } from '../config/index.ts';
import type { Account } from '../core/account.ts';
import { laterPause } from '../core/pause.ts';
import { pacedUntil } from '../core/policy.ts';
import type { Grant } from '../core/broker.ts';
import { isOfUse, originOf, type AccountRecord, type Session } from '../core/session.ts';
import { isRefused, marksOf } from '../core/verdicts.ts';
import type { AccountChange, Mirror, MirroredAccount, Quiet } from '../mirror/index.ts';
import type { HeldAnswer, Keepsake } from '../tending/parts.ts';
import { makeDoings } from './doings.ts';
import { makeNetworkKeepsake, type NetworkKeepsakeParts } from './network-keepsake.ts';

export interface KeepsakeParts extends NetworkKeepsakeParts {
  readonly mirror: Mirror;
  /** Keyed fingerprints, the sealing key's first. */
  readonly fingerprints: (secrets: readonly string[]) => readonly string[];
}

/** Clocks that stand less far apart are kept, ms. */
const CLOCKS_APART_MS = 5_000;

/** Where the mirror lies: what was learned of simulated brokers must never count for real ones. */
export function mirrorFolder(config: Pick<Config, 'stateDir' | 'simulate'>): string {
  return config.simulate ? join(config.stateDir, 'simulated') : config.stateDir;
}

/** The mirror in STATE_DIR, in the keeper's words. */
export function makeKeepsake(parts: KeepsakeParts): Keepsake {
  const { mirror, clock } = parts;
  const doings = makeDoings(clock);
  const materialOf = (grant: Grant): readonly string[] =>
    grant.renewal ? parts.fingerprints(['renewal', ...Object.values(grant.renewal)]) : [];
  const isSpent = ({ name }: Account, grant: Grant): boolean =>
    mirror.renewals.isSpent(name, materialOf(grant));
  /** Sessions of this login that Redis does not know any more. */
  function newerThan(
    { name, identity, connection }: Account,
    origin: number,
    isAnswered = false,
  ): readonly Session[] {
    // Without any session or attempt Redis was emptied, or somebody wants the account to begin anew.
    const own = origin > 0 || isAnswered ? doings.latest(name) : undefined;
    return [mirror.recall(name)?.session, own]
      .filter(
        (each): each is Session =>
          each?.identity === identity &&
          originOf(each) > origin &&
          (connection.fits?.(each.grant) ?? 'fits') === 'fits',
      )
      .map(overAtOnce);
  }

  return {
    ...makeNetworkKeepsake(parts, doings),
    look: () => mirror.look(),
    doubt: doings.doubt,
    isDoubtful: doings.isDoubtful,

    recall(account, found, isDoubtful) {
      const { session } = found;
      const isSent = session && !session.renewalSpent && isSpent(account, session.grant);
      const { seed } = account.connection;
      const seeds = seed ? parts.fingerprints(['seed', ...Object.values(seed.renewal ?? {})]) : [];
      // A record has room for one: while two files are in force, each would be taken for unspent in turn.
      const spentSeed =
        seeds.length > 0
          ? mirror.recall(account.name)?.seedsSpent.find((spent) => seeds.includes(spent))
          : undefined;
      const record = {
        ...found,
        // The latest word counts, whoever was told of it.
        paused: laterPause(found.paused, mirror.recall(account.name)?.paused),
        ...(isSent && { session: { ...session, renewalSpent: true } }),
        ...(spentSeed !== undefined && { seedSpent: spentSeed }),
      };
      doings.seen(account.name, record);
      const known = isDoubtful ? mirror.recall(account.name) : undefined;
      if (!known) return record;
      const credentials = parts.fingerprints(account.credentials);
      const mended = worksSince(account, record, credentials, known) ? credentials : [];
      const verdicts = [...credentials, ...marksOf(credentials)].filter((each) => !mended.includes(each));
      const quietUntil = endOf(known.quiet, clock.now());
      const { trouble } =
        known.troubles.find(({ fingerprint }) => verdicts.includes(fingerprint)) ??
        (quietUntil > clock.now() ? (known.quiet ?? {}) : {});
      return {
        ...record,
        // A stop that nobody can explain is one that nobody mends.
        ...(trouble && !record.trouble && { trouble, failures: Math.max(1, record.failures) }),
        // The ledger of failures comes back too, and only logins that are known to be good may use its rest.
        proven: record.proven ?? credentials.find((each) => known.proven.includes(each)),
        refused: [...new Set([...record.refused, ...known.refused])].filter((each) => !mended.includes(each)),
        unknownSignIns: [...new Set([...record.unknownSignIns, ...known.unknownSignIns])].toSorted(
          (a, b) => a - b,
        ),
        // What nobody answered is paced, and what the broker asked of it obeyed, over a loss of data, too.
        retryAt: Math.max(record.retryAt, quietUntil, pacedUntil(known.unknownSignIns, clock.now())),
        owner: record.owner ?? known.owner,
        asked: record.asked ?? known.asked,
      };
    },

    isBehind: (account, origin, paused) =>
      (mirror.recall(account.name)?.paused?.at ?? 0) > (paused?.at ?? 0) ||
      newerThan(account, origin).some(({ grant }) => isOfUse(account.connection, grant, clock.now())),

    isAnswered: ({ name }, startedAt) => doings.isAnswered(name, startedAt),

    grantOf(account, { session, pending, attempt }) {
      const isAnswered = attempt && doings.isAnswered(account.name, attempt.startedAt);
      const { held } = mirror.recall(account.name) ?? {};
      const isKnown = ({ token }: Grant): boolean =>
        token === session?.grant.token || pending.some(({ grant }) => grant.token === token);
      const kept = [
        ...newerThan(account, originOf(session), isAnswered).map((each) => ({
          ...each,
          origin: originOf(each),
          proved: true,
        })),
        ...(held && isNewer(held, session) ? [{ ...held, proved: false }] : []),
      ].find(
        ({ identity, grant }) =>
          identity === account.identity && !isKnown(grant) && isOfUse(account.connection, grant, clock.now()),
      );
      if (!kept) return undefined;
      const spent = ('renewalSpent' in kept && kept.renewalSpent) || isSpent(account, kept.grant);
      const { grant, source, proved, origin } = kept;
      return { grant, source, proved, spent, origin };
    },

    async spend(account, grant) {
      const [fingerprint] = materialOf(grant);
      if (fingerprint !== undefined) await mirror.renewals.spend(account.name, fingerprint);
    },
    unspend(account, grant) {
      if (!isSpent(account, grant)) return;
      for (const each of materialOf(grant)) mirror.renewals.takeBack(account.name, each);
    },

    hold: (account, answer) => mirror.keep({ account: account.name, held: answer }),
    heldFor(account, startedAt) {
      const held = mirror.recall(account.name)?.held;
      return held?.startedAt === startedAt ? held : undefined;
    },
    dismiss(account, { token }) {
      const held = mirror.recall(account.name)?.held;
      if (held && held.grant.token === token)
        mirror.note({ account: account.name, releasedUpTo: held.startedAt });
    },
    release(account, startedAt) {
      if (mirror.recall(account.name)?.held) {
        mirror.note({ account: account.name, releasedUpTo: startedAt });
      }
    },

    async remember(account, record, how) {
      doings.seen(account.name, record);
      const change = changeOf(account, record, parts.fingerprints(account.credentials));
      if (how === 'verdict') return mirror.keep(change);
      const isPublished = how === 'published' || how === 'signed-in';
      const credentials = parts.fingerprints(account.credentials);
      // What only other calls were told is over as well; it is seldom on the disk.
      const { refused = [] } = mirror.recall(account.name) ?? {};
      const marks = marksOf(credentials).filter((each) => refused.includes(each));
      const worked = { fingerprints: [...credentials, ...marks], at: clock.now() };
      // A success settles also what another process had held meanwhile: an older token never comes back.
      if (isPublished && record.session) mirror.note({ generation: record.session.generation });
      const known = {
        ...change,
        ...(how === 'signed-in' && { worked }),
        ...(how === 'proved' && { worked: { fingerprints: marks, at: 0 } }),
        ...(isPublished && { releasedUpTo: clock.now() }),
      };
      // What a person got is on disk once this resolves: they are not asked for it again.
      if (isPublished && known.session) return mirror.keep(known);
      mirror.note(known);
    },
  };
}

/** What was withdrawn may renew, but is served no more: a clock that stands before its end must not think so. */
const overAtOnce = (session: Session): Session =>
  session.withdrawn
    ? { ...session, grant: { ...session.grant, expiresAt: session.grant.issuedAt } }
    : session;

/** False where another session came since the answer was asked for: somebody else was faster. */
const isNewer = ({ since, startedAt }: HeldAnswer, session: Session | undefined): boolean =>
  since === undefined ? startedAt > (session?.grant.issuedAt ?? 0) : originOf(session) <= since;

/**
 * A login with these credentials has worked since this disk heard that they are refused: a person mended them at the
 * broker, and another process was asked. Clocks differ a little: in doubt the refusal stands.
 */
function worksSince(
  { identity }: Account,
  { session, proven, refused }: AccountRecord,
  credentials: readonly string[],
  { troubles }: Pick<MirroredAccount, 'troubles'>,
): boolean {
  if (session?.source !== 'sign-in' || session.identity !== identity) return false;
  if (!credentials.some((each) => each === proven) || isRefused(refused, credentials)) return false;
  const told = troubles.filter(({ fingerprint }) => credentials.includes(fingerprint));
  return (
    told.length > 0 && told.every(({ trouble }) => trouble.at < session.grant.issuedAt - CLOCKS_APART_MS)
  );
}

/** When a wait that the broker asked of one account is over, ms; the same of one that lies ahead. */
const endOf = (quiet: Quiet | undefined, now: number): number =>
  quiet ? Math.min(quiet.trouble.at, now) + quiet.retryAt - quiet.trouble.at : 0;

/** Tokens that the service can get by itself are not kept on disk. */
function changeOf(account: Account, record: AccountRecord, credentials: readonly string[]): AccountChange {
  const { session, refused, trouble, retryAt, unknownSignIns, proven, seedSpent, owner, asked, paused } =
    record;
  const isRefusal = trouble?.kind === 'needs-human' || trouble?.kind === 'refused';
  const isProven = credentials.some((each) => each === proven);
  const isPersons = account.connection.signIn === undefined && session !== undefined;
  const isOver = isPersons && (session.renewalSpent || session.withdrawn === true);
  return {
    account: account.name,
    refused,
    ...(isRefusal && { trouble }),
    ...(trouble?.kind === 'throttled' && retryAt > trouble.at && { quiet: { retryAt, trouble } }),
    unknownSignIns,
    ...(isProven && { proven: credentials }),
    ...(seedSpent !== undefined && { seedSpent }),
    ...(owner !== undefined && { owner }),
    ...(asked && { asked }),
    ...(paused && { paused }),
    ...(isPersons && (isOver ? { endedUpTo: originOf(session) } : { session })),
  };
}
