import type { Config } from '../config/index.ts';
import type { Desk } from '../http/desk.ts';
import { startHeartbeat, type HeartbeatParts } from './heartbeat.ts';
import { startMornings, type MorningParts } from './morning.ts';
import type { Releases } from './releases.ts';

interface TellingsParts
  extends
    Pick<MorningParts, 'configured' | 'isHoliday' | 'alerts' | 'clock' | 'log'>,
    Pick<HeartbeatParts, 'reasons'> {
  readonly config: Pick<Config, 'heartbeatUrl' | 'alertTimes'>;
  readonly desk: Pick<Desk, 'accounts'>;
  readonly alertUrl: string;
}

/** What the service says while all is well, so that its silence means something. */
export function startTellings(parts: TellingsParts, releases: Releases): void {
  const { config, desk } = parts;
  if (config.heartbeatUrl !== undefined) {
    const heartbeat = startHeartbeat({ ...parts, url: config.heartbeatUrl, accounts: desk.accounts });
    releases.add(() => heartbeat.stop());
  }
  const { morning, zone } = config.alertTimes;
  if (morning !== undefined) {
    const link = `${parts.alertUrl}/dashboard`;
    const mornings = startMornings({ ...parts, at: morning, zone, link, accounts: desk.accounts });
    releases.add(() => mornings.stop());
  }
}
