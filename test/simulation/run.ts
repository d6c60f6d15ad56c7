import { fork } from 'node:child_process';
import { parseArgs } from 'node:util';
import { playSeed, type Outcome } from './scenario.ts';

/** Plays seeds of the simulation; see docs/reliability.md. */
const USAGE = 'usage: npm run simulate -- [--seed N] [--runs N] [--hours H] [--workers N] [--quiet]';

/** A worker that is silent for this long plays a seed without an end. */
const SILENT_MS = 300_000;

interface Given {
  readonly seed: number;
  readonly runs: number;
  readonly hours: number | undefined;
  readonly workers: number;
  /** Of the seeds each so manieth. */
  readonly stride: number;
  readonly quiet: boolean;
}

interface Figures {
  runs: number;
  steps: number;
  calls: number;
  spanMs: number;
  servedMs: number;
  withoutMs: number;
  readonly broken: Outcome[];
}

function options(): Given | undefined {
  try {
    const { values } = parseArgs({
      options: {
        seed: { type: 'string' },
        runs: { type: 'string' },
        hours: { type: 'string' },
        workers: { type: 'string', default: '1' },
        stride: { type: 'string', default: '1' },
        quiet: { type: 'boolean', default: false },
      },
    });
    const numbers = [
      values.seed ?? '1',
      values.runs ?? '1',
      values.hours ?? '1',
      values.workers,
      values.stride,
    ].map(Number);
    const [seed = 1, runs = 1, hours = 1, workers = 1, stride = 1] = numbers;
    const areWhole = [seed, runs, workers, stride].every((each) => Number.isInteger(each) && each >= 0);
    if (!areWhole || workers < 1 || !Number.isFinite(hours) || hours < 0) return undefined;
    return {
      seed,
      runs,
      hours: values.hours === undefined ? undefined : hours,
      workers: Math.min(workers, Math.max(1, runs)),
      stride,
      quiet: values.quiet,
    };
  } catch {
    return undefined;
  }
}

function add(figures: Figures, outcome: Outcome): void {
  figures.runs += 1;
  figures.steps += outcome.steps;
  figures.calls += outcome.calls;
  figures.spanMs += outcome.spanMs;
  figures.servedMs += outcome.servedMs;
  figures.withoutMs += outcome.withoutMs;
  if (outcome.broken) figures.broken.push(outcome);
}

function tell({ seed, about, broken }: Outcome): void {
  if (!broken) return;
  console.log(`seed ${seed}, step ${broken.step}: ${broken.message}`);
  console.log(`  ${about}`);
  for (const line of broken.trace) console.log(`  ${line}`);
  console.log(`again: npm run simulate -- --seed ${seed}`);
}

/** Every `stride`-th seed from `seed` on, told to whoever listens. */
async function play(
  { seed, runs, hours }: { seed: number; runs: number; hours: number | undefined },
  stride: number,
  heard: (outcome: Outcome) => void,
): Promise<void> {
  for (let i = seed; i < seed + runs; i += stride) {
    heard(await playSeed({ seed: i, ...(hours !== undefined && { hours }) }));
  }
}

const given = options();
if (!given) {
  console.error(USAGE);
  process.exitCode = 2;
} else if (process.send) {
  // A child of the below.
  await play(given, given.stride, (outcome) => void process.send?.(outcome));
  process.disconnect();
} else {
  const figures: Figures = { runs: 0, steps: 0, calls: 0, spanMs: 0, servedMs: 0, withoutMs: 0, broken: [] };
  const startedAt = performance.now();
  let saidAt = startedAt;
  const heard = (outcome: Outcome): void => {
    add(figures, outcome);
    tell(outcome);
    if (given.quiet || performance.now() - saidAt < 10_000) return;
    saidAt = performance.now();
    console.log(
      `${figures.runs} of ${given.runs} runs, ${figures.broken.length} broken, ${Math.round((saidAt - startedAt) / 1_000)} s`,
    );
  };
  if (given.workers === 1) await play(given, 1, heard);
  else await inChildren(given.workers, heard);
  const days = figures.spanMs / 86_400_000;
  const fresh = 100 * (1 - figures.withoutMs / Math.max(1, figures.servedMs));
  console.log(
    `${figures.runs} runs, ${figures.broken.length} broken; ${days.toFixed(1)} simulated days, ${figures.steps} steps, ` +
      `${figures.calls} calls to brokers; a live token for ${fresh.toFixed(3)} % of the time; ${((performance.now() - startedAt) / 1_000).toFixed(1)} s`,
  );
  if (figures.runs < given.runs) console.log(`only ${figures.runs} of ${given.runs} runs came to an end`);
  if (figures.broken.length > 0 || figures.runs < given.runs) process.exitCode = 1;
}

async function inChildren(workers: number, heard: (outcome: Outcome) => void): Promise<void> {
  await Promise.all(
    Array.from({ length: workers }, (_, i) => {
      const given = options();
      const seed = (given?.seed ?? 1) + i;
      const runs = (given?.runs ?? 1) - i;
      // A child plays every so manieth seed: of its own accord it would take no more workers than runs.
      const args = ['--seed', String(seed), '--runs', String(runs), '--stride', String(workers)];
      const child = fork(
        import.meta.filename,
        given?.hours === undefined ? args : [...args, '--hours', String(given.hours)],
      );
      return new Promise<void>((resolve, reject) => {
        const watch = (after: string): NodeJS.Timeout =>
          setTimeout(() => {
            child.kill('SIGKILL');
            reject(new Error(`a worker has said nothing for ${SILENT_MS / 1_000} s after ${after}`));
          }, SILENT_MS);
        let silent = watch('its start');
        child.on('message', (outcome: Outcome) => {
          clearTimeout(silent);
          silent = watch(`seed ${outcome.seed}`);
          heard(outcome);
        });
        child.once('exit', () => clearTimeout(silent));
        child.once('error', reject);
        child.once('exit', (code) =>
          code === 0 ? resolve() : reject(new Error(`a worker ended with ${code}`)),
        );
      });
    }),
  );
}
