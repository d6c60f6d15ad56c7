import type { Clock } from '../core/clock.ts';
import type { Network, TokenStore } from '../core/store.ts';
import type { Trouble } from '../core/session.ts';
import type { KeyWord, Mirror, NetworkChange, Said } from '../mirror/index.ts';
import type { Keepsake } from '../tending/parts.ts';
import type { Doings } from './doings.ts';

export interface NetworkKeepsakeParts {
  readonly mirror: Pick<Mirror, 'recallNetwork' | 'note' | 'keep'>;
  readonly store: Pick<
    TokenStore,
    'silence' | 'recharge' | 'restoreKey' | 'allowKey' | 'keyWord' | 'networkWord'
  >;
  readonly clock: Clock;
}

/** What the mirror holds beyond single accounts: of an egress, and of all on an API key. */
export function makeNetworkKeepsake(
  { mirror, store, clock }: NetworkKeepsakeParts,
  doings: Pick<Doings, 'silenced' | 'silentUntil' | 'behindMs'>,
): Pick<
  Keepsake,
  'restoreNetwork' | 'silentUntil' | 'rememberNetwork' | 'keyWorks' | 'learnKey' | 'learnNetwork'
> {
  /** The latest word on the network's API key, under whichever key of the ring. */
  const wordOn = (network: Network): Said<KeyWord> | undefined =>
    networkKeys(network)
      .flatMap((key) => mirror.recallNetwork(key)?.apiKey ?? [])
      .toSorted((a, b) => a.saidAt - b.saidAt)
      .at(-1);
  const saidOf = (network: Network, apiKey: KeyWord): readonly NetworkChange[] =>
    networkKeys(network)
      .slice(1)
      .map((key) => ({ network: key, apiKey }));

  /** Why the key is refused, by the later of the disk's word and Redis'. */
  async function restoreKey(network: Network, found: Trouble | undefined): Promise<Trouble | undefined> {
    const word = wordOn(network);
    if (!word) return found;
    if (word.value !== 'works') return found ?? (await store.restoreKey(network, word.value, clock.now()));
    if (!found || found.at > word.saidAt) return found;
    await store.allowKey(network);
    return undefined;
  }

  return {
    async restoreNetwork(network, ledger, refusedKey) {
      const silences = networkKeys(network).map((key) => ({ key, known: mirror.recallNetwork(key) }));
      let silentUntil = 0;
      for (const { key, known } of silences) {
        if (known?.silence) {
          const { leftMs } = await store.silence(network, known.silence, 'redis');
          if (leftMs > 0) silentUntil = Math.max(silentUntil, clock.now() + leftMs);
        }
        if (ledger && known && key === networkKey(network) && known.failedSignIns.length > 0) {
          await store.recharge(network, ledger, known.failedSignIns);
        }
      }
      return { silentUntil, refusedKey: await restoreKey(network, refusedKey) };
    },

    silentUntil: (network) => doings.silentUntil(networkKeys(network)),

    async rememberNetwork(network, change) {
      const { silence, endsAt, failed, succeededAt, apiKey } = change;
      const key =
        silence?.scope === 'key' ? (networkKeys(network)[1] ?? networkKey(network)) : networkKey(network);
      if (silence) doings.silenced(key, silence.until);
      if (succeededAt !== undefined) mirror.note({ network: networkKey(network), succeededAt });
      // Of those that nobody answered a later one tells as much.
      if (failed?.as === 'unknown') mirror.note({ network: networkKey(network), failed });
      const toKeep = [
        ...(failed?.as === 'refused' ? [{ network: networkKey(network), failed }] : []),
        // A disk has no clock: dated by Redis', it says the same to whoever puts it back.
        ...(silence
          ? [{ network: key, silence: { ...silence, until: endsAt ?? silence.until + doings.behindMs() } }]
          : []),
        ...(apiKey ? saidOf(network, apiKey) : []),
      ];
      if (toKeep.length > 0) await mirror.keep(...toKeep);
    },

    async keyWorks(network, refusedKey, calledAt) {
      const known = wordOn(network)?.value;
      const isRefusedHere = typeof known === 'object' && known.at < calledAt;
      if (!refusedKey && !isRefusedHere) return;
      await store.allowKey(network);
      await mirror.keep(...saidOf(network, 'works'));
    },

    async learnKey(network) {
      if (network.key === undefined) return;
      const known = wordOn(network);
      const word = await store.keyWord(network);
      // What was said meanwhile is newer than what was read.
      if (!word || wordOn(network)?.saidAt !== known?.saidAt) return;
      // Redis went back to a time before the key worked again.
      if (known?.value === 'works' && word !== 'works' && word.at <= known.saidAt) return;
      mirror.note(...saidOf(network, word));
    },

    async learnNetwork(network, ledger) {
      const { silence, failed, succeededAt } = await store.networkWord(network, ledger, clock.now());
      const key = networkKey(network);
      const known = mirror.recallNetwork(key);
      const told = new Set(known?.failedSignIns.map(({ member, as }) => `${as} ${member}`));
      const isNews = silence !== undefined && silence.until > (known?.silence?.until ?? 0);
      mirror.note(
        ...(isNews ? [{ network: key, silence }] : []),
        ...failed
          .filter(({ member, as }) => !told.has(`${as} ${member}`))
          .map((each) => ({ network: key, failed: each })),
        ...(succeededAt > 0 ? [{ network: key, succeededAt }] : []),
      );
    },
  };
}

const networkKey = (network: Network): string => `${network.broker}:${network.egress}`;
const networkKeys = (network: Network): readonly string[] => [
  networkKey(network),
  ...(network.key === undefined ? [] : [network.key, ...(network.olderKeys ?? [])]).map(
    (key) => `${network.broker}:key:${key}`,
  ),
];
