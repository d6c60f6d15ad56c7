/** One BullMQ job scheduler per account, and a worker that logs in and sets the token. */
import { readFileSync } from 'node:fs';
import { Queue, Worker } from 'bullmq';
import { Redis } from 'ioredis';
import { makeRefresh, type LoopTask } from './loop.ts';

const task = JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8')) as LoopTask;
const redis = new Redis(task.redisUrl);
const refresh = makeRefresh(task, redis);
const { hostname: host, port } = new URL(task.redisUrl);
const connection = { host, port: Number(port) };
const HOUR_MS = 3_600_000;
const every = task.everyMs ?? HOUR_MS;
const retention = { removeOnComplete: true, removeOnFail: 100 };
const queue = new Queue<{ user: string }>('bench', { connection, skipVersionCheck: true });
await Promise.all(
  task.users.map((user) =>
    queue.upsertJobScheduler(
      `account-${user}`,
      { every },
      { name: 'refresh', data: { user }, opts: retention },
    ),
  ),
);
const worker = new Worker<{ user: string }>('bench', (job) => refresh(job.data.user), {
  connection,
  concurrency: task.concurrency,
  skipVersionCheck: true,
});
const end = async (): Promise<void> => {
  await worker.close();
  await queue.close();
  redis.disconnect();
};
process.once('SIGTERM', () => {
  end().catch(() => process.exit(1));
});
