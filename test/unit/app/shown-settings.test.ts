import { expect, it } from 'vitest';
import { shownSettings } from '../../../src/app/shown-settings.ts';
import { brokers } from '../../../src/brokers/index.ts';
import { readConfig } from '../../../src/config/index.ts';

const secrets = {
  ADMIN_TOKEN: 'made-up-admin-token',
  SECRET_KEY: Buffer.alloc(32, 7).toString('base64'),
  DISCORD_WEBHOOK_URL: 'https://discord.com/api/webhooks/1234567890/made-up-webhook-token',
  ALERT_WEBHOOK_URL: 'https://hooks.example/made-up-path',
  ALERT_WEBHOOK_SECRET: 'made-up-hook-secret',
  SMTP_URL: 'smtp://made-up-user:made-up-mail-pass@mail.example',
  ALERT_EMAIL_TO: 'desk@mail.example',
  HEARTBEAT_URL: 'https://beat.example/made-up-beat',
};

const shown = (env: Record<string, string>): ReadonlyMap<string, string> => {
  const config = readConfig({
    env: { REDIS_URL: 'redis://made-up-user:made-up-redis-pass@redis.example:6379/3', ENV_FILE: '', ...env },
    folder: '/srv/desk',
    readText: () => {
      throw Object.assign(new Error('none'), { code: 'ENOENT' });
    },
  });
  const known = {
    redis: 'redis.example:6379/3',
    publicUrl: 'https://tokens.example',
    pageUrl: 'https://page.example',
    brokers,
  };
  const list = shownSettings(config, {
    ...known,
    limits: (name) => brokers.find((each) => each.name === name)?.limits ?? [],
  });
  return new Map(list.map(({ name, value }) => [name, value]));
};

it('are shown as they are in force, the numbers of the limits too', () => {
  const settings = shown({ WORKER_CONCURRENCY: '4', EGRESS_ID: 'desk' });
  expect(settings.get('WORKER_CONCURRENCY')).toBe('4');
  expect(settings.get('EGRESS_ID')).toBe('desk');
  expect(settings.get('Redis')).toBe('redis.example:6379/3');
  expect(settings.get('STATE_DIR')).toBe('/srv/desk/data');
  expect(settings.get('ADMIN_TOKEN')).toBe('in STATE_DIR');
  expect(settings.get('DISCORD_WEBHOOK_URL')).toBe('none');
  for (const { variable, max } of brokers.flatMap(({ limits }) => limits)) {
    expect(settings.get(variable)).toBe(String(max));
  }
});

it('hold no secret', () => {
  const settings = shown(secrets);
  for (const name of [
    'ADMIN_TOKEN',
    'SECRET_KEY',
    'DISCORD_WEBHOOK_URL',
    'ALERT_WEBHOOK_URL',
    'HEARTBEAT_URL',
  ]) {
    expect(settings.get(name)).toBe('set');
  }
  const text = JSON.stringify([...settings]);
  for (const part of [...Object.values(secrets), 'made-up', 'redis-pass']) expect(text).not.toContain(part);
});
