import { pauseAt } from '../core/pause.ts';
import { keys } from '../redis/keys.ts';
import { run, scripts } from '../redis/scripts.ts';
import { browserLogin, type Person } from './browser-login.ts';
import { loginOnce, type LoginOutcome } from './login-once.ts';
import { openOwnEngine, type OwnEngineOptions } from './own-engine.ts';
import { makeRelay } from './relay.ts';
import { makeReleases, type Releases } from './releases.ts';

export interface FirstLoginOptions extends OwnEngineOptions {
  readonly person: Person;
}

export type FirstLogin = (options: FirstLoginOptions) => Promise<LoginOutcome>;

/** A running service leaves the account to us for so long, ms; then it fulfils the wish itself. */
const OURS_MS = 60_000;

/**
 * One real login of one account with the service's own engine: its token is kept and published as the
 * service would. Throws ConfigurationError where the service would not start either.
 */
export async function signInOnce(options: FirstLoginOptions): Promise<LoginOutcome> {
  const releases = makeReleases(options.log);
  try {
    return await assemble(options, releases);
  } finally {
    await releases.run();
  }
}

async function assemble(options: FirstLoginOptions, releases: Releases): Promise<LoginOutcome> {
  const { config, name } = options;
  const { account, keeper, store, redis, seal, clock, instance, sent } = await openOwnEngine(
    options,
    releases,
  );
  if (pauseAt(await store.peek(name), clock.now())) {
    const message = `${name} is paused, and nothing was sent: "token-refresher resume ${name}" puts it back into service.`;
    return { outcome: 'failed', code: 'paused', message };
  }
  return loginOnce({
    account,
    keeper,
    clock,
    sent,
    present: async () => (await store.peek(name)).session,
    arrival: (consent, { rung, signal }) =>
      browserLogin({
        ...options,
        signal: AbortSignal.any([options.signal, signal]),
        rung,
        consent,
        clock,
        host: config.http.host,
        relay: makeRelay({ redis, seal, name, instance }),
      }),
    ask: async () => {
      const now = clock.now();
      const wish = JSON.stringify({ at: now, rearm: false });
      const places = [keys.record(name), keys.due(account.broker), keys.roster];
      await run(redis, scripts.request, places, [name, wish, now + OURS_MS]);
    },
  });
}
