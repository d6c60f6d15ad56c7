import { Counter, Histogram, type Registry } from 'prom-client';
import type { Freshness } from '../core/freshness.ts';
import type { ReportOutcome } from '../core/reports.ts';

/** What this process has seen happen, counted as it happens. Labels are bounded: never an account's name. */
export interface Tallies {
  /** A try at a new token has ended: `ok`, or the kind of the error; `tookMs` where a call was made for it. */
  attempted(broker: string, kind: string, result: string, tookMs: number | undefined): void;
  /** A look at an account has ended. */
  looked(broker: string, outcome: string): void;
  /** A look began, so long after it was put into the queue. */
  waited(broker: string, ms: number): void;
  /** A worker died with a look, or was stopped for long: it is done again. */
  stalled(broker: string): void;
  /** Consumers reported a refused token so many times; `broker` is empty where the name is nobody's. */
  reported(broker: string, outcome: ReportOutcome, times: number): void;
  /** So much time of a broker's accounts has passed. */
  passed(broker: string, kind: Freshness, seconds: number): void;
}

/** The longest call's deadline is 10 s; what takes longer waited for Redis. */
const TOOK_SECONDS = [0.1, 0.25, 0.5, 1, 2, 3, 5, 7.5, 10, 15, 30];
/** From "at once" to where readiness speaks up. */
const WAIT_SECONDS = [0.01, 0.05, 0.1, 0.5, 1, 2, 5, 10, 15, 30, 60];

export function makeTallies(registry: Registry): Tallies {
  const registers = [registry];
  const counter = <L extends string>(name: string, help: string, labelNames: L[]): Counter<L> =>
    new Counter<L>({ name, help, labelNames, registers });
  const attempts = counter(
    'refresh_attempts_total',
    'Tries at a new token that this process has ended, by way and result: ok, or the kind of the error.',
    ['broker', 'kind', 'result'],
  );
  const durations = new Histogram({
    name: 'refresh_duration_seconds',
    help: 'From the note of a try at a new token to its stored outcome.',
    labelNames: ['broker', 'kind'],
    buckets: TOOK_SECONDS,
    registers,
  });
  const looks = counter(
    'looks_total',
    'Looks at accounts that this process has ended, by outcome. held: somebody else was at it; lost: somebody else had acted meanwhile.',
    ['broker', 'outcome'],
  );
  const waits = new Histogram({
    name: 'queue_wait_seconds',
    help: 'How long a look waited in the queue.',
    labelNames: ['broker'],
    buckets: WAIT_SECONDS,
    registers,
  });
  const stalls = counter(
    'jobs_stalled_total',
    'Looks whose worker died or stood still; they are done again.',
    ['broker'],
  );
  const reports = counter(
    'token_reports_total',
    'Reports of consumers whose token was refused, by what became of them.',
    ['broker', 'outcome'],
  );
  const owed = counter(
    'freshness_account_seconds_total',
    'Account-seconds in which a live token was owed: the whole of the objective.',
    ['broker'],
  );
  const good = counter(
    'freshness_good_account_seconds_total',
    'Account-seconds in which a live token was owed and there.',
    ['broker'],
  );
  const waiting = counter(
    'freshness_waiting_account_seconds_total',
    'Account-seconds without a token in which only a person could bring one; no part of the objective.',
    ['broker'],
  );
  return {
    attempted(broker, kind, result, tookMs) {
      attempts.inc({ broker, kind, result });
      if (tookMs !== undefined) durations.observe({ broker, kind }, tookMs / 1000);
    },
    looked: (broker, outcome) => looks.inc({ broker, outcome }),
    waited: (broker, ms) => waits.observe({ broker }, Math.max(0, ms) / 1000),
    stalled: (broker) => stalls.inc({ broker }),
    reported: (broker, outcome, times) => reports.inc({ broker, outcome }, times),
    passed(broker, kind, seconds) {
      if (kind === 'good' || kind === 'lacking') {
        owed.inc({ broker }, seconds);
        good.inc({ broker }, kind === 'good' ? seconds : 0);
      }
      if (kind === 'waiting') waiting.inc({ broker }, seconds);
    },
  };
}
