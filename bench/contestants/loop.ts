import { request } from 'undici';
import type { Redis } from 'ioredis';

/** What a loop that stands alone is told, as JSON in its last argument. */
export interface LoopTask {
  readonly redisUrl: string;
  readonly brokerUrl: string;
  readonly way: 'login' | 'renewal';
  readonly users: readonly string[];
  readonly concurrency: number;
  readonly everyMs: number | null;
}

/** One refresh with nothing around it: a call, a SET. */
export function makeRefresh(task: LoopTask, redis: Redis): (user: string) => Promise<void> {
  const refreshTokens = new Map<string, string>();
  return async (user) => {
    const { token, lifeS, refresh } =
      task.way === 'login'
        ? await login(task.brokerUrl, user)
        : await renew(task.brokerUrl, user, refreshTokens.get(user));
    if (refresh !== undefined) refreshTokens.set(user, refresh);
    await redis.set(`token:${user}`, token, 'EX', lifeS);
  };
}

interface Refreshed {
  readonly token: string;
  readonly lifeS: number;
  readonly refresh?: string;
}

async function login(brokerUrl: string, user: string): Promise<Refreshed> {
  const answer = await request(`${brokerUrl}/tradovate/authorize?locale=en`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded', accept: 'application/json' },
    body: new URLSearchParams({ locale: 'en', login: user, password: `made-up-${user}` }).toString(),
  });
  const { d } = (await answer.body.json()) as { d: { access_token: string; expiration: number } };
  return { token: d.access_token, lifeS: Math.max(1, d.expiration - Math.floor(Date.now() / 1_000)) };
}

interface Pair {
  readonly access_token: string;
  readonly refresh_token: string;
  readonly expires_in: string;
}

async function renew(brokerUrl: string, user: string, refresh: string | undefined): Promise<Refreshed> {
  const base = `${brokerUrl}/ig/gateway/deal/session`;
  const answer = await request(refresh === undefined ? base : `${base}/refresh-token`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      'x-ig-api-key': `made-up-key-${user}`,
      version: refresh === undefined ? '3' : '1',
    },
    body: JSON.stringify(
      refresh === undefined ? { identifier: user, password: `made-up-${user}` } : { refresh_token: refresh },
    ),
  });
  const body = (await answer.body.json()) as Pair & { readonly oauthToken?: Pair };
  const pair = body.oauthToken ?? body;
  return { token: pair.access_token, lifeS: Number(pair.expires_in), refresh: pair.refresh_token };
}
