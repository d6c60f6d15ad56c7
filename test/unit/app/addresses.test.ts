import { expect, it } from 'vitest';
import { addressesOf } from '../../../src/app/addresses.ts';

const http = { host: '127.0.0.1', port: 8000 };
const outside = 'https://tokens.example';
const here = 'http://localhost:8000';

it.each([
  ['all is here', {}, [here, here, here]],
  ['one address for all', { publicUrl: outside }, [outside, outside, outside]],
  [
    'a listener for the outside, which has no page',
    { publicUrl: outside, publicPort: 8001 },
    [outside, here, outside],
  ],
  [
    'the page has an address of its own',
    { publicUrl: outside, publicPort: 8001, pageUrl: 'https://page.example' },
    [outside, 'https://page.example', 'https://page.example'],
  ],
] as const)('what links begin with where %s', (_what, settings, [publicUrl, pageUrl, alertUrl]) => {
  const none = { publicPort: undefined, publicUrl: undefined, pageUrl: undefined };
  expect(addressesOf({ http, ...none, ...settings })).toEqual({ publicUrl, pageUrl, alertUrl });
});
