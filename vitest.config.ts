import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

/** One folder of test/ is one project. Groups run one after the other, so that tests which start processes have the machine to themselves. */
const project = (name: string, groupOrder: number, test: object = {}) => ({
  test: { name, include: [`test/${name}/**/*.test.ts`], sequence: { groupOrder }, ...test },
});

/** These start servers: once for the run a Redis is found (or got), and a file that leaves a process behind fails. */
const withProcesses = {
  globalSetup: ['test/support/redis-source.ts'],
  setupFiles: ['test/support/leaks.ts'],
  testTimeout: 30_000,
  hookTimeout: 60_000,
};

/**
 * Real time and real sockets on a busy machine: in CI a test is tried once more, and `npm test` names each that needed it at its end.
 * What runs on a virtual clock never is.
 */
const inRealTime = { retry: process.env['CI'] === undefined ? 0 : 1 };

export default defineConfig({
  test: {
    maxWorkers: Math.max(2, availableParallelism()),
    projects: [
      project('unit', 0, { pool: 'threads', testTimeout: 15_000, ...inRealTime }),
      project('contract', 0, { pool: 'threads', testTimeout: 15_000, ...inRealTime }),
      // One process each, on a virtual clock; fidelity to a real Redis is part of it.
      project('simulation', 1, { ...withProcesses, testTimeout: 400_000 }),
      project('integration', 2, { ...withProcesses, ...inRealTime }),
      project('system', 3, { ...withProcesses, ...inRealTime, testTimeout: 120_000 }),
      // A browser takes two processors for itself.
      project('browser', 4, {
        ...withProcesses,
        ...inRealTime,
        testTimeout: 120_000,
        fileParallelism: false,
      }),
      project('container', 5, { testTimeout: 600_000, hookTimeout: 900_000, fileParallelism: false }),
    ],
  },
});
