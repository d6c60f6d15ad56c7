import type { Call } from '../../../../src/core/broker.ts';
import { BrokerError } from '../../../../src/core/errors.ts';

export { ist, upstoxEntry as entry } from '../../../support/rows/upstox.ts';

export const patient = (): Call => ({ signal: AbortSignal.timeout(5_000) });

/** A made-up JWT with these claims; times in seconds. */
export function jwt(claims: Readonly<Record<string, unknown>>): string {
  const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  return `${part({ typ: 'JWT', alg: 'HS256' })}.${part(claims)}.bWFkZS11cA`;
}

/** The BrokerError that `work` fails with. */
export async function failureOf(work: Promise<unknown> | undefined): Promise<BrokerError> {
  try {
    await work;
  } catch (error) {
    if (error instanceof BrokerError) return error;
    throw error;
  }
  throw new Error('it did not fail');
}
