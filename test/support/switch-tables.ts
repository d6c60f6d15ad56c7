import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { igSwitches } from '../../src/brokers/ig/simulator-switches.ts';
import { tradovateSwitches } from '../../src/brokers/tradovate/simulator-switches.ts';
import { upstoxSwitches } from '../../src/brokers/upstox/simulated-switches.ts';
import type { SwitchSpec, SwitchTable } from '../../src/brokers/switches.ts';
import { switchRows } from '../unit/brokers/tradovate/switch-rows.ts';
import { rows as igRows } from './rows/ig.ts';
import { rows as upstoxRows } from './rows/upstox.ts';

const folderOf = (broker: string): string => join(import.meta.dirname, '../../src/brokers', broker);

/** A broker whose switches stand in a table, and how to find the rows that play them. */
export interface Switched {
  readonly broker: string;
  readonly table: SwitchTable;
  /** What is said of a switch in every row, so that it has none of its own. */
  readonly everywhere: readonly string[];
  /** The values of this switch that rows play, as text. */
  readonly played: (name: string) => readonly string[];
}

/** Names of rows begin with the switch and its value: `codeTtl 60: exchanged after 1 ms`, `cloudflare 1010 at the proof`. */
function playedAtUpstox(name: string): readonly string[] {
  return upstoxRows.flatMap((row) => {
    if (!row.name.startsWith(`${name} `)) return [];
    return [row.name.slice(name.length + 1).replace(/(?:,|: | at the ).*$/s, '')];
  });
}

/** The same: `demoQuota 8 of a live key, sign-in`. */
function playedAtIg(name: string): readonly string[] {
  return igRows.flatMap((row) => {
    if (!row.name.startsWith(`${name} `)) return [];
    return [row.name.slice(name.length + 1).replace(/(?:,| of ).*$/s, '')];
  });
}

export const switchedBrokers: readonly Switched[] = [
  {
    broker: 'ig',
    table: igSwitches,
    // Played over time (test/simulation/rows/ig-switches.test.ts, ig-logout.test.ts), and the last two by calls that the
    // service does not make (test/unit/brokers/ig/simulator-pairs.test.ts).
    everywhere: [
      ...['refreshTtl', 'refreshTtlFrom', 'sessionMax', 'v2Lifetime', 'sameAccountStatus', 'deleteKills'],
      ...['putWithBearer', 'bothAuthStyles'],
    ],
    played: playedAtIg,
  },
  {
    broker: 'upstox',
    table: upstoxSwitches,
    // Where tokens are posted to, and what a `refuse` sounds like.
    everywhere: ['notifierUrl', 'refuseWith'],
    played: playedAtUpstox,
  },
  {
    broker: 'tradovate',
    table: tradovateSwitches,
    everywhere: [],
    played: (name) =>
      switchRows.flatMap(({ name: of, value }) => {
        if (of !== name) return [];
        if (value === undefined) return [String(tradovateTable[name]?.values[0])];
        return [typeof value === 'string' ? value : JSON.stringify(value)];
      }),
  },
];
const tradovateTable: SwitchTable = tradovateSwitches;

const also = { number: 'a number', text: 'a text', names: 'a list of names' } as const;

/** What a README says that a switch takes. */
export const writtenValues = ({ values, also: any }: SwitchSpec): string =>
  [...values.map((value) => `\`${value}\``), ...(any === undefined ? [] : [also[any]])].join(', ');

/** The rows of a README's table of switches, by name: the cell of the values. */
export function readmeSwitches(broker: string): ReadonlyMap<string, string> {
  const text = readFileSync(join(folderOf(broker), 'README.md'), 'utf8');
  const [, table = ''] = text.split('| switch | values, the default first | |\n');
  const rows = table.split('\n\n')[0]?.split('\n').slice(1) ?? [];
  return new Map(
    rows.flatMap((row) => {
      const [, name = '', values = ''] = row.split('|').map((cell) => cell.trim());
      return name === '' ? [] : [[name.replaceAll('`', ''), values] as const];
    }),
  );
}

/** The files of a dialect, with what stands in them. */
export function dialectFiles(broker: string): readonly (readonly [file: string, text: string])[] {
  const files = readdirSync(folderOf(broker)).filter((file) => file.startsWith('simulat'));
  return files.map((file) => [file, readFileSync(join(folderOf(broker), file), 'utf8')]);
}
