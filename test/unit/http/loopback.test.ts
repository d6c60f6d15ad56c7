import { describe, expect, it } from 'vitest';
import { loopbackPlace } from '../../../src/http/loopback.ts';

const main = { host: '127.0.0.1', port: 8000 };

describe('where a redirect URI is listened for', () => {
  it.each([
    ['http://localhost:5001/callback', 5001, '/callback', ['127.0.0.1', '::1']],
    ['http://127.0.0.1:5001', 5001, '/', ['127.0.0.1']],
    ['http://[::1]:5001/a/b', 5001, '/a/b', ['::1']],
    ['http://localhost/callback', 80, '/callback', ['127.0.0.1', '::1']],
    ['http://localhost:8000/other', 8000, '/other', []],
  ])('%s', (url, port, path, hosts) => {
    expect(loopbackPlace(url, main)).toEqual({ url, port, path, hosts, fault: undefined });
  });

  it('is nowhere for one that leads to another machine, or nowhere at all', () => {
    for (const url of [
      'https://app.example/callback',
      'http://192.0.2.7:5001/',
      'http://localhost.evil.example/',
      'x',
    ]) {
      expect(loopbackPlace(url, main)).toBeUndefined();
    }
  });

  it('is every address where the main listener has them all, as in a container', () => {
    const all = { host: '0.0.0.0', port: 8000 };
    expect(loopbackPlace('http://localhost:5001/callback', all)?.hosts).toEqual(['0.0.0.0']);
    expect(loopbackPlace('http://localhost:8000/other', all)?.hosts).toEqual([]);
  });

  it('is a listener of its own where the main one has the port on another address', () => {
    const elsewhere = { host: '192.0.2.7', port: 8000 };
    expect(loopbackPlace('http://127.0.0.1:8000/callback', elsewhere)?.hosts).toEqual(['127.0.0.1']);
  });

  it('is refused with TLS', () => {
    expect(loopbackPlace('https://localhost:5001/callback', main)).toMatchObject({
      hosts: [],
      fault: expect.stringContaining('needs TLS'),
    });
  });
});
