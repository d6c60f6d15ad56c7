import { expect, it } from 'vitest';
import { routeOf } from '../../../src/alerts/mail.ts';

it.each([
  ['smtp://mail.example.com', 'mail.example.com', 587, 'token-refresher@mail.example.com'],
  ['smtps://mail.example.com', 'mail.example.com', 465, 'token-refresher@mail.example.com'],
  ['smtp://10.0.0.7:2525', '10.0.0.7', 2525, 'token-refresher@[10.0.0.7]'],
  // A socket takes an IPv6 address without the brackets that a URL has, a mail with them and a word more.
  ['smtp://[fd00::7]:2525', 'fd00::7', 2525, 'token-refresher@[IPv6:fd00::7]'],
  ['smtp://desk%40example.com:pass@[fd00::7]', 'fd00::7', 587, 'desk@example.com'],
])('reads from %s where a mail goes, and who sends it', (server, host, port, sender) => {
  expect(routeOf(server)).toMatchObject({ host, port, sender });
});
