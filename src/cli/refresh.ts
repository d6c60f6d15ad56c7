import { Command } from 'commander';
import type { Redis } from 'ioredis';
import pLimit from 'p-limit';
import { requestRefresh } from '../app/desk.ts';
import { systemClock } from '../core/clock.ts';
import { describe, heldBackOf } from '../core/describe.ts';
import { SAME_TOKEN } from '../core/session.ts';
import type { AccountStatus } from '../core/status.ts';
import { keys } from '../redis/keys.ts';
import { makeInstances } from '../redis/instances.ts';
import { makeRoster, type RosterEntry } from '../redis/roster.ts';
import { readFacts } from '../redis/statuses.ts';
import { noteAct } from './acts.ts';
import { Failure } from './failure.ts';
import { commandConfig, withRedis } from './session.ts';

/** Requests that are waited for at a time. */
const AT_ONCE = 10;
const WAIT_MS = 60_000;
const LOOK_MS = 100;
const PAUSED = 'paused by a person: "token-refresher resume NAME" puts it back into service';

interface Options {
  readonly all?: boolean;
  readonly force?: boolean;
}

/** `refresh NAME` and `refresh --all`: asks the running service and waits for what comes of it. */
export function refreshCommand(): Command {
  return new Command('refresh')
    .description('Get a new token now, and wait for it.')
    .argument('[name]', 'the account')
    .option('--all', 'every account that can be refreshed without a person')
    .option('--force', 'try a stopped account once more')
    .action(async (name: string | undefined, options: Options, command: Command) => {
      if ((name === undefined) === (options.all !== true))
        command.error('Give the name of an account, or --all.', { exitCode: 2 });
      const config = commandConfig();
      await withRedis(config, (redis) => refresh(redis, config.egressId, name, options.force === true));
    });
}

async function refresh(
  redis: Redis,
  egress: string,
  name: string | undefined,
  force: boolean,
): Promise<void> {
  if ((await makeInstances(redis, 'refresh').others()) === 0) {
    throw new Failure('No service is running on this Redis: start it first.');
  }
  const roster = await makeRoster(redis).read();
  const chosen =
    name === undefined
      ? [...roster].filter(([, entry]) => entry.enabled && !entry.person)
      : [...roster].filter(([each]) => each === name);
  if (chosen.length === 0)
    throw new Failure(
      name === undefined
        ? 'No account can be refreshed without a person.'
        : `There is no account named ${name}. "token-refresher status" lists them.`,
    );
  await noteAct(redis, 'refresh', name ?? '*', 'done');
  const limit = pLimit(AT_ONCE);
  let done = 0;
  const results = await Promise.all(
    chosen.map(([each, entry]) =>
      limit(async () => {
        const served = (): Promise<string | null> => redis.get(`token:${each}`);
        const before = await served();
        const failure = await refreshOne(redis, egress, each, entry, force);
        const isSame = failure === undefined && before !== null && before === (await served());
        const said = failure ?? (isSame ? `refreshed. ${SAME_TOKEN}` : 'refreshed');
        done += 1;
        process.stdout.write(`${chosen.length > 1 ? `[${done}/${chosen.length}] ` : ''}${each}: ${said}\n`);
        // Whoever asks for all of them does not mean those that were told to rest.
        return name === undefined && failure === PAUSED ? undefined : failure;
      }),
    ),
  );
  const failed = results.filter((result) => result !== undefined).length;
  if (failed > 0)
    throw new Failure(
      `${failed} of ${chosen.length} ${chosen.length === 1 ? 'account was' : 'accounts were'} not refreshed.`,
    );
}

/** Undefined once a new token is out; else why there is none. */
async function refreshOne(
  redis: Redis,
  egress: string,
  name: string,
  entry: RosterEntry,
  force: boolean,
): Promise<string | undefined> {
  const look = async (): Promise<AccountStatus | undefined> => {
    const [facts] = await readFacts(redis, [[name, entry]]);
    return facts && describe(facts, systemClock.now());
  };
  /** A broker in silence is not called, so nothing would come of waiting. */
  const silence = async (): Promise<string | undefined> => {
    const until = Number((await redis.hget(keys.silence({ broker: entry.broker, egress }), 'until')) ?? 0);
    return until > systemClock.now()
      ? `the broker asked for silence until ${new Date(until).toISOString()}`
      : undefined;
  };
  /** Nor of one that no limit has room for, as the service said at `since` (ms) or later. */
  const heldBack = async (since = 0): Promise<string | undefined> => {
    const [facts] = await readFacts(redis, [[name, entry]]);
    const saidAt = Date.parse(facts?.since ?? '');
    return facts && saidAt >= since ? heldBackOf(facts, systemClock.now())?.message : undefined;
  };
  const before = await look();
  if (before?.state === 'paused') return PAUSED;
  if (entry.person) return 'only a person can get the next token; the page and the alerts show the link';
  if (before?.state === 'disabled') return 'disabled in the credentials file';
  if (before?.state === 'stopped' && !force)
    return `stopped: ${before.last_error?.message ?? 'a person must act'} (--force tries once more)`;
  const waits = (await silence()) ?? (force ? undefined : await heldBack());
  if (waits !== undefined) return waits;
  const askedAt = systemClock.now();
  await requestRefresh(redis, name, entry.broker, force, askedAt);
  while (systemClock.now() - askedAt < WAIT_MS) {
    await systemClock.sleep(LOOK_MS);
    const after = await look();
    if (after && (after.generation ?? 0) > (before?.generation ?? 0)) return undefined;
    if (
      after?.last_error &&
      Date.parse(after.last_error.at) >= askedAt &&
      after.state !== 'refreshing' &&
      after.state !== 'due'
    )
      return after.last_error.message;
    const silenced =
      after?.state === 'refreshing' ? undefined : ((await silence()) ?? (await heldBack(askedAt)));
    if (silenced !== undefined) return silenced;
  }
  return 'no outcome within a minute; is the service running?';
}
