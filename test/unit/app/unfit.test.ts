import { expect, it } from 'vitest';
import { orUnfit } from '../../../src/app/unfit.ts';
import { ConfigurationError } from '../../../src/core/errors.ts';

it('ends a process with code 2 whose Redis is another one by now, and lets other failures be tried again', async () => {
  const gaveUp: unknown[] = [];
  const giveUp = (reason: string, code?: number): void => void gaveUp.push([reason, code]);
  const fault = new ConfigurationError([
    { at: 'SECRET_KEY', message: 'it does not open refresher:keycheck' },
  ]);
  await orUnfit(() => Promise.reject(fault), giveUp)();
  expect(gaveUp).toEqual([[expect.stringContaining('refresher:keycheck'), 2]]);
  await expect(orUnfit(() => Promise.reject(new Error('away')), giveUp)()).rejects.toThrow('away');
  expect(gaveUp).toHaveLength(1);
});
