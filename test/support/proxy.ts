import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { track } from './leaks.ts';

/** A network between a client and a server, and what networks do. */
export interface Proxy {
  readonly port: number;
  /** How long each piece of data takes, either way, ms. */
  latencyMs: number;
  /** New connections lead to this port; those that are open stay where they are. */
  leadTo(port: number): void;
  /** Resets every connection and refuses new ones. */
  cut(): void;
  /** Traffic stops, sockets stay: those that are open, and with `all` those that come as well. */
  blackhole(which: 'open' | 'all'): void;
  /** As before; what was held up goes on its way, as TCP sends it again. */
  heal(): void;
  /** Connections made so far. */
  connections(): number;
  stop(): Promise<void>;
}

interface Link {
  readonly ends: readonly [Socket, Socket];
  hold(): void;
  release(): void;
}

/** @param alter changes what the server says, e.g. in what it tells of itself */
export async function startProxy(to: number, alter?: (text: string) => string): Promise<Proxy> {
  const links = new Set<Link>();
  const state = { target: to, cut: false, hole: false, made: 0 };
  const server = createServer((client) => {
    state.made += 1;
    if (state.cut) return void client.resetAndDestroy();
    const upstream = connect(state.target, '127.0.0.1');
    const link = linkOf(client, upstream);
    links.add(link);
    if (state.hole) link.hold();
    client.once('close', () => links.delete(link));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;

  const proxy: Proxy = {
    port,
    latencyMs: 0,
    leadTo(target) {
      state.target = target;
    },
    cut() {
      state.cut = true;
      for (const { ends } of links) for (const end of ends) end.resetAndDestroy();
    },
    blackhole(which) {
      state.hole = which === 'all';
      for (const link of links) link.hold();
    },
    heal() {
      state.cut = false;
      state.hole = false;
      for (const link of links) link.release();
    },
    connections: () => state.made,
    async stop() {
      untrack();
      for (const { ends } of links) for (const end of ends) end.destroy();
      server.close();
      await once(server, 'close');
    },
  };
  const untrack = track(`a proxy on port ${port}`, () => proxy.stop());

  function linkOf(client: Socket, upstream: Socket): Link {
    const pairs = [
      [client, upstream],
      [upstream, client],
    ] as const;
    for (const [from, into] of pairs) {
      from.setNoDelay(true);
      from.on('error', () => undefined);
      from.on('data', (chunk: Buffer) => {
        const passed =
          alter && from === upstream ? Buffer.from(alter(chunk.toString('latin1')), 'latin1') : chunk;
        if (proxy.latencyMs === 0) into.write(passed);
        else setTimeout(() => into.writable && into.write(passed), proxy.latencyMs);
      });
      from.on('close', () => into.destroy());
    }
    return {
      ends: [client, upstream],
      // Held back unread: not even the end of a connection gets through.
      hold: () => pairs.forEach(([from]) => from.pause()),
      release: () => pairs.forEach(([from]) => from.resume()),
    };
  }
  return proxy;
}
