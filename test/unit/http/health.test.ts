import { describe, expect, it } from 'vitest';
import { fakeDesk, serve } from './support.ts';

describe('/livez', () => {
  it('answers while the process works, whatever else does not, to GET and HEAD', async () => {
    const { app } = await serve(
      fakeDesk([], { readiness: () => Promise.reject(new Error('Redis is away')) }),
    );
    const answer = await app.inject({ url: '/livez' });
    expect([answer.statusCode, answer.json()]).toEqual([200, { status: 'ok', version: '0.0.0-test' }]);
    expect((await app.inject({ method: 'HEAD', url: '/livez' })).statusCode).toBe(200);
  });
});

describe('/readyz', () => {
  it('answers 200 where all is ready', async () => {
    const { app } = await serve(fakeDesk([]));
    const answer = await app.inject({ url: '/readyz' });
    expect([answer.statusCode, answer.json()]).toEqual([200, { status: 'ready', reasons: [], details: [] }]);
  });

  it('answers 503 with the reasons', async () => {
    const reasons = ['Redis does not answer', 'the schedule is 40 s late'];
    const details = ['alerts by discord do not get through and are tried again'];
    const { app } = await serve(
      fakeDesk([], { readiness: async () => ({ ready: false, reasons, details }) }),
    );
    const answer = await app.inject({ url: '/readyz' });
    expect(answer.statusCode).toBe(503);
    expect(answer.json()).toEqual({
      status: 'error',
      code: 'NOT_READY',
      message: 'Redis does not answer; the schedule is 40 s late',
      reasons,
      details,
    });
  });

  it('answers 200 where only a channel for alerts is dead, and says so', async () => {
    const details = [
      'alerts by discord are not taken any more: only a person can mend the channel; it is tried again every hour',
    ];
    const { app } = await serve(
      fakeDesk([], { readiness: async () => ({ ready: true, reasons: [], details }) }),
    );
    const answer = await app.inject({ url: '/readyz' });
    expect([answer.statusCode, answer.json()]).toEqual([200, { status: 'ready', reasons: [], details }]);
  });

  it('answers 503 where it cannot be found out', async () => {
    const { app } = await serve(fakeDesk([], { readiness: () => Promise.reject(new Error('no')) }));
    expect((await app.inject({ url: '/readyz' })).statusCode).toBe(503);
  });

  it('answers 503 in time where nothing answers it', async () => {
    const asked = Promise.withResolvers<void>();
    const readiness = (): Promise<never> => {
      asked.resolve();
      return new Promise(() => undefined);
    };
    const { app, clock } = await serve(fakeDesk([], { readiness }));
    const answer = app.inject({ url: '/readyz' }).then((response) => response);
    await asked.promise;
    clock.move(2_000);
    expect((await answer).json()).toMatchObject({ reasons: ['no answer about readiness within 2 s'] });
  });
});
