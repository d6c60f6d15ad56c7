import type { Redis } from 'ioredis';
import { collect, keepConsent, takeConsent } from '../redis/consents.ts';
import { makeInstances } from '../redis/instances.ts';
import type { Seal } from '../redis/seal.ts';
import type { Relay } from './browser-login.ts';

export interface RelayParts {
  readonly redis: Redis;
  readonly seal: Seal;
  /** The account that logs in. */
  readonly name: string;
  /** This process, which serves nothing. */
  readonly instance: string;
}

/** The running service of this Redis, which has the port that a browser comes back to. */
export function makeRelay({ redis, seal, name, instance }: RelayParts): Relay {
  return {
    async expect(state) {
      if ((await makeInstances(redis, instance).others()) === 0) return false;
      await keepConsent(redis, state, name, 'terminal');
      return true;
    },
    collect: (state) => collect(redis, seal, state),
    async forget(state) {
      await takeConsent(redis, state);
    },
  };
}
