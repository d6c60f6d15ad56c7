import type { Redis } from 'ioredis';
import { KEY_REFUSED_MS } from '../core/consequence.ts';
import type { Network, TokenStore } from '../core/store.ts';
import { keys } from './keys.ts';
import { readTrouble } from './record.ts';

/** Stands where a refusal stood; earlier versions read it as none. */
const WORKS = '';

/** The fingerprints of the network's API key, that of the sealing key first. */
export const ringKeys = ({ key, olderKeys = [] }: Network): readonly string[] =>
  key === undefined ? [] : [key, ...olderKeys];

/** Where the word on an API key stands: under each of its fingerprints. */
export const wordKeys = (network: Network): readonly string[] =>
  ringKeys(network).map((key) => keys.refusedKey(network.broker, key));

/** What a broker says of an API key, for all accounts on it. */
export function makeKeyWords(
  redis: Redis,
): Pick<TokenStore, 'refuseKey' | 'allowKey' | 'keyWord' | 'restoreKey'> {
  async function say(network: Network, word: string): Promise<void> {
    for (const key of wordKeys(network)) await redis.set(key, word, 'PX', KEY_REFUSED_MS);
  }

  /** As a look reads them (`acquire.lua`): the one that lasts longest was said last. */
  const keyWord: TokenStore['keyWord'] = async (network) => {
    const standing = await Promise.all(
      wordKeys(network).map((key) => Promise.all([redis.get(key), redis.pttl(key)])),
    );
    const word = standing.toSorted(([, a], [, b]) => b - a)[0]?.[0] ?? undefined;
    return word === WORKS ? 'works' : readTrouble(word);
  };

  return {
    refuseKey: (network, trouble) => say(network, JSON.stringify(trouble)),
    // A word as well, not none: whoever has the refusal on disk must not bring it back.
    allowKey: (network) => say(network, WORKS),
    keyWord,
    async restoreKey(network, trouble, now) {
      const left = Math.min(trouble.at + KEY_REFUSED_MS - now, KEY_REFUSED_MS);
      if (left <= 0) return undefined;
      const word = await keyWord(network);
      if (word) return word === 'works' ? undefined : word;
      const text = JSON.stringify(trouble);
      for (const key of wordKeys(network)) await redis.set(key, text, 'PX', left, 'NX');
      const said = await keyWord(network);
      return said === 'works' ? undefined : said;
    },
  };
}
