import { createHmac } from 'node:crypto';
import { CALL_MS, ChannelError, type Channel, type Notice } from './channel.ts';
import { morningText } from './morning.ts';
import { morningReport, reportOf, textOf, type Happening } from './plain-text.ts';

export interface WebhookSettings {
  readonly url: string;
  /** Signs what is sent; undefined: it goes unsigned. */
  readonly secret: string | undefined;
}

/** Carries `t=<unix seconds>,v1=<hex>`: HMAC-SHA256 over `<t>.<body>`, so that an old message cannot be sent again. */
export const SIGNATURE_HEADER = 'token-refresher-signature';

/** Alerts as JSON to any HTTP endpoint: one POST for each thing that happened. */
export function webhookChannel(settings: WebhookSettings): Channel {
  const tell = (event: Happening, notice: Notice): Promise<void> =>
    post({ ...reportOf(event, notice), text: textOf(event, notice) }, notice.now);
  const post = async (report: object, now: number): Promise<void> => {
    const body = JSON.stringify(report);
    const answer = await fetch(settings.url, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        ...(settings.secret !== undefined && {
          [SIGNATURE_HEADER]: signatureOf(settings.secret, body, now),
        }),
      },
      body,
      redirect: 'error',
      signal: AbortSignal.timeout(CALL_MS),
    }).catch(() => undefined);
    if (answer === undefined) throw new ChannelError('the webhook cannot be reached', 'transient');
    await answer.body?.cancel();
    if (!answer.ok) throw refusal(answer);
  };
  return {
    name: 'webhook',
    setting: 'ALERT_WEBHOOK_URL',
    // Every change is a POST.
    calls: false,
    prepare: () => Promise.resolve(),
    async open(notice) {
      await tell('opened', notice);
      // It has no message of its own to come back to: every change is a POST with the incident's id.
      return notice.incident.id;
    },
    async edit(_, notice) {
      await tell('changed', notice);
      return 'edited';
    },
    remind: (notice) => tell('reminder', notice),
    close: (_, notice) => tell('recovered', notice),
    greet: (morning, now) => post({ ...morningReport(morning, now), text: morningText(morning) }, now),
    stop: () => undefined,
  };
}

/** @param now ms since the epoch */
export function signatureOf(secret: string, body: string, now: number): string {
  const seconds = Math.floor(now / 1000);
  const digest = createHmac('sha256', secret).update(`${seconds}.${body}`).digest('hex');
  return `t=${seconds},v1=${digest}`;
}

function refusal(answer: Response): ChannelError {
  const { status } = answer;
  const reason = `the webhook answered ${status}`;
  if (status === 429) {
    const seconds = Number(answer.headers.get('retry-after'));
    return new ChannelError(reason, 'throttled', seconds > 0 ? seconds * 1000 : undefined);
  }
  if (status === 401 || status === 403 || status === 404 || status === 410)
    return new ChannelError(reason, 'dead');
  return new ChannelError(
    reason,
    status >= 400 && status < 500 && status !== 408 ? 'unacceptable' : 'transient',
  );
}
