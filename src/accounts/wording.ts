import type { z } from 'zod';

/**
 * What a schema found wrong, for a person. A sentence the schema's author wrote is kept; zod's own
 * are replaced, and so is any that repeats the value.
 * @param whole what was parsed, at whose `path` the issue lies
 */
export function wordingOf(issue: z.core.$ZodIssue, whole: unknown): string {
  const value = valueAt(whole, issue.path);
  const isOurs = !/^(?:Invalid|Too |Unrecognized)/.test(issue.message);
  const saysMissing = issue.message.startsWith('is missing') && value !== undefined;
  return isOurs && !saysMissing
    ? withoutValue(issue.message, value, plainWording(issue, value))
    : plainWording(issue, value);
}

/** `message`, or `instead` where it repeats the value. */
export function withoutValue(message: string, value: unknown, instead: string): string {
  return typeof value === 'string' && value !== '' && message.includes(value) ? instead : message;
}

function plainWording(issue: z.core.$ZodIssue, value: unknown): string {
  if (value === undefined) return 'is missing: add it';
  switch (issue.code) {
    case 'invalid_type':
      return `must be ${kinds[issue.expected] ?? 'of another type'}`;
    case 'invalid_value':
      return `must be one of ${issue.values.map(String).join(', ')}`;
    case 'too_small':
      return issue.minimum === 1 && issue.origin !== 'number'
        ? 'must not be empty'
        : `must be at least ${issue.minimum}`;
    case 'too_big':
      return `must be at most ${issue.maximum}`;
    case 'unrecognized_keys':
      return `has fields it does not know: ${issue.keys.map(fieldName).join(', ')}`;
    default:
      return 'has a form that is not allowed';
  }
}

const kinds: Readonly<Record<string, string>> = {
  string: 'a string in double quotes',
  number: 'a number, without quotes',
  int: 'a whole number, without quotes',
  boolean: 'true or false, without quotes',
  array: 'a list in [ ]',
  object: 'an object in { }',
  record: 'an object in { }',
};

/** A field's name where it is one; anything else might be a secret that slipped into its place. */
export const fieldName = (name: string): string =>
  /^[A-Za-z_][A-Za-z0-9_-]{0,39}$/.test(name) ? name : '(not a name)';

function valueAt(whole: unknown, path: readonly PropertyKey[]): unknown {
  let value = whole;
  for (const step of path) {
    if (typeof value !== 'object' || value === null) return undefined;
    value = Object.entries(value).find(([key]) => key === String(step))?.[1];
  }
  return value;
}
