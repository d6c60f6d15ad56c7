import { describe, expect, it } from 'vitest';
import { importText, type Imported } from '../../../src/accounts/import.ts';
import { readPlainYaml } from '../../../src/accounts/plain-yaml.ts';
import { brokers, settingsShapes } from '../../../src/brokers/index.ts';

function imported(text: string): Imported {
  const read = importText(text, brokers, settingsShapes);
  if ('wrong' in read) throw new Error(read.wrong);
  return read;
}
const wrong = (text: string): string => {
  const read = importText(text, brokers, settingsShapes);
  return 'wrong' in read ? read.wrong : 'nothing is wrong';
};

describe('an older file in the current shape', () => {
  it('of a plain list names each broker, and leaves out what no field is', () => {
    const list = [
      { username: 'A', password: 'made-up-a', note: 'made-up note', ttlSeconds: null },
      { broker: 'ig', username: 'B', password: 'made-up-b', apiKey: 'made-up-key' },
      'no account',
    ];
    expect(imported(JSON.stringify(list))).toEqual({
      shape: 'JSON, a list',
      entries: [
        { broker: 'tradovate', username: 'A', password: 'made-up-a' },
        { broker: 'ig', username: 'B', password: 'made-up-b', apiKey: 'made-up-key' },
      ],
      leftOut: ['1 items that are no objects', 'entry 1: note'],
      toMend: [],
    });
  });

  it('of sections by environment keeps what they took from the environment as references', () => {
    const document = {
      ig_markets: {
        demo: { enabled: true, clientId: 'DESK', accountId: 'ABC12', oauthToken: null, username: 'made_up' },
        live: { enabled: false, clientId: '', username: null },
      },
    };
    expect(imported(JSON.stringify(document))).toMatchObject({
      entries: [
        {
          broker: 'ig',
          name: 'DESK',
          environment: 'demo',
          enabled: true,
          accountId: 'ABC12',
          username: 'made_up',
          password: '${IG_PASSWORD}',
          apiKey: '${IG_API_KEY}',
        },
      ],
      toMend: [],
    });
  });

  it('of variables makes an entry of each broker, and says which it has no use for', () => {
    const text = [
      '# made up',
      'IG_USERNAME=made_up',
      'IG_PASSWORD="made-up pass"',
      'IG_API_KEY=made-up-key',
      'IG_DEMO=false',
      'export UPSTOX_CLIENT_ID=made-up-client',
      'UPSTOX_CLIENT_SECRET=made-up-secret',
      'UPSTOX_REDIRECT_URI=http://localhost:5001/callback',
      'OTHER_SECRET=made-up-other',
    ].join('\n');
    const { entries, leftOut, toMend } = imported(text);
    expect(entries).toEqual([
      {
        broker: 'ig',
        username: 'made_up',
        password: 'made-up pass',
        apiKey: 'made-up-key',
        environment: 'live',
      },
      {
        broker: 'upstox',
        name: 'upstox',
        clientId: 'made-up-client',
        clientSecret: 'made-up-secret',
        redirectUri: 'http://localhost:5001/callback',
      },
    ]);
    expect([leftOut, toMend]).toEqual([['OTHER_SECRET'], []]);
  });

  it.each(['client', 'api'])('of YAML for Upstox takes the names that programs use (%s)', (word) => {
    const text = `# made up
upstox:
  ${word === 'api' ? 'api_key' : 'client_id'}: made-up-client   # of the app
  ${word}_secret: "made-up#secret"
  redirect_uri: 'http://localhost:5001/callback'
  user_id: AB0001
  mobile: 9999999999
redis:
  host: localhost
`;
    expect(imported(text)).toEqual({
      shape: 'YAML, settings of an app',
      entries: [
        {
          broker: 'upstox',
          clientId: 'made-up-client',
          clientSecret: 'made-up#secret',
          redirectUri: 'http://localhost:5001/callback',
          userId: 'AB0001',
          name: 'AB0001',
        },
      ],
      leftOut: ['upstox.mobile'],
      toMend: [],
    });
  });

  it('of several apps in YAML names each by its key', () => {
    const app = (name: string): string =>
      `  ${name}:\n    client_id: made-up-${name}\n    client_secret: made-up-s\n    redirect_uri: http://localhost:5001/cb\n`;
    const { entries } = imported(`accounts:\n${app('ONE')}${app('TWO')}`);
    expect(entries.map(({ name }) => name)).toEqual(['ONE', 'TWO']);
  });

  it('that lacks something says what is to be mended, and never a value', () => {
    const { toMend } = imported(JSON.stringify([{ username: 'A' }, { broker: 'nobody', username: 'B' }]));
    expect(toMend.join('\n')).toMatch(/entry 1 \(A\), password[^]*entry 2 \(B\), broker/);
  });

  it.each([
    ['JSON', '[{"username":"A","password":"made-up-a"}]', 'A'],
    [
      '.env',
      '# of the bot\nIG_USERNAME=A # the login\nIG_PASSWORD=made-up-a\nIG_API_KEY="made-up-key"\n',
      'A',
    ],
    [
      'YAML',
      '# of the script\nupstox:\n  client_id: a # the app\n  client_secret: made-up-a\n  redirect_uri: http://localhost/cb\n  user_id: A\n',
      'A',
    ],
  ])('of %s may begin with a mark, and end its lines as Windows does', (_, text, name) => {
    const read = imported(`\uFEFF${text.replaceAll('\n', '\r\n')}`);
    expect(read.entries.map((entry) => entry['name'] ?? entry['username'])).toEqual([name]);
    expect([read.toMend, read.leftOut]).toEqual([[], []]);
    expect(JSON.stringify(read.entries)).not.toContain('\\r');
  });

  it('that names a login twice says so, and takes neither for the right one', () => {
    const { entries, toMend } = imported(
      JSON.stringify([
        { username: 'A', password: 'made-up-a' },
        { username: 'B', password: 'made-up-b' },
        { username: 'A', password: 'made-up-c' },
      ]),
    );
    expect(entries).toHaveLength(3);
    expect(toMend).toEqual([expect.stringMatching(/^entry 3 \(A\): has the name of entry 1/)]);
  });

  it.each([
    ['// made-up-secret\n[]', /neither JSON, nor .env/],
    ['[{"username":"A",}]', /^is not JSON: line 1, column 18/],
    ['[1, 2]', /nothing to import/],
    ['null', /no accounts in a shape that is known/],
    ['IG_USERNAME=\n', /nothing to import/],
    ['[', /^is not JSON: line 1/],
    ['{}', /no accounts in a shape that is known/],
    ['[]', /nothing to import/],
    ['PATH=/bin\n', /nothing to import/],
    ['- a\n- made-up-secret\n', /line 1 is more than that/],
    ['', /no accounts/],
  ])('%j is refused', (text, said) => {
    expect(wrong(text)).toMatch(said);
    expect(wrong(text)).not.toContain('made-up-secret');
  });
});

describe('plain YAML', () => {
  it.each([
    ['a: 1\nb:\n  c: "x: \\"y\\""\n  d: it\'s\ne:\n', { a: '1', b: { c: 'x: "y"', d: "it's" }, e: {} }],
    ["---\n'k e y': 'it''s' # why\n", { 'k e y': "it's" }],
    ['a: 007\r\nb: true\r\n', { a: '007', b: 'true' }],
    ['a: x#y\n', { a: 'x#y' }],
  ])('%j', (text, document) => {
    expect(readPlainYaml(text)).toEqual({ document });
  });

  it.each([
    ['a: 1\na: 2\n', 2],
    ['a: [1, 2]\n', 1],
    ['a: |\n  text\n', 1],
    ['a: &x 1\n', 1],
    ['a: 1\n  b: 2\n', 2],
    ['just words\n', 1],
    ['\ta: 1\n', 1],
  ])('%j is more than that, or none', (text, line) => {
    expect(readPlainYaml(text)).toEqual({ line });
  });

  it('takes a key like any other, whatever it is called', () => {
    const read = readPlainYaml('__proto__:\n  polluted: yes\n');
    expect('document' in read && Object.hasOwn({}, 'polluted')).toBe(false);
    expect(Reflect.get({}, 'polluted')).toBeUndefined();
  });
});
