import type { Redis } from 'ioredis';
import type { Clock } from '../core/clock.ts';
import type { Log } from '../core/log.ts';
import { gatherReports, PROOF_GAP_MS, REPLACEMENT_GAP_MS, type ByGeneration } from '../core/reports.ts';
import type { Metrics } from '../metrics/metrics.ts';
import type { RedisAddress } from '../redis/connection.ts';
import { confirmAgain, loginsOf, noteReport } from '../redis/note-report.ts';
import { connectReports, makeReportStream, type ReportEntry, type ReportStream } from '../redis/reports.ts';
import type { Roster } from '../redis/roster.ts';
import { countUse } from '../redis/uses.ts';
import type { VainReports } from '../tending/vain-reports.ts';
import type { Accounts } from './accounts.ts';

export interface ReportParts {
  readonly redis: Redis;
  readonly stream: ReportStream;
  readonly roster: Pick<Roster, 'get'>;
  readonly accounts: Pick<Accounts, 'get'>;
  readonly metrics: Pick<Metrics, 'reported'>;
  readonly vainReports: Pick<VainReports, 'tell'>;
  /** Has a broker's due accounts looked at now. */
  readonly nudge: (broker: string) => void;
  /** Has this account, which is due, looked at now. */
  readonly lookNow: (broker: string, name: string) => void;
  readonly clock: Clock;
  readonly log: Log;
}

/** How often what dead processes left is looked for, ms. */
const TAKE_OVER_MS = 15_000;
/** A batch that is being dealt with gets this long at the end, ms. */
const CLOSE_MS = 2_000;
/** After what Redis refused, ms. */
const AGAIN_MS = 1_000;

/** Acts on what consumers report of refused tokens at a Redis, until the function that it answers is called. */
export const startReports = ({
  address,
  instance,
  ...parts
}: Omit<ReportParts, 'stream'> & {
  readonly address: RedisAddress;
  readonly instance: string;
}): (() => Promise<void>) =>
  hearReports({ ...parts, stream: makeReportStream(connectReports(address), instance) });

/** The same, of any stream of them. */
export function hearReports(parts: ReportParts): () => Promise<void> {
  const { redis, stream, clock, log, metrics } = parts;
  const stopping = new AbortController();
  const isStopping = (): boolean => stopping.signal.aborted;
  let saidTrouble = '';

  /** All that one batch says of one login is one step. */
  async function take(login: string, said: readonly Naming[]): Promise<void> {
    const sum = (generations: ByGeneration): number => [...generations.values()].reduce((a, b) => a + b, 0);
    const total = said.reduce((all, { by }) => all + sum(by), 0);
    const account = parts.accounts.get(login);
    const { broker } = account ?? (await parts.roster.get(login)) ?? {};
    if (broker === undefined) return metrics.reported('', 'unknown', total);
    // Of an account that only another process serves it is not known here: the longer pause holds, and both are asked.
    const probed = account === undefined || account.connection.probe !== undefined;
    const gapMs = account?.connection.probe ? PROOF_GAP_MS : REPLACEMENT_GAP_MS;
    const generations = [...new Set(said.flatMap(({ by }) => [...by.keys()]))];
    const knowsNone = ({ isAlias, by }: Naming): boolean => isAlias && by.has(0);
    const present = probed && said.some(knowsNone);
    const now = clock.now();
    const answer = await noteReport(redis, { login, broker, generations, present, probed, gapMs }, now);
    // A thousand bots stand still by now: what is only counted comes after.
    if (answer.outcome === 'noted') {
      if (account && answer.at <= now) parts.lookNow(broker, login);
      else parts.nudge(broker);
    }
    if (answer.outcome === 'unknown') return metrics.reported('', 'unknown', total);
    await countUse(redis, login, 'reports', now, total);
    if (answer.outcome === 'confirmed') {
      await confirmAgain(redis, { ...answer, login, names: said.map(({ name }) => name) });
    }
    const meant = said.reduce(
      (all, each) =>
        all + (each.by.get(answer.generation) ?? 0) + (knowsNone(each) ? (each.by.get(0) ?? 0) : 0),
      0,
    );
    const first = answer.outcome === 'noted' ? 1 : meant;
    metrics.reported(broker, answer.outcome, answer.outcome === 'outdated' ? total : first);
    if (answer.outcome === 'outdated') return;
    if (meant > first) metrics.reported(broker, 'again', meant - first);
    if (total > meant) metrics.reported(broker, 'outdated', total - meant);
    if (answer.outcome !== 'noted') return;
    if (account && !probed) parts.vainReports.tell(account, true);
    log.info(
      { event: 'token.reported', account: login, broker, generation: answer.generation, reports: meant },
      `Bots say that the token of ${login} is refused; it is ${probed ? 'proved' : 'replaced'}.`,
    );
  }

  async function judge(entries: readonly ReportEntry[]): Promise<void> {
    const { names, junk } = gatherReports(entries.map(({ fields }) => fields));
    if (junk > 0) metrics.reported('', 'junk', junk);
    const logins = await loginsOf(redis, [...names.keys()]);
    const said = [...names].map(([name, by]) => ({ name, by, ...logins.get(name) }));
    for (const [login, group] of Map.groupBy(said, (each) => each.login)) {
      const times = group.flatMap(({ by }) => [...by.values()]).reduce((a, b) => a + b, 0);
      if (login === undefined) metrics.reported('', 'unknown', times);
      else
        await take(
          login,
          group.map((each) => ({ ...each, isAlias: each.isAlias === true })),
        );
    }
    await stream.done(entries.map(({ id }) => id));
  }

  async function run(): Promise<void> {
    let tookOverAt = -Infinity;
    while (!isStopping()) {
      try {
        if (!(await stream.ready(stopping.signal))) return;
        if (clock.now() - tookOverAt >= TAKE_OVER_MS) {
          await judge(await stream.takeOver());
          tookOverAt = clock.now();
        }
        await judge(await stream.take());
        saidTrouble = '';
      } catch (error) {
        if (isStopping()) return;
        const why = error instanceof Error ? error.message : 'unknown';
        // What was taken and not dealt with is taken over later; a key of another type stays one until somebody acts.
        if (why !== saidTrouble) {
          log.warn(
            { event: 'reports.unread', error: why },
            'What bots report cannot be read just now; trying again.',
          );
        }
        saidTrouble = why;
        await clock.sleep(AGAIN_MS, stopping.signal);
      }
    }
  }

  const running = run();
  return async () => {
    stopping.abort();
    await stream.close();
    // A read that was under way when Redis went may never be answered.
    const ended = new AbortController();
    await Promise.race([running, clock.sleep(CLOSE_MS, ended.signal)]);
    ended.abort();
  };
}

/** What a batch says of one consumer's name. */
interface Naming {
  readonly name: string;
  readonly by: ByGeneration;
  readonly isAlias: boolean;
}
