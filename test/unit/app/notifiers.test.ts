import { describe, expect, it } from 'vitest';
import { remarks, sayUnreachableNotifiers, unreachableNotifiers } from '../../../src/app/notifiers.ts';
import type { Account } from '../../../src/core/account.ts';
import type { Log } from '../../../src/core/log.ts';

const account = (name: string, asks: boolean, enabled = true): Account =>
  ({
    name,
    enabled,
    connection: { consent: asks ? { request: () => Promise.reject(new Error('not asked for')) } : {} },
  }) as unknown as Account;
const at = (publicUrl: string | undefined, simulate = false): Parameters<typeof remarks>[0] => ({
  publicUrl,
  simulate,
});

describe('approvals that could be posted nowhere', () => {
  it('are said at the start, by name and with what to do, and stand on the page while it is so', () => {
    const said: unknown[] = [];
    const log = { warn: (fields: object, text: string) => void said.push(fields, text) } as unknown as Log;
    const accounts = [account('ASKED', true), account('LINK', false), account('OFF', true, false)];
    sayUnreachableNotifiers(at(undefined), accounts, log);
    const text = expect.stringMatching(
      /^The broker posts what the person of ASKED approves to PUBLIC_URL, .* only the link works\.$/,
    );
    expect(said).toEqual([{ event: 'notifier.unreachable' }, text]);
    expect(remarks(at('http://tokens.example'), accounts)).toEqual([text]);
    sayUnreachableNotifiers(at('https://tokens.example'), accounts, log);
    expect(said).toHaveLength(2);
    expect(remarks(at('https://tokens.example'), accounts)).toEqual([]);
  });

  it('are none where nobody is asked through the broker, or every broker is simulated', () => {
    expect(unreachableNotifiers(at(undefined), [account('LINK', false)])).toBeUndefined();
    expect(unreachableNotifiers(at(undefined, true), [account('ASKED', true)])).toBeUndefined();
    expect(remarks(at(undefined, true), [account('ASKED', true)])).toEqual([
      'All brokers are simulated: no real login is made.',
    ]);
  });

  it('name ten accounts at most', () => {
    const many = Array.from({ length: 12 }, (_, i) => account(`UP_${i}`, true));
    expect(unreachableNotifiers(at(undefined), many)).toContain('UP_9 and 2 more');
  });
});
