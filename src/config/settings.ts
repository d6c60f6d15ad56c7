import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseEnv } from 'node:util';
import { errnoOf, whyUnreadable } from '../core/errno.ts';
import { ConfigurationError, type Fault } from '../core/errors.ts';

/** What is read of the machine. */
export interface Surroundings {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** What relative paths are relative to. */
  readonly folder: string;
  /** Reads a file as UTF-8; throws as `node:fs` does. */
  readonly readText: (path: string) => string;
}

/** The surroundings of this process. The one place that reads `process.env`. */
export function thisProcess(): Surroundings {
  return { env: process.env, folder: process.cwd(), readText: (path) => readFileSync(path, 'utf8') };
}

/** Which settings count, for a run that must not touch what the environment names (a demo). */
export interface Scope {
  /** Only these are read; all where left out. */
  readonly only?: readonly string[];
  /** These stand, whatever the environment says. */
  readonly fixed?: Readonly<Record<string, string>>;
}

/** A setting as it is found: in the process first, then in ENV_FILE. */
export interface Settings {
  /**
   * The value of `variable`, or the content of the file that `<variable>_FILE` names, without its
   * last line break. Empty counts as absent. Throws `ConfigurationError` where that file cannot be read.
   */
  get(variable: string): string | undefined;
  /** Where `get` finds it; undefined where it is absent. */
  sourceOf(variable: string): 'process' | 'file' | undefined;
  /** Every file read so far, absolute, ENV_FILE first. */
  filesRead(): readonly string[];
}

/** Opens the settings. Faults are those of ENV_FILE itself. */
export function openSettings(
  from: Surroundings,
  scope: Scope = {},
): { readonly settings: Settings; readonly faults: readonly Fault[] } {
  const filesRead = new Set<string>();
  const envFile = readEnvFile(from);
  if (envFile.read) filesRead.add(envFile.read);
  const sources = [
    { source: 'process', values: within({ ...from.env, ...scope.fixed }, scope) },
    { source: 'file', values: within(envFile.values, scope) },
  ] as const;
  const sourceWith = (variable: string): (typeof sources)[number] | undefined =>
    sources.find(({ values }) => values.has(variable) || values.has(`${variable}_FILE`));

  const settings: Settings = {
    get(variable) {
      const values = sourceWith(variable)?.values;
      const direct = values?.get(variable);
      const path = values?.get(`${variable}_FILE`);
      if (path === undefined) return direct;
      if (direct !== undefined) {
        throw fault(variable, `is set twice, as ${variable} and as ${variable}_FILE: keep one`);
      }
      const file = resolve(from.folder, path);
      filesRead.add(file);
      return readSecret(`${variable}_FILE`, file, from);
    },
    sourceOf: (variable) => sourceWith(variable)?.source,
    filesRead: () => [...filesRead],
  };
  return { settings, faults: envFile.faults };
}

interface EnvFile {
  readonly values: Readonly<Record<string, string | undefined>>;
  /** The file, where it was read. */
  readonly read?: string;
  readonly faults: readonly Fault[];
}

function readEnvFile(from: Surroundings): EnvFile {
  const named = from.env['ENV_FILE'] || undefined;
  const path = resolve(from.folder, named ?? '.env');
  try {
    return { values: parseEnv(withoutMark(from.readText(path))), read: path, faults: [] };
  } catch (error) {
    if (named === undefined && errnoOf(error) === 'ENOENT') return { values: {}, faults: [] };
    const message = `${path} ${whyUnreadable(error)}: mend its path or its permissions`;
    return { values: {}, faults: [{ at: 'ENV_FILE', message }] };
  }
}

// A map, not an object: names come from a file too, and `constructor` is on every object.
function within(
  values: Readonly<Record<string, string | undefined>>,
  { only, fixed = {} }: Scope,
): ReadonlyMap<string, string> {
  const counted = only && new Set([...only, ...Object.keys(fixed)].flatMap((name) => [name, `${name}_FILE`]));
  const present = new Map<string, string>();
  for (const [name, value] of Object.entries(values)) {
    if (value && (!counted || counted.has(name)) && !isOverruled(name, fixed)) present.set(name, value);
  }
  return present;
}

const isOverruled = (name: string, fixed: Readonly<Record<string, string>>): boolean =>
  name.endsWith('_FILE') && Object.hasOwn(fixed, name.slice(0, -'_FILE'.length));

function readSecret(at: string, path: string, from: Surroundings): string {
  let text: string;
  try {
    text = withoutMark(from.readText(path)).replace(/\r?\n$/, '');
  } catch (error) {
    throw fault(at, `${path} ${whyUnreadable(error)}: mend its path or its permissions`);
  }
  if (text === '') throw fault(at, `${path} is empty: write the value into it`);
  return text;
}

const fault = (at: string, message: string): ConfigurationError => new ConfigurationError([{ at, message }]);

/** Editors on Windows put a byte order mark in front; it would become part of the first name or value. */
export const withoutMark = (text: string): string => text.replace(/^\uFEFF/, '');
