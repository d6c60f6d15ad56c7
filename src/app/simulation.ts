import type { Releases } from './releases.ts';

/** Starts the built-in brokers. Loaded only for a simulated run. */
export async function startSimulation(
  releases: Releases,
): Promise<{ setting(variable: string): string | undefined }> {
  const { startSimulator } = await import('../simulator/index.ts');
  const simulator = await startSimulator();
  releases.add(() => simulator.stop());
  return simulator;
}
