import type { Broker, RawEntry } from '../core/broker.ts';
import type { Fault } from '../core/errors.ts';
import { isExample, STILL_THE_EXAMPLE } from './examples.ts';
import { commonFields, isName, namesRule } from './fields.ts';
import { nearest } from '../core/nearest.ts';
import { unresolved } from './resolve.ts';
import { fieldName, withoutValue, wordingOf } from './wording.ts';

/** An entry as it was found, before anything is known of it. */
export interface Candidate {
  /** For people: `credentials.json, entry 2`. */
  readonly where: string;
  readonly raw: unknown;
  /** Values of it that could not be found; `unresolved` stands in their place. */
  readonly faults: readonly { readonly field: string; readonly message: string }[];
  /** Variables that were looked for and not set, for an entry the environment makes. */
  readonly unset: readonly string[];
}

/** An entry whose fields were checked one by one. */
export interface CheckedEntry {
  /** For people, with the name where it may be shown: `credentials.json, entry 2 (DEMO_1)`. */
  readonly label: string;
  readonly broker: Broker | undefined;
  /** The fields that passed, defaults filled in. */
  readonly entry: RawEntry;
  /** The names consumers read, each with the field it stands in; none where they are wrong themselves. */
  readonly names: readonly { readonly name: string; readonly field: string }[];
  readonly faults: readonly Fault[];
  /** True where a value could not be found, which was said elsewhere: the entry is no login. */
  readonly lacksValue: boolean;
}

/**
 * Checks one entry against the common fields and its broker's. The first broker is the default.
 * @param takesExamples false: the values of the example file are faults
 */
export function checkEntry(
  candidate: Candidate,
  brokers: readonly Broker[],
  takesExamples: boolean,
): CheckedEntry {
  const { where, raw } = candidate;
  if (!isRecord(raw)) {
    const shape = { at: where, message: 'must be an object in { }, with the fields of one login' };
    const faults =
      raw === unresolved ? candidate.faults.map(({ message }) => ({ at: where, message })) : [shape];
    return { label: where, broker: undefined, entry: {}, names: [], faults, lacksValue: false };
  }
  const name = nameToShow(raw);
  const label = name === undefined ? where : `${where} (${name})`;
  const broker =
    raw['broker'] === undefined ? brokers[0] : brokers.find((each) => each.name === raw['broker']);
  const faults: Fault[] = [];
  const wrong = (field: string, message: string): void =>
    void faults.push({ at: `${label}, ${field}`, message });
  for (const { field, message } of candidate.faults) wrong(shownPath(field.split('.')), message);
  if (!broker && raw['broker'] !== unresolved) {
    wrong('broker', `must be one of ${brokers.map((each) => each.name).join(', ')}`);
  }

  const schemas = { ...commonFields, ...broker?.fields };
  if (broker) {
    for (const field of Object.keys(raw).filter((each) => !Object.hasOwn(schemas, each))) {
      wrong(
        fieldName(field),
        unknownField(field, Object.keys(schemas), raw['broker'] === undefined, broker, brokers),
      );
    }
  }
  const entry: Record<string, unknown> = { ...(broker && { broker: broker.name }) };
  for (const [field, schema] of Object.entries(schemas)) {
    if (field === 'broker' || holdsUnresolved(raw[field])) continue;
    if (!takesExamples && isExample(raw[field])) {
      wrong(field, STILL_THE_EXAMPLE);
      continue;
    }
    const parsed = schema.safeParse(raw[field]);
    if (parsed.success) {
      if (parsed.data !== undefined) entry[field] = parsed.data;
      continue;
    }
    for (const issue of parsed.error.issues) {
      const message = wordingOf(issue, raw[field]);
      wrong(
        shownPath([field, ...issue.path]),
        raw[field] === undefined ? withVariables(message, candidate.unset) : message,
      );
    }
  }
  if (broker) for (const field of notYet(entry, broker)) wrong(field, 'is not yet supported: leave it out');
  const usernameIsWrong = faults.some(({ at }) => at === `${label}, username`);
  if (!usernameIsWrong) faults.push(...nameFaults(raw, entry, label));
  return { label, broker, entry, names: namesIn(entry), faults, lacksValue: holdsUnresolved(raw) };
}

/** What is wrong with an entry as a whole, in its broker's eyes. */
export function brokerFaults(
  checked: CheckedEntry,
  found: readonly { readonly field: string; readonly message: string }[],
): readonly Fault[] {
  return found.map(({ field, message }) => ({
    at: `${checked.label}, ${field}`,
    message: withoutValue(message, checked.entry[field], 'is not accepted'),
  }));
}

export const isRecord = (value: unknown): value is RawEntry =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const notYet = (entry: RawEntry, broker: Broker): ReadonlySet<string> =>
  new Set(broker.notYet(entry).map(({ field }) => field));

function unknownField(
  field: string,
  known: readonly string[],
  brokerAssumed: boolean,
  broker: Broker,
  brokers: readonly Broker[],
): string {
  const owners = brokers.filter((each) => Object.hasOwn(each.fields, field)).map((each) => each.name);
  if (owners.length > 0) {
    const hint = brokerAssumed ? `set "broker", it is taken for ${broker.name} without` : 'remove it';
    return `is a field of ${owners.join(' and ')}, not of ${broker.name}: ${hint}`;
  }
  const meant = nearest(field, known);
  return meant === undefined ? 'is unknown: remove it' : `is unknown: did you mean ${meant}?`;
}

function withVariables(message: string, unset: readonly string[]): string {
  if (unset.length === 0 || unset.some((variable) => message.includes(variable))) return message;
  return `${message} (not set in the environment: ${unset.join(', ')})`;
}

function nameFaults(raw: RawEntry, entry: RawEntry, label: string): readonly Fault[] {
  if (isName(entry['name']) || raw['name'] !== undefined) return [];
  const { username } = entry;
  if (isName(username)) return [];
  if (typeof username === 'string') {
    const message = `cannot be the name consumers read, which is ${namesRule}: add a name`;
    return [{ at: `${label}, username`, message }];
  }
  return raw['username'] === undefined
    ? [{ at: `${label}, name`, message: 'is missing: give a name or a username' }]
    : [];
}

function namesIn(entry: RawEntry): CheckedEntry['names'] {
  const { name, username, accounts } = entry;
  const own = isName(name)
    ? [{ name, field: 'name' }]
    : isName(username)
      ? [{ name: username, field: 'username' }]
      : [];
  const further = Array.isArray(accounts) ? accounts.filter(isName) : [];
  return [...own, ...further.map((each, index) => ({ name: each, field: `accounts.${index}` }))];
}

/**
 * The name an entry goes by in messages. Not one that stands in a secret field as well: a username
 * that is also the password would tell it.
 */
function nameToShow(raw: RawEntry): string | undefined {
  const secrets = Object.entries(raw).filter(([field]) => /pas|pw|sec|key|tok|pin|api/i.test(field));
  return [raw['name'], raw['username']]
    .filter(isName)
    .find((each) => !secrets.some(([, value]) => holds(value, each)));
}

function holds(value: unknown, text: string): boolean {
  if (typeof value !== 'object' || value === null) return value === text;
  return Object.values(value).some((part) => holds(part, text));
}

function holdsUnresolved(value: unknown): boolean {
  if (value === unresolved) return true;
  return typeof value === 'object' && value !== null && Object.values(value).some(holdsUnresolved);
}

const shownPath = (path: readonly PropertyKey[]): string =>
  path.map((step) => (/^\d{1,6}$/.test(String(step)) ? String(step) : fieldName(String(step)))).join('.');
