/** `npm run bench`: measures, and prints what it measured beside what it should be. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { isMet, type Bench, type Figure } from './bench.ts';
import { benches } from './benches/index.ts';
import { startBroker } from './ground/broker.ts';
import { makeEnds } from './ground/ends.ts';
import { machine } from './ground/machine.ts';
import { startRedis } from './ground/redis.ts';
import { tableOf } from './print.ts';

interface Given {
  readonly chosen: readonly Bench[];
  readonly json: boolean;
  readonly short: boolean;
  readonly accounts: number | undefined;
  readonly profiles: string | undefined;
}

interface Result {
  readonly name: string;
  readonly about: string;
  readonly seconds: number;
  readonly figures: readonly (Figure & { readonly met?: boolean })[];
  readonly notes: readonly string[];
  readonly failed?: string;
}

const usage =
  (): string => `usage: npm run bench -- [NAME ...] [--short] [--json] [--accounts N] [--profile FOLDER]

Each bench starts a Redis, a broker and the contestants as processes of this machine (Linux; nothing leaves it) and prints
medians, the least and the greatest of its rounds, and whether its targets are met. Ratios are of contestants that ran in turn.

  --short           fewer accounts and rounds: figures in two minutes, of ${names(benches.filter(({ inShort }) => inShort))}
  --json            one object on standard output: {machine, short, results: [{name, figures, notes}]}
  --accounts N      of overhead, replicas, rest and sixty-seconds, instead of their own number
  --profile FOLDER  processor profiles of the service, as Chrome and speedscope read them
  --help            this

${benches.map(({ name, about, takes }) => `  ${name.padEnd(14)} ${about} (${takes})`).join('\n')}

Exit: 0 measured, whatever the targets say; 1 a bench failed or a contestant did not do its work; 2 wrong usage.
`;

const names = (some: readonly Bench[]): string => some.map(({ name }) => name).join(', ');

function read(args: readonly string[]): Given | 'help' | undefined {
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        json: { type: 'boolean', default: false },
        short: { type: 'boolean', default: false },
        accounts: { type: 'string' },
        profile: { type: 'string' },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
    const { help, json, short, profile, accounts } = values;
    if (help) return 'help';
    // Fewer would leave nothing between a tenth of them and all.
    if (accounts !== undefined && !/^[1-9]\d{2,6}$/.test(accounts)) return undefined;
    if (positionals.some((wanted) => !benches.some(({ name }) => name === wanted))) return undefined;
    const usual = benches.filter(({ inShort }) => inShort || !short);
    const chosen =
      positionals.length === 0 ? usual : benches.filter(({ name }) => positionals.includes(name));
    return {
      ...{ chosen, json, short },
      accounts: accounts === undefined ? undefined : Number(accounts),
      profiles: profile === undefined ? undefined : resolve(profile),
    };
  } catch {
    return undefined;
  }
}

const say = (text: string): void => void process.stderr.write(`${text}\n`);

async function runOne(bench: Bench, { short, accounts, profiles }: Given): Promise<Result> {
  const ends = makeEnds();
  let isBrokenOff = false;
  // A Ctrl-C leaves nothing behind.
  const interrupted = (): void => {
    isBrokenOff = true;
    void ends.all().finally(() => process.exit(1));
  };
  process.once('SIGINT', interrupted);
  process.once('SIGTERM', interrupted);
  const notes = new Set<string>();
  const begunAt = performance.now();
  let figures: readonly Figure[] = [];
  let failed: string | undefined;
  const folder = await mkdtemp(join(tmpdir(), 'token-refresher-bench-'));
  ends.add(async () => {
    // What went wrong is in the contestants' logs.
    if (failed === undefined || isBrokenOff) await rm(folder, { recursive: true, force: true });
    else say(`the logs are kept in ${folder}`);
  });
  try {
    const redis = await startRedis(folder, ends);
    const broker = await startBroker(folder, ends);
    const own = { folder, redis, broker, profiles, ends, short, accounts };
    figures = await bench.run({
      ...own,
      say: (text) => say(`${bench.name}: ${text}`),
      note: (text) => void notes.add(text),
    });
  } catch (error) {
    failed = error instanceof Error ? error.message : String(error);
    say(`${bench.name} failed: ${failed}`);
  } finally {
    await ends.all();
    process.off('SIGINT', interrupted);
    process.off('SIGTERM', interrupted);
  }
  return {
    name: bench.name,
    about: bench.about,
    seconds: Math.round((performance.now() - begunAt) / 1_000),
    figures: figures.map((figure) => {
      const met = isMet(figure);
      return met === undefined ? figure : { ...figure, met };
    }),
    notes: [...notes],
    ...(failed !== undefined && { failed }),
  };
}

function print({ name, about, seconds, figures, notes, failed }: Result): void {
  const lines = [
    `\n${name}: ${about} (${seconds} s)`,
    ...(figures.length > 0 ? [tableOf(figures)] : []),
    ...notes.map((note) => `  - ${note}`),
    ...(failed === undefined ? [] : [`  FAILED: ${failed}`]),
  ];
  process.stdout.write(`${lines.join('\n')}\n`);
}

const given = read(process.argv.slice(2));
if (given === 'help') {
  process.stdout.write(usage());
} else if (given === undefined) {
  process.stderr.write(usage());
  process.exitCode = 2;
} else {
  const about = machine();
  if (!given.json) process.stdout.write(`${about}\n`);
  const results: Result[] = [];
  for (const bench of given.chosen) {
    const result = await runOne(bench, given);
    results.push(result);
    if (!given.json) print(result);
  }
  if (given.json) {
    process.stdout.write(`${JSON.stringify({ machine: about, short: given.short, results }, null, 2)}\n`);
  }
  if (results.some(({ failed }) => failed !== undefined)) process.exitCode = 1;
}
