import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { once } from 'node:events';
import { brokers as allBrokers } from '../brokers/index.ts';
import type { Broker } from '../core/broker.ts';
import { systemClock } from '../core/clock.ts';
import type { MakeDialect } from '../core/dialect.ts';
import { makeBench } from './bench.ts';
import { makeMovableClock } from './clock.ts';
import { CONTROL_PREFIX, control } from './control.ts';
import { play, type Exchange, type Mount } from './exchange.ts';
import { makeFaultBook } from './faults.ts';
import { makeLedger, type LedgerEntry } from './ledger.ts';
import type { Simulator, SimulatorOptions } from './simulator.ts';

export type { FaultKind, FaultRule } from './faults.ts';
export type { CallFilter, LedgerEntry } from './ledger.ts';
export type { Simulator, SimulatorOptions } from './simulator.ts';

/** Starts the simulated brokers. Resolves once they listen. */
export async function startSimulator(options: SimulatorOptions = {}): Promise<Simulator> {
  const { brokers = allBrokers, port = 0, host = '127.0.0.1', quiet = true } = options;
  const { clock: real = systemClock, random = Math.random, latencyMs = 0, switches = {} } = options;
  const makers = await Promise.all(
    brokers.map(async (broker) => ({ broker, make: await dialectOf(broker) })),
  );

  const clock = makeMovableClock(real);
  const bench = makeBench(clock, random, switches);
  const faults = makeFaultBook(random);
  const ledger = makeLedger(() => clock.now(), quiet ? undefined : printCall);
  const exchange: Exchange = { ledger, faults, bench, real, latencyMs };
  const mounts = new Map<string, Mount>();

  const server = createServer((incoming, response) => {
    answer(incoming, response).catch(() => response.destroy());
  });
  server.listen(port, host);
  await once(server, 'listening');
  const url = urlOf(server.address());
  for (const { broker, make } of makers) {
    const dialect = make(bench.hostFor(broker.name, `${url}/${broker.name}`));
    mounts.set(broker.name, { broker: broker.name, dialect });
  }

  const settings = settingsOf(brokers, url);
  const simulator: Simulator = {
    url,
    clock,
    settings,
    setting: (variable) => settings[variable],
    calls: ledger.calls,
    inFlight: ledger.inFlight,
    peakInFlight: ledger.peakInFlight,
    waitForCalls: ledger.waitForCalls,
    fault: faults.add,
    clearFaults: faults.clear,
    setSwitch: bench.setSwitch,
    setPassword: bench.setPassword,
    command: (broker, name, argument) => {
      const said = mounts.get(broker)?.dialect.command?.(name, argument);
      if (said === undefined) throw new Error(`The simulated broker "${broker}" knows no command "${name}".`);
      return said;
    },
    introduce: (broker, login) => mounts.get(broker)?.dialect.introduce?.(login),
    sample: (broker) => {
      const mount = mounts.get(broker);
      if (!mount) throw new Error(`There is no simulated broker "${broker}".`);
      return mount.dialect.sample;
    },
    demo: (broker, callbackUrl) => mounts.get(broker)?.dialect.demo?.(callbackUrl),
    stop: async () => {
      if (!server.listening) return;
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
      await bench.idle();
    },
  };

  async function answer(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const target = URL.parse(incoming.url ?? '/', url);
    const mount = mounts.get(target?.pathname.split('/')[1] ?? '');
    if (target && mount) return play(exchange, mount, target, incoming, response);
    if (target?.pathname.startsWith(CONTROL_PREFIX)) return control(simulator, target, incoming, response);
    response.writeHead(404).end();
  }

  return simulator;
}

async function dialectOf(broker: Broker): Promise<MakeDialect> {
  if (!broker.dialect) throw new Error(`The broker "${broker.name}" has no dialect to simulate it with.`);
  return broker.dialect();
}

/** A broker's base URL keeps its path (`/v1`, `/gateway/deal`) behind the mount. */
function settingsOf(brokers: readonly Broker[], url: string): Readonly<Record<string, string>> {
  return Object.fromEntries(
    brokers.flatMap((broker) =>
      Object.values(broker.baseUrls).map(({ variable, hosts }) => {
        const path = URL.parse(Object.values(hosts)[0] ?? '')?.pathname ?? '';
        return [variable, `${url}/${broker.name}${path}`.replace(/\/+$/, '')];
      }),
    ),
  );
}

function urlOf(address: ReturnType<ReturnType<typeof createServer>['address']>): string {
  if (address === null || typeof address === 'string') throw new Error('The simulator does not listen.');
  const { family, port } = address;
  const host = address.address === '0.0.0.0' || address.address === '::' ? '127.0.0.1' : address.address;
  return `http://${family === 'IPv6' && host !== '127.0.0.1' ? `[${host}]` : host}:${port}`;
}

function printCall(entry: LedgerEntry): void {
  process.stdout.write(`${JSON.stringify({ event: 'simulated_call', ...entry })}\n`);
}
