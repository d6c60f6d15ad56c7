import { describe, expect, it } from 'vitest';
import { operations } from '../../../src/http/api/operations.ts';
import { account, bearer, fakeDesk, serve } from './support.ts';

interface Described {
  readonly security: readonly object[];
  readonly responses: Readonly<Record<string, object>>;
  readonly requestBody?: { readonly content: object };
}
interface Document {
  readonly openapi: string;
  readonly info: { readonly version: string };
  readonly paths: Readonly<Record<string, Readonly<Record<string, Described>>>>;
}

const url = '/api/openapi.json';

async function document(): Promise<Document> {
  const { app } = await serve(fakeDesk([account('one')]));
  return (await app.inject({ url, headers: bearer })).json<Document>();
}

const written = (path: string): string => path.replaceAll(/:(\w+)/g, '{$1}');

describe('the OpenAPI document', () => {
  it('is for whoever is signed in', async () => {
    const { app, cookie } = await serve(fakeDesk([]));
    const status = async (headers: Record<string, string>) => (await app.inject({ url, headers })).statusCode;
    expect([await status({}), await status(bearer), await status(cookie())]).toEqual([401, 200, 200]);
  });

  it('has every route of the API, and those a broker, a probe or a browser comes to', async () => {
    const { app } = await serve(fakeDesk([]));
    const { paths } = await document();
    const routes = registered(app.printRoutes({ commonPrefix: false }));
    const api = routes.filter(({ path }) => path.startsWith('/api/'));
    expect(api.length).toBeGreaterThan(8);
    for (const { method, path } of api)
      expect(paths[written(path)]?.[method.toLowerCase()], `${method} ${path}`).toBeDefined();
    const described = Object.entries(paths).flatMap(([path, each]) =>
      Object.keys(each).map((method) => `${method.toUpperCase()} ${path}`),
    );
    expect(described).toEqual(operations.map(({ method, path }) => `${method} ${written(path)}`));
  });

  it('says of each route of the API who may call it and how it refuses', async () => {
    const { paths } = await document();
    for (const [path, each] of Object.entries(paths)) {
      for (const [method, { security, responses, requestBody }] of Object.entries(each)) {
        const statuses = Object.keys(responses);
        if (path.startsWith('/api/')) {
          expect(security.flatMap((one) => Object.keys(one))).toEqual(['bearer', 'session']);
          expect(statuses).toEqual(expect.arrayContaining(['400', '401', '429', '500', '503']));
          if (path.includes('{name}')) expect(statuses).toContain('404');
        }
        if (method === 'post' && requestBody)
          expect(statuses).toEqual(expect.arrayContaining(['403', '413', '415']));
      }
    }
  });

  it('has every way in which a browser login may end, as the page and as JSON', async () => {
    const responses = (await document()).paths['/callback']?.['get']?.responses ?? {};
    expect(Object.keys(responses)).toEqual(['200', '400', '409', '429', '500', '502', '503']);
    for (const response of Object.values(responses)) {
      expect(response).toMatchObject({ content: { 'text/html': {}, 'application/json': {} } });
    }
    expect(responses['503']).toMatchObject({ headers: { 'retry-after': {} } });
  });

  it('holds no link that leads nowhere, and no schema without a reader', async () => {
    const text = JSON.stringify(await document());
    const wanted = new Set(
      [...text.matchAll(/"\$ref":"#\/components\/schemas\/(\w+)"/g)].map(([, id]) => id),
    );
    const there = (JSON.parse(text) as { components: { schemas: object } }).components.schemas;
    expect([...wanted].sort()).toEqual(Object.keys(there).sort());
  });
});

/** What `printRoutes` draws, as routes. */
function registered(tree: string): readonly { readonly method: string; readonly path: string }[] {
  const at: string[] = [];
  return tree.split('\n').flatMap((line) => {
    const [, indent = '', part = '', methods = ''] =
      /^([│ ]*)[├└]── (\S*)(?: \(([A-Z, ]+)\))?$/.exec(line) ?? [];
    if (part === '') return [];
    at.length = indent.length / 4;
    at.push(part);
    const path = at.join('');
    return methods === '' ? [] : methods.split(', ').map((method) => ({ method, path }));
  });
}
