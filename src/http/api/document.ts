import { z } from 'zod';
import { askBody, askReply, interventionBody, interventionReply } from '../account-routes.ts';
import { faultCodes, type FaultCode } from '../faults.ts';
import { wish } from '../token-routes.ts';
import { operations, type Answer, type Operation } from './operations.ts';
import * as answers from './schemas.ts';

/** A JSON object of the document. */
export type Json = Readonly<Record<string, unknown>>;

const named: Readonly<Record<string, z.ZodType>> = {
  Account: answers.account,
  Overview: answers.overview,
  RefreshStarted: answers.refreshStarted,
  ActionRequired: answers.actionRequired,
  Fault: answers.fault,
  RefreshRefused: answers.refusal,
  NotReady: answers.notReady,
  Ready: answers.ready,
  Alive: answers.alive,
  Taken: answers.taken,
  Arrived: answers.arrived,
  Plan: answers.plan,
  Explanation: answers.explanation,
  Wish: wish,
  Ask: askBody,
  Asked: askReply,
  Intervention: interventionBody,
  Intervened: interventionReply,
};

/** What stands in a path. */
const parameters: Readonly<Record<string, Json>> = {
  name: {
    description: 'The name consumers read.',
    schema: { type: 'string', pattern: '^[A-Za-z0-9._@-]{1,64}$' },
  },
  broker: { description: 'The broker, as in the credentials file.', schema: { type: 'string' } },
  secret: { description: 'The secret of the account’s webhook.', schema: { type: 'string' } },
};

/** The OpenAPI document of those operations for which there is a route. */
export function openApi(about: {
  readonly version: string;
  readonly url: string;
  readonly hasRoute: (operation: Operation) => boolean;
}): Json {
  const described = operations.filter(about.hasRoute);
  const paths = [...new Set(described.map(({ path }) => path))].map((path) => [
    path.replaceAll(/:(\w+)/g, '{$1}'),
    Object.fromEntries(
      described
        .filter((each) => each.path === path)
        .map((each) => [each.method.toLowerCase(), describe(each)]),
    ),
  ]);
  return {
    openapi: '3.1.0',
    info: {
      title: 'token-refresher',
      version: about.version,
      description:
        'Access tokens of broker accounts, kept fresh. No answer ever holds a token or a secret; instants are ISO 8601 in UTC.',
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [{ url: about.url }],
    paths: Object.fromEntries(paths) as Json,
    components: {
      schemas: components(),
      securitySchemes: {
        bearer: { type: 'http', scheme: 'bearer', description: 'ADMIN_TOKEN' },
        session: {
          type: 'apiKey',
          in: 'cookie',
          name: 'refresher_…',
          description: "The page's sign-in; its name differs by service.",
        },
        ticket: { type: 'apiKey', in: 'query', name: 'ticket', description: 'Of a link in an alert.' },
      },
    },
  };
}

function describe(operation: Operation): Json {
  const inPath = [...operation.path.matchAll(/:(\w+)/g)].map(([, name = '']) => ({
    name,
    in: 'path',
    required: true,
    ...parameters[name],
  }));
  const inQuery = Object.entries(operation.query ?? {}).map(([name, { schema, what }]) => ({
    name,
    in: 'query',
    description: what,
    schema: bare(z.toJSONSchema(schema, { io: 'input' })),
  }));
  return {
    operationId: operation.id,
    summary: operation.summary,
    security: securityOf(operation),
    ...(inPath.length + inQuery.length > 0 && { parameters: [...inPath, ...inQuery] }),
    ...(operation.body && {
      requestBody: {
        required: false,
        content: {
          'application/json': {
            schema: refTo(operation.body.schema),
            examples: Object.fromEntries(
              Object.entries(operation.body.examples).map(([what, value]) => [
                what.replaceAll(' ', '-'),
                { summary: what, value },
              ]),
            ),
          },
        },
      },
    }),
    responses: {
      ...Object.fromEntries(
        Object.entries(operation.answers).map(([status, each]) => [status, answered(each)]),
      ),
      ...faultsOf(operation),
    },
  };
}

function securityOf({ by }: Operation): readonly Json[] {
  const signedIn = [{ bearer: [] }, { session: [] }];
  if (by === 'anybody') return [];
  return by === 'person' ? [...signedIn, { ticket: [] }] : signedIn;
}

function answered({ what, schema, type }: Answer): Json {
  const content = {
    ...(type !== undefined && { [type]: {} }),
    ...(schema !== undefined && { 'application/json': { schema: refTo(schema) } }),
  };
  return { description: what, ...(Object.keys(content).length > 0 && { content }) };
}

/** The schema that a fault of this status is in, by operation. */
export function faultSchema(
  operation: Operation,
  status: number,
): typeof answers.fault | typeof answers.refusal | typeof answers.notReady {
  if (status === 409 && operation.id === 'forceRefresh') return answers.refusal;
  return status === 503 ? answers.notReady : answers.fault;
}

/** The codes of an operation by status: its own and those of its kind. */
export function codesOf({
  by,
  body,
  faults,
  path,
  answers: good,
}: Operation): Readonly<Record<number, readonly FaultCode[]>> {
  const probes = ['/livez', '/readyz', '/metrics'].includes(path);
  const kinds: readonly (readonly [number, FaultCode])[] = [
    [400, 'BAD_REQUEST'],
    ...(by === 'anybody'
      ? []
      : ([
          [400, 'UNKNOWN_HOST'],
          [401, 'UNAUTHORIZED'],
          [503, 'NOT_READY'],
        ] as const)),
    ...(body
      ? ([
          [400, 'INVALID_BODY'],
          [403, 'CROSS_ORIGIN'],
          [413, 'BODY_TOO_LARGE'],
          [415, 'UNSUPPORTED_MEDIA_TYPE'],
        ] as const)
      : []),
    ...(path.startsWith('/webhooks/')
      ? ([
          [413, 'BODY_TOO_LARGE'],
          [415, 'UNSUPPORTED_MEDIA_TYPE'],
        ] as const)
      : []),
    ...(probes ? [] : ([[429, 'TOO_MANY_REQUESTS']] as const)),
    [500, 'INTERNAL'],
    ...Object.entries(faults ?? {}).flatMap(([status, codes]) =>
      codes.map((code) => [Number(status), code] as const),
    ),
  ];
  const statuses = [...new Set(kinds.map(([status]) => status))].filter((status) => !(status in good));
  return Object.fromEntries(
    statuses.map((status) => [
      status,
      [...new Set(kinds.filter(([each]) => each === status).map(([, code]) => code))],
    ]),
  );
}

function faultsOf(operation: Operation): Json {
  return Object.fromEntries(
    Object.entries(codesOf(operation)).map(([status, codes]) => [
      status,
      {
        description: codes.map((code) => `\`${code}\`: ${faultCodes[code]}`).join(' '),
        ...((status === '429' || codes.includes('NOT_NOW')) && {
          headers: { 'retry-after': { description: 'Seconds.', schema: { type: 'integer' } } },
        }),
        content: {
          ...(isPage(operation) && { 'text/html': {} }),
          'application/json': {
            schema: refTo(faultSchema(operation, Number(status))),
            examples: Object.fromEntries(
              codes.map((code) => [code, { value: { status: 'error', code, message: faultCodes[code] } }]),
            ),
          },
        },
      },
    ]),
  );
}

/** Of a route for browsers; its faults are pages, too, but to whoever asks for JSON. */
const isPage = ({ answers: good }: Operation): boolean => good[200]?.type === 'text/html';

function refTo(schema: z.ZodType): Json {
  const name = Object.entries(named).find(([, each]) => each === schema)?.[0];
  if (name === undefined) throw new Error('a schema of the document has no name');
  return { $ref: `#/components/schemas/${name}` };
}

function components(): Json {
  const registry = z.registry<{ id: string }>();
  for (const [id, schema] of Object.entries(named)) registry.add(schema, { id });
  // As they are read: that more fields may come stands in no way of who reads them.
  const { schemas } = z.toJSONSchema(registry, { io: 'input', uri: (id) => `#/components/schemas/${id}` });
  return Object.fromEntries(Object.entries(schemas).map(([id, schema]) => [id, bare(schema)]));
}

/** Without what only a document of its own has. */
function bare({ $schema: _schema, $id: _id, ...schema }: z.core.JSONSchema.BaseSchema): Json {
  return schema;
}
