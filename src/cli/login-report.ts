import type { LoginOutcome } from '../app/login-once.ts';
import type { Broker } from '../core/broker.ts';
import { duration } from '../core/duration.ts';
import type { FieldKind, Question, TranscribedCall } from '../core/transcript.ts';

/** What a first login showed of a broker, without a value: nobody's name, token or id is in it. */
export interface LoginReport {
  readonly version: string;
  /** ISO 8601, UTC. */
  readonly madeAt: string;
  readonly broker: string;
  readonly environment: string;
  /** True: the built-in simulator answered, no broker. */
  readonly simulated: boolean;
  readonly outcome: LoginOutcome['outcome'];
  /** Why it failed, in one word. */
  readonly code?: string;
  readonly tokenLivesSeconds?: number;
  readonly settled: readonly { readonly id: string; readonly text: string; readonly answer: string }[];
  /** `findOut`: what would show it. */
  readonly open: readonly { readonly id: string; readonly text: string; readonly findOut?: string }[];
  readonly calls: readonly TranscribedCall[];
}

export interface ReportParts {
  readonly version: string;
  readonly broker: Pick<Broker, 'title' | 'questions'>;
  readonly environment: string;
  /** Which of the broker's ways in the login used, where there are several. */
  readonly kind?: string | undefined;
  readonly simulated: boolean;
  readonly outcome: LoginOutcome;
  readonly calls: readonly TranscribedCall[];
  /** Ms. */
  readonly now: number;
}

export function reportOf({ broker, outcome, calls, now, ...rest }: ReportParts): LoginReport {
  const answers = broker.questions.map((question) => ({
    question,
    answer: answerOf(question, calls, rest.kind),
  }));
  const { expiresAt, code } = outcome;
  return {
    version: rest.version,
    madeAt: new Date(now).toISOString(),
    broker: broker.title,
    environment: rest.environment,
    simulated: rest.simulated,
    outcome: outcome.outcome,
    ...(code !== undefined && { code }),
    ...(expiresAt !== undefined && { tokenLivesSeconds: Math.round((expiresAt - now) / 1000) }),
    settled: answers.flatMap(({ question: { id, text }, answer }) =>
      answer === undefined ? [] : [{ id, text, answer }],
    ),
    open: answers.flatMap(({ question: { id, text, findOut }, answer }) =>
      answer === undefined ? [{ id, text, ...(findOut !== undefined && { findOut }) }] : [],
    ),
    calls,
  };
}

/** A question that stumbles over what a broker really said stays open; the report must be written. */
function answerOf(
  { settledBy }: Question,
  calls: readonly TranscribedCall[],
  kind: string | undefined,
): string | undefined {
  try {
    return settledBy(calls, kind);
  } catch {
    return undefined;
  }
}

/** The report for people, with all of it as JSON at its end. */
export function asMarkdown(report: LoginReport): string {
  const { broker, environment, settled, open, calls } = report;
  return `# First login: ${broker}, ${environment}${report.simulated ? ' (SIMULATED: no broker was asked)' : ''}

Made ${report.madeAt} by token-refresher ${report.version}. It holds names of fields, lengths and lifetimes: no token, no
password, no name and no id of an account.

Outcome: ${outcomeLine(report)}

## Calls

${calls.length === 0 ? 'None was made.' : callTable(calls)}

## Open questions of ${broker}'s documents

### Settled by this login

${listOf(settled.map(({ id, text, answer }) => `**${id}**: ${text}\n  Answer: ${answer}`))}

### Not settled by this login

${listOf(open.map(({ id, text, findOut }) => `**${id}**: ${text}${findOut === undefined ? '' : `\n  How to find out: ${findOut}`}`))}

## Transcript

\`\`\`json
${JSON.stringify(report, null, 2)}
\`\`\`
`;
}

function outcomeLine({ outcome, code, tokenLivesSeconds }: LoginReport): string {
  if (outcome === 'failed') return `failed (\`${code ?? 'unknown'}\`).`;
  if (tokenLivesSeconds === undefined) return 'logged in.';
  return `logged in; the token lives ${tokenLivesSeconds} s (${duration(tokenLivesSeconds * 1000)}).`;
}

function callTable(calls: readonly TranscribedCall[]): string {
  const head =
    '| call | status | took | body | lifetimes | taken for |\n| --- | --- | --- | --- | --- | --- |';
  const rows = calls.map(
    ({ method, path, status, tookMs, body, fields, error }) =>
      `| ${method} \`${path}\` | ${status ?? 'none'} | ${tookMs} ms | ${body} | ${lifetimes(fields)} | ${error === undefined ? 'good' : `\`${error}\``} |`,
  );
  return [head, ...rows].join('\n');
}

function lifetimes(fields: Readonly<Record<string, FieldKind>>): string {
  const said = Object.entries(fields).flatMap(([path, { seconds, instant, jwt }]) => {
    const lives = seconds ?? instant?.inSeconds ?? jwt?.expiresInSeconds;
    return lives === undefined ? [] : [`\`${path}\`: ${lives} s`];
  });
  return said.length > 0 ? said.join(', ') : '–';
}

const listOf = (items: readonly string[]): string =>
  items.length === 0 ? 'None.' : items.map((item) => `- ${item}`).join('\n');
