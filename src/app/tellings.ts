import type { Config } from '../config/index.ts';
import type { Desk } from '../http/desk.ts';
import type { Accounts } from './accounts.ts';
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
  readonly accounts: Pick<Accounts, 'observed'>;
}

/** What the service says while all is well, so that its silence means something. */
export function startTellings(parts: TellingsParts, releases: Releases): void {
  const { config } = parts;
  /** What somebody else serves has an alert of its own where it is missing: it is no lack of this service. */
  const accounts: Desk['accounts'] = async () => {
    const observed = new Set(parts.accounts.observed().map(({ name }) => name));
    return (await parts.desk.accounts()).filter(({ name }) => !observed.has(name));
  };
  if (config.heartbeatUrl !== undefined) {
    const heartbeat = startHeartbeat({ ...parts, url: config.heartbeatUrl, accounts });
    releases.add(() => heartbeat.stop());
  }
  const { morning, zone } = config.alertTimes;
  if (morning !== undefined) {
    const link = `${parts.alertUrl}/dashboard`;
    const mornings = startMornings({ ...parts, at: morning, zone, link, accounts });
    releases.add(() => mornings.stop());
  }
}
