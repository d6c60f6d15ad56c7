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

/** No secret in clear but where it belongs, in Redis or on a disk. */
export function watchSecrets(world: World, latest: () => readonly Issued[]): { checkDisks(): void } {
  const { keyspace } = world.redisServer;
  let of = { entries: world.entries(), ...secretsIn(world.entries()) };
  world.onStep((changed) => {
    for (const key of changed) {
      const value = shownValue(key);
      if (value === '') continue;
      if (of.entries !== world.entries()) of = { entries: world.entries(), ...secretsIn(world.entries()) };
      const isPublic = /^(?:token|auth|meta):/.test(key);
      const isTold =
        of.hidden.some((secret) => value.includes(secret)) ||
        (!isPublic && of.shownInMeta.some((secret) => value.includes(secret))) ||
        latest().some(
          ({ token, renewal }) =>
            (renewal !== undefined && value.includes(renewal)) || (!isPublic && value.includes(token)),
        );
      if (isTold) broken(`a secret lies in clear in ${key}`);
    }
  });

  return {
    checkDisks() {
      const text = world
        .disks()
        .flatMap((disk) => disk.texts())
        .join('\n');
      const { hidden, shownInMeta } = secretsIn(world.entries());
      const tokens = latest().flatMap(({ token, renewal = token }) => [token, renewal]);
      if ([...hidden, ...shownInMeta, ...tokens].some((secret) => text.includes(secret))) {
        broken('a secret lies in clear on a disk');
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
      default:
        return '';
    }
  }
}
