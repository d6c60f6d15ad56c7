import { Command } from 'commander';
import { explainAccount } from '../app/explaining.ts';
import { systemClock } from '../core/clock.ts';
import type { Explanation } from '../core/explain.ts';
import { makeInstances } from '../redis/instances.ts';
import { makeRoster } from '../redis/roster.ts';
import { Failure } from './failure.ts';
import { commandConfig, withRedis } from './session.ts';

/** `explain NAME`: state, the last decisions with reasons, what is next, and what a person can do. */
export function explainCommand(): Command {
  return new Command('explain')
    .description('Say of one account what holds, why, what is next, and what you can do.')
    .argument('<name>', 'the account')
    .option('--json', 'print JSON for machines')
    .action(async (name: string, options: { readonly json?: boolean }) => {
      const { explanation, isAlone } = await withRedis(commandConfig(), async (redis) => ({
        explanation: await explainAccount({ redis, roster: makeRoster(redis), clock: systemClock }, name),
        isAlone: (await makeInstances(redis, 'explain').others()) === 0,
      }));
      if (!explanation) {
        throw new Failure(`There is no account named ${name}. "token-refresher status" lists them.`);
      }
      if (isAlone) process.stderr.write('No service is running on this Redis: nothing of this goes on.\n');
      process.stdout.write(
        options.json ? `${JSON.stringify(explanation, null, 2)}\n` : showExplanation(explanation),
      );
    });
}

/** The same for a person. */
export function showExplanation(explanation: Explanation): string {
  const { name, broker, environment, state, reason, since, message, next } = explanation;
  const { decisions, person, acts } = explanation;
  const because = reason ? ` (${reason})` : '';
  return [
    `${name}, ${broker} ${environment}: ${state}${because}${since ? `, since ${since}` : ''}`,
    message,
    '',
    `Next: ${next.action === 'none' ? 'nothing by itself' : next.action}${next.at ? ` at ${next.at}` : ''}. ${next.why}`,
    '',
    'You can:',
    ...person.map(({ what, command }) => `  ${what}${command ? `  ${command}` : ''}`),
    '',
    decisions.length > 0 ? 'The last decisions, newest first:' : 'No decision has been written down yet.',
    ...decisions.map((each) => {
      const often = each.times > 1 ? `, ${each.times} times since ${each.first_at}` : '';
      const why = [each.reason, each.message].filter((text) => text !== null).join(': ');
      return `  ${each.last_at}  ${each.did}, ${each.state}${why ? ` (${why})` : ''}${often}`;
    }),
    ...(acts.length > 0 ? ['', 'What people did:'] : []),
    ...acts.map(({ at, who, what, from, outcome }) => `  ${at}  ${what} by ${who} from ${from} (${outcome})`),
    '',
  ].join('\n');
}
