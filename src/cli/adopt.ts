import { text } from 'node:stream/consumers';
import { Command } from 'commander';
import { openOwnEngine } from '../app/own-engine.ts';
import { makeReleases } from '../app/releases.ts';
import { moment } from '../core/day.ts';
import { duration } from '../core/duration.ts';
import { pauseAt } from '../core/pause.ts';
import type { Tended } from '../tending/parts.ts';
import { noteAct } from './acts.ts';
import { Failure } from './failure.ts';
import { besideService, configuredFor, untilSignal } from './first-steps.ts';
import { taught } from './manual.ts';
import { print, printJson } from './print.ts';
import { silent } from './silent.ts';

/** So long an account that somebody else looks after is waited for, ms. */
const PATIENCE_MS = 20_000;
const PAUSE_MS = 250;
/** Longer than any token; what is longer was piped here by mistake. */
const MOST_CHARACTERS = 16_384;
const unheard = { wrap: <T>(http: T): T => http, watch: <T>(connection: T): T => connection };

/** `adopt NAME`: serves a token that somebody has already. */
export function adoptCommand(): Command {
  const command = new Command('adopt')
    .description('Serve a token that you have already; it is read from standard input.')
    .argument('<name>', 'the account, as in the credentials file')
    .option('--json', 'print JSON for machines')
    .action(async (name: string, options: { readonly json?: boolean }) => {
      const { config, accounts } = await configuredFor(name);
      const account = accounts.find((each) => each.name === name);
      if (!account)
        throw new Failure('NOT_ADOPTED', `${name} shares another login's token: adopt it for that login.`);
      if (process.stdin.isTTY) {
        throw new Failure(
          'WRONG_INPUT',
          'The token is read from standard input: token-refresher adopt NAME < token.txt',
        );
      }
      const token = (await text(process.stdin)).trim();
      if (token === '' || token.length > MOST_CHARACTERS || /\s/.test(token)) {
        throw new Failure('WRONG_INPUT', 'Standard input must hold one token, and nothing else.');
      }
      const said = await untilSignal(async (signal) =>
        adopt({ config: await besideService(config), name, log: silent, transcript: unheard, signal }, token),
      );
      if (options.json) printJson(said);
      else print(said.message);
    });
  return taught(command, {
    more: `Never as an argument: those stand in the history of the shell and in the list of processes. The token must say
itself when it ends (a JWT); where the account has its tokens proved, the broker is asked first. Another user's token
is refused. It is stored as the service would store it, beside a running service too.`,
    examples: [{ line: 'adopt USER_000000 < token.txt', says: 'serve the token that is in that file' }],
    exits: ['served', 'refused, and nothing was changed; or Redis does not answer'],
    json: '"name", "message" and "expires_at".',
  });
}

async function adopt(
  options: Parameters<typeof openOwnEngine>[0],
  token: string,
): Promise<{ readonly name: string; readonly message: string; readonly expires_at: string }> {
  const releases = makeReleases(options.log);
  const { name } = options;
  try {
    const { keeper, store, redis, clock } = await openOwnEngine(options, releases);
    const until = clock.now() + PATIENCE_MS;
    let tended = await keeper.adopt(name, token);
    while (isBusy(tended) && clock.now() < until) {
      await clock.sleep(PAUSE_MS);
      tended = await keeper.adopt(name, token);
    }
    await noteAct(redis, 'adopt', name, tended.outcome === 'committed' ? 'done' : 'failed');
    if (tended.outcome !== 'committed')
      throw new Failure(isBusy(tended) ? 'BUSY' : 'NOT_ADOPTED', whyNot(name, tended));
    const { expiresAt } = tended.session.grant;
    const isPaused = pauseAt(await store.peek(name), clock.now()) !== undefined;
    const rest = isPaused ? ' The account stays paused: it is not refreshed.' : '';
    const message = `The token is served for ${name} until ${moment(expiresAt)}, for ${duration(expiresAt - clock.now())}.${rest}`;
    return { name, message, expires_at: new Date(expiresAt).toISOString() };
  } finally {
    await releases.run();
  }
}

const reasons: Readonly<Record<string, string>> = {
  no_way: "this broker's tokens do not say when they end, so that none can be taken over: log in instead",
  unreadable: 'it is no live token of this broker that says when it ends, or it names another user',
  someone_else: 'it belongs to another user than this account',
  same: 'it is served already',
  dead_on_arrival: 'the broker does not honour it any more',
};

const isBusy = ({ outcome }: Tended): boolean => outcome === 'held' || outcome === 'lost';

/** Nothing of the token is repeated. */
function whyNot(name: string, tended: Tended): string {
  switch (tended.outcome) {
    case 'refused': {
      const why = reasons[tended.reason] ?? `the broker could not prove it (${tended.reason}): try again`;
      return `Nothing was changed for ${name}: ${why}.`;
    }
    case 'failed':
      return `Nothing was changed for ${name}: ${tended.error.message}`;
    case 'held':
    case 'lost':
      return `A running service is looking after ${name}: try again in a minute.`;
    default:
      return `Nothing was changed for ${name}: its broker may not be asked for a proof now. Try again in a minute.`;
  }
}
