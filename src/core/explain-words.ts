import type { NextAction } from './explain.ts';

/** What was done to an account, in words. */
const deeds: Readonly<Record<string, string>> = {
  published: 'A new token',
  confirmed: 'The token was proved',
  failed: 'Failed',
  went_on: 'Another way was tried',
  withdrawn: 'The token was withdrawn',
  rested: 'Left as it is',
  recovered: 'Well again',
  expired: 'The token ran out',
  removed: 'Its keys were removed',
};

/** A decision in words; what another version of the service wrote down is shown as it stands there. */
export const deedWords = (did: string): string => deeds[did] ?? did.replaceAll('_', ' ');

/** What is next for an account, in words. */
export const nextWords: Readonly<Record<NextAction, string>> = {
  renewal: 'a renewal',
  'sign-in': 'a sign-in',
  refresh: 'a refresh',
  resume: 'the end of its pause',
  ask: 'its person is asked',
  person: 'its person’s login',
  none: 'nothing by itself',
};
