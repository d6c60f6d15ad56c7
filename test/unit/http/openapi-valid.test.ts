import { expect, it } from 'vitest';
import { bearer, fakeDesk, serve } from './support.ts';

interface Validator {
  readonly version: string;
  validate(document: object): Promise<{ readonly valid: boolean; readonly errors?: unknown }>;
}

/** By a name that is no literal, so that a tree whose `npm ci` is due is still type-checked. */
const PACKAGE: string = '@seriousme/openapi-schema-validator';
const load = async (): Promise<{ readonly Validator: new () => Validator } | undefined> =>
  import(PACKAGE).catch(() => undefined) as Promise<{ readonly Validator: new () => Validator } | undefined>;

it('the OpenAPI document is one by the rules of OpenAPI 3.1', async ({ skip }) => {
  const loaded = await load();
  if (loaded === undefined) return skip(`${PACKAGE} is not installed: run npm ci`);
  const { app } = await serve(fakeDesk([]));
  const answer = await app.inject({ url: '/api/openapi.json', headers: bearer });
  const validator = new loaded.Validator();
  const { valid, errors } = await validator.validate(answer.json<object>());
  expect([valid, errors ?? []]).toEqual([true, []]);
  expect(validator.version).toBe('3.1');
});
