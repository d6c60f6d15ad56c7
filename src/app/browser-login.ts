import { randomBytes } from 'node:crypto';
import type { RequestListener } from 'node:http';
import type { Arrival, Consent } from '../core/broker.ts';
import type { Clock } from '../core/clock.ts';
import { makeCallbackListeners } from '../http/callback-listeners.ts';

/** Where the browser comes back: to this process, to a running service that hands it on, or nowhere, and why. */
export type WayBack = 'here' | 'service' | { readonly unheard: string };

/** The person at the terminal. */
export interface Person {
  /** Shows the link. `rung`: what became of asking them by their phone, where the broker does that. */
  show(link: string, way: WayBack, rung?: string): void;
  /** Says that what was pasted is not it. */
  refuse(reason: string): void;
  /** What is pasted, line by line, until `signal` aborts or the input ends. */
  lines(signal: AbortSignal): AsyncIterable<string>;
}

/** A running service that gets the redirect in our place. */
export interface Relay {
  /** Tells it of a one-time `state`; false where none runs. */
  expect(state: string): Promise<boolean>;
  /** What it has got for the state, once. */
  collect(state: string): Promise<Arrival | undefined>;
  /** What comes now is nobody's. */
  forget(state: string): Promise<void>;
}

export interface BrowserLoginParts {
  readonly consent: Consent;
  readonly person: Person;
  readonly clock: Clock;
  /** What the service's own listener binds: a wildcard in a container. */
  readonly host: string;
  readonly signal: AbortSignal;
  readonly relay: Relay;
  readonly rung?: string | undefined;
}

/** How long a person may take, ms. */
const PERSON_MS = 10 * 60_000;
/** How often a running service is asked whether the browser has come back, ms. */
const LOOK_MS = 500;
const ELSEWHERE = 'is not listened for from here';

/**
 * Sends a person to the broker, and resolves with what their browser brings back: by the redirect to this
 * machine, by a running service that has the port and hands it on, or pasted. Whichever it is, the code is
 * spent here. Undefined after 10 min, or on `signal`.
 */
export async function browserLogin(parts: BrowserLoginParts): Promise<Arrival | undefined> {
  const { consent, person, clock, relay } = parts;
  const state = randomBytes(24).toString('base64url');
  const listeners = makeCallbackListeners(clock);
  let isRelayed = false;
  const over = new AbortController();
  const signal = AbortSignal.any([parts.signal, over.signal]);
  const { promise: came, resolve } = Promise.withResolvers<Arrival | undefined>();
  const take = (address: URL): boolean => {
    const arrival = arrivalIn(address, state);
    if (arrival) resolve(arrival);
    return arrival !== undefined;
  };
  const answer: RequestListener = (request, response) => {
    const address = URL.parse(request.url ?? '', 'http://localhost');
    const isWay = address && listeners.pathsAt(request.socket.localPort).has(address.pathname);
    const [status, text] =
      !isWay || request.method !== 'GET'
        ? ([404, 'There is nothing here.'] as const)
        : take(address)
          ? ([
              200,
              'The login came back. The terminal says what becomes of it; you can close this page.',
            ] as const)
          : ([
              400,
              'This login was not started by the command at the terminal: use the link it shows.',
            ] as const);
    const headers = { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store' };
    response.writeHead(status, { ...headers, 'referrer-policy': 'no-referrer', connection: 'close' });
    response.end(`${text}\n`);
  };
  try {
    // Port 0 is nobody's: also a redirect to the service's own port is listened for.
    const [way] = await listeners.set([consent.redirectUri], { host: parts.host, port: 0 }, answer);
    const unheard = way ? way.fault : `${consent.redirectUri} ${ELSEWHERE}`;
    isRelayed = unheard !== undefined && (await relay.expect(state));
    person.show(
      consent.url(state),
      unheard === undefined ? 'here' : isRelayed ? 'service' : { unheard },
      parts.rung,
    );
    if (isRelayed) void relayed(parts, state, signal).then((arrival) => arrival && resolve(arrival));
    void readLines(person, signal, take).catch(() => undefined);
    void clock.sleep(PERSON_MS, signal).then(() => resolve(undefined));
    return await came;
  } finally {
    over.abort();
    if (isRelayed) await relay.forget(state).catch(() => undefined);
    await listeners.stop();
  }
}

/** What the service hands on; undefined once nobody waits any more. A Redis that stumbles is asked again. */
async function relayed(
  { relay, clock }: BrowserLoginParts,
  state: string,
  signal: AbortSignal,
): Promise<Arrival | undefined> {
  while (!signal.aborted) {
    const arrival = await relay.collect(state).catch(() => undefined);
    if (arrival) return arrival;
    await clock.sleep(LOOK_MS, signal);
  }
  return undefined;
}

async function readLines(
  person: Person,
  signal: AbortSignal,
  take: (address: URL) => boolean,
): Promise<void> {
  for await (const line of person.lines(signal)) {
    if (line.trim() === '') continue;
    const address = URL.parse(line.trim());
    if (address && take(address)) return;
    person.refuse(
      address
        ? 'That address belongs to another login: paste the one that this link led to.'
        : 'That is no address: paste the whole of it, from http on.',
    );
  }
}

/** What an address brings back, if it is the answer to this login. */
function arrivalIn({ searchParams }: URL, state: string): Arrival | undefined {
  // A field that came twice is nobody's honest answer.
  const only = (name: string): string | undefined => {
    const [value, ...more] = searchParams.getAll(name);
    return more.length === 0 && value ? value : undefined;
  };
  const code = only('code');
  const error = only('error');
  const isGarbled =
    code === undefined && error === undefined && ['code', 'error'].some((name) => searchParams.has(name));
  // Neither of them is an answer as well: whoever cancels may be sent back with nothing but the state.
  if (only('state') !== state || isGarbled) return undefined;
  return { ...(code !== undefined && { code }), ...(error !== undefined && { error }) };
}
