import { styleText } from 'node:util';
import { Command } from 'commander';
import { countByBroker, shownCounts } from '../app/load.ts';
import { brokers } from '../brokers/index.ts';
import { presentSealingKeys, type Config } from '../config/index.ts';
import { namesOf, type Account } from '../core/account.ts';
import { systemClock } from '../core/clock.ts';
import { aclLine } from '../redis/acl.ts';
import { readDeployment, requireFit } from '../redis/deployment.ts';
import { makeSeal } from '../redis/seal.ts';
import { inspectWorld } from '../redis/world.ts';
import { noteActBeside } from './acts.ts';
import { checkLogin, type CheckedLogin } from './check-login.ts';
import { Failure } from './failure.ts';
import { besideService, configuredFor, untilSignal } from './first-steps.ts';
import { taught } from './manual.ts';
import { print, printAside, printJson } from './print.ts';
import { withRedis } from './session.ts';
import { warningsOf } from './warnings.ts';
import { terminalPerson } from './terminal-person.ts';

interface Options {
  readonly login?: string;
  readonly report?: string;
  readonly json?: boolean;
}

type Say = (line: string) => void;

/** `check`: is everything as it must be, before anything is started; with `--login`, one real login as well. */
export function checkCommand(version: string): Command {
  const command = new Command('check')
    .description('Check the configuration and Redis, and print the Redis ACL line the service needs.')
    .option('--login <name>', 'make one real login of this account, and keep its token')
    .option('--report <file>', 'with --login: write what the broker said, without a value of it')
    .option('--json', 'print JSON for machines')
    .action(async (options: Options) => {
      if (options.report !== undefined && options.login === undefined)
        command.error('error: --report goes with --login NAME.', { exitCode: 2 });
      await check(version, options);
    });
  return taught(command, {
    more: `Without --login it contacts no broker. With it the report says what the broker answered, without a value of it; a file
that exists is not written over. A login that fails is not tried again.`,
    examples: [
      { line: 'check', says: 'is my configuration right?' },
      { line: 'check --login USER_000000', says: 'one real login, whose token is kept' },
      { line: 'check --login USER_000000 --report first.md', says: 'the same, with a report' },
    ],
    exits: ['all is as it must be', 'Redis does not answer or is none to start on, or the login failed'],
    json: '"accounts" by broker, "acl", "warnings", and after a login "login" and "report".',
  });
}

async function check(version: string, { login: name, report, json = false }: Options): Promise<void> {
  const say = json ? printAside : print;
  const { config, accounts, exposed } = await configuredFor(name);
  if (config.simulate) say('SIMULATED: no real broker is asked, no real token is made (SIMULATE=1).');
  say(`Configuration: ${styleText('green', 'good')}. Accounts: ${shownCounts(countByBroker(accounts))}.`);
  const warnings = warningsOf({ config, accounts, exposed });
  for (const warning of warnings) say(`${styleText('yellow', 'Warning')}: ${warning}.`);
  if (config.redis.kind !== 'embedded')
    say(`Redis ACL line (put a password in place of <password>):\n  ${aclLine(accounts)}`);
  await checkRedis(config, accounts, say);
  const account = accounts.find((each) => name !== undefined && namesOf(each).includes(name));
  const checked = account && (await loggedIn({ config, account, version, report, say }));
  const answer = {
    accounts: countByBroker(accounts),
    acl: aclLine(accounts),
    warnings,
    ...(checked && { login: checked.login, report: checked.report }),
  };
  if (checked?.login.outcome === 'failed') throw new Failure('LOGIN_FAILED', checked.login.message, answer);
  if (checked) say(checked.login.message);
  if (json) printJson(answer);
}

async function checkRedis(config: Config, accounts: readonly Account[], say: Say): Promise<void> {
  if (config.redis.kind === 'embedded') {
    const runs = (await besideService(config)).redis.kind !== 'embedded';
    return say(`Redis: embedded; ${runs ? 'it runs, and answers' : 'the service starts it'}.`);
  }
  const deployment = await withRedis(config, readDeployment);
  requireFit(deployment);
  if (deployment.isReplica)
    throw new Failure('REDIS_UNFIT', 'Redis answers, but takes no writes: it is a replica. Name its master.');
  const policy = deployment.evictionPolicy;
  if (policy !== undefined && policy !== 'noeviction' && !config.allowEviction) {
    throw new Failure(
      'REDIS_UNFIT',
      `Redis answers, but may drop keys when its memory is full (maxmemory-policy ${policy}): set it to noeviction, or ALLOW_EVICTION=1.`,
    );
  }
  const sealingKeys = await presentSealingKeys(config);
  if (sealingKeys) {
    const world = { seal: makeSeal(sealingKeys), simulated: config.simulate };
    await withRedis(config, (redis) => inspectWorld({ redis, ...world }, accounts));
  }
  say('Redis: answers, and is one that a start takes.');
}

async function loggedIn(parts: {
  readonly config: Config;
  readonly account: Account;
  readonly version: string;
  readonly report: string | undefined;
  readonly say: Say;
}): Promise<CheckedLogin> {
  const { account, say } = parts;
  const broker = brokers.find((each) => each.name === account.broker);
  if (!broker) throw new Error(`no broker is named ${account.broker}`);
  const { signInOnce } = await import('../app/first-login.ts');
  const checked = await untilSignal(async (signal) =>
    checkLogin({
      config: await besideService(parts.config),
      account,
      broker,
      version: parts.version,
      reportPath: parts.report,
      signIn: signInOnce,
      person: terminalPerson(say, process.stdin),
      say,
      clock: systemClock,
      signal,
    }),
  );
  const { outcome } = checked.login;
  await noteActBeside(parts.config, 'login', account.name, outcome === 'failed' ? 'failed' : 'done');
  return checked;
}
