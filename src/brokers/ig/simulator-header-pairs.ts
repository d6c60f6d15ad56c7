import type { DialectHost } from '../../core/dialect.ts';
import { uuid, type Pair, type Pairs } from './simulator-pairs.ts';
import { switched } from './simulator-switches.ts';

const HOUR_MS = 3_600_000;

/** CST and X-SECURITY-TOKEN as the simulated IG keeps them: of a v1 or v2 login, or fetched in a v3 session. */
export interface HeaderPair {
  readonly username: string;
  readonly cst: string;
  readonly xst: string;
  /** The account that it acts on, for all who use it. */
  readonly accountId: string;
  /** Ms of the simulated clock; each use moves it. */
  readonly until: number;
  /** No use moves it past this. */
  readonly utmost: number;
  /** The OAuth pair that it was fetched with. */
  readonly fetchedBy?: Pick<Pair, 'access' | 'session'>;
}

/** What IG says of tokens that it does not honour. */
export type DeadToken = 'client-token-invalid' | 'account-token-invalid';

export interface HeaderPairs {
  open(username: string, accountId: string, fetchedBy?: Pair): HeaderPair;
  /** The pair, its life extended by this use. */
  use(cst: string, xst: string): HeaderPair | DeadToken;
  usernameOf(cst: string): string | undefined;
  /** Another account: another X-SECURITY-TOKEN, and the old one is dead. */
  move(pair: HeaderPair, accountId: string): HeaderPair;
  end(pair: HeaderPair): void;
  /** Ends what a v3 session has fetched. */
  endFetched(session: string): void;
  endAll(username?: string): number;
}

/**
 * The header pairs that are out, by CST. Switches: `v2Lifetime` `6h-72h` (IG's guide) | `12h-rolling` (IG's
 * FAQ) | seconds from the login ("a pre-configured amount of time", IG's examples); `fetchedTokensOutliveAccess`
 * `yes` | `no`.
 */
export function makeHeaderPairs(host: DialectHost, oauth: Pick<Pairs, 'byAccess'>): HeaderPairs {
  const pairs = new Map<string, HeaderPair>();

  const isAlive = (pair: HeaderPair): boolean => {
    const outlives = switched(host, 'fetchedTokensOutliveAccess') === 'yes';
    const isCarried = pair.fetchedBy === undefined || outlives || oauth.byAccess(pair.fetchedBy.access);
    return Boolean(isCarried) && host.clock.now() < pair.until;
  };
  /** Until when a pair lives that is opened, or used, now. */
  const endOf = ({ until, utmost }: HeaderPair): number => {
    const now = host.clock.now();
    const life = switched(host, 'v2Lifetime');
    if (life === '6h-72h') return Math.min(now + 6 * HOUR_MS, utmost);
    if (life === '12h-rolling') return now + 12 * HOUR_MS;
    return until === 0 ? now + 1_000 * life : until;
  };
  const used = (pair: HeaderPair): HeaderPair => {
    const kept = { ...pair, until: endOf(pair) };
    pairs.set(kept.cst, kept);
    return kept;
  };
  const endWhere = (fits: (pair: HeaderPair) => boolean): number => {
    const ended = [...pairs.values()].filter(fits);
    for (const { cst } of ended) pairs.delete(cst);
    return ended.length;
  };

  return {
    open: (username, accountId, fetchedBy) => {
      endWhere((pair) => !isAlive(pair));
      return used({
        username,
        cst: uuid(host.random),
        xst: uuid(host.random),
        accountId,
        until: 0,
        utmost: host.clock.now() + 72 * HOUR_MS,
        ...(fetchedBy ? { fetchedBy } : {}),
      });
    },
    use: (cst, xst) => {
      const pair = pairs.get(cst);
      if (!pair || !isAlive(pair)) return 'client-token-invalid';
      return pair.xst === xst ? used(pair) : 'account-token-invalid';
    },
    usernameOf: (cst) => pairs.get(cst)?.username,
    move: (pair, accountId) => {
      const moved = { ...pair, accountId, xst: uuid(host.random) };
      pairs.set(moved.cst, moved);
      return moved;
    },
    end: ({ cst }) => void pairs.delete(cst),
    endFetched: (session) => void endWhere(({ fetchedBy }) => fetchedBy?.session === session),
    endAll: (username) => endWhere((pair) => username === undefined || pair.username === username),
  };
}
