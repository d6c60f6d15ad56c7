import type { DialectHost } from '../core/dialect.ts';

/** What a switch of a dialect takes: these values, the default first, and (`also`) any of a kind. */
export interface SwitchSpec {
  readonly values: readonly (string | number)[];
  readonly also?: 'number' | 'text' | 'names';
}

/** The switches of a dialect, by name. */
export type SwitchTable = Readonly<Record<string, SwitchSpec>>;

interface Kinds {
  readonly number: number;
  readonly text: string;
  readonly names: readonly string[];
}
type AlsoOf<S extends SwitchSpec> = S extends { readonly also: infer K extends keyof Kinds }
  ? Kinds[K]
  : never;

/** What reading a switch gives. */
export type SwitchValue<S extends SwitchSpec> = S['values'][number] | AlsoOf<S>;

const kinds: Readonly<Record<keyof Kinds, (value: unknown) => boolean>> = {
  number: (value) => typeof value === 'number' && Number.isFinite(value),
  text: (value) => typeof value === 'string',
  names: (value) => Array.isArray(value) && value.every((each) => typeof each === 'string'),
};

const isTaken = ({ values, also }: SwitchSpec, value: unknown): boolean =>
  values.some((each) => each === value) || (also !== undefined && kinds[also](value));

/**
 * Reads the switches of this table. A value that a switch does not take is an error of whoever set it (a `RangeError`, so
 * that the call fails), and never quietly the default: a rehearsal would prove something else than it says.
 */
export function makeSwitches<T extends SwitchTable>(
  table: T,
): <N extends keyof T & string>(host: Pick<DialectHost, 'switch'>, name: N) => SwitchValue<T[N]> {
  return <N extends keyof T & string>(host: Pick<DialectHost, 'switch'>, name: N) => {
    const spec: SwitchSpec | undefined = table[name];
    const value = host.switch<unknown>(name, spec?.values[0]);
    if (!spec || !isTaken(spec, value)) throw new RangeError(`The switch ${name} does not take this value.`);
    // Just looked at: it is one of the table's.
    return value as SwitchValue<T[N]>;
  };
}
