import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { afterEach, expect, it } from 'vitest';
import { systemClock } from '../../src/core/clock.ts';
import { within } from '../../src/tending/deadline.ts';

/* A process that stood still past a call's deadline, with the answer in its socket or without. */

const TIMEOUT_MS = 300;
const server = `
  const { createServer } = require('node:http');
  const { parentPort, workerData } = require('node:worker_threads');
  createServer((_, answer) => void setTimeout(() => answer.end('an answer'), workerData))
    .listen(0, '127.0.0.1', function () { parentPort.postMessage(this.address().port) });
`;
let worker: Worker | undefined;
afterEach(() => worker?.terminate());

async function callWhileStandingStill(answersAfterMs: number): Promise<string> {
  worker = new Worker(server, { eval: true, workerData: answersAfterMs });
  const [port] = (await once(worker, 'message')) as [number];
  const call = within(systemClock, TIMEOUT_MS, [], async (signal) => {
    const answer = await fetch(`http://127.0.0.1:${port}/`, { signal });
    return answer.text();
  });
  // The request has to be out; then nothing runs here.
  await systemClock.sleep(TIMEOUT_MS / 3);
  // Timers are next after this.
  await new Promise((resolve) => setImmediate(resolve));
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 2 * TIMEOUT_MS);
  return call;
}

it('an answer that came in time is read, though its deadline has passed', async () => {
  expect(await callWhileStandingStill(TIMEOUT_MS / 2)).toBe('an answer');
});

it('a call without an answer is given up all the same', async () => {
  await expect(callWhileStandingStill(60_000)).rejects.toThrow('The call took too long.');
});
