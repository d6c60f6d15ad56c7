import type { BrokerCall } from '../broker-net.ts';
import { issuedIn, kindOf, wasTurnedAway } from '../truth.ts';
import type { World } from '../world.ts';
import { broken, nameOf, SLACK_MS } from './rules.ts';

const MINUTE_MS = 60_000;
/** Who waited for an answer so long has none, ms: longer than any broker's deadline. */
const GIVEN_UP_MS = 15_000;
/** While a network's logins get no answer, those that have worked are so far apart, ms. */
const PACE_MS = MINUTE_MS;
/** So many of a network's logins in a window may fail or get no answer before the rest are paced. */
const FREE = 3;

interface Network {
  readonly windowMs: number;
  /** How far apart logins are that never worked, ms. */
  readonly slowPaceMs: number;
}

/** Brokers whose failed logins a network answers for: five an hour, or in a quarter of one. */
const networks: Readonly<Record<string, Network | undefined>> = {
  tradovate: { windowMs: 60 * MINUTE_MS, slowPaceMs: 12 * MINUTE_MS },
  ig: { windowMs: 15 * MINUTE_MS, slowPaceMs: 3 * MINUTE_MS },
};

interface Failed {
  readonly at: number;
  readonly isUnknown: boolean;
}

/**
 * Logins that nobody answers are paced for the network that they come from, whosever they are: each may have failed,
 * and a broker that counts failures bars all of it. They go on, and one that works clears those before it.
 */
export function watchLedgers(world: World): {
  forget(): void;
  clocksApart(): void;
  rearmed(name: string): void;
} {
  const failed = new Map<string, Failed[]>();
  const allowed = new Set<string>();
  const worked = new Set<string>();
  /** When a login of a network worked last, ms: what nobody answered before that barred nobody. */
  const succeeded = new Map<string, number>();
  /** The passwords that each user's entry has had: a changed one is tried at once. */
  const passwords = new Map<string, Set<unknown>>();
  let isDated = true;
  let forgottenAt = 0;

  /** It counts once a process that lived on, and reached Redis, could write it down. */
  function note(call: BrokerCall, isUnknown: boolean, heardAt: number): void {
    world.timeline.after(SLACK_MS, () => {
      const process = world.replicas().find(({ life }) => life.name === call.by);
      const cut = world.redisNet.lastCut();
      if (!process?.life.isAlive() || process.life.pausedLastAt() >= call.startedAt) return;
      if (cut.until >= call.startedAt || forgottenAt >= call.startedAt || heardAt < call.startedAt) return;
      const of = networkOf(call);
      const before = failed.get(of) ?? [];
      failed.set(
        of,
        [...before, { at: call.startedAt, isUnknown }].toSorted((a, b) => a.at - b.at),
      );
    });
  }

  /** A person allowed it, or changed what is sent. */
  function mayGo(call: BrokerCall): boolean {
    const had = passwords.get(userOf(call)) ?? new Set();
    had.add(world.entries().find(({ username }) => username === call.username)?.password);
    passwords.set(userOf(call), had);
    return had.size > 1 || allowed.has(call.username ?? '');
  }

  function judge(call: BrokerCall, { windowMs, slowPaceMs }: Network): void {
    const isAllowed = mayGo(call);
    const kept = (failed.get(networkOf(call)) ?? []).filter(({ at }) => at > call.startedAt - windowMs);
    failed.set(networkOf(call), kept);
    const excusedTo = succeeded.get(networkOf(call)) ?? 0;
    const recent = kept.filter(({ at, isUnknown }) => !isUnknown || at > excusedTo);
    const last = recent.findLast(({ isUnknown }) => isUnknown);
    if (!last || recent.length < FREE || !isDated || isAllowed) return;
    const paceMs = worked.has(userOf(call)) ? PACE_MS : slowPaceMs;
    const apartMs = call.startedAt - last.at;
    if (apartMs >= paceMs - SLACK_MS) return;
    broken(
      `${call.username} signed in at ${call.broker} ${apartMs} ms after a login of its network that nobody answered, with ${recent.length} failed or unanswered ones: they are ${paceMs} ms apart`,
    );
  }

  world.onCall((call, what) => {
    const network = networks[call.broker];
    if (!network || kindOf(call) !== 'sign-in') return;
    if (what === 'arrived') {
      judge(call, network);
      world.timeline.after(GIVEN_UP_MS, () => {
        const now = world.calls().find(({ n }) => n === call.n);
        if (now && now.deliveredAt === undefined) note(now, true, call.startedAt + GIVEN_UP_MS);
      });
      return;
    }
    if (what !== 'delivered' || !call.answer) return;
    if (issuedIn(call, 0).length > 0) {
      worked.add(userOf(call));
      succeeded.set(networkOf(call), world.now());
      return;
    }
    if (wasTurnedAway(call) || call.fault === 'html' || call.answer.status < 400) return;
    // IG's own word while it is closed: nobody has looked at the password.
    if (call.broker === 'ig' && call.answer.status === 503) return;
    note(call, call.answer.status >= 500, world.now());
  });

  return {
    forget() {
      failed.clear();
      forgottenAt = world.now();
    },
    /** They are dated by whoever sent them: by clocks that stand apart, none of this can be said. */
    clocksApart() {
      isDated = false;
    },
    /** What a person asks for waits for nobody's pace. */
    rearmed(name) {
      const entry = world.entries().find((each) => nameOf(each) === name);
      if (typeof entry?.username === 'string') allowed.add(entry.username);
    },
  };
}

const networkOf = ({ broker, egress }: BrokerCall): string => `${broker} ${egress}`;
const userOf = ({ broker, username }: BrokerCall): string => `${broker} ${username}`;
