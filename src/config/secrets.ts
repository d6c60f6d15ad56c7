import { randomUUID } from 'node:crypto';
import { link, open, readFile, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { errnoOf } from '../core/errno.ts';
import { ConfigurationError, type Fault } from '../core/errors.ts';
import type { Config } from './config.ts';
import { secretKeys } from './values.ts';

/** What the service itself must keep secret. */
export interface ServiceSecrets {
  /** 32 bytes each; the first seals, all open. */
  readonly sealingKeys: readonly Buffer[];
  readonly adminToken: string;
}

const KEY_BYTES = 32;

/**
 * The sealing keys and the admin token: as configured, else from the state folder, where each is made
 * on the first start. Throws `ConfigurationError`.
 * @param randomBytes as in `node:crypto`
 */
export async function readServiceSecrets(
  config: Pick<Config, 'secretKeys' | 'adminToken' | 'stateDir'>,
  randomBytes: (size: number) => Buffer,
): Promise<ServiceSecrets> {
  const made = (encoding: 'base64' | 'base64url') => (): string => randomBytes(KEY_BYTES).toString(encoding);
  const keys = config.secretKeys ?? (await keysOf(join(config.stateDir, 'secret.key'), made('base64')));
  const adminToken =
    config.adminToken ?? (await loadOrMakeSecret(join(config.stateDir, 'admin-token'), made('base64url')));
  return { sealingKeys: keys.map((key) => Buffer.from(key, 'base64')), adminToken };
}

/** The sealing keys that there are already, without making any; undefined where there is none yet. */
export async function presentSealingKeys(
  config: Pick<Config, 'secretKeys' | 'stateDir'>,
): Promise<readonly Buffer[] | undefined> {
  const text = config.secretKeys ?? (await readSecret(join(config.stateDir, 'secret.key')));
  if (text === undefined) return undefined;
  const parsed = typeof text === 'string' ? secretKeys(text) : { value: text };
  return 'wrong' in parsed ? undefined : parsed.value.map((key) => Buffer.from(key, 'base64'));
}

async function keysOf(path: string, make: () => string): Promise<readonly string[]> {
  const parsed = secretKeys(await loadOrMakeSecret(path, make));
  if ('wrong' in parsed) throw new ConfigurationError([{ at: path, message: parsed.wrong }]);
  return parsed.value;
}

/**
 * The secret kept in `path`, made and kept there (0600) where there is none. Processes that start at
 * once agree on one value. Throws `ConfigurationError` where it can be neither read nor kept.
 */
export async function loadOrMakeSecret(path: string, make: () => string): Promise<string> {
  try {
    return (await readSecret(path)) ?? (await keep(path, make()));
  } catch (error) {
    if (error instanceof ConfigurationError) throw error;
    const message = `cannot be read or made (${errnoOf(error)}): its folder must let this user read, write and link files`;
    throw new ConfigurationError([{ at: path, message }]);
  }
}

/**
 * A link either makes the name with the whole content behind it or fails: nobody reads half a
 * secret, and the second of two processes takes the first one's.
 */
async function keep(path: string, secret: string): Promise<string> {
  const draft = `${path}.${randomUUID()}`;
  try {
    const file = await open(draft, 'wx', 0o600);
    try {
      await file.writeFile(`${secret}\n`);
      // Sealed data outlives a power cut only where its key does.
      await file.sync();
    } finally {
      await file.close();
    }
    await link(draft, path);
    return secret;
  } catch (error) {
    const theirs = errnoOf(error) === 'EEXIST' ? await readSecret(path) : undefined;
    if (theirs === undefined) throw error;
    return theirs;
  } finally {
    await unlink(draft).catch(() => undefined);
  }
}

/** Undefined where there is no such file. */
async function readSecret(path: string): Promise<string | undefined> {
  let text: string;
  try {
    text = (await readFile(path, 'utf8')).trim();
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  }
  if (text !== '') return text;
  const empty: Fault = {
    at: path,
    message:
      'is empty: put the secret back; where it is lost for good, delete the file and a new one is made',
  };
  throw new ConfigurationError([empty]);
}
