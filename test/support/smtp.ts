import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { track } from './leaks.ts';

/** A mail server of our own: it takes every message, or none, and remembers them. */
export interface FakeMailServer {
  /** What SMTP_URL is set to. */
  readonly url: string;
  readonly mails: { readonly from: string; readonly to: readonly string[]; readonly text: string }[];
  /** Answers this to every recipient from now on; undefined: takes them. */
  refuse: string | undefined;
  stop(): Promise<void>;
}

export async function startMailServer(): Promise<FakeMailServer> {
  const server = createServer((socket) => converse(socket));
  const sockets = new Set<Socket>();
  const fake: FakeMailServer = {
    url: '',
    mails: [],
    refuse: undefined,
    async stop() {
      untrack();
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };

  function converse(socket: Socket): void {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket)).on('error', () => undefined);
    let [from, to]: [string, string[]] = ['', []];
    let data: string | undefined;
    let buffered = '';
    const say = (line: string): void => void socket.write(`${line}\r\n`);
    say('220 mail.simulated ESMTP');
    socket.setEncoding('utf8').on('data', (chunk: string) => {
      buffered += chunk;
      for (let end = buffered.indexOf('\r\n'); end >= 0; end = buffered.indexOf('\r\n')) {
        const line = buffered.slice(0, end);
        buffered = buffered.slice(end + 2);
        if (data !== undefined && line !== '.') {
          data += `${line}\n`;
        } else if (data !== undefined) {
          fake.mails.push({ from, to, text: data });
          [to, data] = [[], undefined];
          say('250 taken');
        } else if (/^(EHLO|HELO)/i.test(line)) say('250 mail.simulated');
        else if (/^MAIL FROM:/i.test(line)) {
          from = /<([^>]*)>/.exec(line)?.[1] ?? '';
          // RFC 5321, 4.1.3: an address stands in brackets where a domain would be. Postfix says so in these words.
          say(/@[\d.:]+$/.test(from) ? '501 5.1.7 Bad sender address syntax' : '250 ok');
        } else if (/^RCPT TO:/i.test(line) && fake.refuse !== undefined) say(fake.refuse);
        else if (/^RCPT TO:/i.test(line)) {
          to.push(/<([^>]*)>/.exec(line)?.[1] ?? '');
          say('250 ok');
        } else if (/^DATA/i.test(line)) {
          data = '';
          say('354 go on');
        } else if (/^QUIT/i.test(line)) {
          say('221 bye');
          socket.end();
        } else say('250 ok');
      }
    });
  }

  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the mail server does not listen');
  Object.assign(fake, { url: `smtp://127.0.0.1:${address.port}` });
  const untrack = track('a mail server', () => fake.stop());
  return fake;
}
