import type { ScriptRunner } from './store.ts';

/** The right to speak on one channel: one replica at a time. */
export interface SenderLease {
  /** Takes or prolongs it. False: another replica has it, or the channel asked for silence. */
  hold(): Promise<boolean>;
  /** Keeps every replica silent for `delayMs`, over a restart too. */
  silence(delayMs: number): Promise<void>;
  release(): Promise<void>;
}

/** Longer than a channel's call, short enough that a killed sender's successor speaks within 10 s. */
export const LEASE_MS = 8_000;

// KEYS lease silence  ARGV owner ttlMs -> 1 where it is ours
const HOLD = `
if redis.call('EXISTS', KEYS[2]) == 1 then return 0 end
if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
return redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2]) and 1 or 0`;

// KEYS lease  ARGV owner
const RELEASE = `
if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end
return 1`;

// KEYS silence  ARGV delayMs
const SILENCE = `redis.call('SET', KEYS[1], '1', 'PX', ARGV[1]) return 1`;

/** The lease of one channel; `owner` must be unique to this process. */
export function makeSenderLease(redis: ScriptRunner, channel: string, owner: string): SenderLease {
  const lease = `refresher:alerts:sender:${channel}`;
  const silence = `refresher:alerts:silence:${channel}`;
  return {
    hold: async () => (await redis.eval(HOLD, 2, lease, silence, owner, LEASE_MS)) === 1,
    silence: async (delayMs) => {
      await redis.eval(SILENCE, 1, silence, Math.max(1, Math.ceil(delayMs)));
    },
    release: async () => {
      await redis.eval(RELEASE, 1, lease, owner);
    },
  };
}
