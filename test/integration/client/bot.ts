/** A bot that uses one of the clients, as the table of behaviours sees it. */
export interface Bot {
  get(name: string): Promise<string | undefined>;
  headers(name: string): Promise<Readonly<Record<string, string>> | undefined>;
  read(name: string): Promise<Read | undefined>;
  why(name: string): Promise<{ readonly state: string; readonly reason: string } | undefined>;
  /** The name of the account that was taken. */
  getFirst(names: readonly string[]): Promise<string | undefined>;
  /** Makes calls with the token of a name to a broker that is given. */
  call(name: string, broker: BrokerPart): Promise<readonly Made[]>;
  follow(name: string, options?: { readonly throws?: boolean }): Following;
  /** Moves the clock of a bot that was opened with one that stands still. */
  elapse(ms: number): Promise<void>;
  close(): Promise<void>;
}

export interface BotOptions {
  readonly url: string;
  /** Its clock stands still but for `elapse`; it waits in real time all the same. */
  readonly frozen?: boolean;
}

export interface Read {
  readonly name: string;
  readonly token: string;
  readonly generation: number;
  readonly baseUrl: string;
}

/** How the broker of a call behaves. */
export interface BrokerPart {
  /** Refuses (401) what is not newer than this generation. */
  readonly refuses?: number;
  /** By an answer with the status, and not by an error. */
  readonly answers?: boolean;
  /** Fails with this message for another reason. */
  readonly fails?: string;
  /** So many calls at once. */
  readonly times?: number;
  readonly waitMs?: number;
  /** Before the same token is tried again, ms. */
  readonly delayMs?: number;
}

/** What came of one call. */
export interface Made {
  /** The generation of every try, and when it was made, ms. */
  readonly tries: readonly { readonly generation: number; readonly at: number }[];
  /** `done`, `refused` (what the broker said, handed on), or the code or message of another error. */
  readonly ended: string;
}

export interface Following {
  /** The generations it was told, `null` for none. */
  heard(): readonly (number | null)[];
  /** How many errors of its function were told to whoever wants to hear them. */
  errors(): number;
  stop(): Promise<void>;
}

/** What a call of a bot is rejected with. */
export class BotError extends Error {
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

/** One way to make bots. */
export interface BotMaker {
  open(options: BotOptions): Promise<Bot>;
  end(): Promise<void>;
}
