import { dirname } from 'node:path';
import type { Broker } from '../core/broker.ts';
import { ConfigurationError, type Fault } from '../core/errors.ts';
import { isRecord, type Candidate } from './entry.ts';
import type { Files } from './files.ts';
import { readJson } from './json.ts';
import { resolveSecrets } from './resolve.ts';

type Setting = (variable: string) => string | undefined;

/** Entries as they were found, and what was wrong with finding them. */
export interface Found {
  readonly candidates: readonly Candidate[];
  readonly faults: readonly Fault[];
}

/** What the credentials file holds; `missing` where there is no such file. */
export async function fromFile(
  file: string,
  files: Files,
  brokers: readonly Broker[],
  setting: Setting,
): Promise<Found & { readonly missing: boolean }> {
  const failed = (message: string, missing = false): Found & { missing: boolean } => ({
    candidates: [],
    faults: [{ at: file, message }],
    missing,
  });
  const content = await files.read(file);
  if ('wrong' in content) {
    const remedy = content.missing
      ? 'create it (credentials.example.json shows how)'
      : 'mend the path or the file';
    return failed(`${content.wrong}: ${remedy}`, content.missing);
  }
  const read = readJson(content.text);
  if (!('document' in read))
    return failed(`is not JSON: line ${read.line}, column ${read.column}: ${read.hint}`);
  const resolved = await resolveSecrets(read.document, { setting, folder: dirname(file), files });

  const entries = entriesOf(resolved.document, brokers, setting);
  if ('wrong' in entries) return failed(entries.wrong);
  const faultsOf = (index: number): Candidate['faults'] =>
    resolved.faults
      .filter(({ path }) => path[0] === index)
      .map(({ path, message }) => ({ field: path.slice(1).join('.'), message }));
  const candidates = entries.list.map((raw, index): Candidate => {
    return { where: `${file}, entry ${index + 1}`, raw, faults: faultsOf(index), unset: [] };
  });
  // In an older shape the way to a value says more than the number of the entry it ends up in.
  const elsewhere = resolved.faults.filter(({ path }) => typeof path[0] !== 'number');
  const faults = elsewhere.map(({ path, message }) => ({
    at: [file, path.join('.')].filter(Boolean).join(', '),
    message,
  }));
  return { candidates, faults, missing: false };
}

function entriesOf(
  document: unknown,
  brokers: readonly Broker[],
  setting: Setting,
): { readonly list: readonly unknown[] } | { readonly wrong: string } {
  if (Array.isArray(document)) return { list: document };
  try {
    for (const broker of brokers) {
      const list = broker.fromOlderShape?.(document, setting);
      if (list) return { list: list.map((entry) => ({ ...entry, broker: broker.name })) };
    }
  } catch (error) {
    return { wrong: wordsOf(error) };
  }
  return { wrong: 'must be a list in [ ], with one entry a login' };
}

/** What the environment alone makes. */
export function fromEnvironment(
  brokers: readonly Broker[],
  setting: Setting,
  inFile: readonly Candidate[],
): Found {
  const candidates: Candidate[] = [];
  const faults: Fault[] = [];
  const fileEntries = inFile.map(({ raw }) => raw).filter(isRecord);
  for (const broker of brokers) {
    const where = `environment (${broker.name})`;
    const unset = new Set<string>();
    const noted: Setting = (variable) => {
      const value = setting(variable);
      if (value === undefined) unset.add(variable);
      return value;
    };
    try {
      for (const entry of broker.fromEnvironment?.(noted, fileEntries) ?? []) {
        candidates.push({ where, raw: { ...entry, broker: broker.name }, faults: [], unset: [...unset] });
      }
    } catch (error) {
      faults.push({ at: where, message: wordsOf(error) });
    }
  }
  return { candidates, faults };
}

function wordsOf(error: unknown): string {
  if (!(error instanceof ConfigurationError)) throw error;
  return error.faults.map(({ at, message }) => `${at} ${message}`).join('; ');
}
