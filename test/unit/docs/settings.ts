import { brokers } from '../../../src/brokers/index.ts';
import type { Broker, BrokerIo } from '../../../src/core/broker.ts';
import type { DialectHost } from '../../../src/core/dialect.ts';
import { found, sourcesBelow } from './documents.ts';

const clock = { now: () => 0, sleep: () => Promise.resolve() };

const host: DialectHost = {
  clock,
  random: () => 0.5,
  accepts: () => true,
  switch: (_name, byDefault) => byDefault,
  baseUrl: () => 'http://127.0.0.1',
  post: () => undefined,
};

/** What one broker asks the environment for: its accounts, its hosts and its own settings. */
async function askedBy(broker: Broker): Promise<ReadonlySet<string>> {
  const asked = new Set(
    [...Object.values(broker.baseUrls), ...broker.limits].map(({ variable }) => variable),
  );
  const setting = (variable: string): string | undefined => {
    asked.add(variable);
    return undefined;
  };
  broker.fromEnvironment?.((variable) => {
    setting(variable);
    return 'x';
  }, []);
  const make = await broker.dialect?.();
  const read = make && broker.login(make(host).sample.entry);
  if (!read || !('login' in read)) throw new Error(`the sample of ${broker.name} is no login`);
  const io: BrokerIo = {
    clock,
    setting,
    baseUrl: () => 'http://127.0.0.1',
    http: () => Promise.reject(new Error('no call is made here')),
    isHoliday: () => false,
  };
  read.login.connect(io);
  return asked;
}

/** Every setting that src/config or a broker reads. */
export async function settingsRead(): Promise<ReadonlySet<string>> {
  const own = found(sourcesBelow('src/config'), /(?:read|text|sourceOf)\(\s*'([A-Z][A-Z0-9_]*)'/g);
  const theirs = await Promise.all(brokers.map(askedBy));
  return new Set([...own, ...theirs.flatMap((asked) => [...asked])]);
}

/** What is taken from the process's environment itself, so that `.env` cannot give it. */
export function ofTheProcess(settings: ReadonlySet<string>): ReadonlySet<string> {
  const named = found(sourcesBelow('src'), /env\['([A-Z][A-Z0-9_]*)'\]/g);
  return new Set([...named].filter((variable) => !settings.has(variable)));
}
