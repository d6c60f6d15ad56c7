import { Redis } from 'ioredis';
import { GenericContainer, Wait } from 'testcontainers';
import { describe, expect, test } from 'vitest';
import { findEngine } from './engine.ts';

describe.skipIf((await findEngine()) === undefined)('the engine', () => {
  test('runs the Redis that the compose file names, for one test alone', async () => {
    const image = process.env['REDIS_IMAGE'] ?? 'docker.io/library/redis:8-alpine';
    const container = await new GenericContainer(image)
      .withExposedPorts(6379)
      .withWaitStrategy(Wait.forLogMessage(/Ready to accept connections/))
      .start();
    try {
      const redis = new Redis({ host: container.getHost(), port: container.getMappedPort(6379) });
      expect(await redis.ping()).toBe('PONG');
      redis.disconnect();
    } finally {
      await container.stop();
    }
  });
});
