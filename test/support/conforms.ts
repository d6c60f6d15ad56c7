import { expect } from 'vitest';
import { codesOf, faultSchema } from '../../src/http/api/document.ts';
import { operations, type Operation } from '../../src/http/api/operations.ts';

/** An answer of the service, whoever asked for it. */
export interface Said {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly status: number;
  readonly body: unknown;
}

/** Fails where an answer is not what the OpenAPI document says: its status, every field of it, the code of a fault. */
export function expectConforming({ method, path, status, body }: Said): void {
  const operation = operationOf(method, path);
  const what = `${method} ${path} ${status}`;
  const schema = operation.answers[status]?.schema;
  if (schema !== undefined) {
    // What the schema does not name is not in what it reads.
    expect(schema.parse(body), what).toEqual(body);
    return;
  }
  const codes = codesOf(operation)[status];
  expect(codes, what).toBeDefined();
  const said = faultSchema(operation, status).parse(body);
  expect(said, what).toEqual(body);
  expect(codes, what).toContain(said.code);
}

function operationOf(method: string, path: string): Operation {
  const [asked = ''] = path.split('?');
  const found = operations.find(
    (each) => each.method === method && new RegExp(`^${each.path.replaceAll(/:\w+/g, '[^/]+')}$`).test(asked),
  );
  if (found === undefined) throw new Error(`the document has no ${method} ${asked}`);
  return found;
}
