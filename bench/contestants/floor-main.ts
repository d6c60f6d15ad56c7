/** The floor: p-limit, undici and ioredis in a bare loop. No queue, no record, no lease. */
import { readFileSync } from 'node:fs';
import { Redis } from 'ioredis';
import pLimit from 'p-limit';
import { makeRefresh, type LoopTask } from './loop.ts';

const task = JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8')) as LoopTask;
const redis = new Redis(task.redisUrl);
const refresh = makeRefresh(task, redis);
const limit = pLimit(task.concurrency);
const stop = new AbortController();
process.once('SIGTERM', () => stop.abort());
const isStopping = (): boolean => stop.signal.aborted;
do {
  await Promise.all(task.users.map((user) => limit(async () => (isStopping() ? undefined : refresh(user)))));
} while (task.everyMs !== null && !isStopping());
redis.disconnect();
