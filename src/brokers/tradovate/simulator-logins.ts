import { z } from 'zod';
import type { DialectAnswer, DialectHost, DialectRequest } from '../../core/dialect.ts';
import type { Penalties } from './simulator-penalties.ts';
import type { Sessions } from './simulator-sessions.ts';
import { bridgeError, bridgeToken, nativeToken, wrongBridge, wrongNative } from './simulator-words.ts';
import { switched } from './simulator-switches.ts';

const UNAPPROVED = 'This device is not recognized. Approve the new device by the e-mail we sent you.';

/** The two ways to a token by password, and what stands in their way. */
export interface Logins {
  bridge(request: DialectRequest): DialectAnswer;
  native(request: DialectRequest): DialectAnswer;
  /** Whom a login is for, where its body tells. */
  usernameOf(request: DialectRequest): string | undefined;
  setStatus(username: string, status: string): void;
  /** Takes the devices that wait for an e-mail; says how many. */
  approveDevices(username?: string): number;
}

const nativeBody = z.looseObject({
  name: z.string().min(1),
  password: z.string().min(1),
  deviceId: z.string().optional(),
  cid: z.union([z.number(), z.string()]).optional(),
  sec: z.string().optional(),
  'p-ticket': z.string().optional(),
});
const formBody = z.record(z.string(), z.coerce.string());

/** What is wrong with a login, before any words are chosen for it. */
type Fault = 'password' | 'device' | { readonly userStatus: string };

export function makeLogins(host: DialectHost, sessions: Sessions, penalties: Penalties): Logins {
  const statuses = new Map<string, string>();
  const devices = new Map<string, { readonly username: string; approved: boolean }>();

  const faultOf = (username: string, password: string, device: string): Fault | undefined => {
    if (!host.accepts(username, password)) return 'password';
    const userStatus = statuses.get(username) ?? 'Active';
    if (userStatus !== 'Active') return { userStatus };
    if (switched(host, 'deviceApproval') === 'off') return undefined;
    const key = `${username} ${device}`;
    const known = devices.get(key) ?? { username, approved: false };
    devices.set(key, known);
    return known.approved ? undefined : 'device';
  };

  const bridge = (request: DialectRequest): DialectAnswer => {
    const form = formOf(request, host);
    const { login: username, password, 'p-ticket': ticket, ...rest } = form ?? {};
    if (!username || !password) return { status: 400 };
    if (!isDressed(host, request)) return { status: 403 };
    if (switched(host, 'bridge.penalties') === 'on') {
      const body = JSON.stringify([username, password, rest]);
      const attempt = { endpoint: 'login', egress: request.egress, body, ticket, waitOnly: false } as const;
      const inTheWay = penalties.inTheWay(attempt);
      if (inTheWay) return inTheWay;
    }
    const fault = faultOf(username, password, 'bridge');
    if (!fault) return bridgeToken(host, sessions.open(username, 'bridge'));
    if (switched(host, 'bridge.countsForLimits') === 'on') penalties.count('login', request.egress);
    if (fault === 'password') return wrongBridge(host);
    return fault === 'device'
      ? bridgeError(host, UNAPPROVED)
      : { status: 200, body: { s: 'error', ...fault } };
  };

  const native = (request: DialectRequest): DialectAnswer => {
    const read = nativeBody.safeParse(jsonOf(request.body));
    if (!read.success) return { status: 400 };
    const { 'p-ticket': ticket, ...body } = read.data;
    const { name, password, deviceId = '', cid, sec } = body;
    if (typeof cid === 'string' && switched(host, 'cidAsString') === 'refused') {
      return { status: 400 };
    }
    const bound = JSON.stringify(body);
    const attempt = {
      endpoint: 'login',
      egress: request.egress,
      body: bound,
      ticket,
      waitOnly: false,
    } as const;
    const inTheWay = penalties.inTheWay(attempt);
    if (inTheWay) return inTheWay;
    const lacksKey = switched(host, 'apiKeyNeeded') === 'on' && (cid === undefined || !sec);
    const fault = lacksKey ? 'password' : faultOf(name, password, deviceId);
    if (!fault) {
      const hasDevice = deviceId !== '' && !deviceId.includes('wrong');
      return nativeToken(host, sessions.open(name, 'native', hasDevice), 'login');
    }
    penalties.count('login', request.egress);
    if (fault === 'password') return wrongNative(host);
    return { status: 200, body: fault === 'device' ? { errorText: UNAPPROVED } : fault };
  };

  return {
    bridge,
    native,
    usernameOf: (request) => {
      const native = nativeBody.safeParse(jsonOf(request.body));
      return native.success ? native.data.name : formOf(request, host)?.['login'];
    },
    setStatus: (username, status) => void statuses.set(username, status),
    approveDevices: (username) => {
      const waiting = [...devices.values()].filter(
        (device) => !device.approved && (username === undefined || device.username === username),
      );
      for (const device of waiting) device.approved = true;
      return waiting.length;
    },
  };
}

const TRADING_VIEW = 'https://www.tradingview.com';

/** Whether a bridge login has the headers that switch `bridge.browserHeaders` wants; which ones are needed, nobody knows. */
function isDressed(host: DialectHost, { headers }: DialectRequest): boolean {
  switch (switched(host, 'bridge.browserHeaders')) {
    case 'not needed':
      return true;
    case 'needed':
      return headers['origin'] === TRADING_VIEW && headers['referer'] === `${TRADING_VIEW}/`;
    case 'accept-language':
      return /^[a-z*]/i.test(headers['accept-language'] ?? '');
    case 'user-agent':
      return /^Mozilla\//.test(headers['user-agent'] ?? '');
    case 'sec-fetch':
      return ['site', 'mode', 'dest'].every((part) => headers[`sec-fetch-${part}`]);
  }
}

/** The login's fields, from a form or (switch `bridge.accept`: `form or json`, `form`) from JSON. */
function formOf(
  request: DialectRequest,
  host: DialectHost,
): Readonly<Record<string, string | undefined>> | undefined {
  const type = request.headers['content-type'] ?? '';
  if (type.startsWith('application/x-www-form-urlencoded')) {
    return Object.fromEntries(new URLSearchParams(request.body));
  }
  const takesJson = switched(host, 'bridge.accept') === 'form or json';
  if (!takesJson || !type.startsWith('application/json')) return undefined;
  return formBody.safeParse(jsonOf(request.body)).data;
}

function jsonOf(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text);
    return value;
  } catch {
    return undefined;
  }
}
