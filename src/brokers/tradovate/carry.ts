import { createHmac } from 'node:crypto';
import type { Call, Http, HttpAnswer, HttpRequest } from '../../core/broker.ts';
import { BrokerError } from '../../core/errors.ts';

/** The calls that a penalty lets through after its time. */
export type Penalisable = 'sign-in' | 'renewal';

/** A call that a penalty may meet, and what its ticket is bound to: the body, or the token of a call without one. */
export interface Bound {
  readonly call: Penalisable;
  readonly to: string;
}

/** What a penalty's error gives the account's next call to bring along: for which call, and the ticket if there is one. */
export function carryFor(bound: Bound, ticket: string | undefined): Readonly<Record<string, string>> {
  return {
    call: bound.call,
    for: markOf(bound, ticket),
    ...(ticket !== undefined && { 'p-ticket': ticket }),
  };
}

/**
 * What this call answers: a ticket is bound to the body it was given for, so it fits no other call, nor the
 * same one with another password. Brought along with that, it would be no answer, and cost an hour.
 */
export function carriedBy(
  { carry }: Call,
  bound: Bound,
): { readonly repeated: boolean; readonly ticket: string | undefined } {
  const ticket = carry?.['p-ticket'];
  const repeated = carry?.['call'] === bound.call && carry['for'] === markOf(bound, ticket);
  return { repeated, ticket: repeated ? ticket : undefined };
}

/** Tells one body from another. Too short to try passwords by, for whoever reads it beside the ticket. */
function markOf({ to }: Bound, ticket = ''): string {
  return createHmac('sha256', ticket).update(to).digest('base64url').slice(0, 5);
}

/** Sends once. What never left spent no ticket: the error gives it to the next call. */
export async function sendCarrying(http: Http, request: HttpRequest, call: Call): Promise<HttpAnswer> {
  try {
    return await http(request, call);
  } catch (error) {
    if (!(error instanceof BrokerError) || error.sent || call.carry === undefined) throw error;
    const { kind, code, scope } = error;
    throw new BrokerError(error.message, { kind, code, scope, sent: false, carry: call.carry });
  }
}
