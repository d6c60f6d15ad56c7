import type { Call, Http, HttpAnswer, HttpRequest } from '../../core/broker.ts';
import { BrokerError } from '../../core/errors.ts';

/** The calls that a penalty lets through after its time. */
export type Penalisable = 'sign-in' | 'renewal';

/** What a penalty's error gives the account's next call to bring along: for which call, and the ticket if there is one. */
export function carryFor(call: Penalisable, ticket: string | undefined): Readonly<Record<string, string>> {
  return { call, ...(ticket !== undefined && { 'p-ticket': ticket }) };
}

/** What this call answers: a ticket is bound to the body it was given for, so it fits no other call. */
export function carriedBy(
  { carry }: Call,
  call: Penalisable,
): { readonly repeated: boolean; readonly ticket: string | undefined } {
  const repeated = carry?.['call'] === call;
  return { repeated, ticket: repeated ? carry['p-ticket'] : undefined };
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
