import { styleText } from 'node:util';
import { Command } from 'commander';
import { explainAccount } from '../app/explaining.ts';
import { moment } from '../core/day.ts';
import { systemClock } from '../core/clock.ts';
import { actWords, type Explanation } from '../core/explain.ts';
import { deedWords, nextWords } from '../core/explain-words.ts';
import { makeInstances } from '../redis/instances.ts';
import { makeRoster } from '../redis/roster.ts';
import { stateColours } from './colours.ts';
import { unknownAccount } from './failure.ts';
import { taught } from './manual.ts';
import { printJson } from './print.ts';
import { commandConfig, withRedis } from './session.ts';
import { table, terminalWidth } from './table.ts';

/** So many lines may be said of one decision. */
const TEXT_LINES = 4;

/** `explain NAME`: state, the last decisions with reasons, what is next, and what a person can do. */
export function explainCommand(): Command {
  const command = new Command('explain')
    .description('Say of one account what holds, why, what is next, and what you can do.')
    .argument('<name>', 'the account')
    .option('--json', 'print JSON for machines')
    .action(async (name: string, options: { readonly json?: boolean }) => {
      const config = commandConfig();
      const { explanation, isAlone } = await withRedis(config, async (redis) => {
        const roster = makeRoster(redis);
        const found = await explainAccount(
          { redis, roster, clock: systemClock, egress: config.egressId },
          name,
        );
        if (!found) throw unknownAccount(name, await roster.read());
        return { explanation: found, isAlone: (await makeInstances(redis, 'explain').others()) === 0 };
      });
      if (isAlone) process.stderr.write('No service is running on this Redis: nothing of this goes on.\n');
      if (options.json) printJson(explanation);
      else process.stdout.write(showExplanation(explanation, terminalWidth()));
    });
  return taught(command, {
    examples: [
      { line: 'explain USER_000000', says: 'why is it as it is, and what is next?' },
      { line: 'explain USER_000000 --json', says: 'the same for a program' },
    ],
    exits: ['explained, whatever its state', 'Redis does not answer, or there is no account of that name'],
    json: 'what GET /api/accounts/NAME/explain answers.',
  });
}

/** The same for a person. */
export function showExplanation(explanation: Explanation, width?: number): string {
  const { name, broker, environment, state, reason, since, message, next } = explanation;
  const { decisions, person, acts } = explanation;
  const because = reason && reason !== state ? ` (${reason})` : '';
  const shown = styleText(stateColours[state], state);
  return [
    `${name}, ${broker} ${environment}: ${shown}${because}${since ? `, since ${moment(Date.parse(since))}` : ''}`,
    message,
    '',
    `Next: ${nextWords[next.action]}${next.at ? ` at ${moment(Date.parse(next.at))}` : ''}. ${next.why}`,
    '',
    'You can:',
    ...person.map(({ what, command }) => `  ${what}${command ? `  ${command}` : ''}`),
    '',
    ...(decisions.length > 0
      ? ['The last decisions, newest first:', '', ...decisionTable(decisions, width)]
      : ['No decision has been written down yet.']),
    ...(acts.length > 0 ? ['', 'What people did:', '', ...actTable(acts, width)] : []),
    '',
  ].join('\n');
}

function decisionTable(decisions: Explanation['decisions'], width: number | undefined): readonly string[] {
  const rows = decisions.map((each) => [
    each.last_at,
    deedWords(each.did),
    { text: each.state, colour: colourOf(each.state) },
    [
      ...(each.times > 1 ? [`${each.times} times since ${each.first_at}`] : []),
      ...[each.reason, each.message].filter((text) => text !== null),
    ].join(': '),
  ]);
  return table(['AT', 'DID', 'STATE', 'WHY'], rows, { width, textLines: TEXT_LINES });
}

function actTable(acts: Explanation['acts'], width: number | undefined): readonly string[] {
  const rows = acts.map((each) => [each.at, actWords(each), each.outcome, `${each.who} from ${each.from}`]);
  return table(['AT', 'WHAT', 'OUTCOME', 'WHO'], rows, { width, textLines: TEXT_LINES });
}

/** What was written down may be of another version, which had other states. */
const colourOf = (state: string): (typeof stateColours)[keyof typeof stateColours] =>
  Object.hasOwn(stateColours, state) ? stateColours[state as keyof typeof stateColours] : 'gray';
