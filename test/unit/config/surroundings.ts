import { join } from 'node:path';
import { inspectConfig, type Inspection } from '../../../src/config/config.ts';
import type { Scope, Surroundings } from '../../../src/config/settings.ts';

/** Settings in memory: the process's environment, and files by their absolute path. */
export function surroundings(
  env: Readonly<Record<string, string>>,
  files: Readonly<Record<string, string>> = {},
): Surroundings {
  return {
    env,
    folder: '/desk',
    readText(path) {
      const text = files[path];
      if (text === undefined) throw Object.assign(new Error('not there'), { code: 'ENOENT' });
      return text;
    },
  };
}

export const inFolder = (name: string): string => join('/desk', name);

/** The configuration of an environment that names an embedded Redis besides. */
export function inspect(
  env: Readonly<Record<string, string>>,
  files?: Readonly<Record<string, string>>,
  scope?: Scope,
): Inspection {
  return inspectConfig(surroundings({ REDIS_URL: 'embedded', ...env }, files), scope);
}

/** Which settings have a fault. */
export const faulty = (inspection: Inspection): readonly string[] => inspection.faults.map(({ at }) => at);
