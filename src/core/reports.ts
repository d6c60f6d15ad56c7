import type { AccountRecord, Reported, Session } from './session.ts';

/** What became of a report; a label of the metrics. */
export const reportOutcomes = [
  /** The token is proved, or replaced where nothing proves it. */
  'noted',
  /** Its generation was reported before, and the answer is on its way. */
  'again',
  /** It was proved a moment ago: said once more. */
  'confirmed',
  /** Another generation is out. */
  'outdated',
  /** No live token is out: the account is at work on it already. */
  'no_token',
  /** The account is paused, stopped or disabled. */
  'resting',
  /** A newer grant waits for its proof. */
  'waiting',
  /** Nobody's name. */
  'unknown',
  /** No name, or no generation. */
  'junk',
] as const;
export type ReportOutcome = (typeof reportOutcomes)[number];

/** A token that lives is not proved again for the same generation within this time, ms. */
export const REPORT_REST_MS = 60_000;
/** From one proof for a report to the next one for a newer generation, ms. */
export const PROOF_GAP_MS = 10_000;
/**
 * From one replacement for a report to the next, ms: where nothing proves a token a bot may be wrong each time, and
 * where the broker says that it is dead, somebody else may end each new one.
 */
export const REPLACEMENT_GAP_MS = 5 * 60_000;

const NAME = /^[\w.@-]{1,64}$/;
const GENERATION = /^\d{1,16}$/;

/** What consumers report of one name: how often, by generation. */
export type ByGeneration = ReadonlyMap<number, number>;

/** A batch of the stream, one line for each name and generation, however many report it. */
export function gatherReports(entries: readonly (readonly string[])[]): {
  readonly names: ReadonlyMap<string, ByGeneration>;
  readonly junk: number;
} {
  const names = new Map<string, Map<number, number>>();
  let junk = 0;
  for (const fields of entries) {
    const name = valueOf(fields, 'name');
    const generation = valueOf(fields, 'generation');
    if (!name || !NAME.test(name) || !generation || !GENERATION.test(generation)) {
      junk += 1;
      continue;
    }
    const counts = names.get(name) ?? new Map<number, number>();
    counts.set(Number(generation), (counts.get(Number(generation)) ?? 0) + 1);
    names.set(name, counts);
  }
  return { names, junk };
}

function valueOf(fields: readonly string[], wanted: string): string | undefined {
  const at = fields.findIndex((field, i) => i % 2 === 0 && field === wanted);
  return at < 0 ? undefined : fields[at + 1];
}

/** The report of the very token that is out; one of an older generation is answered by the newer token. */
export const reportOf = (
  { reported }: Pick<AccountRecord, 'reported'>,
  session: Session | undefined,
): Reported | undefined => (reported && reported.generation === session?.generation ? reported : undefined);

/** True while a consumer waits to hear whether the broker honours the token that is out. */
export function isReportOpen(record: Pick<AccountRecord, 'reported' | 'session' | 'provenAt'>): boolean {
  const report = reportOf(record, record.session);
  return report !== undefined && record.provenAt < report.at;
}
