import type { Dispatcher } from 'undici';
import type { Broker, Login } from '../../src/core/broker.ts';
import type {
  Delivery,
  Dialect,
  DialectAnswer,
  DialectHost,
  DialectRequest,
  Operation,
} from '../../src/core/dialect.ts';
import { makeBench, type Bench, type Switches } from '../../src/simulator/bench.ts';
import type { CallFilter, LedgerEntry } from '../../src/simulator/index.ts';
import { makeMovableClock, type MovableClock } from '../../src/simulator/clock.ts';
import type { Life } from './process.ts';
import type { Dice } from './random.ts';
import { makeController, SimulatedDispatcher } from './dispatcher.ts';
import { clockOf, type Timeline } from './timeline.ts';
import { wireOf, type BrokerFault } from './wire.ts';

/** One call that reached a broker, and what became of it. */
export interface BrokerCall extends Omit<LedgerEntry, 'spent'> {
  /** The process that made it. */
  readonly by: string;
  /** The single-use secret it brought. Only ever compared. */
  readonly spends?: string;
  readonly request: DialectRequest;
  /** What the broker answered, whether or not it arrived. */
  readonly answer?: DialectAnswer;
  /** When the whole answer reached a living process. */
  readonly deliveredAt?: number;
}

export interface BrokerNetParts {
  readonly brokers: readonly Broker[];
  readonly timeline: Timeline;
  readonly dice: Dice;
  readonly switches: Switches;
  /** How long a call takes there and back, ms. */
  readonly latency: () => number;
  /** Hears of every call when it arrives, and again when it was answered and when its answer arrived. */
  readonly heard: (call: BrokerCall, what: 'arrived' | 'answered' | 'delivered') => void;
  /** An unsolicited call of a broker to the outside. */
  readonly post: (broker: string, url: string, body: unknown, delivery?: Delivery) => void;
}

/** What somebody else sends. */
export interface Visit {
  readonly method?: 'GET' | 'POST' | 'PUT' | 'DELETE';
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly egress?: string;
}

/** The brokers' own dialects, called without a socket. */
export interface BrokerNet {
  /** What points the brokers' base URLs here. */
  readonly settings: Readonly<Record<string, string>>;
  readonly clock: MovableClock;
  readonly bench: Pick<Bench, 'setSwitch' | 'setPassword'>;
  /** True where the broker takes this password now. */
  accepts(broker: string, username: string, password: string): boolean;
  /** A process' way to the brokers, for the service's own HTTP function. */
  dispatcherFor(life: Life, egress: string): Dispatcher;
  /** A call of somebody else's program or browser: answered at once, in no ledger. */
  visit(url: string, call?: Visit): Promise<DialectAnswer>;
  fault(rule: BrokerFault): { remove(): void };
  clearFaults(): void;
  calls(filter?: CallFilter): readonly BrokerCall[];
  command(broker: string, name: string, argument?: string): unknown;
  /** Tells a broker of a login that will come, so that it has what the login's entry names. */
  introduce(broker: string, login: Login): void;
}

const HOST = 'http://brokers.simulated';

type Change = { -readonly [K in keyof BrokerCall]?: BrokerCall[K] };

export async function makeBrokerNet(parts: BrokerNetParts): Promise<BrokerNet> {
  const { timeline, dice } = parts;
  const clock = makeMovableClock(clockOf(timeline));
  const bench = makeBench(clock, dice.random, parts.switches);
  const dialects = new Map<string, Dialect>();
  const hosts = new Map<string, DialectHost>();
  for (const broker of parts.brokers) {
    const make = await broker.dialect?.();
    if (!make) continue;
    const host = {
      ...bench.hostFor(broker.name, `${HOST}/${broker.name}`),
      post: (url: string, body: unknown, delivery?: Delivery) => parts.post(broker.name, url, body, delivery),
    };
    hosts.set(broker.name, host);
    dialects.set(broker.name, make(host));
  }
  const calls: BrokerCall[] = [];
  const rules = new Set<{ readonly rule: BrokerFault; left: number }>();

  /** The first rule that fits, counted down. */
  function take(
    broker: string,
    request: DialectRequest,
    operation: Operation | undefined,
    connecting: boolean,
  ): BrokerFault | undefined {
    for (const entry of rules) {
      const { rule } = entry;
      const fits =
        rule.broker === broker &&
        (rule.only?.(request) ?? true) &&
        (rule.kind === 'unreachable') === connecting &&
        (connecting || rule.operation === undefined || rule.operation === operation?.name) &&
        (connecting || rule.username === undefined || rule.username === operation?.username);
      if (!fits || (rule.share !== undefined && !dice.chance(rule.share))) continue;
      entry.left -= 1;
      if (entry.left <= 0) rules.delete(entry);
      return rule;
    }
    return undefined;
  }

  const answerOf = async (
    dialect: Dialect,
    call: BrokerCall,
    operation: Operation,
  ): Promise<DialectAnswer> => {
    try {
      return await dialect.answer(call.request, operation);
    } catch {
      return { status: 500, body: "The simulated broker's dialect failed." };
    }
  };

  function dispatch(
    life: Life,
    egress: string,
    options: Dispatcher.DispatchOptions,
    handler: Dispatcher.DispatchHandler,
  ): void {
    const { broker, request } = requestOf(options, egress);
    const dialect = dialects.get(broker);
    const controller = makeController();
    const back = (delayMs: number, work: () => void): void => {
      timeline.after(delayMs, () => life.deliver(() => void (controller.aborted || work())));
    };
    const fail = (code: string): void =>
      handler.onResponseError?.(controller, Object.assign(new Error(code), { code }));

    life.send(() => {
      const there = Math.ceil(parts.latency() / 2);
      if (!dialect || take(broker, request, undefined, true)) return back(there, () => fail('ECONNREFUSED'));
      handler.onRequestStart?.(controller, undefined);
      timeline.after(there, () => arrive(dialect, there));
    });

    async function arrive(met: Dialect, thereMs: number): Promise<void> {
      const operation = met.identify(request);
      const rule = take(broker, request, operation, false);
      const index = calls.length;
      const change = (changes: Change, what?: 'answered' | 'delivered'): void => {
        const changed: BrokerCall = { ...(calls[index] ?? first), ...changes };
        calls[index] = changed;
        if (what) parts.heard(changed, what);
      };
      const first: BrokerCall = {
        n: index + 1,
        broker,
        operation: operation?.name ?? 'unknown',
        ...(operation?.username !== undefined && { username: operation.username }),
        ...(operation?.spends !== undefined && { spends: operation.spends }),
        ...(rule && rule.kind !== 'unreachable' && { fault: rule.kind }),
        egress,
        startedAt: timeline.now(),
        effect: false,
        by: life.name,
        request,
      };
      calls.push(first);
      parts.heard(first, 'arrived');
      const wire = await wireOf(rule, met, operation, () => {
        if (operation) change({ effect: true });
        return operation ? answerOf(met, first, operation) : Promise.resolve({ status: 404 });
      });
      const { answer, head } = wire;
      if (answer) {
        change({ answer, ...(head && { status: head.status }), endedAt: timeline.now() }, 'answered');
      }
      back(thereMs + wire.lateMs, () => {
        if (wire.end === 'whole' && wire.isReadable) change({ deliveredAt: timeline.now() }, 'delivered');
        if (head) handler.onResponseStart?.(controller, head.status, head.headers);
        if (head && wire.body.length > 0) handler.onResponseData?.(controller, wire.body);
        if (wire.end === 'whole') handler.onResponseEnd?.(controller, {});
        if (wire.end === 'broken') fail(head ? 'UND_ERR_SOCKET' : 'ECONNRESET');
      });
    }
  }

  return {
    settings: settingsOf(parts.brokers),
    clock,
    bench,
    accepts: (broker, username, password) => hosts.get(broker)?.accepts(username, password) ?? false,
    dispatcherFor: (life, egress) =>
      new SimulatedDispatcher((options, handler) => dispatch(life, egress, options, handler)),
    async visit(url, { method = 'GET', egress = 'default', ...rest } = {}) {
      const target = new URL(url);
      const path = target.pathname + target.search;
      const { broker, request } = requestOf({ origin: target.origin, path, method, ...rest }, egress);
      const dialect = dialects.get(broker);
      const operation = dialect?.identify(request);
      return dialect && operation ? dialect.answer(request, operation) : { status: 404 };
    },
    fault(rule) {
      const entry = { rule, left: rule.times ?? Infinity };
      rules.add(entry);
      return { remove: () => void rules.delete(entry) };
    },
    clearFaults: () => rules.clear(),
    calls: (filter = {}) => calls.filter((call) => fits(call, filter)),
    command(broker, name, argument) {
      const said = dialects.get(broker)?.command?.(name, argument);
      if (said === undefined) throw new Error(`The simulated broker "${broker}" knows no command "${name}".`);
      return said;
    },
    introduce: (broker, login) => {
      // Whose logins are whose at the others is for the rows to say.
      if (login.accountIds) dialects.get(broker)?.introduce?.(login);
    },
  };
}

function requestOf(
  options: Dispatcher.DispatchOptions,
  egress: string,
): { readonly broker: string; readonly request: DialectRequest } {
  const url = new URL(options.path, HOST);
  const [, broker = ''] = url.pathname.split('/');
  const { body, headers } = options;
  const given = typeof headers === 'object' && headers !== null ? Object.entries(headers) : [];
  return {
    broker,
    request: {
      method: options.method,
      path: url.pathname.slice(broker.length + 1) || '/',
      query: url.searchParams,
      headers: Object.fromEntries(given.map(([name, value]) => [name.toLowerCase(), String(value)])),
      body: typeof body === 'string' ? body : '',
      egress,
    },
  };
}

function settingsOf(brokers: readonly Broker[]): Readonly<Record<string, string>> {
  return Object.fromEntries(
    brokers.flatMap((broker) =>
      Object.values(broker.baseUrls).map(({ variable, hosts }) => {
        const path = URL.parse(Object.values(hosts)[0] ?? '')?.pathname ?? '';
        return [variable, `${HOST}/${broker.name}${path}`.replace(/\/+$/, '')];
      }),
    ),
  );
}

function fits(call: BrokerCall, { after = 0, ...wanted }: CallFilter): boolean {
  return call.n > after && Object.entries(wanted).every(([name, value]) => Reflect.get(call, name) === value);
}
