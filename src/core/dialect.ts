/**
 * How a broker's simulator is spoken to. A dialect answers as that broker would; the host in
 * src/simulator owns the socket, the clock, the faults and the ledger of calls.
 */
export interface DialectRequest {
  readonly method: string;
  /** Path below the broker's mount, without the query. */
  readonly path: string;
  readonly query: URLSearchParams;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** The caller's network, for budgets that are counted by it. */
  readonly egress: string;
}

export interface DialectAnswer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** A string goes out as it is, anything else as JSON; absent: an empty body. */
  readonly body?: unknown;
}

/** What a call is, in the broker's own words, known before it takes effect. */
export interface Operation {
  /** e.g. `authorize`, `refresh-token`. */
  readonly name: string;
  /** The login it is for, where the request tells. */
  readonly username?: string;
  /** The single-use secret it brings (a refresh token, a code): the ledger keeps its fingerprint only. */
  readonly spends?: string;
}

export interface DialectHost {
  /** The simulated clock: tests and operators may move it. */
  readonly clock: { now(): number };
  readonly random: () => number;
  /** True where this password is right. By default every password is, unless it contains `wrong`. */
  accepts(username: string, password: string): boolean;
  /** A switch of the broker's reference (an open question), or the default. */
  switch<T>(name: string, byDefault: T): T;
  /** The simulator's own base URL for this broker, no trailing slash. */
  baseUrl(): string;
  /** An unsolicited call to the outside (a webhook): sent once unless `delivery` says otherwise, outcome ignored. */
  post(url: string, body: unknown, delivery?: Delivery): void;
}

/** How a webhook is delivered. */
export interface Delivery {
  /** How often it is sent again, at once, where no 2xx came. Default 0. */
  readonly retries?: number;
  /** How long an answer is waited for, ms. */
  readonly timeoutMs?: number;
}

/** Made-up entries of a broker, as they would stand in a credentials file: for the contract suite and demos. */
export interface Sample {
  /** One that the simulator lets in. */
  readonly entry: Readonly<Record<string, unknown>>;
  /** The same login with a secret that it refuses. */
  readonly wrong: Readonly<Record<string, unknown>>;
  /** The values of both that may be seen nowhere. */
  readonly secrets: readonly string[];
}

/** What a broker brings to the demo: made-up accounts whose days are short enough to watch. */
export interface DemoPart {
  readonly entries: readonly Readonly<Record<string, unknown>>[];
  readonly switches?: Readonly<Record<string, unknown>>;
  /** Settings of the service that the demo runs with. */
  readonly settings?: Readonly<Record<string, string>>;
  /** The call that fails now and then: none whose failures are counted for the accounts beside it. */
  readonly troubled?: { readonly operation: string; readonly username: string };
}

export interface Dialect {
  readonly sample: Sample;
  /** @param callbackUrl where a browser login may come back to */
  demo?(callbackUrl: string): DemoPart;
  /** A login of the file that a rehearsal is made with, for a broker whose answers say whose login it was, or what it has. */
  introduce?(login: {
    readonly identity: string;
    readonly credentials: readonly string[];
    readonly accountIds?: readonly string[];
  }): void;
  /** Undefined: the broker has no such call (answered 404 and kept in the ledger as unknown). */
  identify(request: DialectRequest): Operation | undefined;
  answer(request: DialectRequest, operation: Operation): DialectAnswer | Promise<DialectAnswer>;
  /** The broker's words for a fault that an operator asked for. */
  refuse(operation: Operation): DialectAnswer;
  throttle(operation: Operation): DialectAnswer;
  /** Things only this broker can be told (`expire-all`, `approve` …); undefined: no such command. */
  command?(name: string, argument: string | undefined): unknown;
}

export type MakeDialect = (host: DialectHost) => Dialect;
