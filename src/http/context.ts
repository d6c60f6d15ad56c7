import type { Clock } from '../core/clock.ts';
import type { Log } from '../core/log.ts';
import type { Access } from './access.ts';
import type { Desk } from './desk.ts';
import type { KnowsHost } from './hosts.ts';
import type { Assets } from './page/assets.ts';

/** What a scrape is answered with; `text` rejects where it cannot be had. */
export interface MetricsText {
  readonly contentType: string;
  text(): Promise<string>;
}

/** What the routes work with. */
export interface HttpContext {
  readonly desk: Desk;
  readonly metrics: MetricsText;
  readonly access: Access;
  readonly clock: Clock;
  readonly log: Log;
  readonly assets: Assets;
  readonly version: string;
  /** Where people's logins and brokers reach this service. */
  readonly publicUrl: URL;
  /** Where people reach the page. */
  readonly pageUrl: URL;
  readonly knowsHost: KnowsHost;
  /** A broker's name for people. */
  readonly titleOf: (broker: string) => string;
  /** What stands on the page while it holds, e.g. that all brokers are simulated. */
  readonly remarks: () => readonly string[];
  /** The settings in force, for people: no secret. */
  readonly settings: readonly { readonly name: string; readonly value: string }[];
}
