import { resolve } from 'node:path';
import { ConfigurationError } from '../core/errors.ts';
import type { Files } from './files.ts';

/** Stands where a value could not be found, so that its absence is said once and not again as "missing". */
export const unresolved: unique symbol = Symbol('unresolved');

export interface Resolved {
  readonly document: unknown;
  readonly faults: readonly { readonly path: readonly (string | number)[]; readonly message: string }[];
}

/**
 * The document with every string `"${NAME}"` taken from the environment and every `"file:PATH"` from
 * that file, without its last line break. `folder` is what a relative PATH is relative to.
 */
export async function resolveSecrets(
  document: unknown,
  from: {
    readonly setting: (variable: string) => string | undefined;
    readonly folder: string;
    readonly files: Files;
  },
): Promise<Resolved> {
  const faults: { path: readonly (string | number)[]; message: string }[] = [];

  const walk = async (value: unknown, path: readonly (string | number)[]): Promise<unknown> => {
    if (typeof value === 'string') {
      const found = await resolveString(value, from);
      if (found.value !== undefined) return found.value;
      faults.push({ path, message: found.wrong });
      return unresolved;
    }
    if (typeof value !== 'object' || value === null) return value;
    if (Array.isArray(value)) {
      const parts: unknown[] = [];
      for (const [index, part] of value.entries()) parts.push(await walk(part, [...path, index]));
      return parts;
    }
    const fields: [string, unknown][] = [];
    for (const [field, part] of Object.entries(value))
      fields.push([field, await walk(part, [...path, field])]);
    return Object.fromEntries(fields);
  };

  return { document: await walk(document, []), faults };
}

type Found = { readonly value: string } | { readonly value?: undefined; readonly wrong: string };

async function resolveString(text: string, from: Parameters<typeof resolveSecrets>[1]): Promise<Found> {
  const variable = /^\$\{([A-Za-z_][A-Za-z0-9_]*)\}$/.exec(text)?.[1];
  if (variable !== undefined) return fromEnvironment(variable, from.setting);
  return text.startsWith('file:')
    ? fromFile(text.slice('file:'.length), from.folder, from.files)
    : { value: text };
}

function fromEnvironment(variable: string, setting: (variable: string) => string | undefined): Found {
  // Only what looks like the name of a variable is repeated: the rest might be somebody's password.
  const name = /^[A-Z][A-Z0-9_]*$/.test(variable) ? variable : 'that it names';
  try {
    const value = setting(variable);
    if (value !== undefined) return { value };
    return { wrong: `the environment variable ${name} is not set or empty: set it (or the same with _FILE)` };
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    return { wrong: error.faults.map(({ at, message }) => `${at} ${message}`).join('; ') };
  }
}

async function fromFile(written: string, folder: string, files: Files): Promise<Found> {
  if (written === '') return { wrong: 'names no file after "file:"' };
  const path = resolve(folder, written);
  const content = await files.read(path);
  if ('wrong' in content)
    return { wrong: `its secret file ${path} ${content.wrong}: mend the path or the file` };
  const value = content.text.replace(/\r?\n$/, '');
  return value === '' ? { wrong: `its secret file ${path} is empty: write the secret into it` } : { value };
}
