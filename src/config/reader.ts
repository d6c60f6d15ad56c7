import { ConfigurationError, type Fault } from '../core/errors.ts';
import type { Settings } from './settings.ts';
import type { Parse } from './values.ts';

/** Reads settings one by one and keeps what is wrong with them, so that all faults are said at once. */
export interface Reader {
  readonly faults: readonly Fault[];
  /** The setting's meaning; `fallback` where it is absent or, its fault noted, wrong. */
  read<T, F>(variable: string, fallback: F, parse: Parse<T>): T | F;
  /** The setting as it stands, undefined where it is absent or its file cannot be read. */
  text(variable: string): string | undefined;
  /** Where the setting is found; undefined where it is absent. */
  sourceOf(variable: string): 'process' | 'file' | undefined;
  wrong(variable: string, message: string): void;
}

export function makeReader(settings: Settings): Reader {
  const faults: Fault[] = [];
  const text = (variable: string): string | undefined => {
    try {
      return settings.get(variable);
    } catch (error) {
      if (!(error instanceof ConfigurationError)) throw error;
      faults.push(...error.faults);
      return undefined;
    }
  };
  return {
    faults,
    text,
    sourceOf: (variable) => settings.sourceOf(variable),
    wrong: (variable, message) => void faults.push({ at: variable, message }),
    read(variable, fallback, parse) {
      const found = text(variable);
      if (found === undefined) return fallback;
      const parsed = parse(found);
      if ('value' in parsed) return parsed.value;
      faults.push({ at: variable, message: parsed.wrong });
      return fallback;
    },
  };
}
