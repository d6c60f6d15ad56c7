import type { RawEntry } from '../../../src/core/broker.ts';
import { api, type Arrange, bridge, type ErrorRow, fault, late, renewing, unclear } from './tradovate-row.ts';

/** Calls that only their deadline ends. */
export const hung: readonly ErrorRow[] = (
  [
    ['timeout on login', api, fault('stall'), 'sign-in'],
    ['timeout on a bridge login', bridge, fault('stall'), 'sign-in'],
    ['timeout on renew', api, fault('stall'), 'renewal'],
    ['late answer on login, after it took effect', api, late, 'sign-in'],
    ['late answer on a bridge login, after it took effect', bridge, late, 'sign-in'],
    ['late answer on renew, after it took effect', api, late, 'renewal'],
    ['late answer on the renewal of a bridge token, after it took effect', renewing, late, 'renewal'],
    ['an answer that trickles on a bridge login', bridge, fault('trickle'), 'sign-in'],
    ['an answer that trickles on renew', api, fault('trickle'), 'renewal'],
    ['timeout on me', bridge, fault('stall'), 'proof'],
    ['an answer that trickles on me', bridge, fault('trickle'), 'proof'],
    ['account list, timeout', bridge, fault('stall'), 'discovery'],
    ['account list, late', api, late, 'discovery'],
  ] as const satisfies readonly (readonly [string, RawEntry, Arrange, ErrorRow['during']])[]
).map(([name, entry, arrange, during]) => ({
  name,
  entry,
  arrange,
  during,
  stalls: true,
  expect: unclear('timeout'),
}));

/** Answers that are none, and end by themselves. */
export const broken: readonly ErrorRow[] = (
  [
    ['an empty body', 'empty', 'unreadable_answer'],
    ['half an answer', 'half', 'no_answer'],
    ['a 200 with garbage', 'garbage', 'unreadable_answer'],
    ['a compressed body', 'gzip', 'unreadable_answer'],
    ['ten megabytes', 'large', 'body_too_large'],
  ] as const
).flatMap(([name, kind, code]) =>
  (
    [
      ['login', api, 'sign-in'],
      ['a bridge login', bridge, 'sign-in'],
      ['the renewal of a bridge token', renewing, 'renewal'],
      ['me', bridge, 'proof'],
    ] as const
  ).map(([of, entry, during]) => ({
    name: `${name} on ${of}`,
    entry,
    arrange: fault(kind),
    during,
    expect: unclear(code),
  })),
);

export const brokenLists: readonly ErrorRow[] = (
  [
    ['half a body', 'half', 'no_answer'],
    ['garbage', 'garbage', 'unreadable_answer'],
    ['ten megabytes', 'large', 'body_too_large'],
  ] as const
).map(([name, kind, code]) => ({
  name: `account list, ${name}`,
  entry: bridge,
  arrange: fault(kind),
  during: 'discovery',
  expect: unclear(code),
}));
