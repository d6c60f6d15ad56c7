import { afterEach, describe, expect, test } from 'vitest';
import { answered, streaming, v3 } from '../../support/rows/ig-row.ts';
import { MINUTE_MS, openScene, SECOND_MS, type Scene } from './scene.ts';

/* IG names each call in its answer (X-REQUEST-ID); a question to its support begins with that name. */

let scene: Scene;
afterEach(() => scene.stop());

const served = async (more: object): Promise<Scene> => {
  scene = await openScene({ broker: 'ig', entry: { ...v3, ...more } });
  await scene.enable();
  await scene.world.runUntil('a token', () => scene.world.token(scene.name) !== undefined, MINUTE_MS);
  return scene;
};

describe('a call that fails -> the log has its X-REQUEST-ID', () => {
  test.each([
    ['refresh-token', 'refresh.failed', {}],
    ['session', 'token.unproved', { verify: true }],
    ['session-tokens', 'token.incomplete', { streaming: streaming['streaming'] }],
    ['accounts', 'accounts.unlisted', { discoverAccounts: true }],
  ])('%s: %s', async (operation, event, more) => {
    const { world, name, ...here } = await served(operation === 'accounts' ? {} : more);
    await here.arrange(() => answered(operation, 403, 'error.security.api-key-restricted')(here.stage));
    if (operation === 'accounts') {
      world.writeEntries([{ broker: 'ig', ...v3, ...more }]);
      await world.reload();
    }
    await world.runFor(MINUTE_MS);
    const failed = here.sent(operation).find(({ status }) => status === 403);
    const line = world.log.find(({ fields }) => fields['event'] === event && fields['account'] === name);
    expect(line?.fields['requestId']).toMatch(/^made-up-\d+$/);
    expect(line?.fields['requestId']).toBe(failed?.call.answer?.headers?.['X-REQUEST-ID']);
  });

  test('what nobody answered has none', async () => {
    const { world, ...here } = await served({});
    await here.arrange(() => void world.fault({ broker: 'ig', operation: 'refresh-token', kind: 'drop' }));
    await world.runFor(30 * SECOND_MS + 10 * SECOND_MS);
    const line = world.log.find(({ fields }) => fields['event'] === 'refresh.failed');
    expect(line).toBeDefined();
    expect(line?.fields['requestId']).toBeUndefined();
  });
});
