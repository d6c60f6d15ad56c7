import type { Login } from '../core/broker.ts';
import type { Releases } from './releases.ts';

/** Simulated brokers in the place of the real ones. */
export interface Simulation {
  setting(variable: string): string | undefined;
  introduce?(broker: string, login: Login): void;
}

/** Starts the built-in brokers. Loaded only for a simulated run. */
export async function startSimulation(releases: Releases): Promise<Simulation> {
  const { startSimulator } = await import('../simulator/index.ts');
  const simulator = await startSimulator();
  releases.add(() => simulator.stop());
  return simulator;
}
