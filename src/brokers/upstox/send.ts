import type { BrokerIo, Call, HttpAnswer, HttpRequest } from '../../core/broker.ts';
import { BrokerError } from '../../core/errors.ts';
import { MAY_HAVE_ASKED, NEVER_THE_SAME_CODE, type Purpose } from './classify.ts';

const harmless = (message: string) => (code: string) =>
  new BrokerError(message, { kind: 'transient', code, scope: 'broker' });
const unknown = (remedy: string) => (code: string, said: string) =>
  new BrokerError(`${said} ${remedy}`, { kind: 'outcome-unknown', code });

/** What a call that was sent and not answered means: an exchange spends its code, a request may have rung. */
const unanswered: Readonly<Record<Purpose, (code: string, said: string) => BrokerError>> = {
  exchange: unknown(NEVER_THE_SAME_CODE),
  request: unknown(MAY_HAVE_ASKED),
  probe: harmless('Upstox did not answer the profile call; the token is not in doubt.'),
  'sign-out': harmless(
    'Upstox did not answer the logout: the token may still be honoured, until 03:30 IST at the latest.',
  ),
};

/** One call, by the shared pool; throws what its silence means. */
export async function send(
  io: Pick<BrokerIo, 'http'>,
  request: HttpRequest,
  call: Call,
  purpose: Purpose,
): Promise<HttpAnswer> {
  try {
    return await io.http(request, call);
  } catch (error) {
    if (!(error instanceof BrokerError) || !error.sent) throw error;
    throw unanswered[purpose](error.code, error.message);
  }
}
