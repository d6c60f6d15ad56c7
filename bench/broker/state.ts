import { createHash } from 'node:crypto';

/** What the bench's broker knows of one login. */
interface Login {
  logins: number;
  renewals: number;
  proofs: number;
  inFlight: number;
  /** How long its calls were here, in sum, ms. */
  hereMs: number;
  issued: number;
  token: string;
  refresh: string;
  expiresAt: number;
  /** True once somebody said that the present token is to be dead. */
  revoked: boolean;
}

/** What the runner asks about all logins. */
export interface Counts {
  readonly logins: number;
  readonly renewals: number;
  readonly proofs: number;
  /** Calls that the broker refused: a spent refresh token, a call that it does not know. */
  readonly refused: number;
  readonly users: number;
  /** Calls that met another one of the same login under way. */
  readonly met: number;
  readonly peak: number;
  /** Ms since the epoch, with fractions; 0 where there was no call. */
  readonly firstAt: number;
  readonly lastAt: number;
}

/** What the runner asks about one login. */
export interface OneLogin {
  readonly token: string;
  readonly expiresAt: number;
  readonly logins: number;
  readonly renewals: number;
  readonly proofs: number;
  /** How long its calls were at the broker, in sum, ms. */
  readonly hereMs: number;
}

/** How the broker behaves. */
export interface Behaviour {
  latencyMs: number;
  lifeS: number;
}

export interface BrokerState {
  readonly behaviour: Behaviour;
  /** A call begins; the end of it is said by what it returns. */
  begin(user: string): () => void;
  /** A login that succeeds. The token is a JWT of the captured ones' shape. */
  signIn(user: string): Login;
  /** Swaps a refresh token, once; undefined where it is spent or unknown. */
  renew(refresh: string): Login | undefined;
  userOfRefresh(refresh: string): string;
  /** Whose token it is, alive or not; empty for nobody's. */
  userOfToken(token: string): string;
  /** True for a token that lives. */
  prove(token: string): boolean;
  revoke(user: string): void;
  refuse(): void;
  counts(): Counts;
  users(): Readonly<Record<string, OneLogin>>;
  /** When each token was handed out, ms since the epoch, in order. */
  instants(): readonly number[];
  forget(): void;
}

/** Wall time with fractions of a ms. */
const now = (): number => performance.timeOrigin + performance.now();

/** An empty broker. */
export function makeBrokerState(): BrokerState {
  const behaviour: Behaviour = { latencyMs: 0, lifeS: 4_800 };
  const byUser = new Map<string, Login>();
  let tally = zero();
  let inFlight = 0;
  let instants: number[] = [];

  const loginOf = (user: string): Login => {
    const found = byUser.get(user) ?? newLogin();
    byUser.set(user, found);
    return found;
  };
  const issue = (user: string, login: Login): Login => {
    login.issued += 1;
    instants.push(now());
    login.revoked = false;
    login.expiresAt = Math.floor(now()) + 1_000 * behaviour.lifeS;
    login.token = jwt(user, login.expiresAt, login.issued);
    // Names its login, so that a renewal finds it without a second map.
    login.refresh = `${user}.${login.issued}.made-up-refresh-token-of-a-usual-length`;
    return login;
  };

  return {
    behaviour,
    begin: (user) => {
      const login = loginOf(user);
      if (login.inFlight > 0) tally.met += 1;
      login.inFlight += 1;
      inFlight += 1;
      tally.peak = Math.max(tally.peak, inFlight);
      const begunAt = now();
      if (tally.firstAt === 0) tally.firstAt = begunAt;
      return () => {
        login.inFlight -= 1;
        login.hereMs += now() - begunAt;
        inFlight -= 1;
        tally.lastAt = now();
      };
    },
    signIn: (user) => {
      tally.logins += 1;
      const login = loginOf(user);
      login.logins += 1;
      return issue(user, login);
    },
    renew: (refresh) => {
      const user = userOf(refresh);
      const login = byUser.get(user);
      if (login?.refresh !== refresh) return undefined;
      tally.renewals += 1;
      login.renewals += 1;
      return issue(user, login);
    },
    userOfRefresh: userOf,
    userOfToken: subjectOf,
    prove: (token) => {
      tally.proofs += 1;
      const login = byUser.get(subjectOf(token));
      if (login) login.proofs += 1;
      return login?.token === token && !login.revoked && login.expiresAt > now();
    },
    revoke: (user) => {
      loginOf(user).revoked = true;
    },
    refuse: () => {
      tally.refused += 1;
    },
    counts: () => ({ ...tally, users: [...byUser.values()].filter(({ issued }) => issued > 0).length }),
    users: () =>
      Object.fromEntries(
        [...byUser].map(([user, { token, expiresAt, logins, renewals, proofs, hereMs }]) => [
          user,
          { token, expiresAt, logins, renewals, proofs, hereMs },
        ]),
      ),
    instants: () => instants,
    forget: () => {
      instants = [];
      byUser.clear();
      tally = zero();
      inFlight = 0;
    },
  };
}

const newLogin = (): Login => ({
  ...{ logins: 0, renewals: 0, proofs: 0, inFlight: 0, hereMs: 0, issued: 0 },
  ...{ token: '', refresh: '', expiresAt: 0, revoked: false },
});

const zero = (): { -readonly [Name in Exclude<keyof Counts, 'users'>]: number } => ({
  ...{ logins: 0, renewals: 0, proofs: 0, refused: 0, met: 0, peak: 0, firstAt: 0, lastAt: 0 },
});

const userOf = (refresh: string): string => refresh.slice(0, Math.max(0, refresh.indexOf('.')));

const base64 = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
const head = base64({ kid: '7', alg: 'EdDSA' });
const signature = createHash('sha512').update('made-up').digest('base64url');

function jwt(user: string, expiresAt: number, issued: number): string {
  const exp = Math.floor(expiresAt / 1_000);
  return `${head}.${base64({ sub: user, exp, jti: `${issued}-made-up-token-id`, until: expiresAt })}.${signature}`;
}

function subjectOf(token: string): string {
  try {
    const body: unknown = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());
    return typeof body === 'object' && body !== null && 'sub' in body ? String(body.sub) : '';
  } catch {
    return '';
  }
}
