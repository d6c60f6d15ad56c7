import type { RawEntry } from '../../../src/core/broker.ts';
import type { Issued } from '../truth.ts';
import type { World } from '../world.ts';
import { broken } from './rules.ts';

/** The secrets of a credentials file: those nobody may see, and those that bots read in `meta:`. */
function secretsIn(entries: readonly RawEntry[]): {
  readonly hidden: readonly string[];
  readonly shownInMeta: readonly string[];
} {
  const found = (value: unknown, fields: readonly string[]): readonly string[] =>
    typeof value !== 'object' || value === null
      ? []
      : Object.entries(value).flatMap(([field, part]) =>
          typeof part === 'string' && fields.includes(field) ? [part] : found(part, fields),
        );
  const texts = (fields: readonly string[]): readonly string[] => found(entries, fields);
  return { hidden: texts(['password', 'clientSecret', 'sec']), shownInMeta: texts(['apiKey']) };
}

/** Of what was sent once, so much is looked for. */
const WATCHED_SPENT = 40;

/** What nobody may read now, as of the credentials file and the brokers' newest tokens. */
function makeSecrets(
  world: World,
  latest: () => readonly Issued[],
): (text: string, isPublic: boolean) => boolean {
  let of = { entries: world.entries(), ...secretsIn(world.entries()) };
  /** Codes and refresh tokens as they were sent. */
  const spent: string[] = [];
  world.onCall(({ spends }, what) => {
    if (what !== 'arrived' || spends === undefined) return;
    spent.push(spends);
    spent.splice(0, spent.length - WATCHED_SPENT);
  });
  return (text, isPublic) => {
    if (of.entries !== world.entries()) {
      const now = secretsIn(world.entries());
      // A password of an earlier file may still be right.
      of = { entries: world.entries(), ...now, hidden: [...new Set([...of.hidden, ...now.hidden])] };
    }
    return (
      of.hidden.some((secret) => text.includes(secret)) ||
      spent.some((secret) => text.includes(secret)) ||
      (!isPublic && of.shownInMeta.some((secret) => text.includes(secret))) ||
      latest().some(
        ({ token, renewal }) =>
          (renewal !== undefined && text.includes(renewal)) || (!isPublic && text.includes(token)),
      )
    );
  };
}

/** No secret in clear but where it belongs: in Redis, on a disk, in an event, an alert or the log. */
export function watchSecrets(world: World, latest: () => readonly Issued[]): { checkDisks(): void } {
  const { keyspace } = world.redisServer;
  const tells = makeSecrets(world, latest);
  let told: string | undefined;
  world.onLog(({ fields, message }) => {
    if (tells(`${message} ${JSON.stringify(fields)}`, false))
      told ??= `the log line ${String(fields['event'])}`;
  });
  let [events, heard] = [0, 0];
  world.onStep((changed) => {
    for (const key of changed) {
      const value = shownValue(key);
      if (tells(`${key}\n${value}`, /^(?:token|auth|meta):/.test(key))) told ??= key;
    }
    for (const { event } of world.events.slice(events))
      if (tells(JSON.stringify(event), false)) told ??= 'an event';
    events = world.events.length;
    for (const { text } of world.heard.slice(heard)) if (tells(text, false)) told ??= 'an alert';
    heard = world.heard.length;
    if (told !== undefined) broken(`a secret lies in clear in ${told}`);
  });

  return {
    checkDisks() {
      for (const text of world.disks().flatMap((disk) => disk.texts())) {
        if (tells(text, false)) broken('a secret lies in clear on a disk');
      }
    },
  };

  function shownValue(key: string): string {
    switch (keyspace.typeOf(key)) {
      case 'string':
        return keyspace.find(key, 'string')?.text ?? '';
      case 'hash':
        return [...(keyspace.find(key, 'hash')?.fields ?? [])].flat().join('\n');
      case 'list':
        return (keyspace.find(key, 'list')?.items ?? []).join('\n');
      case 'zset':
        return [...(keyspace.find(key, 'zset')?.scores.keys() ?? [])].join('\n');
      case 'set':
        return [...(keyspace.find(key, 'set')?.members ?? [])].join('\n');
      case 'stream':
        return (keyspace.find(key, 'stream')?.entries ?? []).flatMap(({ fields }) => fields).join('\n');
      default:
        return '';
    }
  }
}
