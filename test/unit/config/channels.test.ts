import { describe, expect, it } from 'vitest';
import { faulty, inspect } from './surroundings.ts';

const path = 'webhooks/100000000000000001/made-up_token';

describe('the Discord webhook', () => {
  it.each([
    [`https://discord.com/api/${path}`, undefined, 'https://discord.com/api'],
    [`https://discordapp.com/api/v9/${path}?wait=true`, undefined, 'https://discord.com/api'],
    [`https://canary.discord.com/api/${path}/`, undefined, 'https://discord.com/api'],
    [`http://127.0.0.1:9000/api/${path}`, undefined, 'http://127.0.0.1:9000/api'],
    [`http://127.0.0.1:9000/fake/api/v10/${path}`, undefined, 'http://127.0.0.1:9000/fake/api'],
    [`https://discord.com/api/${path}`, 'http://127.0.0.1:9000/api/', 'http://127.0.0.1:9000/api'],
    [`http://127.0.0.1:9000/api/${path}`, 'http://127.0.0.1:9001/api/v10', 'http://127.0.0.1:9001/api'],
    // Not Discord, however much it looks like it: the token must not go anywhere else.
    [`https://discord.com.example/api/${path}`, undefined, 'https://discord.com.example/api'],
  ])('%s with DISCORD_API_URL %s is sent to %s', (url, api, apiUrl) => {
    const { config } = inspect({ DISCORD_WEBHOOK_URL: url, ...(api && { DISCORD_API_URL: api }) });
    expect(config?.alerts.discord).toEqual({
      id: '100000000000000001',
      token: 'made-up_token',
      apiUrl,
      mention: undefined,
    });
  });

  it('may mention somebody', () => {
    const { config } = inspect({
      DISCORD_WEBHOOK_URL: `https://discord.com/api/${path}`,
      DISCORD_MENTION: '<@&1000>',
    });
    expect(config?.alerts.discord?.mention).toBe('<@&1000>');
  });
});

describe('further channels', () => {
  it('reads a webhook and mail', () => {
    const { config } = inspect({
      ALERT_WEBHOOK_URL: 'https://alerts.example/hook?key=1',
      ALERT_WEBHOOK_SECRET: 'made-up',
      SMTP_URL: 'smtps://desk:made-up@mail.example:465',
      ALERT_EMAIL_TO: 'desk@example.com, night@example.com',
    });
    expect(config?.alerts).toEqual({
      discord: undefined,
      webhook: { url: 'https://alerts.example/hook?key=1', secret: 'made-up' },
      mail: {
        server: 'smtps://desk:made-up@mail.example:465',
        to: ['desk@example.com', 'night@example.com'],
      },
    });
  });

  it.each([
    [{ ALERT_WEBHOOK_SECRET: 'made-up' }, ['ALERT_WEBHOOK_SECRET']],
    [{ SMTP_URL: 'smtp://mail.example' }, ['ALERT_EMAIL_TO']],
    [{ ALERT_EMAIL_TO: 'desk@example.com' }, ['SMTP_URL']],
    [{ SMTP_URL: 'wrong', ALERT_EMAIL_TO: 'desk@example.com' }, ['SMTP_URL']],
    // No mail would ever leave: what comes after the % is no byte.
    [{ SMTP_URL: 'smtp://desk:ma%de-up@mail.example', ALERT_EMAIL_TO: 'desk@example.com' }, ['SMTP_URL']],
  ])('misses the other half of %j', (env, at) => {
    expect(faulty(inspect(env))).toEqual(at);
  });
});
