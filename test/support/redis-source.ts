/**
 * Where the Redis of the tests comes from; decided once for a run (a global setup of vitest), so that
 * no test waits for an image or a package: TEST_REDIS_URL, a container engine, or a server of this machine.
 */
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { findRedisServer } from '../../src/redis/provision.ts';
import type { RedisServer } from '../../src/redis/embedded/server.ts';

export type RedisSource =
  /** A Redis that is there for tests: it is flushed. */
  | { readonly from: 'url'; readonly url: string }
  | { readonly from: 'container'; readonly image: string }
  | { readonly from: 'binary'; readonly server: RedisServer };

declare module 'vitest' {
  export interface ProvidedContext {
    redisSource: RedisSource;
    /** A server program of this machine, for what runs a process of its own. */
    redisServer: RedisServer | null;
  }
}

export const REDIS_IMAGE = process.env['TEST_REDIS_IMAGE'] ?? 'redis:8-alpine';

export default async function setup(project: TestProject): Promise<void> {
  const search = {
    env: process.env,
    say: (line: string) => process.stderr.write(`${line}\n`),
    download: true,
  };
  const chosen = await chosenSource();
  const server = await findRedisServer(search).catch((error: unknown) => {
    if (chosen === undefined) throw error;
    return null;
  });
  const source = chosen ?? (server && { from: 'binary' as const, server });
  if (source) project.provide('redisSource', source);
  project.provide('redisServer', server);
}

async function chosenSource(): Promise<RedisSource | undefined> {
  const url = process.env['TEST_REDIS_URL'];
  if (url) return { from: 'url', url };
  return engineMayRun() && (await canRunImage()) ? { from: 'container', image: REDIS_IMAGE } : undefined;
}

/** Looks for an engine's socket first: testcontainers is slow to load, and to find out that there is none. */
function engineMayRun(): boolean {
  if (process.env['DOCKER_HOST'] || process.env['TESTCONTAINERS_HOST_OVERRIDE']) return true;
  const runtime = process.env['XDG_RUNTIME_DIR'] ?? '/nowhere';
  const sockets = [
    '/var/run/docker.sock',
    join(runtime, 'docker.sock'),
    join(runtime, 'podman/podman.sock'),
    join(homedir(), '.docker/run/docker.sock'),
  ];
  return sockets.some((socket) => existsSync(socket));
}

/** An engine that answers but cannot get the image is as good as none. */
async function canRunImage(): Promise<boolean> {
  try {
    const { GenericContainer } = await import('testcontainers');
    const container = await new GenericContainer(REDIS_IMAGE).withExposedPorts(6379).start();
    await container.stop({ timeout: 0 });
    return true;
  } catch {
    process.stderr.write(
      `no container engine that runs ${REDIS_IMAGE}: the tests use a redis-server of this machine\n`,
    );
    return false;
  }
}
