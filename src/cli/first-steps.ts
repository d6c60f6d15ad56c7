import { inspectConfig, thisProcess, type Config } from '../config/index.ts';
import { namesOf } from '../core/account.ts';
import { ConfigurationError } from '../core/errors.ts';
import { Failure, notInTheFile } from './failure.ts';
import { inspectAccounts, type Inspected } from './inspect.ts';
import { addressOf, withRedis } from './session.ts';

/** The configuration and the accounts; their faults in one message, and after those that `name` cannot be logged in. */
export async function configuredFor(
  name: string | undefined,
): Promise<Inspected & { readonly config: Config }> {
  const { basis, config, faults } = inspectConfig(thisProcess());
  const inspected = await inspectAccounts(basis, { simulate: config?.simulate ?? false });
  const all = [...faults, ...inspected.faults];
  if (!config || all.length > 0) throw new ConfigurationError(all);
  if (name !== undefined) {
    const account = inspected.accounts.find((each) => namesOf(each).includes(name));
    if (!account) throw notInTheFile(name, inspected.accounts);
    if (!account.enabled || account.observed) {
      const why = account.observed ? 'only observed' : 'disabled';
      throw new Failure('ACCOUNT_DISABLED', `${name} is ${why} in the credentials file.`);
    }
  }
  return { ...inspected, config };
}

/** An embedded Redis belongs to the service that runs it; where none does, the login starts it for itself. */
export async function besideService(config: Config): Promise<Config> {
  if (config.redis.kind !== 'embedded') return config;
  try {
    const redis = await addressOf(config);
    await withRedis({ ...config, redis }, (each) => each.ping());
    return { ...config, redis };
  } catch (error) {
    if (error instanceof Failure) return config;
    throw error;
  }
}

/** A signal ends the wait for a person; a call under way comes to its end, and so does its record. */
export async function untilSignal<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const ending = new AbortController();
  const end = (): void => ending.abort();
  process.once('SIGINT', end).once('SIGTERM', end);
  try {
    return await work(ending.signal);
  } finally {
    process.off('SIGINT', end).off('SIGTERM', end);
  }
}
