import pino, { type Logger } from 'pino';
import pretty from 'pino-pretty';

/** Fields that could carry a secret if somebody logged too much; the messages themselves never do. */
const hidden = [
  'token',
  'password',
  'secret',
  'authorization',
  'headers',
  'refresh_token',
  'access_token',
  'clientSecret',
  'apiKey',
];

/**
 * The service's only logger: JSON lines for machines, sentences on a terminal.
 * Every line has a stable `event`; see docs/operating.md.
 */
export function makeLog(level: string, forPeople: boolean, colour: boolean): Logger {
  const options = {
    level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    redact: { paths: hidden.flatMap((field) => [field, `*.${field}`]), censor: '[hidden]' },
    formatters: { level: (label: string) => ({ level: label }) },
  };
  if (!forPeople) return pino(options, pino.destination({ fd: 1, sync: true }));
  return pino(
    options,
    pretty({
      colorize: colour,
      sync: true,
      translateTime: 'SYS:HH:MM:ss',
      ignore: 'event,broker,account,source,generation,expiresAt,nextAt,code,kind,during,tookMs,status',
      hideObject: true,
    }),
  );
}
