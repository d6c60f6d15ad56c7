import { readJwt } from '../../src/brokers/jwt.ts';
import type { LimitedCall } from '../../src/core/limit.ts';
import type { BrokerCall } from './broker-net.ts';

/** A token as its broker handed it out. */
export interface Issued {
  readonly broker: string;
  /** Of the login that it was handed to, where the call names one. */
  readonly username: string | undefined;
  readonly token: string;
  /** Ms; the broker's own word. */
  readonly expiresAt: number;
  /** What may be spent once to get the next one. */
  readonly renewal: string | undefined;
  /** The how manieth token it is, over all brokers. */
  readonly order: number;
}

const DAY_MS = 24 * 60 * 60_000;
/** The longest that a pair of headers lives at IG. */
const HEADER_PAIR_MS = 3 * DAY_MS;

/** The tokens in an answer, whatever the broker calls its fields. */
export function issuedIn(call: BrokerCall, order: number): readonly Issued[] {
  const { answer, broker, startedAt, username } = call;
  if (!answer || answer.status >= 300) return [];
  const fields = flat(answer.body);
  const renewal = text(fields.get('refresh_token'));
  const issue = (token: string | undefined, expiresAt: number): readonly Issued[] =>
    token === undefined ? [] : [{ broker, username, token, expiresAt, renewal, order }];
  const lifeMs = 1_000 * Number(fields.get('expires_in') ?? 0);
  const said = Date.parse(text(fields.get('expirationTime')) ?? '');
  const life = (token: string | undefined): number =>
    readJwt(token ?? '')?.exp ?? (Number.isNaN(said) ? startedAt + (lifeMs || DAY_MS) : said);
  const access = text(fields.get('access_token')) ?? text(fields.get('accessToken'));
  const extended = text(fields.get('extended_token'));
  return [
    ...issue(access, life(access)),
    ...issue(extended, life(extended)),
    ...issue(answer.headers?.['CST'] ?? answer.headers?.['cst'], startedAt + HEADER_PAIR_MS),
  ];
}

const text = (value: unknown): string | undefined =>
  typeof value === 'string' && value !== '' ? value : undefined;

/** Every field of a JSON body by its last name. */
function flat(body: unknown): ReadonlyMap<string, unknown> {
  const fields = new Map<string, unknown>();
  const visit = (value: unknown): void => {
    if (typeof value !== 'object' || value === null) return;
    for (const [name, part] of Object.entries(value)) {
      fields.set(name, part);
      visit(part);
    }
  };
  visit(body);
  return fields;
}

/** What kind of counted call an operation is, in the words of `Broker.limits`. */
const kinds: Readonly<Record<string, LimitedCall>> = {
  authorize: 'sign-in',
  'access-token-request': 'sign-in',
  login: 'sign-in',
  exchange: 'sign-in',
  renew: 'renewal',
  'refresh-token': 'renewal',
  me: 'proof',
  session: 'proof',
  'session-tokens': 'proof',
  profile: 'proof',
  request: 'request',
};

export const kindOf = ({ operation }: Pick<BrokerCall, 'operation'>): LimitedCall | undefined =>
  kinds[operation];

/** True where the broker turned the call away without looking at what it brought. */
export function wasTurnedAway({ answer, fault }: BrokerCall): boolean {
  if (fault === 'throttle') return true;
  if (!answer) return false;
  if (answer.status === 429 || answer.status === 423) return true;
  const said = typeof answer.body === 'string' ? answer.body : JSON.stringify(answer.body ?? '');
  return said.includes('allowance') || said.includes('p-ticket');
}

/** The calls that brought a refresh token or a code once more, though the broker had looked at it, or may have. */
export function sentTwice(calls: readonly BrokerCall[]): readonly BrokerCall[] {
  const mayBeSpent = new Set<string>();
  return calls.filter((call) => {
    if (call.spends === undefined) return false;
    const again = mayBeSpent.has(call.spends);
    const isUnspent = wasTurnedAway(call) && call.deliveredAt !== undefined;
    if (!isUnspent) mayBeSpent.add(call.spends);
    return again;
  });
}
