import { Agent, type Dispatcher } from 'undici';
import { brokers } from '../../src/brokers/index.ts';
import type { Broker, Call, Connection, Grant, RawEntry } from '../../src/core/broker.ts';
import type { Simulator } from '../../src/simulator/index.ts';
import { makeRig, offered, type Rig } from './rig.ts';

/** Which part of a connection a call is made by. */
export type Part =
  'signIn' | 'renew' | 'probe' | 'discover' | 'reach' | 'signOut' | 'consent.receive' | 'consent.request';

/** A kind of login: the sample's, or one whose calls are others. */
interface Kind {
  readonly name: string;
  readonly changes: RawEntry;
  /** Calls that come before the one that counts, and change nothing at the broker. */
  readonly preludes?: readonly string[];
  /** What has to be there before, e.g. a registration. */
  readonly arrange?: (simulator: Simulator) => void;
}

const apiKey = {
  appId: 'made-up-app',
  appVersion: '1.0',
  deviceId: 'made-up-device',
  cid: 7,
  sec: 'made-up-api-secret',
};
/** A broker that is not in it has one kind of login. */
const kinds: Readonly<Record<string, readonly Kind[]>> = {
  tradovate: [
    { name: 'bridge', changes: { renew: true } },
    { name: 'api', changes: { login: 'api', api: apiKey } },
  ],
  ig: [
    { name: 'v3', changes: {} },
    { name: 'v2', changes: { session: 'v2' } },
    {
      name: 'v2, encrypted',
      changes: { session: 'v2', encryptPassword: true },
      preludes: ['encryption-key'],
    },
  ],
  upstox: [
    {
      name: 'request',
      changes: { approval: 'request' },
      arrange: (simulator) => simulator.setSwitch('upstox', 'notifierUrl', 'http://127.0.0.1:9/none'),
    },
  ],
};

/** One part of one kind of login. */
export interface Subject {
  readonly broker: Broker;
  readonly kind: Kind;
  readonly part: Part;
}

/** A rig for one call, and what came in over the wire for it. */
export interface HostileRig extends Rig {
  /** Everything before the call, then the call. */
  attempt(subject: Subject): Promise<(call: Call) => Promise<unknown>>;
  /** Bytes of bodies that were taken in so far. */
  taken(): number;
  /** The same as text. */
  text(): string;
}

export async function makeHostileRig({ broker, kind }: Subject): Promise<HostileRig> {
  const chunks: Buffer[] = [];
  const dispatcher = new Agent().compose(tap((chunk) => chunks.push(Buffer.from(chunk))));
  const rig = await makeRig(broker, { dispatcher });
  kind.arrange?.(rig.simulator);
  const connection = rig.connect({ ...rig.sample.entry, ...kind.changes });
  return {
    ...rig,
    async attempt({ part }) {
      const attempt = await preparedFor(rig, connection, part);
      chunks.length = 0;
      return attempt;
    },
    taken: () => chunks.reduce((sum, chunk) => sum + chunk.length, 0),
    text: () => Buffer.concat(chunks).toString(),
  };
}

/** Sees each piece of a body on its way in. */
const tap =
  (see: (chunk: Uint8Array) => void): Dispatcher.DispatcherComposeInterceptor =>
  (dispatch) =>
  (options, handler) =>
    dispatch(options, {
      ...handler,
      onResponseData(controller, chunk) {
        see(chunk);
        handler.onResponseData?.(controller, chunk);
      },
    });

async function preparedFor(
  rig: Rig,
  connection: Connection,
  part: Part,
): Promise<(call: Call) => Promise<unknown>> {
  const { consent } = connection;
  const withGrant = async <T>(
    method: ((grant: Grant, call: Call) => Promise<T>) | undefined,
  ): Promise<(call: Call) => Promise<T>> => {
    const grant = await rig.grant(connection);
    return (call) => offered(method)(grant, call);
  };
  switch (part) {
    case 'signIn':
    case 'consent.receive':
      return rig.prepared(connection);
    case 'renew':
      return withGrant(connection.renew);
    case 'probe':
      return withGrant(connection.probe);
    case 'discover':
      return withGrant(connection.discover);
    case 'signOut':
      return withGrant(connection.signOut);
    case 'reach':
      return (call) => offered(connection.reach)(call);
    case 'consent.request':
      return (call) => offered(consent?.request)(call);
  }
}

/** What a connection offers, one part each. */
function partsOf({ consent, ...connection }: Connection): readonly Part[] {
  const plain = ['signIn', 'renew', 'probe', 'discover', 'reach', 'signOut'] as const;
  return [
    ...plain.filter((part) => connection[part] !== undefined),
    ...(consent ? (['consent.receive'] as const) : []),
    ...(consent?.request ? (['consent.request'] as const) : []),
  ];
}

async function subjectsOf(broker: Broker): Promise<readonly (readonly [string, Subject])[]> {
  const found: (readonly [string, Subject])[] = [];
  for (const kind of kinds[broker.name] ?? [{ name: 'sample', changes: {} }]) {
    const rig = await makeRig(broker);
    const parts = partsOf(rig.connect({ ...rig.sample.entry, ...kind.changes }));
    await rig.stop();
    for (const part of parts) found.push([`${broker.name} (${kind.name}) ${part}`, { broker, kind, part }]);
  }
  return found;
}

/** Every part of every kind of login of every broker, by name. */
export const hostileSubjects = (await Promise.all(brokers.map(subjectsOf))).flat();
