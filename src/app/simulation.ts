import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { Config } from '../config/index.ts';
import type { Login } from '../core/broker.ts';
import { writePrivately } from './private-file.ts';
import type { Releases } from './releases.ts';

/** Simulated brokers in the place of the real ones. */
export interface Simulation {
  setting(variable: string): string | undefined;
  introduce?(broker: string, login: Login): void;
  /** Where they listen, for commands beside the service. */
  readonly url?: string;
}

type Simulated = Pick<Config, 'simulate' | 'stateDir'>;

/** How long simulators on this machine may take to answer, ms. */
const ANSWER_MS = 2_000;
const settingsOf = z.record(z.string(), z.string());

/** The service's brokers where they are simulated: those given, or built-in ones. Commands find them by STATE_DIR. */
export async function serviceSimulation(
  { simulate, stateDir }: Simulated,
  given: Simulation | undefined,
  releases: Releases,
): Promise<Simulation | undefined> {
  const simulation = given ?? (simulate ? await startSimulation(releases) : undefined);
  if (!simulate || simulation?.url === undefined) return simulation;
  const path = addressFile(stateDir);
  // Where it cannot be written, commands simulate brokers of their own.
  await writePrivately(path, simulation.url).catch(() => undefined);
  releases.add(() => rm(path, { force: true }).catch(() => undefined));
  return simulation;
}

/**
 * The brokers of a command in a simulated run: those of the service beside it, which would not know a token that
 * others made; else built-in ones of its own.
 */
export async function commandSimulation(
  { simulate, stateDir }: Simulated,
  releases: Releases,
): Promise<Simulation | undefined> {
  if (!simulate) return undefined;
  return (await runningSimulation(stateDir)) ?? startSimulation(releases);
}

async function runningSimulation(stateDir: string): Promise<Simulation | undefined> {
  const url = await readFile(addressFile(stateDir), 'utf8').catch(() => '');
  // Passwords go there: nowhere but to this machine.
  if (!/^http:\/\/(?:127\.0\.0\.1|\[::1\]):\d+$/.test(url)) return undefined;
  const { CONTROL_PREFIX } = await import('../simulator/control.ts');
  try {
    const answer = await fetch(`${url}${CONTROL_PREFIX}settings`, { signal: AbortSignal.timeout(ANSWER_MS) });
    const settings = settingsOf.parse(await answer.json());
    return Object.values(settings).every((each) => each.startsWith(`${url}/`))
      ? { setting: (variable) => settings[variable] }
      : undefined;
  } catch {
    return undefined;
  }
}

/** Starts the built-in brokers. Loaded only for a simulated run. */
async function startSimulation(releases: Releases): Promise<Simulation> {
  const { startSimulator } = await import('../simulator/index.ts');
  const simulator = await startSimulator();
  releases.add(() => simulator.stop());
  return simulator;
}

const addressFile = (stateDir: string): string => join(stateDir, 'simulator');
