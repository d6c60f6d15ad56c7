import { parseEnv } from 'node:util';
import type { Broker, RawEntry } from '../core/broker.ts';
import { checkEntry, isRecord } from './entry.ts';
import { commonFields } from './fields.ts';
import { readJson } from './json.ts';
import { readPlainYaml } from './plain-yaml.ts';

/** A reader of the settings files of other programs, where it knows the document. */
export type SettingsShape = (
  document: unknown,
) => { readonly entries: readonly RawEntry[]; readonly leftOut: readonly string[] } | undefined;

/** An older file in the current shape. */
export interface Imported {
  /** What it was taken for, for people. */
  readonly shape: string;
  readonly entries: readonly RawEntry[];
  /** The names of what was not taken along, never a value. */
  readonly leftOut: readonly string[];
  /** What a start would still refuse of the entries. */
  readonly toMend: readonly string[];
}

/** Turns the text of an older file into entries of the current shape; `wrong` says why it cannot. */
export function importText(
  text: string,
  brokers: readonly Broker[],
  shapes: readonly SettingsShape[],
): Imported | { readonly wrong: string } {
  // Some editors begin a file with a mark, which would become a part of its first name.
  const found = entriesIn(text.replace(/^\uFEFF/, ''), brokers, shapes);
  if ('wrong' in found) return found;
  if (found.entries.length === 0) return { wrong: 'names no account: there is nothing to import' };
  const cut = found.entries.map((entry, index) => cutEntry(entry, index, brokers));
  const entries = cut.map(({ entry }) => entry);
  return {
    shape: found.shape,
    entries,
    leftOut: [...found.leftOut, ...cut.flatMap(({ leftOut }) => leftOut)],
    toMend: [...sameNames(entries), ...entries.flatMap((raw, index) => faultsOf(raw, index, brokers))],
  };
}

/** What a start would refuse of one entry; what comes from the environment is not there yet. */
function faultsOf(raw: RawEntry, index: number, brokers: readonly Broker[]): readonly string[] {
  const hasReference = (value: unknown): boolean => typeof value === 'string' && /^\$\{\w+\}$/.test(value);
  const { faults } = checkEntry({ where: `entry ${index + 1}`, raw, faults: [], unset: [] }, brokers, false);
  return faults
    .filter(({ at }) => !hasReference(raw[at.split(', ').at(-1) ?? '']))
    .map(({ at, message }) => `${at}: ${message}`);
}

/** Two entries of one name: which of them holds is for a person to say. */
function sameNames(entries: readonly RawEntry[]): readonly string[] {
  const nameOf = (entry: RawEntry): unknown => entry['name'] ?? entry['username'];
  return entries.flatMap((entry, index) => {
    const name = nameOf(entry);
    const first = entries.findIndex((each) => nameOf(each) === name);
    return typeof name === 'string' && first < index
      ? [
          `entry ${index + 1} (${name}): has the name of entry ${first + 1}; give it another "name", or leave one out`,
        ]
      : [];
  });
}

interface Found {
  readonly shape: string;
  readonly entries: readonly RawEntry[];
  readonly leftOut: readonly string[];
}

function entriesIn(
  text: string,
  brokers: readonly Broker[],
  shapes: readonly SettingsShape[],
): Found | { readonly wrong: string } {
  const json = readJson(text);
  if ('document' in json) return fromDocument(json.document, 'JSON', brokers, shapes);
  if (/^\s*[[{]/.test(text)) {
    return { wrong: `is not JSON: line ${json.line}, column ${json.column}: ${json.hint}` };
  }
  if (/^\s*(?:export\s+)?[A-Z][A-Z0-9_]*\s*=/m.test(text)) return fromVariables(text, brokers);
  const yaml = readPlainYaml(text);
  if ('line' in yaml) {
    return {
      wrong: `is neither JSON, nor .env, nor YAML of plain keys and values (line ${yaml.line} is more than that): write its accounts as credentials.example.json shows`,
    };
  }
  return fromDocument(yaml.document, 'YAML', brokers, shapes);
}

function fromDocument(
  document: unknown,
  kind: string,
  brokers: readonly Broker[],
  shapes: readonly SettingsShape[],
): Found | { readonly wrong: string } {
  if (Array.isArray(document)) {
    const entries = document.filter(isRecord);
    const odd = document.length - entries.length;
    return {
      shape: `${kind}, a list`,
      entries,
      leftOut: odd > 0 ? [`${odd} items that are no objects`] : [],
    };
  }
  for (const broker of brokers) {
    // What such a section lacks came from the environment, and still does.
    const entries = broker.fromOlderShape?.(document, (variable) => `\${${variable}}`);
    if (entries) {
      return {
        shape: `${kind}, sections by environment (${broker.title})`,
        entries: entries.map((entry) => ({ ...entry, broker: broker.name })),
        leftOut: [],
      };
    }
  }
  for (const shape of shapes) {
    const found = shape(document);
    if (found) return { shape: `${kind}, settings of an app`, ...found };
  }
  return {
    wrong: 'holds no accounts in a shape that is known: write them as credentials.example.json shows',
  };
}

function fromVariables(text: string, brokers: readonly Broker[]): Found {
  const variables = parseEnv(text);
  const used = new Set<string>();
  const setting = (variable: string): string | undefined => {
    const value = variables[variable];
    if (value !== undefined) used.add(variable);
    return value === '' ? undefined : value;
  };
  const entries = brokers.flatMap((broker) =>
    (broker.fromEnvironment?.(setting, []) ?? []).map((entry) => ({ ...entry, broker: broker.name })),
  );
  return {
    shape: '.env',
    entries,
    leftOut: Object.keys(variables).filter((variable) => !used.has(variable)),
  };
}

/** The entry with the fields that there are, and the names of those that there are not. */
function cutEntry(
  raw: RawEntry,
  index: number,
  brokers: readonly Broker[],
): { readonly entry: RawEntry; readonly leftOut: readonly string[] } {
  const broker = brokers.find(({ name }) => name === (raw['broker'] ?? brokers[0]?.name));
  if (!broker) return { entry: raw, leftOut: [] };
  const known = { ...commonFields, ...broker.fields };
  const kept = Object.entries(raw).filter(([field, value]) => Object.hasOwn(known, field) && value !== null);
  const leftOut = Object.keys(raw).filter((field) => !Object.hasOwn(known, field));
  return {
    entry: { broker: broker.name, ...Object.fromEntries(kept) },
    leftOut: leftOut.map((field) => `entry ${index + 1}: ${field}`),
  };
}
