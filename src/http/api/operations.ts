import type { z } from 'zod';
import { askBody, askReply, interventionBody, interventionReply } from '../account-routes.ts';
import type { FaultCode } from '../faults.ts';
import { hours } from '../plan-routes.ts';
import { wish } from '../token-routes.ts';
import * as answers from './schemas.ts';

/** An answer that is no fault: JSON of its schema, `type` (a page, a text), either as it is asked for, or nothing. */
export interface Answer {
  readonly what: string;
  readonly schema?: z.ZodType;
  readonly type?: string;
}

/** One route as the document describes it. */
export interface Operation {
  readonly method: 'GET' | 'POST';
  /** As it is registered. */
  readonly path: string;
  readonly id: string;
  readonly summary: string;
  /** `person`: signed in, or with a ticket of a link. */
  readonly by: 'signed-in' | 'person' | 'anybody';
  readonly query?: Readonly<Record<string, { readonly schema: z.ZodType; readonly what: string }>>;
  readonly body?: { readonly schema: z.ZodType; readonly examples: Readonly<Record<string, unknown>> };
  readonly answers: Readonly<Record<number, Answer>>;
  /** Beside those that every route of its kind has. */
  readonly faults?: Readonly<Record<number, readonly FaultCode[]>>;
}

const json = (what: string, schema: z.ZodType): Answer => ({ what, schema });
const page = (what: string): Answer => ({ what, type: 'text/html' });

const interventions: readonly Operation[] = (
  [
    ['pause', 'Have an account rest; a token that is still good is served until its end.'],
    ['resume', 'Put a paused account back.'],
    ['logout', 'End the session at the broker where it can be ended, and remove the keys.'],
  ] as const
).map(([what, summary]) => ({
  method: 'POST',
  path: `/api/accounts/:name/${what}`,
  id: what,
  summary,
  by: 'signed-in',
  body: {
    schema: interventionBody,
    examples: { 'until somebody resumes it': {}, 'for a time': { for: '2h' } },
  },
  answers: {
    200: json('It is done.', interventionReply),
    202: json('It holds, and the broker has not answered yet.', interventionReply),
  },
  faults: { 404: ['UNKNOWN_ACCOUNT'], 409: ['ACCOUNT_DISABLED'] },
}));

/** Every route that a program may call. */
export const operations: readonly Operation[] = [
  {
    method: 'GET',
    path: '/api/token/status',
    id: 'status',
    summary: 'All accounts; on top the seven fields of the one that is worst off.',
    by: 'signed-in',
    answers: { 200: json('How all of them stand.', answers.overview) },
  },
  {
    method: 'GET',
    path: '/api/token/status/:name',
    id: 'statusOf',
    summary: 'One account.',
    by: 'signed-in',
    answers: { 200: json('How it stands.', answers.account) },
    faults: { 404: ['UNKNOWN_ACCOUNT'] },
  },
  {
    method: 'POST',
    path: '/api/token/force-refresh',
    id: 'forceRefresh',
    summary: 'Get a new token now: of one account, of all, or, with nothing, of the only one there is.',
    by: 'signed-in',
    body: {
      schema: wish,
      examples: {
        one: { username: 'desk-1' },
        'one more try of a stopped one': { username: 'desk-1', rearm: true },
        all: { all: true },
      },
    },
    answers: {
      202: json('It starts; of all, those that `started` counts.', answers.refreshStarted),
      200: json('Only a person can; `url` is where.', answers.actionRequired),
    },
    faults: {
      404: ['UNKNOWN_ACCOUNT'],
      409: [
        'ACCOUNT_STOPPED',
        'ACCOUNT_PAUSED',
        'ACCOUNT_DISABLED',
        'BROKER_SILENT',
        'BUDGET_SPENT',
        'NOTHING_STARTS',
      ],
    },
  },
  {
    method: 'POST',
    path: '/api/accounts/:name/ask',
    id: 'ask',
    summary:
      'Have the broker ask its person for an approval now, once a window; for accounts that `can_be_asked`.',
    by: 'signed-in',
    body: { schema: askBody, examples: { 'nothing to say': {} } },
    answers: {
      200: json('It asked: now, or before in this window.', askReply),
      202: json('It will, once the account is free.', askReply),
    },
    faults: {
      404: ['UNKNOWN_ACCOUNT', 'NO_APPROVAL'],
      409: ['NOBODY_ASKED', 'ACCOUNT_STOPPED', 'ACCOUNT_PAUSED', 'ACCOUNT_DISABLED', 'BROKER_SILENT'],
    },
  },
  ...interventions,
  {
    method: 'GET',
    path: '/api/accounts/:name/explain',
    id: 'explain',
    summary: 'State, the last decisions with reasons, what is next and when, what a person can do.',
    by: 'signed-in',
    answers: { 200: json('All there is to say of it.', answers.explanation) },
    faults: { 404: ['UNKNOWN_ACCOUNT'] },
  },
  {
    method: 'GET',
    path: '/api/plan',
    id: 'plan',
    summary: "The coming refreshes against each broker's limits.",
    by: 'signed-in',
    query: { hours: { schema: hours.default(24), what: 'How far ahead.' } },
    answers: { 200: json('The plan.', answers.plan) },
    faults: { 400: ['BAD_REQUEST'] },
  },
  {
    method: 'GET',
    path: '/api/events',
    id: 'events',
    summary:
      'What changes on the page with the same query, as server-sent events. For the page, not for programs.',
    by: 'signed-in',
    answers: { 200: { what: 'Events, until somebody leaves.', type: 'text/event-stream' } },
    faults: { 403: ['CROSS_ORIGIN'], 429: ['TOO_MANY_STREAMS'] },
  },
  {
    method: 'GET',
    path: '/api/openapi.json',
    id: 'openapi',
    summary: 'This document.',
    by: 'signed-in',
    answers: { 200: { what: 'OpenAPI 3.1.', type: 'application/json' } },
  },
  {
    method: 'GET',
    path: '/livez',
    id: 'livez',
    summary: 'Whether this process works; never tied to a broker.',
    by: 'anybody',
    answers: { 200: json('It does.', answers.alive) },
  },
  {
    method: 'GET',
    path: '/readyz',
    id: 'readyz',
    summary: 'Whether Redis answers and the schedule is on time.',
    by: 'anybody',
    answers: { 200: json('They do.', answers.ready) },
    faults: { 503: ['NOT_READY'] },
  },
  {
    method: 'GET',
    path: '/metrics',
    id: 'metrics',
    summary: "Prometheus' text, by default without the name of an account.",
    by: 'anybody',
    answers: { 200: { what: 'The metrics.', type: 'text/plain' } },
    faults: { 503: ['NOT_READY'] },
  },
  {
    method: 'GET',
    path: '/oauth/:broker/:name',
    id: 'beginLogin',
    summary: 'Where a login in the browser begins.',
    by: 'person',
    answers: {
      200: page('With a ticket: a page with one button.'),
      302: { what: "To the broker's dialog." },
    },
    faults: { 404: ['NO_BROWSER_LOGIN'], 409: ['ACCOUNT_PAUSED'] },
  },
  {
    method: 'POST',
    path: '/oauth/:broker/:name',
    id: 'beginLoginByButton',
    summary: 'What the button of a link in an alert sends.',
    by: 'person',
    answers: { 302: { what: "To the broker's dialog." } },
    faults: { 403: ['CROSS_ORIGIN'], 404: ['NO_BROWSER_LOGIN'], 409: ['ACCOUNT_PAUSED'] },
  },
  {
    method: 'GET',
    path: '/callback',
    id: 'callback',
    summary:
      'Where the browser comes back to: a page that says what happened, or JSON for whoever asks for it.',
    by: 'anybody',
    answers: {
      200: { ...page('The login has ended well.'), schema: answers.arrived },
    },
    faults: {
      400: ['UNKNOWN_STATE'],
      409: ['ANOTHER_USER', 'NOT_SERVED'],
      502: ['BROKER_FAILED'],
      503: ['NOT_NOW', 'NOT_READY'],
    },
  },
  {
    method: 'POST',
    path: '/webhooks/:broker/:secret',
    id: 'notice',
    summary: "Where a broker posts an approved token; the path is the account's secret.",
    by: 'anybody',
    answers: { 200: json('It is taken, and proved before it is served.', answers.taken) },
    faults: { 400: ['NOTICE_REFUSED'], 404: ['NOT_FOUND'], 503: ['BUSY'] },
  },
];
