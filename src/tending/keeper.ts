import type { Account } from '../core/account.ts';
import type { Grant } from '../core/broker.ts';
import { decide } from '../core/decide.ts';
import type { Decision } from '../core/decision.ts';
import { pauseAt } from '../core/pause.ts';
import { emptyRecord, isLive, type AccountRecord } from '../core/session.ts';
import { isRefused } from '../core/verdicts.ts';
import { makePublishKept } from './adoption.ts';
import { makeHold, makeTake } from './arrivals.ts';
import { makeAttempts } from './attempts.ts';
import { makeCommits } from './commits.ts';
import { makeHandover } from './handovers.ts';
import { LEASE_SHARE, takeLease, type HeldLease, type Work } from './lease.ts';
import { makeNote, type Unsent } from './notes.ts';
import type { Step } from './obtain.ts';
import { makeCloseOpenAttempt } from './open-attempts.ts';
import { makeOutcomes } from './outcomes.ts';
import { policyOf, type Keeper, type KeeperParts, type Tended } from './parts.ts';
import { makeProofs } from './proofs.ts';
import { makeAsk } from './requests.ts';
import { makeSignOut } from './sign-outs.ts';
import { isMadeForAnother, isSuperseded } from './superseded.ts';
import { makeSurroundings } from './surroundings.ts';
import { makeTelling } from './telling.ts';
import { isWell } from './well.ts';
import { makeWithdraw } from './withdrawals.ts';

/** Looks after accounts, one at a time under its lease; whatever asks (a job, a person) asks here. */
export function makeKeeper(parts: KeeperParts): Keeper {
  const { store, clock, keepsake, log } = parts;
  const around = makeSurroundings(parts);
  const tell = makeTelling(parts);
  const outcomes = makeOutcomes(parts, around, tell);
  const commits = makeCommits(parts, around, tell);
  const unsent = new Map<string, Unsent>();
  const underWay = new Set<string>();
  const note = makeNote(parts, around, outcomes, tell, unsent);
  const attempts = makeAttempts(parts, around, outcomes, commits, note, tell);
  const publishKept = makePublishKept(parts, around, attempts);
  const ask = makeAsk(parts, outcomes, note, tell);
  const take = makeTake(parts, around, outcomes);
  const withdraw = makeWithdraw(parts, around, outcomes);
  const handover = makeHandover(parts, around, attempts, note);
  const signOut = makeSignOut(parts, around, outcomes, tell);
  const proofs = makeProofs(parts, around, outcomes, attempts, note, tell);
  const closeOpenAttempt = makeCloseOpenAttempt(parts, { outcomes, attempts, publishKept, unsent, goOn });

  async function tendHeld(account: Account, held: HeldLease, record: AccountRecord): Promise<Tended> {
    // Whoever has the newer entry looks after it; this process writes nothing, as if it did not know the name.
    if (await isSuperseded(parts, account, record)) {
      await store.release(held.lease);
      return { outcome: 'unknown' };
    }
    if (record.attempt) return closeOpenAttempt(account, held, record);
    return goOn(account, held, record);
  }

  async function goOn(account: Account, held: HeldLease, record: AccountRecord): Promise<Tended> {
    const published = await publishKept(account, held, record);
    if (published) return published;
    const decision = decide(around.situationOf(account, record, held), clock.now());
    switch (decision.do) {
      case 'rest': {
        // Stopped by what another account on the same API key was told: people read why here, too.
        const isStopped = decision.state === 'stopped' && held.refusedKey !== undefined;
        const known = isStopped ? { ...record, trouble: held.refusedKey } : record;
        return outcomes.rest(account, held, known, decision);
      }
      case 'withdraw':
        return withdraw(account, held, record);
      case 'sign-out':
        return signOut(account, held, record);
      case 'probe':
        return proofs.probe(account, held, record);
      case 'prove':
        return proofs.prove(account, held, record, decision.pending);
      case 'request':
        return ask(account, held, record);
      default:
        return attempts.act(account, held, record, stepFor(decision, account, record));
    }
  }

  /** Only Redis makes a look fail: it may have lost its last seconds with it. */
  function doubted(error: unknown): never {
    keepsake.doubt();
    throw error;
  }

  async function underLease(name: string, work: Work): Promise<Tended> {
    const account = parts.account(name);
    if (!account) return { outcome: 'unknown' };
    // Redis may be emptied in the midst of it, and the lease with it: in one process no two looks meet all the same.
    if (underWay.has(name)) return { outcome: 'held', here: true };
    underWay.add(name);
    try {
      return await withLease(account, work);
    } finally {
      underWay.delete(name);
    }
  }

  async function withLease(account: Account, work: Work): Promise<Tended> {
    const { name } = account;
    const owner = `${parts.instance}:${parts.random().toString(36).slice(2)}`;
    const ttlMs = policyOf(parts, account).timeoutMs * LEASE_SHARE;
    const network = around.networkOf(account);
    const held = await takeLease(store, clock, name, network, owner, ttlMs, keepsake.look).catch(doubted);
    if (!held) return { outcome: 'held' };
    // Whoever waits for it is let go; what it might still do its old fence turns away.
    return Promise.race([workUnder(held, account, work), abandoned(account, held)]);
  }

  async function abandoned({ name, broker }: Account, held: HeldLease): Promise<Tended> {
    await held.overdue;
    log.error(
      { event: 'look.abandoned', account: name, broker },
      `A look at ${name} came to no end and was given up: something that it waited for does not answer. The next one begins anew.`,
    );
    return { outcome: 'abandoned' };
  }

  async function workUnder(held: HeldLease, account: Account, work: Work): Promise<Tended> {
    let released = false;
    try {
      // Its first look, Redis was emptied or went back in time, or a process ended in the midst of a call:
      // what is known on this machine's disk comes first.
      const isForgetful = keepsake.isDoubtful(held);
      const isDoubtful = held.isNew || held.record.attempt !== undefined || isForgetful;
      if (isDoubtful && !held.isNew) await keepsake.look();
      const { silentUntil, refusedKey } = isDoubtful
        ? await keepsake.restoreNetwork(around.networkOf(account), around.ledgerOf(account), held.refusedKey)
        : held;
      const known = { ...held, silentUntil: Math.max(held.silentUntil, silentUntil), refusedKey };
      const tended = await work(account, known, keepsake.recall(account, held.record, isDoubtful));
      released = tended.outcome !== 'lost';
      return tended;
    } catch (error) {
      return doubted(error);
    } finally {
      await held.end(released);
    }
  }

  return {
    tend: (name) => underLease(name, tendHeld),
    async receive(name, arrival) {
      const exchange: Work = async (account, held, record) => {
        if (pauseAt(record, clock.now())) {
          await store.release(held.lease);
          return { outcome: 'refused', reason: 'paused' };
        }
        return attempts.act(account, held, record, { kind: 'consent', source: 'consent', arrival });
      };
      const found = { open: false };
      const tended = await underLease(name, (account, held, record) => {
        // Noted over, nobody would know of it any more.
        found.open = record.attempt !== undefined;
        return found.open ? closeOpenAttempt(account, held, record) : exchange(account, held, record);
      });
      return found.open ? underLease(name, exchange) : tended;
    },
    adopt: (name, token) =>
      underLease(name, (account, held, record) => handover(account, held, record, token)),
    take: (name, notice) =>
      underLease(name, async (account, held, record) => {
        const tended = await take(account, held, record, notice);
        // Nothing was written: the lease is given back as it was.
        if (tended.outcome === 'refused' || tended.outcome === 'pending') await store.release(held.lease);
        return tended;
      }),
    hold: makeHold(parts, around),
    async restore(name) {
      const account = parts.account(name);
      if (!account?.enabled) return false;
      const record = await store.peek(name);
      const now = clock.now();
      if (!record.session || !isLive(record.session, account.identity, now)) return false;
      // Another account, key or host stands in the entry by now: what the old ones gave is not written again.
      if (!isWanted(account, record.session.grant)) return false;
      const commit = commits.commitOf(account, record, record.session);
      return store.restore(name, around.networkOf(account), commit, now);
    },
    async isOutdated(name) {
      const account = parts.account(name);
      if (!account?.enabled) return false;
      const { session } = await store.peek(name);
      return (
        session !== undefined &&
        isLive(session, session.identity, clock.now()) &&
        isMadeForAnother(account, session)
      );
    },
    async isWell(name) {
      const account = parts.account(name);
      return account?.enabled === true && isWell(account, await store.peek(name), clock.now());
    },
    isBehind(name, origin, paused) {
      const account = parts.account(name);
      return account?.enabled === true && keepsake.isBehind(account, origin, paused);
    },
    async putBack(name) {
      const tended = await underLease(name, async (account, held, record) => {
        // Nobody else may know of it: a look rests by it, and writes it down.
        const pause = pauseAt(record, clock.now());
        if (pause && pause.at !== held.record.paused?.at) return tendHeld(account, held, record);
        // One that is under way is closed by a look, which may have to call the broker.
        const published = record.attempt ? undefined : await publishKept(account, held, record);
        if (published) return published;
        await store.release(held.lease);
        return { outcome: 'refused', reason: 'nothing_newer' };
      });
      return tended.outcome === 'committed';
    },
    doubt: keepsake.doubt,
    async learn(name) {
      const account = parts.account(name);
      if (!account?.enabled) return;
      // What the disk says is read first: a refusal that comes meanwhile is not taken back.
      const { refused } = keepsake.recall(account, emptyRecord, true);
      const record = await store.peek(name);
      const credentials = parts.fingerprints(account.credentials);
      const worksAgain =
        isRefused(refused, credentials) &&
        !isRefused(record.refused, credentials) &&
        credentials.some((each) => each === record.proven) &&
        record.unknownSignIns.length === 0 &&
        record.attempt === undefined;
      await keepsake.remember(account, record, worksAgain ? 'signed-in' : 'outcome');
    },
    learnKey: (account) => keepsake.learnKey(around.networkOf(account)),
    learnNetwork: (account) => keepsake.learnNetwork(around.networkOf(account), around.ledgerOf(account)),
  };
}

const isWanted = ({ connection }: Account, grant: Grant): boolean =>
  (connection.fits?.(grant) ?? 'fits') === 'fits';

function stepFor(
  decision: Extract<Decision, { do: 'renew' | 'seed' | 'sign-in' }>,
  account: Account,
  record: AccountRecord,
): Step {
  const seed = account.connection.seed;
  if (decision.do === 'seed' && seed) return { kind: 'renewal', source: 'renewal', from: seed, seed };
  if (decision.do === 'renew' && record.session) {
    return { kind: 'renewal', source: 'renewal', from: record.session.grant };
  }
  return { kind: 'sign-in', source: 'sign-in' };
}
