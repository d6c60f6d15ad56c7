import type { Lack } from './reading.ts';

/** There is no live token, and none came in time. */
export class NoTokenError extends Error {
  override readonly name = 'NoTokenError';
  readonly code = 'NO_TOKEN';

  /** The names that were asked for. */
  readonly names: readonly string[];
  /** Of the first of them, as `state:<name>` says. */
  readonly lack: Lack;

  constructor(names: readonly string[], lack: Lack) {
    const why =
      lack.state === ''
        ? 'the service keeps no account of that name'
        : `its state is ${lack.state}${lack.reason === '' ? '' : ` (${lack.reason})`}`;
    super(`There is no live token for ${names.join(' or ')}: ${why}.`);
    this.names = names;
    this.lack = lack;
  }
}

/** Redis did not answer, and no token that was read before is good any more. */
export class RedisAwayError extends Error {
  override readonly name = 'RedisAwayError';
  readonly code = 'REDIS_AWAY';

  constructor(what: string, cause: unknown) {
    super(`Redis did not answer for ${what}, and no token read before it is still good.`, { cause });
  }
}
