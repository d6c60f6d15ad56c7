import { isIP } from 'node:net';
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
  const route = routeOf(settings.server);
  let loading: Promise<Transporter> | undefined;
  const transport = (): Promise<Transporter> => (loading ??= load(route));
  const send = (event: Happening, notice: Notice, thread?: string): Promise<string> =>
    post(subjectOf(event, notice), textOf(event, notice), thread);
  const post = async (subject: string, text: string, thread?: string): Promise<string> => {
    try {
      const mailer = await transport();
      const sent: { readonly messageId?: string } = await mailer.sendMail({
        from: `token-refresher <${route.sender}>`,
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
async function load({ host, port, secure, auth }: MailRoute): Promise<Transporter> {
  const { createTransport } = await import('nodemailer');
  return createTransport({
    host,
    port,
    secure,
    ...(auth && { auth }),
    connectionTimeout: CALL_MS,
    greetingTimeout: CALL_MS,
    socketTimeout: CALL_MS,
  });
}

/** Where mails go, and who sends them. */
export interface MailRoute {
  readonly host: string;
  readonly port: number;
  readonly secure: boolean;
  readonly auth: { readonly user: string; readonly pass: string } | undefined;
  readonly sender: string;
}

/** Servers want a sender of their own: the user where it is an address, else one on the server's host. */
export function routeOf(server: string): MailRoute {
  const url = new URL(server);
  const secure = url.protocol === 'smtps:';
  const user = decodeURIComponent(url.username);
  // A URL has an IPv6 address in brackets; a socket takes it without.
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
  return {
    host,
    port: url.port ? Number(url.port) : secure ? 465 : 587,
    secure,
    auth: user === '' ? undefined : { user, pass: decodeURIComponent(url.password) },
    sender: user.includes('@') ? user : `token-refresher@${domainOf(host)}`,
  };
}

/** RFC 5321, 4.1.3: what stands for a domain where there is an address only. */
function domainOf(host: string): string {
  const version = isIP(host);
  return version === 0 ? host : version === 6 ? `[IPv6:${host}]` : `[${host}]`;
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
