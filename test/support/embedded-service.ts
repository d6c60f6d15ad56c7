/** A process that holds an embedded Redis, for tests that kill it. Arguments: state folder, server as JSON. */
import { systemClock } from '../../src/core/clock.ts';
import { startEmbeddedRedis } from '../../src/redis/embedded.ts';
import type { RedisServer } from '../../src/redis/embedded/server.ts';

const [stateDir = '', server = ''] = process.argv.slice(2);
const redis = await startEmbeddedRedis({
  stateDir,
  port: undefined,
  server: JSON.parse(server) as RedisServer,
  clock: systemClock,
  say: (line) => {
    console.error(line);
  },
  onExit: () => undefined,
});
console.log(JSON.stringify({ event: 'up', url: redis.url }));
process.once('SIGTERM', () => void redis.stop().then(() => process.exit(0)));
