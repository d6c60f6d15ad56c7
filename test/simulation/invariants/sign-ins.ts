import { keys } from '../../../src/redis/keys.ts';
import type { BrokerCall } from '../broker-net.ts';
import { issuedIn, kindOf, wasTurnedAway } from '../truth.ts';
import type { World } from '../world.ts';
import { broken, hashAt, nameOf, SLACK_MS, type InvariantOptions } from './rules.ts';

const DAY_MS = 24 * 60 * 60_000;
/** A process that lives and reaches Redis for so long has written a refusal down. */
const VERDICT_MS = 60_000;

/** What is known of one login's password. */
interface Tried {
  /** The account's name. */
  readonly name: string;
  /** When the service's record held its refusal; undefined: not yet, or it may have been lost. */
  verdictAt: number | undefined;
  refusedAt: number | undefined;
  /** How often its refusal has reached a living process. */
  refusals: number;
  /** How often it may: once, and once more for each that could be told to nobody, or that a person asked for. */
  allowed: number;
  /** Logins nobody answered since the last that worked, ms. */
  unknown: number[];
  /** Those that are out. */
  readonly open: Map<number, BrokerCall>;
}

/** Turned away, or a page of whatever stands in front of the broker: nobody has looked at the password. */
const isNobodysVerdict = (call: BrokerCall): boolean => call.fault === 'html' || wasTurnedAway(call);

/** No refused password is sent again, and logins that nobody answers are paced. */
export function watchSignIns(
  world: World,
  options: InvariantOptions,
): { redisLost(): void; clocksApart(): void; rearmed(name: string): void } {
  const tried = new Map<string, Tried>();
  let losses = 0;
  let wereClocksApart = false;
  /** All there ever were: a process with an old file may still send an old one. */
  const ever = new Set<string>();
  const passwords = (): readonly string[] => {
    for (const { password } of world.entries()) if (typeof password === 'string') ever.add(password);
    return [...ever];
  };
  const sent = (call: BrokerCall): string | undefined =>
    call.request.method === 'POST' ? passwords().find((each) => call.request.body.includes(each)) : undefined;
  const triedOf = (call: BrokerCall, password: string): Tried => {
    const key = `${call.broker} ${call.username} ${password}`;
    const entry = world.entries().find(({ username }) => username === call.username);
    const name = nameOf(entry ?? { username: call.username });
    const found = tried.get(key) ?? {
      name,
      verdictAt: undefined,
      refusedAt: undefined,
      refusals: 0,
      allowed: 1,
      unknown: [],
      open: new Map(),
    };
    tried.set(key, found);
    return found;
  };
  /** Whoever was told has it written down in a minute, whatever the record says; one that died by then may not. */
  const followUp = (known: Tried, by: string, heardAt: number): void => {
    const lossesBefore = losses;
    const died = (): void => {
      if (known.verdictAt === undefined) known.allowed += 1;
    };
    const look = (): void => {
      if (losses !== lossesBefore || known.verdictAt !== undefined || known.refusedAt === undefined) return;
      const life = world.replicas().find((replica) => replica.life.name === by)?.life;
      if (!life) return died();
      const wellSince = Math.max(heardAt, life.pausedLastAt(), world.redisNet.lastCut().until);
      if (world.now() - wellSince >= VERDICT_MS) known.verdictAt = world.now();
      else world.timeline.after(SLACK_MS, look);
    };
    world.timeline.after(SLACK_MS, look);
  };
  /**
   * One process takes a token for dead that another one still renews, by clocks that stand apart: the token that
   * it gets so begins the pace of logins anew. By clocks that are kept nothing is renewed after a login.
   */
  const followRenewal = (call: BrokerCall): void => {
    if (!wereClocksApart || kindOf(call) !== 'renewal' || issuedIn(call, 0).length === 0) return;
    for (const [key, known] of tried) {
      if (!key.startsWith(`${call.broker} ${call.username} `)) continue;
      known.unknown = [];
      known.open.clear();
    }
  };
  world.onCall((call, what) => {
    if (what === 'delivered') followRenewal(call);
    const password = kindOf(call) === 'sign-in' ? sent(call) : undefined;
    if (password === undefined || call.username === undefined) return;
    const known = triedOf(call, password);
    const isRight = world.accepts(call.broker, call.username, password);
    if (what === 'arrived') {
      if (known.verdictAt !== undefined && !isRight) {
        broken(`the refused password of ${call.username} was sent again, by ${call.by}`);
      }
      // What is still out when the next goes has no outcome that anybody knows.
      for (const [n, { startedAt }] of known.open) {
        known.unknown.push(startedAt);
        known.open.delete(n);
      }
      const recent = known.unknown.filter((at) => at > call.startedAt - DAY_MS);
      const last = recent.at(-1);
      if (last !== undefined && recent.length > options.unknownPerDay) {
        const waitedMs = call.startedAt - last;
        if (waitedMs < options.unknownPaceMs - SLACK_MS) {
          broken(
            `${call.username} signed in ${waitedMs} ms after its ${recent.length}th login of unknown outcome`,
          );
        }
      }
      known.open.set(call.n, call);
      return;
    }
    if (what !== 'delivered' || !call.answer) return;
    known.open.delete(call.n);
    if (issuedIn(call, 0).length > 0) {
      known.unknown = [];
      known.refusedAt = undefined;
    } else if (!isRight && call.answer.status < 500 && !isNobodysVerdict(call)) {
      known.refusedAt = call.startedAt;
      known.refusals += 1;
      if (known.refusals > known.allowed)
        broken(`the password of ${call.username} was refused ${known.refusals} times, of ${known.allowed}`);
      followUp(known, call.by, world.now());
    }
  });
  // The verdict counts from when it is written down: a process that dies before that could not know.
  world.onStep((changed) => {
    for (const key of changed) {
      if (!key.startsWith('refresher:account:')) continue;
      const refused = hashAt(world, key).get('refused');
      if (refused === undefined) continue;
      for (const known of tried.values()) {
        if (known.refusedAt === undefined || key !== keys.record(known.name)) continue;
        known.verdictAt ??= world.now();
      }
    }
  });
  return {
    clocksApart() {
      wereClocksApart = true;
    },
    redisLost() {
      if (!options.factsOutliveRedis) losses += 1;
      for (const known of tried.values()) {
        // An attempt is noted in Redis alone: one whose process dies as well is known to nobody.
        known.open.clear();
        // The disk dates them by the clock of whoever sent them, and another one's says that the wait is over.
        if (wereClocksApart) known.unknown = [];
        if (options.factsOutliveRedis) continue;
        known.allowed += 1;
        known.verdictAt = undefined;
        known.unknown = [];
      }
    },
    rearmed(name) {
      for (const known of tried.values()) {
        if (known.name !== name) continue;
        known.allowed += 1;
        known.verdictAt = undefined;
        known.unknown = [];
      }
    },
  };
}
