import type { Clock } from '../core/clock.ts';
import type { Network, TokenStore } from '../core/store.ts';
import type { Mirror } from '../mirror/index.ts';
import type { Keepsake } from '../tending/parts.ts';
import type { Doings } from './doings.ts';

export interface NetworkKeepsakeParts {
  readonly mirror: Pick<Mirror, 'recallNetwork' | 'note' | 'keep'>;
  readonly store: Pick<TokenStore, 'silence' | 'recharge'>;
  readonly clock: Clock;
}

/** What the mirror holds beyond single accounts: of an egress, and of all on an API key. */
export function makeNetworkKeepsake(
  { mirror, store, clock }: NetworkKeepsakeParts,
  doings: Pick<Doings, 'silenced' | 'silentUntil' | 'behindMs'>,
): Pick<Keepsake, 'restoreNetwork' | 'silentUntil' | 'rememberNetwork'> {
  return {
    async restoreNetwork(network, ledger) {
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
      return silentUntil;
    },

    silentUntil: (network) => doings.silentUntil(networkKeys(network)),

    async rememberNetwork(network, change) {
      const { silence, endsAt, failed, succeededAt } = change;
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
      ];
      if (toKeep.length > 0) await mirror.keep(...toKeep);
    },
  };
}

const networkKey = (network: Network): string => `${network.broker}:${network.egress}`;
const networkKeys = (network: Network): readonly string[] => [
  networkKey(network),
  ...(network.key === undefined ? [] : [`${network.broker}:key:${network.key}`]),
];
