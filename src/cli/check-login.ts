import type { Person } from '../app/browser-login.ts';
import type { FirstLogin } from '../app/first-login.ts';
import type { LoginOutcome } from '../app/login-once.ts';
import { makeTranscript, type Transcript } from '../brokers/transcript.ts';
import type { Config } from '../config/index.ts';
import { namesOf, type Account } from '../core/account.ts';
import type { Broker } from '../core/broker.ts';
import type { Clock } from '../core/clock.ts';
import type { TranscribedCall } from '../core/transcript.ts';
import { asMarkdown, reportOf, type LoginReport } from './login-report.ts';
import { openReportFile } from './report-file.ts';
import { silent } from './silent.ts';

export interface CheckLoginParts {
  readonly config: Config;
  readonly account: Account;
  readonly broker: Broker;
  readonly version: string;
  /** Where the report goes; undefined: nowhere. */
  readonly reportPath: string | undefined;
  readonly signIn: FirstLogin;
  readonly person: Person;
  readonly say: (line: string) => void;
  readonly clock: Pick<Clock, 'now'>;
  readonly signal: AbortSignal;
}

export interface CheckedLogin {
  readonly login: LoginOutcome;
  readonly report: LoginReport;
}

/** Makes one real login and writes what the broker said, without a value; whatever the login came to. */
export async function checkLogin(parts: CheckLoginParts): Promise<CheckedLogin> {
  const { account, broker, clock, say } = parts;
  const file = parts.reportPath === undefined ? undefined : await openReportFile(parts.reportPath);
  try {
    const transcript = makeTranscript({ clock, hide: secretsAndNamesOf(account) });
    say(`Logging ${account.name} in at ${broker.title} (${account.environment}), once.`);
    const login = await parts.signIn({
      config: parts.config,
      name: account.name,
      log: silent,
      transcript: aloud(transcript, say),
      person: parts.person,
      signal: parts.signal,
    });
    const report = reportOf({
      version: parts.version,
      broker,
      environment: account.environment,
      kind: account.kind,
      simulated: parts.config.simulate,
      outcome: login,
      calls: transcript.calls(),
      now: clock.now(),
    });
    if (file && report.calls.length === 0) say('Nothing was sent: there is nothing to report.');
    else if (file) {
      await file.write(asMarkdown(report));
      say(`Report: ${parts.reportPath}`);
    }
    return { login, report };
  } finally {
    await file?.close();
  }
}

/** Shorter credentials are words of the configuration (`v3`, `bridge`), and words of paths as well. */
const SHORTEST_SECRET = 8;

/** What may not even stand in a transcript as the name of something. */
function secretsAndNamesOf(account: Account): readonly string[] {
  const { username, credentials, key = '' } = account;
  const secrets = [...credentials, key].filter((text) => text.length >= SHORTEST_SECRET);
  return [...namesOf(account), username, ...secrets];
}

/** Says each call as it ends. */
function aloud(transcript: Transcript, say: (line: string) => void): Pick<Transcript, 'wrap' | 'watch'> {
  return {
    watch: transcript.watch,
    wrap(http) {
      const noted = transcript.wrap(http);
      return async (request, call) => {
        try {
          return await noted(request, call);
        } finally {
          const last = transcript.calls().at(-1);
          if (last) say(`  ${inShort(last)}`);
        }
      };
    },
  };
}

const inShort = ({ method, path, status, body, tookMs, error }: TranscribedCall): string =>
  status === undefined
    ? `${method} ${path}: no answer (${error ?? 'unknown'}), ${tookMs} ms`
    : `${method} ${path}: HTTP ${status}, ${body}, ${tookMs} ms`;
