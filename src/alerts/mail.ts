import type { Transporter } from 'nodemailer';
import { CALL_MS, ChannelError, type Channel, type Notice } from './channel.ts';
import { countsOf, morningText } from './morning.ts';
import { subjectOf, textOf, type Happening } from './plain-text.ts';

export interface MailSettings {
  /** `smtp://` or `smtps://`, with user and password. Secret. */
  readonly server: string;
  readonly to: readonly string[];
}

/**
 * Alerts by e-mail: one when an incident begins, one for each reminder, one when it is over, in one
 * thread. What only grows is not said again: nobody wants a mail for each of forty accounts.
 */
export function mailChannel(settings: MailSettings): Channel {
  let loading: Promise<Transporter> | undefined;
  const transport = (): Promise<Transporter> => (loading ??= load(settings.server));
  const send = (event: Happening, notice: Notice, thread?: string): Promise<string> =>
    post(subjectOf(event, notice), textOf(event, notice), thread);
  const post = async (subject: string, text: string, thread?: string): Promise<string> => {
    try {
      const mailer = await transport();
      const sent: { readonly messageId?: string } = await mailer.sendMail({
        from: senderOf(settings),
        to: [...settings.to],
        subject,
        text,
        ...(thread && { inReplyTo: thread, references: thread }),
      });
      return sent.messageId ?? '';
    } catch (error) {
      throw classify(error);
    }
  };
  return {
    name: 'mail',
    setting: 'SMTP_URL',
    calls: true,
    async prepare() {
      await transport();
    },
    open: (notice) => send('opened', notice),
    edit: () => Promise.resolve('edited'),
    async remind(notice) {
      await send('reminder', notice, notice.incident.sent['mail']?.message);
    },
    async close(message, notice) {
      await send('recovered', notice, message);
    },
    async greet(morning) {
      await post(`[morning] ${countsOf(morning)}`, morningText(morning));
    },
    stop: () => {
      loading?.then((mailer) => mailer.close()).catch(() => undefined);
    },
  };
}

/** Loaded only where mail is set. */
async function load(server: string): Promise<Transporter> {
  const { createTransport } = await import('nodemailer');
  const url = new URL(server);
  const isImplicitTls = url.protocol === 'smtps:';
  return createTransport({
    host: url.hostname,
    port: url.port ? Number(url.port) : isImplicitTls ? 465 : 587,
    secure: isImplicitTls,
    ...(url.username && {
      auth: { user: decodeURIComponent(url.username), pass: decodeURIComponent(url.password) },
    }),
    connectionTimeout: CALL_MS,
    greetingTimeout: CALL_MS,
    socketTimeout: CALL_MS,
  });
}

/** Servers want a sender of their own: the user where it is an address, else one on the server's host. */
function senderOf({ server }: MailSettings): string {
  const { username, hostname } = new URL(server);
  const user = decodeURIComponent(username);
  return `token-refresher <${user.includes('@') ? user : `token-refresher@${hostname}`}>`;
}

/** The mailer's own message may hold what the server said about the login. */
function classify(error: unknown): ChannelError {
  const code = error instanceof Error && 'responseCode' in error ? error.responseCode : undefined;
  const status = typeof code === 'number' ? code : undefined;
  const reason =
    status === undefined ? 'the mail server cannot be reached' : `the mail server answered ${status}`;
  if (status === 535 || status === 530) return new ChannelError(reason, 'dead');
  return new ChannelError(reason, status !== undefined && status >= 500 ? 'unacceptable' : 'transient');
}
