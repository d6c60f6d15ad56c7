import { Command } from 'commander';
import { webhookPath } from '../app/webhooks.ts';
import { presentSealingKeys, type Config } from '../config/index.ts';
import { namesOf, type Account } from '../core/account.ts';
import { makeSeal } from '../redis/seal.ts';
import { noteActBeside } from './acts.ts';
import { Failure } from './failure.ts';
import { besideService, configuredFor, untilSignal } from './first-steps.ts';
import { taught } from './manual.ts';
import { print, printAside, printJson } from './print.ts';
import { silent } from './silent.ts';
import { terminalPerson } from './terminal-person.ts';

interface Options {
  readonly webhook?: boolean;
  readonly json?: boolean;
}

/** Nothing is noted: this is no first contact. */
const unheard = { wrap: <T>(http: T): T => http, watch: <T>(connection: T): T => connection };

/** `login NAME`: one login of an account, by its person where it needs one; its token is kept. */
export function loginCommand(_version: string): Command {
  const command = new Command('login')
    .description('Log one account in now; where it needs a person, print the link and wait.')
    .argument('<name>', 'the account, as in the credentials file')
    .option('--webhook', 'only print where its broker has to post an approved token')
    .option('--json', 'print JSON for machines; what a person needs goes to standard error')
    .action(async (name: string, options: Options) => login(name, options));
  return taught(command, {
    more: `The link is for the account's owner. Where the browser cannot come back to this machine, paste the address it ends
at. Where its broker asks the owner by itself ("approval": "request"), this asks once, and ends as well when the
approval has brought the token. The token is stored as the service would store it, beside a running service too.`,
    examples: [
      { line: 'login USER_000000', says: 'one login now, with the password of the file' },
      { line: 'login AB0001', says: 'print the link for its owner, and wait' },
      { line: 'login AB0001 --webhook', says: 'where its broker has to post an approved token' },
    ],
    exits: ['logged in', 'no token came of it, and it says why'],
    json: '"name", "message" and "expires_at"; with --webhook "name" and "webhook".',
  });
}

async function login(name: string, options: Options): Promise<void> {
  const say = options.json ? printAside : print;
  const { config, accounts } = await configuredFor(name);
  const account = accounts.find((each) => namesOf(each).includes(name));
  if (!account) throw new Error(`no account is named ${name}`);
  const webhook = await webhookUrl(config, account);
  if (options.webhook === true) {
    if (webhook === undefined) {
      throw new Failure(
        'NO_WEBHOOK',
        account.connection.consent?.read
          ? `There is no sealing key in ${config.stateDir} yet, and the address follows from it: start the service there first, or name the service's STATE_DIR.`
          : `${name} has no webhook: its token comes by a login of its own.`,
      );
    }
    warnOfAddress(webhook);
    return options.json ? printJson({ name: account.name, webhook }) : print(webhook);
  }
  if (webhook !== undefined) {
    say('Its broker posts an approved token to this address; set it once on the page of its app:');
    say(`  ${webhook}`);
    warnOfAddress(webhook);
  }
  const { signInOnce } = await import('../app/first-login.ts');
  const outcome = await untilSignal(async (signal) =>
    signInOnce({
      config: await besideService(config),
      name: account.name,
      log: silent,
      transcript: unheard,
      person: terminalPerson(say, process.stdin),
      signal,
    }),
  );
  await noteActBeside(config, 'login', account.name, outcome.outcome === 'failed' ? 'failed' : 'done');
  const { message, code, expiresAt } = outcome;
  if (outcome.outcome === 'failed')
    throw new Failure('LOGIN_FAILED', message, { name: account.name, reason: code ?? null });
  const expires_at = expiresAt === undefined ? null : new Date(expiresAt).toISOString();
  if (options.json) printJson({ name: account.name, message, expires_at });
  else print(message);
}

/** A broker posts from the outside, and only to an address with TLS. */
function warnOfAddress(webhook: string): void {
  if (webhook.startsWith('https://')) return;
  process.stderr.write(
    'Warning: no broker reaches this address. Set PUBLIC_URL to the https address that leads here from the outside.\n',
  );
}

/** Where the account's broker has to post; undefined where it has no webhook. */
async function webhookUrl(config: Config, account: Account): Promise<string | undefined> {
  const sealingKeys = await presentSealingKeys(config);
  if (!sealingKeys) return undefined;
  const seal = makeSeal(sealingKeys);
  const path = webhookPath(account, seal.signatures);
  const base = config.publicUrl ?? `http://localhost:${config.http.port}`;
  return path === undefined ? undefined : `${base}${path}`;
}
