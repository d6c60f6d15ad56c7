import { z } from 'zod';
import { marks, QUARTERS } from '../../core/last-day.ts';
import { states } from '../../core/state.ts';
import type { AccountStatus } from '../../core/status.ts';
import type { Overview } from '../../core/summary.ts';
import { faultCodes, type FaultCode } from '../faults.ts';

/** What the API answers with. Fields may be added in a minor version; none is taken away or changes its meaning. */

const instant = z.iso.datetime().describe('ISO 8601, UTC');
const count = z.int().min(0);

const dayOfUse = z.object({ day: z.iso.date(), refreshes: count, logins: count, reports: count });

const seven = {
  valid: z.boolean().describe('There is a token, and it has not ended.'),
  time_remaining_seconds: z.number().min(0),
  time_remaining_hours: z.number().min(0),
  expiry_time: instant.nullable(),
  needs_refresh: z.boolean(),
  message: z.string(),
  api_validated: z
    .boolean()
    .nullable()
    .describe('What the last proof at the broker said; null where there was none.'),
};

export const account = z.object({
  ...seven,
  detail: z.string().nullable().describe('What `message` says beside the time that is left.'),
  name: z.string(),
  username: z.string(),
  broker: z.string(),
  environment: z.string(),
  state: z.enum(states),
  generation: z.int().nullable(),
  token_type: z.string().nullable(),
  scope: z.string().nullable(),
  issued_at: instant.nullable(),
  last_refresh: instant.nullable(),
  next_refresh: instant.nullable(),
  reason: z.string().nullable().describe('Why the state is this one: a code of docs/errors.md.'),
  last_error: z.object({ code: z.string(), message: z.string(), at: instant }).nullable(),
  attempts: count,
  sub_accounts: z.array(z.string()),
  person_needed: z.boolean().describe('Only a person can get the next token.'),
  can_be_asked: z.boolean().describe('Its broker asks that person, where it is told to.'),
  no_refresh_before: instant
    .nullable()
    .describe('A refresh that is asked for before then is refused: a silence of the broker, or a limit.'),
  usage: z
    .array(dayOfUse)
    .optional()
    .describe('By day, the newest first; only where one account is asked for.'),
}) satisfies z.ZodType<AccountStatus>;

const counts = {
  total: count,
  valid: count,
  by_state: z.record(z.enum(states), count),
};

export const overview = z.object({
  ...seven,
  summary: z.object({ ...counts, by_broker: z.record(z.string(), z.object(counts)) }),
  silences: z.array(
    z.object({
      broker: z.string(),
      network: z.string(),
      until: instant,
      code: z.string(),
      message: z.string(),
    }),
  ),
  accounts: z.array(account),
}) satisfies z.ZodType<Overview>;

const all = {
  started: count,
  action_required: z.array(z.object({ name: z.string(), message: z.string(), url: z.string() })),
  refused: z.array(z.object({ name: z.string(), message: z.string(), retry_at: instant.nullable() })),
  retry_at: instant.nullable().describe('When the last of those that cannot start now fits.'),
};
const ofAll = z.object(all).partial();

export const refreshStarted = z.object({
  status: z.literal('success'),
  message: z.string(),
  ...ofAll.shape,
});

export const actionRequired = z.object({
  status: z.literal('action_required'),
  message: z.string(),
  url: z.string().describe('Where the person goes on.'),
  ...ofAll.shape,
});

const codes = Object.keys(faultCodes).filter((code): code is FaultCode => code in faultCodes);

export const fault = z.object({
  status: z.literal('error'),
  code: z.enum(codes),
  message: z.string().describe('For a person; may change.'),
});

export const refusal = z.object({ ...fault.shape, ...ofAll.shape });

export const notReady = z.object({
  ...fault.shape,
  reasons: z.array(z.string()).optional(),
  details: z.array(z.string()).optional(),
});

export const ready = z.object({
  status: z.literal('ready'),
  reasons: z.array(z.string()),
  details: z.array(z.string()),
});

export const alive = z.object({ status: z.literal('ok'), version: z.string() });

export const arrived = z.object({ status: z.literal('success'), message: z.string() });

export const taken = z.object({ status: z.literal('success') });

const verdict = z.enum(['fits', 'tight', 'over']);

export const plan = z.object({
  hours: z.int(),
  from: instant,
  verdict,
  budgets: z.array(
    z.object({
      broker: z.string(),
      limit: z.string(),
      setting: z.string(),
      per: z.string(),
      subject: z.string(),
      verdict,
      message: z.string(),
      counts: z.string(),
      window_seconds: z.number(),
      max: count,
      routine: count,
      used: count,
      busiest: count,
      accounts: count,
      carries: z.number().nullable(),
      frees_at: instant.nullable().describe('When the budget has room again for one more.'),
      waiting: z.array(
        z.object({
          name: z.string(),
          due_at: instant,
          until: instant,
          signs_in_instead: z.boolean(),
          without_token_seconds: z.number(),
        }),
      ),
      waiting_total: count,
      refused: z
        .array(z.string())
        .optional()
        .describe('Of failed sign-ins: whose were refused, oldest first.'),
      unanswered: z
        .array(z.string())
        .optional()
        .describe('Of failed sign-ins: whose nobody answered, oldest first.'),
    }),
  ),
  refreshes: z.array(z.object({ name: z.string(), broker: z.string(), call: z.string(), at: instant })),
  refreshes_total: count,
  calls: z.array(z.object({ broker: z.string(), call: z.string(), count, per_hour: z.number() })),
});

const act = z.object({
  at: instant,
  who: z.string(),
  what: z.string(),
  account: z.string(),
  from: z.string(),
  outcome: z.string(),
});

export const explanation = account
  .pick({
    name: true,
    broker: true,
    environment: true,
    state: true,
    reason: true,
    message: true,
    valid: true,
    expiry_time: true,
    generation: true,
    attempts: true,
    last_error: true,
  })
  .extend({
    since: instant.nullable(),
    decisions: z.array(
      z.object({
        did: z.string(),
        state: z.string(),
        reason: z.string().nullable(),
        message: z.string().nullable(),
        first_at: instant,
        last_at: instant,
        times: count,
        next_at: instant.nullable(),
      }),
    ),
    last_day: z
      .array(z.enum(marks).nullable())
      .length(QUARTERS)
      .describe('How it stood in each quarter of an hour (UTC), the oldest first; null: nobody knows.'),
    usage: z.array(dayOfUse).describe('By day, the newest first.'),
    next: z.object({ action: z.string(), at: instant.nullable(), why: z.string() }),
    person: z.array(z.object({ what: z.string(), command: z.string().nullable() })),
    acts: z.array(act),
  });
