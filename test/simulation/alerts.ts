import { z } from 'zod';
import type { Keyspace } from './redis/keyspace.ts';

/** Where the service keeps its incidents. */
export const BOOK = 'refresher:alerts:book';

const bookSchema = z.object({
  incidents: z.array(
    z.object({
      id: z.string(),
      broker: z.string(),
      code: z.string(),
      level: z.string(),
      reason: z.string(),
      members: z.array(z.object({ name: z.string(), state: z.string() })),
      end: z.object({ how: z.string(), at: z.number() }).optional(),
    }),
  ),
});

/** An incident that people were told of and that has not ended. */
export interface OpenIncident {
  readonly id: string;
  readonly broker: string;
  readonly code: string;
  readonly level: string;
  /** The accounts that fail in it now. */
  readonly accounts: readonly string[];
}

export interface AlertNews extends OpenIncident {
  readonly at: number;
  readonly what: 'opened' | 'closed';
}

/** Follows the book of incidents as it is written. */
export interface AlertWatch {
  readonly news: readonly AlertNews[];
  open(): readonly OpenIncident[];
  /** Reads the book again. */
  look(): void;
  /** The same, where the book was lost or put back: nobody was told of what changed. */
  resume(): void;
}

export function watchAlerts(keyspace: Keyspace, now: () => number): AlertWatch {
  const news: AlertNews[] = [];
  let open = new Map<string, OpenIncident>();
  return {
    news,
    open: () => [...open.values()],
    look: () => read(true),
    resume: () => read(false),
  };

  function read(isTold: boolean): void {
    const text = keyspace.find(BOOK, 'hash')?.fields.get('text');
    const { incidents } = text === undefined ? { incidents: [] } : bookSchema.parse(JSON.parse(text));
    const present = new Map(
      incidents
        // One that all its accounts have moved away from goes on silently, until they work again.
        .filter(({ end }) => end?.how !== 'recovered')
        .map(({ id, broker, code, level, members }): [string, OpenIncident] => [
          id,
          {
            id,
            broker,
            code,
            level,
            accounts: members.filter(({ state }) => state === 'failing').map(({ name }) => name),
          },
        ]),
    );
    for (const [id, incident] of present) {
      if (isTold && !open.has(id)) news.push({ ...incident, at: now(), what: 'opened' });
    }
    for (const [id, incident] of open) {
      if (isTold && !present.has(id)) news.push({ ...incident, at: now(), what: 'closed' });
    }
    open = present;
  }
}
