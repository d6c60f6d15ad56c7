export { inspectConfig, readConfig, type Basis, type Config, type Inspection } from './config.ts';
export type { Channels, DiscordWebhook } from './channels.ts';
export { noHolidays, type Holidays } from './holidays.ts';
export { parseRedisUrl, type Endpoint, type RedisLogin, type RedisTarget } from './redis.ts';
export { loadOrMakeSecret, presentSealingKeys, readServiceSecrets, type ServiceSecrets } from './secrets.ts';
export { thisProcess, type Scope, type Surroundings } from './settings.ts';
export { prepareStateDir } from './state-dir.ts';
export { widenThreadPool } from './threads.ts';
export type { TrustProxy } from './values.ts';
