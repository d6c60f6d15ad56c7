import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { expect, test } from 'vitest';

const MAIN = new URL('../../../src/simulator/main.ts', import.meta.url).pathname;

test('the simulator as a process says where it is, serves, and ends on SIGTERM', async () => {
  const child = spawn(process.execPath, [MAIN, '--port', '0'], { stdio: ['ignore', 'pipe', 'inherit'] });
  try {
    const [line] = await once(createInterface(child.stdout), 'line');
    const { url, settings } = JSON.parse(String(line));
    expect(settings).toMatchObject({ TRADOVATE_BRIDGE_URL: `${url}/tradovate` });
    expect((await fetch(`${url}/_simulator/calls`)).status).toBe(200);
    child.kill('SIGTERM');
    expect(await once(child, 'exit')).toEqual([0, null]);
  } finally {
    child.kill('SIGKILL');
  }
}, 20_000);

test('it ends with 2 where it is started wrongly', async () => {
  const child = spawn(process.execPath, [MAIN, '--port', 'none'], { stdio: 'ignore' });
  expect(await once(child, 'exit')).toEqual([2, null]);
}, 20_000);
