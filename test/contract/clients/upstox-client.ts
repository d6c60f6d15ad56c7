import sdk from 'upstox-js-sdk';

const DEADLINE_MS = 5_000;

export interface Answered {
  readonly data?: unknown;
  readonly status?: number;
  readonly text?: string;
}

/** One call of Upstox' own client: its data, or the status and text it failed with. */
export function called(call: (done: sdk.Callback) => void): Promise<Answered> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error('the client did not come back')), DEADLINE_MS);
    call((error, data) => {
      clearTimeout(timer);
      resolve(error ? { status: error.status ?? 0, text: error.response?.text ?? '' } : { data });
    });
  });
}

export function upstoxClient(basePath: string, token?: string): sdk.ApiClient {
  const client = new sdk.ApiClient();
  client.basePath = basePath;
  client.timeout = DEADLINE_MS;
  if (token !== undefined) client.authentications.OAUTH2.accessToken = token;
  return client;
}

export const field = (data: unknown, name: string): unknown =>
  typeof data === 'object' && data !== null ? Reflect.get(data, name) : undefined;
