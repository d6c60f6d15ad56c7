import { describe, expect, it } from 'vitest';
import { ConfigurationError } from '../../../src/core/errors.ts';
import { faulty, inspect, inFolder } from './surroundings.ts';

describe('where settings come from', () => {
  it('asks the process first, then ENV_FILE', () => {
    const { config, basis } = inspect(
      { HTTP_PORT: '9001' },
      { [inFolder('.env')]: '\uFEFFHTTP_PORT=9002\nWORKER_CONCURRENCY="3" # three\nexport BROKER_URL=x\n' },
    );
    expect(config).toMatchObject({ http: { port: 9001 }, workerConcurrency: 3 });
    expect(basis.setting('BROKER_URL')).toBe('x');
    expect(basis.filesRead()).toEqual([inFolder('.env')]);
  });

  it('does not miss a .env that nobody named', () => {
    const { faults, basis } = inspect({});
    expect(faults).toEqual([]);
    expect(basis.filesRead()).toEqual([]);
  });

  it('misses one that was named', () => {
    const inspection = inspect({ ENV_FILE: 'desk.env' });
    expect(faulty(inspection)).toEqual(['ENV_FILE']);
    expect(inspection.faults[0]?.message).toContain('/desk/desk.env does not exist');
  });

  it('reads a NAME_FILE without its last line break, anew each time', () => {
    const files = { '/run/secrets/admin': 'made-up-token\n' };
    const { config, basis } = inspect({ ADMIN_TOKEN_FILE: '/run/secrets/admin' }, files);
    expect(config?.adminToken).toBe('made-up-token');
    expect(basis.filesRead()).toEqual(['/run/secrets/admin']);
    files['/run/secrets/admin'] = 'another\r\n';
    expect(basis.setting('ADMIN_TOKEN')).toBe('another');
  });

  it('prefers what the process says in either spelling', () => {
    const { config } = inspect(
      { ADMIN_TOKEN_FILE: 'token' },
      { [inFolder('.env')]: 'ADMIN_TOKEN=from-the-file', [inFolder('token')]: 'from-the-process' },
    );
    expect(config?.adminToken).toBe('from-the-process');
  });

  it.each([
    ['missing', { SECRET_KEY_FILE: 'nowhere' }, 'SECRET_KEY_FILE', /does not exist/],
    ['empty', { SECRET_KEY_FILE: 'empty' }, 'SECRET_KEY_FILE', /is empty/],
    ['beside the value itself', { SECRET_KEY_FILE: 'empty', SECRET_KEY: 'x' }, 'SECRET_KEY', /set twice/],
  ])('says where a secret file is %s', (_case, env, at, message) => {
    const inspection = inspect(env, { [inFolder('empty')]: '\n' });
    expect(faulty(inspection)).toEqual([at]);
    expect(inspection.faults[0]?.message).toMatch(message);
  });

  it('lets somebody else know that their secret file cannot be read', () => {
    const { basis } = inspect({ BROKER_SECRET_FILE: '/nowhere' });
    expect(() => basis.setting('BROKER_SECRET')).toThrow(ConfigurationError);
  });

  it('takes nothing from the objects names are kept in', () => {
    expect(inspect({}).basis.setting('constructor')).toBeUndefined();
  });

  it('keeps to its scope', () => {
    const { config, basis } = inspect(
      {
        REDIS_URL: 'redis://real.example',
        HTTP_PORT: '9001',
        SIMULATE_FILE: 'x',
        DISCORD_WEBHOOK_URL: 'broken',
      },
      { [inFolder('.env')]: 'IG_PASSWORD=made-up\nSTATE_DIR=demo\n' },
      { only: ['HTTP_PORT', 'STATE_DIR'], fixed: { REDIS_URL: 'embedded', SIMULATE: '1' } },
    );
    expect(config).toMatchObject({
      redis: { kind: 'embedded' },
      http: { port: 9001 },
      stateDir: '/desk/demo',
      simulate: true,
    });
    expect(basis.setting('IG_PASSWORD')).toBeUndefined();
  });
});
