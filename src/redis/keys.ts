import type { Budget } from '../core/limits.ts';
import type { Network } from '../core/store.ts';

/** Everything the service keeps for itself lies under this prefix. */
const own = (rest: string): string => `refresher:${rest}`;

/** That of all calls, and that of sign-ins: each is there while it is open. */
export function openBreakers(network: Network): readonly [string, string] {
  const [breaker] = keys.breaker(network);
  return [breaker, `${breaker}:sign-ins`];
}

export const keys = {
  contract: own('contract'),
  world: own('world'),
  keycheck: own('keycheck'),
  roster: own('roster'),
  names: own('names'),
  aliases: own('aliases'),
  discovered: own('discovered'),
  owners: own('owners'),
  /** What was seen of accounts that somebody else serves. */
  observed: own('observed'),
  rearm: own('rearm'),
  instances: own('instances'),
  reload: own('reload'),
  /** What people did. */
  audit: own('audit'),
  /** BullMQ's prefix. */
  queues: own('q'),
  record: (name: string): string => own(`account:${name}`),
  /** What no key of the ring opened, kept aside for a time. */
  quarantine: (name: string): string => own(`quarantine:${name}`),
  /** What the account was used for, by day. */
  uses: (name: string): string => own(`uses:${name}`),
  /** How the account stood in its last day. */
  day: (name: string): string => own(`day:${name}`),
  /** The last decisions about an account, for people. */
  decisions: (name: string): string => own(`decisions:${name}`),
  lease: (name: string): string => own(`lease:${name}`),
  /** Which version of an account's entry each process has in force. */
  entry: (name: string): string => own(`entry:${name}`),
  queued: (broker: string): string => own(`queued:${broker}`),
  tick: (broker: string): string => own(`tick:${broker}`),
  due: (broker: string): string => own(`due:${broker}`),
  consent: (digest: string): string => own(`consent:${digest}`),
  /** What a browser brought back for a command that waits for it. */
  arrival: (digest: string): string => own(`arrival:${digest}`),
  silence: (network: Network): string => own(`silence:${network.broker}:${network.egress}`),
  /** Of everybody who uses the same API key; `key` is its fingerprint. */
  keySilence: (broker: string, key: string): string => own(`silence:${broker}:key:${key}`),
  /** Why the broker refused an API key, for everybody who uses it. */
  refusedKey: (broker: string, key: string): string => own(`refused:${broker}:key:${key}`),
  budget: (broker: string, { limit, subject }: Pick<Budget, 'limit' | 'subject'>): string =>
    own(`budget:${broker}:${limit}:${subject}`),
  breaker: (network: Network): readonly [string, string, string] => {
    const part = network.part === undefined ? '' : `:${network.part}`;
    const base = own(`breaker:${network.broker}:${network.egress}${part}`);
    return [base, `${base}:probe`, `${base}:failing`];
  },
  ramp: (network: Network): readonly [string, string, string] => {
    const base = own(`ramp:${network.broker}:${network.egress}`);
    return [base, `${base}:under-way`, `${base}:waiting`];
  },
} as const;
