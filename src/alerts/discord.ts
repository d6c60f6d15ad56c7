import type { WebhookClient, WebhookClientOptions, WebhookMessageCreateOptions } from 'discord.js';
import { CALL_MS, ChannelError, type Channel } from './channel.ts';
import { isCalling } from './deliveries.ts';
import { closeText, greetText, openText, remindText, type Text } from './discord-message.ts';

export interface DiscordSettings {
  /** From the webhook's URL; the token is a secret. */
  readonly id: string;
  readonly token: string;
  /** REST base without the version, e.g. `https://discord.com/api`. */
  readonly api: string;
  /** Who is mentioned when an incident opens: a user's id, `<@user>`, `<@&role>`, `@here` or `@everyone`. */
  readonly mention?: string | undefined;
}

type AllowedMentions = NonNullable<WebhookMessageCreateOptions['allowedMentions']>;
type MakeRequest = NonNullable<NonNullable<WebhookClientOptions['rest']>['makeRequest']>;

/** Discord's own code for a message that was deleted; see Discord docs, "JSON Error Codes". */
const UNKNOWN_MESSAGE = 10008;

/** The id and token of a webhook's URL, or undefined where it is none. */
export function parseWebhookUrl(url: string): { readonly id: string; readonly token: string } | undefined {
  const match = /\/webhooks\/(\d+)\/([\w-]+)\/?(?:[?#]|$)/.exec(url);
  return match?.[1] !== undefined && match[2] !== undefined ? { id: match[1], token: match[2] } : undefined;
}

/** Alerts by a Discord webhook. discord.js (27 MB) is loaded only once this channel is used. */
export function discordChannel(settings: DiscordSettings): Channel {
  const mention = settings.mention?.replace(/^\d+$/, '<@$&>');
  let loading: Promise<WebhookClient> | undefined;
  const client = (): Promise<WebhookClient> => {
    loading ??= load(settings).catch((error: unknown) => {
      loading = undefined;
      throw error;
    });
    return loading;
  };
  const post = async (text: Text, whom?: string): Promise<string> => {
    const allowedMentions = mentionable(whom);
    const content = whom === undefined ? text.content : `${whom} ${text.content}`;
    const webhook = await client();
    // Discord answers with the message; a stand-in that does not has no id to edit by.
    const message: { readonly id?: unknown } = await webhook.send({ ...text, content, allowedMentions });
    return typeof message.id === 'string' ? message.id : '';
  };

  return {
    name: 'discord',
    setting: 'DISCORD_WEBHOOK_URL',
    calls: mention !== undefined,
    prepare: () =>
      classified(async () => {
        await client();
      }),
    // While there is time, and at an hour at which nobody is there, it is written down, and nobody called.
    open: (notice) =>
      classified(() => post(openText(notice), isCalling(notice.incident) ? mention : undefined)),
    edit: (message, notice) =>
      classified(async () => {
        const webhook = await client();
        try {
          await webhook.editMessage(message, {
            ...openText(notice),
            allowedMentions: mentionable(undefined),
          });
          return 'edited';
        } catch (error) {
          // Without a code it may be either; where the webhook itself is gone, posting will tell.
          const gone = statusOf(error) === 404 && [UNKNOWN_MESSAGE, undefined].includes(codeOf(error));
          if (gone) return 'gone';
          throw error;
        }
      }),
    remind: (notice) =>
      classified(async () => {
        await post(remindText(notice), mention);
      }),
    close: (_message, notice) =>
      classified(async () => {
        await post(closeText(notice));
      }),
    greet: (morning) =>
      classified(async () => {
        await post(greetText(morning));
      }),
    stop: () => {
      loading
        ?.then((webhook) => {
          webhook.destroy();
        })
        .catch(() => undefined);
    },
  };
}

async function load(settings: DiscordSettings): Promise<WebhookClient> {
  const discord = await import('discord.js');
  return new discord.WebhookClient(
    { id: settings.id, token: settings.token },
    {
      allowedMentions: { parse: [] },
      rest: {
        api: settings.api.replace(/\/+$/, ''),
        version: '10',
        timeout: CALL_MS,
        // One layer retries: the sender. discord.js would post again after a timeout, or wait for a
        // rate limit inside the call, longer than the lease lasts.
        retries: 0,
        rejectOnRateLimit: () => true,
        makeRequest,
      },
    },
  );
}

/**
 * One request, its body included, within CALL_MS: discord.js times the headers only. A 429 that says
 * its delay in the body alone gets the header that discord.js reads.
 */
const makeRequest: MakeRequest = async (url, init) => {
  const headers = new Headers();
  for (const [name, value] of Object.entries(init.headers ?? {})) headers.set(name, String(value));
  const answer = await fetch(url, {
    method: init.method ?? 'GET',
    headers,
    body: typeof init.body === 'string' ? init.body : null,
    redirect: 'error',
    signal: AbortSignal.timeout(CALL_MS),
  });
  const text = await answer.text();
  const answerHeaders = new Headers(answer.headers);
  if (answer.status === 429 && !answerHeaders.has('retry-after')) {
    const delay = /"retry_after"\s*:\s*(\d+(?:\.\d+)?)/.exec(text)?.[1];
    if (delay !== undefined) answerHeaders.set('retry-after', delay);
  }
  const empty = answer.status === 204 || answer.status === 304;
  return new Response(empty ? null : text, {
    status: answer.status,
    statusText: answer.statusText,
    headers: answerHeaders,
  });
};

/** Nobody is pinged but whom the operator named: account names may look like a mention. */
function mentionable(mention: string | undefined): AllowedMentions {
  if (mention === undefined) return { parse: [] };
  if (/@(everyone|here)/.test(mention)) return { parse: ['everyone'] };
  const ids = (pattern: RegExp): string[] =>
    [...mention.matchAll(pattern)].flatMap((match) => match[1] ?? []);
  return { parse: [], users: ids(/<@!?(\d+)>/g), roles: ids(/<@&(\d+)>/g) };
}

async function classified<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    throw classify(error);
  }
}

/** discord.js's errors carry the URL, and so the token: only what is listed here gets out. */
function classify(error: unknown): ChannelError {
  const status = statusOf(error);
  const code = codeOf(error);
  if (error instanceof Error && 'retryAfter' in error && typeof error.retryAfter === 'number') {
    return new ChannelError(
      'Discord asks for silence (429)',
      'throttled',
      Math.max(error.retryAfter, timeToReset(error)),
    );
  }
  if (status === undefined) {
    return new ChannelError(`Discord cannot be reached (${reachError(error)})`, 'transient');
  }
  const reason = `Discord answered ${status}${code === undefined ? '' : `, code ${code}`}`;
  if (status === 401 || status === 403 || status === 404) return new ChannelError(reason, 'dead');
  return new ChannelError(
    reason,
    status >= 400 && status < 500 && status !== 408 ? 'unacceptable' : 'transient',
  );
}

function timeToReset(error: Error): number {
  return 'timeToReset' in error && typeof error.timeToReset === 'number' ? error.timeToReset : 0;
}

function statusOf(error: unknown): number | undefined {
  return error instanceof Error && 'status' in error && typeof error.status === 'number'
    ? error.status
    : undefined;
}

function codeOf(error: unknown): number | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'number' ? error.code : undefined;
}

function reachError(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  if (cause instanceof Error && 'code' in cause && typeof cause.code === 'string') return cause.code;
  return cause instanceof Error ? cause.name : 'unknown';
}
