import type { Edit, Mutation } from './mutation.ts';
import { mutations } from './mutations.ts';

/** Breaks something, aimed at as test/simulation/aims.ts says. */
const simulated = (breaks: string, at: string, edits: readonly Edit[]): Mutation => ({
  breaks: `simulated: ${breaks}`,
  edits,
  project: 'simulation',
  tests: ['test/simulation/aimed.test.ts'],
  named: `aimed at ${at}`,
});

/** The same as there, by its name. */
const asThere = (breaks: string, at: string): Mutation => {
  const found = mutations.find((each) => each.breaks === breaks);
  if (!found) throw new Error(`no mutation is named "${breaks}"`);
  return simulated(breaks, at, found.edits);
};

/** The same before a process that is killed at each of its steps, in an act. */
const killedIn = (breaks: string, act: string): Mutation => ({
  ...asThere(breaks, ''),
  breaks: `killed: ${breaks}`,
  tests: ['test/simulation/killed'],
  named: `${act}.* goes on at one on its machine`,
});

/** The protections once more, before the invariants of a simulation: each run is a few seconds. */
export const simulatedMutations: readonly Mutation[] = [
  killedIn('the journal: an attempt is not written before its call', 'a rotation at IG'),
  killedIn('the journal: an attempt that is found open is not looked at', 'a rotation at IG'),
  killedIn('the journal: a single-use renewal without an answer is repeated', 'a rotation at IG'),
  asThere('the fence of a commit', 'answers that come past their lease'),
  asThere('the journal: an attempt is not written before its call', 'rotations'),
  asThere('the journal: a single-use renewal without an answer is repeated', 'rotations'),
  asThere('the re-read: a record is kept from one lease to the next', 'rotations'),
  asThere('the lease: it is given to who asks', 'rotations'),
  asThere('the TTL: keys outlive their token', 'rotations'),
  asThere('the verdict on refused credentials', 'refusals'),
  asThere('the mirror: what is known of an account', 'refusals'),
  asThere('the ledger of failed sign-ins', 'first logins'),
  asThere('the silence that a broker asked for', 'limits'),
  simulated('the verdict: it is never kept', 'refusals', [
    {
      file: 'src/core/consequence.ts',
      from: 'return { refused: [...new Set([...before.refused, fingerprint])], retryAt: 0 };',
      to: 'return { refused: before.refused, retryAt: 0 };',
    },
  ]),
  simulated('the mirror: failed sign-ins are not put back', 'first logins', [
    {
      file: 'src/app/network-keepsake.ts',
      from: 'known.failedSignIns.length > 0',
      to: 'known.failedSignIns.length > 1e9',
    },
  ]),
  simulated('the mirror: a token that a person got is not kept', 'tokens that only a person gets', [
    {
      file: 'src/app/keepsake.ts',
      from: '(isOver ? { endedUpTo: originOf(session) } : { session })',
      to: 'isOver && { endedUpTo: originOf(session) }',
    },
  ]),
  simulated('the alerts: none is ever opened', 'refusals', [
    {
      file: 'src/alerts/incidents.ts',
      from: '  // An incident whose accounts all moved away is taken up again: an account that flaps between two',
      to: '  if (now > 0) return book;\n  // An incident whose accounts all moved away is taken up again: an account that flaps between two',
    },
  ]),
  simulated('the patience: a dead token waits five minutes for its next try', 'outages', [
    {
      file: 'src/core/policy.ts',
      from: 'const RETRY_CAP_EXPIRED_MS = 30_000;',
      to: 'const RETRY_CAP_EXPIRED_MS = 300_000;',
    },
  ]),
  simulated('the limits: a thousand times the broker’s', 'limits', [
    { file: 'src/brokers/tradovate/limits.ts', from: '    max: 15,', to: '    max: 15_000,' },
  ]),
];
