import type { Reader } from './reader.ts';
import {
  mailAddresses,
  mailServer,
  parseUrl,
  timeOfDay,
  timeZone,
  webAddress,
  webBase,
  type Parsed,
} from './values.ts';

/** A Discord webhook; its token is as good as a password. */
export interface DiscordWebhook {
  readonly id: string;
  readonly token: string;
  /** Base of Discord's REST interface, without a version. */
  readonly apiUrl: string;
  /** Whom to mention, as Discord writes it. */
  readonly mention: string | undefined;
}

/** Where alerts go; each channel undefined where it is not set. */
export interface Channels {
  readonly discord: DiscordWebhook | undefined;
  readonly webhook: { readonly url: string; readonly secret: string | undefined } | undefined;
  readonly mail: { readonly server: string; readonly to: readonly string[] } | undefined;
}

/** By whose clock people read alerts, and when they are told each morning how many accounts are ready. */
export interface AlertTimes {
  /** IANA name. */
  readonly zone: string;
  /** `HH:MM`; undefined: no such line. */
  readonly morning: string | undefined;
}

const DISCORD_API_URL = 'https://discord.com/api';
const discordHosts = /^(?:(?:ptb|canary)\.)?discord(?:app)?\.com$/;

export function readChannels(reader: Reader): Channels {
  return { discord: readDiscord(reader), webhook: readWebhook(reader), mail: readMail(reader) };
}

export function readAlertTimes(reader: Reader): AlertTimes {
  return {
    zone: reader.read('ALERT_ZONE', 'UTC', timeZone),
    morning: reader.read('ALERT_MORNING_AT', undefined, timeOfDay),
  };
}

function readDiscord(reader: Reader): DiscordWebhook | undefined {
  const apiUrl = reader.read('DISCORD_API_URL', undefined, webBase);
  const mention = reader.text('DISCORD_MENTION');
  const webhook = reader.read('DISCORD_WEBHOOK_URL', undefined, discordWebhook);
  return (
    webhook && { ...webhook, apiUrl: apiUrl === undefined ? webhook.apiUrl : unversioned(apiUrl), mention }
  );
}

function discordWebhook(text: string): Parsed<Pick<DiscordWebhook, 'id' | 'token' | 'apiUrl'>> {
  const url = parseUrl(text);
  const [, prefix, id, token] = /^(.*)\/webhooks\/([\w-]+)\/([\w.-]+)\/?$/.exec(url?.pathname ?? '') ?? [];
  if (
    !url ||
    !/^https?:$/.test(url.protocol) ||
    prefix === undefined ||
    id === undefined ||
    token === undefined
  ) {
    return {
      wrong: 'must be a webhook URL as Discord shows it: https://discord.com/api/webhooks/<id>/<token>',
    };
  }
  const apiUrl = discordHosts.test(url.hostname) ? DISCORD_API_URL : unversioned(`${url.origin}${prefix}`);
  return { value: { id, token, apiUrl } };
}

/** The client adds the version itself. */
const unversioned = (url: string): string => url.replace(/\/v\d+$/, '');

function readWebhook(reader: Reader): Channels['webhook'] {
  const url = reader.read('ALERT_WEBHOOK_URL', undefined, webAddress);
  const secret = reader.text('ALERT_WEBHOOK_SECRET');
  if (secret !== undefined && reader.sourceOf('ALERT_WEBHOOK_URL') === undefined) {
    reader.wrong(
      'ALERT_WEBHOOK_SECRET',
      'does nothing without ALERT_WEBHOOK_URL: set that too, or remove this',
    );
  }
  return url === undefined ? undefined : { url, secret };
}

function readMail(reader: Reader): Channels['mail'] {
  const server = reader.read('SMTP_URL', undefined, mailServer);
  const to = reader.read('ALERT_EMAIL_TO', undefined, mailAddresses);
  const hasServer = reader.sourceOf('SMTP_URL') !== undefined;
  const hasTo = reader.sourceOf('ALERT_EMAIL_TO') !== undefined;
  if (hasServer && !hasTo) reader.wrong('ALERT_EMAIL_TO', 'is missing: SMTP_URL alone sends to nobody');
  if (hasTo && !hasServer)
    reader.wrong('SMTP_URL', 'is missing: ALERT_EMAIL_TO needs a server to send through');
  return server === undefined || to === undefined ? undefined : { server, to };
}
