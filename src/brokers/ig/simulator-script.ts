import { z } from 'zod';
import type { DialectAnswer, DialectHost, Operation } from '../../core/dialect.ts';
import { error } from './simulator-answers.ts';
import { switched } from './simulator-switches.ts';

const rule = z.strictObject({
  operation: z.string().exactOptional(),
  username: z.string().exactOptional(),
  status: z.int().min(200).max(599),
  /** IG's word; left out: an empty body. */
  errorCode: z.string().exactOptional(),
  /** A page instead. */
  page: z.boolean().default(false),
  /** How many calls get it; left out: all. */
  times: z.int().min(1).default(Number.MAX_SAFE_INTEGER),
  /** True: the call takes effect first, and only its answer is this. */
  effect: z.boolean().default(false),
});

/** An answer that was ordered for a call. */
export interface Ordered {
  readonly answer: DialectAnswer;
  readonly effect: boolean;
}

export interface Script {
  /** The oldest order that fits, counted down. */
  take(operation: Operation): Ordered | undefined;
  /** Orders answers: JSON with `status`, and `operation`, `username`, `errorCode`, `page`, `times`, `effect` as needed. */
  order(argument: string | undefined): void;
  /** Takes all orders back. */
  clear(): void;
}

const PAGE =
  '<!doctype html><html><head><title>Maintenance</title></head><body><h1>Back soon</h1></body></html>';

export const page = (status: number): DialectAnswer => ({
  status,
  headers: { 'content-type': 'text/html; charset=utf-8' },
  body: PAGE,
});

/** Answers that an operator orders: any of IG's errors at any call, with or without the call's effect. */
export function makeScript(): Script {
  let rules: readonly z.output<typeof rule>[] = [];
  return {
    take: ({ name, username }) => {
      const found = rules.find(
        (each) =>
          (each.operation === undefined || each.operation === name) &&
          (each.username === undefined || each.username === username),
      );
      if (!found) return undefined;
      const left = found.times - 1;
      rules = rules.flatMap((each) => (each !== found ? [each] : left > 0 ? [{ ...each, times: left }] : []));
      const { status, errorCode } = found;
      const answer = found.page
        ? page(status)
        : errorCode === undefined
          ? { status }
          : error(status, errorCode);
      return { answer, effect: found.effect };
    },
    order: (argument) => {
      rules = [...rules, rule.parse(JSON.parse(argument ?? '{}'))];
    },
    clear: () => {
      rules = [];
    },
  };
}

/**
 * What IG answers while it is being maintained; what it really does is not documented. Switch
 * `maintenanceAnswer` `page` (everything gets a page with 503) | `errors` (dead tokens are called dead, logins
 * fail with `system.error`).
 */
export function maintenanceAnswer(host: DialectHost, operation: Operation): DialectAnswer | undefined {
  if (switched(host, 'maintenanceAnswer') === 'page') return page(503);
  // The tokens are all dead, so that everything else answers for itself.
  return operation.name === 'login' ? error(500, 'system.error') : undefined;
}
