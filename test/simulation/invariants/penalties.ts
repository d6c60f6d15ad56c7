import { z } from 'zod';
import type { BrokerCall } from '../broker-net.ts';
import type { World } from '../world.ts';
import { broken, SLACK_MS } from './rules.ts';

const SECOND_MS = 1_000;
const HOUR_MS = 3_600 * SECOND_MS;
/** Whoever was told has written it down by then, if it and Redis live. */
const WRITTEN_MS = 5 * SECOND_MS;
/** The least that a spent quota of IG asks for (shared/brokers/ig.md: 10 to 30 s). */
const IG_QUOTA_MS = 10 * SECOND_MS;

/** Who must be silent, and for how long from the answer on. */
interface Penalty {
  readonly whom: string;
  readonly lastsMs: number;
}

const ticket = z.object({
  'p-ticket': z.string(),
  'p-time': z.number(),
  'p-captcha': z.boolean().optional(),
});

/** What the brokers' documents make of an answer; the service's own reading of it is not asked. */
function penaltyIn({ broker, egress, username, answer, request }: BrokerCall): Penalty | undefined {
  if (!answer) return undefined;
  if (broker === 'tradovate') {
    const network = `tradovate ${egress}`;
    const { data } = ticket.safeParse(answer.body);
    if (data) return { whom: network, lastsMs: data['p-captcha'] ? HOUR_MS : data['p-time'] * SECOND_MS };
    if (answer.status === 423) return { whom: network, lastsMs: HOUR_MS };
    // Of the login's own user where one is known.
    if (answer.status === 429) return { whom: `tradovate user ${username ?? egress}`, lastsMs: HOUR_MS };
  }
  const said = JSON.stringify(answer.body ?? '');
  if (broker === 'ig' && answer.status === 403 && said.includes('exceeded-api-key-allowance'))
    return { whom: `ig key ${request.headers['x-ig-api-key'] ?? ''}`, lastsMs: IG_QUOTA_MS };
  return undefined;
}

const whomOf = ({ broker, egress, username, request }: BrokerCall): readonly string[] => [
  `${broker} ${egress}`,
  `${broker} user ${username ?? egress}`,
  `${broker} key ${request.headers['x-ig-api-key'] ?? ''}`,
];

/** A penalty that a living process heard of is obeyed to its end, by all of them. */
export function watchPenalties(world: World): { forget(): void } {
  const until = new Map<string, { readonly at: number; readonly call: BrokerCall }>();
  let forgottenAt = 0;
  const note = (call: BrokerCall, { whom, lastsMs }: Penalty, heardAt: number): void => {
    const process = world.replicas().find(({ life }) => life.name === call.by);
    // One that died, was stopped or was cut off from Redis could tell nobody.
    const cut = world.redisNet.lastCut();
    const couldTell =
      process !== undefined &&
      process.life.pausedLastAt() < heardAt &&
      cut.until < heardAt &&
      forgottenAt < heardAt;
    if (!couldTell) return;
    const at = heardAt + lastsMs - SLACK_MS;
    if (at > (until.get(whom)?.at ?? 0)) until.set(whom, { at, call });
  };
  world.onCall((call, what) => {
    if (what === 'delivered') {
      const penalty = penaltyIn(call);
      const heardAt = world.now();
      if (penalty) world.timeline.after(WRITTEN_MS, () => note(call, penalty, heardAt));
    }
    if (what !== 'arrived') return;
    for (const whom of whomOf(call)) {
      const silent = until.get(whom);
      if (silent && call.startedAt < silent.at)
        broken(
          `${call.by} called ${call.broker} ${call.operation} for ${call.username} though ${whom} was told by call ${silent.call.n} to be silent until ${new Date(silent.at).toISOString()}`,
        );
    }
  });
  return {
    forget() {
      until.clear();
      forgottenAt = world.now();
    },
  };
}
