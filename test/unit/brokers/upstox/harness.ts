import type { Call, RawEntry } from '../../../../src/core/broker.ts';
import { BrokerError } from '../../../../src/core/errors.ts';

/** An instant written as the wall clock in India shows it. 2026-01-13 is a Tuesday. */
export const ist = (wallClock: string): number => Date.parse(`${wallClock}+05:30`);

export const entry = {
  name: 'desk-in',
  clientId: '00000000-0000-4000-8000-000000000001',
  clientSecret: 'made-up-secret',
  redirectUri: 'https://app.example/callback',
  userId: 'AB0001',
} satisfies RawEntry;

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
