/** A bot that reads without a pause, and what it saw. */
export interface Hammering<T> {
  /** Each read began at `from` and was answered by `at`, ms: what it says was so at some moment between the two. */
  readonly seen: readonly { readonly from: number; readonly at: number; readonly value: T }[];
  /** Ends it; rejects with what a read threw. */
  stop(): Promise<void>;
}

/** Reads again and again until it is stopped, or a read throws. */
export function hammer<T>(read: () => Promise<T>): Hammering<T> {
  const seen: { from: number; at: number; value: T }[] = [];
  let stopped = false;
  const isStopped = (): boolean => stopped;
  const loop = async (): Promise<void> => {
    while (!isStopped()) {
      const from = Date.now();
      const value = await read();
      seen.push({ from, at: Date.now(), value });
      // A real bot is another process: here the service must get its turn.
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
  };
  const reading = loop();
  reading.catch(() => undefined);
  return {
    seen,
    async stop() {
      stopped = true;
      await reading;
    },
  };
}

/** A made-up JWT as somebody else may have left it: `exp` and `iat` in seconds. Its signature is none. */
export function foreignJwt(claims: Readonly<Record<string, unknown>>): string {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  return `${part({ alg: 'EdDSA', kid: '7' })}.${part(claims)}.bWFkZS11cA`;
}

/** So many seconds from now, as a JWT says it. */
export const inSeconds = (seconds: number): number => Math.floor(Date.now() / 1_000) + seconds;
