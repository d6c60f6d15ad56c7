import type { IncomingMessage, ServerResponse } from 'node:http';
import { z } from 'zod';
import { isLoopback } from './bench.ts';
import { readBody } from './body.ts';
import { faultKinds } from './faults.ts';
import type { Simulator } from './simulator.ts';

/** Where the simulator itself is spoken to, beside the brokers' mounts. */
export const CONTROL_PREFIX = '/_simulator/';

const MAX_BODY_BYTES = 64 * 1024;
const whole = z.int().min(0);

const faultBody = z.strictObject({
  broker: z.string(),
  kind: z.enum(faultKinds),
  operation: z.string().exactOptional(),
  username: z.string().exactOptional(),
  times: whole.min(1).exactOptional(),
  share: z.number().min(0).max(1).exactOptional(),
  ms: whole.exactOptional(),
  status: z.int().min(200).max(599).exactOptional(),
  type: z
    .string()
    .regex(/^[\w.+-]+\/[\w.+-]+(?:; ?[\w-]+=[\w-]+)?$/)
    .exactOptional(),
});
const clockBody = z.union([z.strictObject({ shiftMs: z.int() }), z.strictObject({ at: whole })]);
const switchBody = z.strictObject({ broker: z.string(), name: z.string(), value: z.json() });
const passwordBody = z.strictObject({
  broker: z.string(),
  username: z.string(),
  password: z.string().nullable(),
});
const commandBody = z.strictObject({
  broker: z.string(),
  name: z.string(),
  argument: z.string().exactOptional(),
});
const callsQuery = z.strictObject({
  broker: z.string().exactOptional(),
  operation: z.string().exactOptional(),
  username: z.string().exactOptional(),
  egress: z.string().exactOptional(),
  fault: z.string().exactOptional(),
  status: z.coerce.number().exactOptional(),
  effect: z.stringbool().exactOptional(),
  after: z.coerce.number().exactOptional(),
});

/**
 * The simulator's own HTTP interface, for tests and people outside its process; what it does is what
 * `Simulator` does. This machine only: it can read who logged in and break what others rely on.
 */
export async function control(
  simulator: Simulator,
  url: URL,
  incoming: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const reply = (status: number, body: unknown): void => {
    response.writeHead(status, { 'content-type': 'application/json' });
    response.end(JSON.stringify(body));
  };
  if (!isLocal(incoming)) return reply(403, { error: 'this machine only' });
  const call = `${incoming.method} /${url.pathname.slice(CONTROL_PREFIX.length)}`;
  // A page in a browser on this machine cannot send JSON here without being asked for permission first.
  if (incoming.method === 'POST' && !incoming.headers['content-type']?.startsWith('application/json')) {
    return reply(415, { error: 'send application/json' });
  }
  try {
    reply(200, carryOut(simulator, call, url.searchParams, await jsonOf(incoming)) ?? { done: true });
  } catch (error) {
    if (error instanceof z.ZodError) return reply(400, { error: z.prettifyError(error) });
    reply(400, { error: error instanceof Error ? error.message : 'it failed' });
  }
}

function carryOut(simulator: Simulator, call: string, query: URLSearchParams, body: unknown): unknown {
  switch (call) {
    case 'GET /calls':
      return simulator.calls(callsQuery.parse(Object.fromEntries(query)));
    case 'GET /settings':
      return simulator.settings;
    case 'GET /clock':
      return { now: simulator.clock.now() };
    case 'POST /clock': {
      const told = clockBody.parse(body);
      if ('at' in told) simulator.clock.set(told.at);
      else simulator.clock.shift(told.shiftMs);
      return { now: simulator.clock.now() };
    }
    case 'POST /faults':
      simulator.fault(faultBody.parse(body));
      return undefined;
    case 'DELETE /faults':
      simulator.clearFaults();
      return undefined;
    case 'POST /switches': {
      const { broker, name, value } = switchBody.parse(body);
      simulator.setSwitch(broker, name, value);
      return undefined;
    }
    case 'POST /passwords': {
      const { broker, username, password } = passwordBody.parse(body);
      simulator.setPassword(broker, username, password ?? undefined);
      return undefined;
    }
    case 'POST /command': {
      const { broker, name, argument } = commandBody.parse(body);
      return simulator.command(broker, name, argument);
    }
    default:
      throw new Error('The simulator has no such control.');
  }
}

function isLocal(incoming: IncomingMessage): boolean {
  const named = URL.parse(`http://${incoming.headers.host ?? ''}`)?.hostname ?? '';
  return isLoopback(incoming.socket.remoteAddress ?? '') && isLoopback(named);
}

async function jsonOf(incoming: IncomingMessage): Promise<unknown> {
  const text = await readBody(incoming, MAX_BODY_BYTES);
  if (text === undefined) throw new Error('The body is too large.');
  if (text === '') return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return value;
  } catch {
    // The parser's message would echo a password.
    throw new Error('The body is no JSON.');
  }
}
