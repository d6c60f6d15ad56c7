import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { commonFields } from '../../../src/accounts/fields.ts';
import { brokers } from '../../../src/brokers/index.ts';
import type { Broker } from '../../../src/core/broker.ts';
import { below, found, rows, rowsByName, sorted, textOf } from './documents.ts';
import { ofTheProcess, settingsRead } from './settings.ts';

const document = textOf('docs/configuration.md');
const example = textOf('.env.example');
const compose = textOf('docker-compose.yml');

const EVERY_BROKER = 'Fields of every broker';
const OF_THE_MACHINE = 'Of the machine';
const OF_COMPOSE = 'Only in docker-compose.yml';

const fieldsBelow = (heading: string): ReadonlyMap<string, readonly string[]> =>
  rowsByName(below(document, heading));
const isMarked = (cells: readonly string[], mark: string): boolean =>
  cells.some((cell) => cell.includes(`**${mark}**`));

describe('the settings in docs/configuration.md', () => {
  const named = rowsByName(below(document, 'Settings'));
  const ofCompose = rowsByName(below(document, OF_COMPOSE));

  it('are all that the code reads', async () => {
    const read = await settingsRead();
    expect(read.size).toBeGreaterThan(45);
    expect([...read, ...ofTheProcess(read)].filter((variable) => !named.has(variable))).toEqual([]);
  });

  it('are no more than the code or docker-compose.yml reads', async () => {
    const read = await settingsRead();
    const known = new Set([...read, ...ofTheProcess(read)]);
    for (const variable of found(compose, /\$\{([A-Z_]+)/g)) known.add(variable);
    expect([...named.keys()].filter((variable) => !known.has(variable))).toEqual([]);
    expect([...ofCompose.keys()].filter((variable) => !compose.includes(`\${${variable}`))).toEqual([]);
  });

  it('stand in .env.example too, but for those that only the process can give', async () => {
    const read = await settingsRead();
    // What is longer than a line is shown as the file that holds it.
    const inFile = (name: string): string =>
      read.has(name.replace(/_FILE$/, '')) ? name.replace(/_FILE$/, '') : name;
    const offered = new Set([...found(example, /^#([A-Z][A-Z0-9_]*)=/gm)].map(inFile));
    expect([...read].filter((variable) => !offered.has(variable))).toEqual([]);
    const ofMachine = rowsByName(below(document, OF_THE_MACHINE));
    expect([...offered].filter((variable) => ofMachine.has(variable) || !named.has(variable))).toEqual([]);
  });
});

describe('the fields in docs/configuration.md', () => {
  it('are the common ones', () => {
    expect(sorted(fieldsBelow(EVERY_BROKER).keys())).toEqual(sorted(Object.keys(commonFields)));
  });

  it.each(brokers.map((broker) => [broker.title, broker] as const))('are those of %s', (title, broker) => {
    const own = Object.keys(broker.fields).filter((field) => !Object.hasOwn(commonFields, field));
    expect(sorted(fieldsBelow(title).keys())).toEqual(sorted(own));
  });

  it.each([
    [EVERY_BROKER, commonFields] as const,
    ...brokers.map(({ title, fields }) => [title, fields] as const),
  ])('name the parts of objects: %s', (heading, schemas) => {
    const described = fieldsBelow(heading);
    for (const [field, schema] of Object.entries(schemas)) {
      const text = described.get(field)?.join(' ') ?? '';
      expect(partsOf(schema).filter((part) => !text.includes(`"${part}"`))).toEqual([]);
    }
  });

  it.each(brokers.map((broker) => [broker.title, broker] as const))(
    'are marked where %s refuses them as not yet supported',
    (title, broker) => {
      const described = new Map([...fieldsBelow(EVERY_BROKER), ...fieldsBelow(title)]);
      const marked = [...described].filter(([, cells]) => isMarked(cells, 'refused'));
      expect(sorted(marked.map(([field]) => field))).toEqual(sorted(refusedBy(broker)));
    },
  );
});

it('docs/configuration.md names every exit code', () => {
  const codes = rows(below(document, 'Exit codes')).map(([code]) => code);
  expect(codes).toEqual(['0', '1', '2']);
});

const inside = (schema: z.ZodType): unknown => (schema instanceof z.ZodOptional ? schema.unwrap() : schema);

/** The names inside a field that is an object. */
function partsOf(schema: z.ZodType): readonly string[] {
  const inner = inside(schema);
  return inner instanceof z.ZodObject ? Object.keys(inner.shape) : [];
}

const HOURS = { days: ['mon'], from: '08:00', to: '23:30', zone: 'Asia/Kolkata' };

/** Values that a field may take, to find out which of them are refused. */
function candidates(schema: z.ZodType): readonly unknown[] {
  const unwrapped = schema instanceof z.ZodDefault ? schema.unwrap() : schema;
  const options = unwrapped instanceof z.ZodEnum ? unwrapped.options : [];
  return [true, false, 'x', HOURS, ...options].filter((value) => schema.safeParse(value).success);
}

/** The fields of which a value passes its schema and is refused as not yet supported. */
function refusedBy(broker: Broker): readonly string[] {
  return Object.entries({ ...commonFields, ...broker.fields }).flatMap(([field, schema]) => {
    const refused = candidates(schema).some((value) => {
      const entry = { [field]: value };
      const later = broker.notYet(entry).map((each) => each.field);
      return later.includes(field);
    });
    return refused ? [field] : [];
  });
}
