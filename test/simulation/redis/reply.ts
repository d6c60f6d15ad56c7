/** What a Redis command answers. `Status` is `+OK`, a string is a bulk reply, null is nil. */
export type Reply = string | number | null | Status | RedisError | readonly Reply[];

export class Status {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

/** An error reply; its message begins with the code, as the server sends it. */
export class RedisError extends Error {
  override readonly name = 'ReplyError';
}

export const OK = new Status('OK');

export const wrongType = (): RedisError =>
  new RedisError('WRONGTYPE Operation against a key holding the wrong kind of value');
export const syntaxError = (): RedisError => new RedisError('ERR syntax error');

/** The integer in an argument, as Redis takes one. Throws RedisError. */
export function integer(text: string | undefined): number {
  if (text === undefined || !/^-?(?:0|[1-9]\d*)$/.test(text)) {
    throw new RedisError('ERR value is not an integer or out of range');
  }
  return Number(text);
}

/** The double in an argument. Throws RedisError. */
export function double(text: string | undefined): number {
  const known = /^[+-]?inf$/i.exec(text ?? '');
  if (known) return known[0].startsWith('-') ? -Infinity : Infinity;
  if (text === undefined || text === '' || !Number.isFinite(Number(text))) {
    throw new RedisError('ERR value is not a valid float');
  }
  return Number(text);
}

/** A score as replies show it. */
export function shown(score: number): string {
  if (score === Infinity) return 'inf';
  return score === -Infinity ? '-inf' : seventeen(score);
}

/** `%.17g`, which Redis turns numbers into text with. */
export function seventeen(value: number): string {
  if (Number.isInteger(value) && Math.abs(value) < 1e17) return String(value);
  const text = value.toPrecision(17);
  return text.includes('.') && !text.includes('e') ? text.replace(/\.?0+$/, '') : text;
}
