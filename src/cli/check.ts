import { Command } from 'commander';
import { countByBroker, shownCounts } from '../app/load.ts';
import { inspectConfig, thisProcess } from '../config/index.ts';
import { namesOf, type Account } from '../core/account.ts';
import { ConfigurationError } from '../core/errors.ts';
import { evictionPolicy } from '../redis/world.ts';
import { Failure } from './failure.ts';
import { inspectAccounts } from './inspect.ts';
import { withRedis } from './session.ts';

/** `check`: is everything as it must be, before anything is started. */
export function checkCommand(): Command {
  return new Command('check')
    .description('Check the configuration and Redis, and print the Redis ACL line the service needs.')
    .action(async () => {
      const inspected = inspectConfig(thisProcess());
      const { accounts, faults } = await inspectAccounts(inspected.basis);
      const all = [...inspected.faults, ...faults];
      if (!inspected.config || all.length > 0) throw new ConfigurationError(all);
      const { config } = inspected;
      say(`Configuration: good. Accounts: ${shownCounts(countByBroker(accounts))}.`);
      say(`Redis ACL line (put a password in place of <password>):\n  ${aclLine(accounts)}`);
      if (config.redis.kind === 'embedded') return say('Redis: embedded; the service starts it.');
      const policy = await withRedis(config, evictionPolicy);
      if (policy !== undefined && policy !== 'noeviction' && !config.allowEviction) {
        throw new Failure(
          `Redis answers, but may drop keys when its memory is full (maxmemory-policy ${policy}): set it to noeviction, or ALLOW_EVICTION=1.`,
        );
      }
      say('Redis: answers.');
    });
}

/** What the service's Redis user must be allowed; a bare list key fits no pattern, so each is named. */
export function aclLine(accounts: readonly Account[]): string {
  const patterns = ['refresher:*', 'token:*', 'auth:*', 'meta:*', 'state:*', 'token-reports'];
  const lists = accounts.flatMap((account) => namesOf(account).slice(0, 1));
  const keys = [...patterns, ...lists].map((pattern) => `~${pattern}`).join(' ');
  return `ACL SETUSER token-refresher on ><password> ${keys} &token-events +@all -@admin -@dangerous +info`;
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
