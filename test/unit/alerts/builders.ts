import type { Book, Incident } from '../../../src/alerts/book.ts';
import type { Failure } from '../../../src/alerts/incidents.ts';

/** An ordinary failure, with what a test wants to be different. */
export function failure(changes: Partial<Failure> = {}): Failure {
  return {
    broker: 'tradovate',
    account: 'USER_000000',
    code: 'invalid_credentials',
    message: 'The broker refuses user name or password. Correct it in the credentials file.',
    level: 'critical',
    ...changes,
  };
}

/** The book's only incident. */
export function only(book: Book): Incident {
  const [incident, ...more] = book.incidents;
  if (incident === undefined || more.length > 0)
    throw new Error(`${book.incidents.length} incidents, not one`);
  return incident;
}

/** The one incident of a cause that is not over. */
export function openOf(book: Book, code: string): Incident {
  return only({
    incidents: book.incidents.filter((incident) => incident.code === code && incident.end === undefined),
  });
}
