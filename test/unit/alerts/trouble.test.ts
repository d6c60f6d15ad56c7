import { describe, expect, it } from 'vitest';
import { ChannelError } from '../../../src/alerts/channel.ts';
import { makeTrouble } from '../../../src/alerts/trouble.ts';

interface Told {
  readonly trouble: ReturnType<typeof makeTrouble>;
  readonly said: readonly string[];
}

function troubleOf(channel: { readonly name: string; readonly setting?: string }): Told {
  const said: string[] = [];
  const keep = (_fields: object, message: string): void => void said.push(message);
  const log = { debug: keep, info: keep, warn: keep, error: keep };
  return { said, trouble: makeTrouble(channel, log) };
}

const discord = { name: 'discord', setting: 'DISCORD_WEBHOOK_URL' };

describe("a channel's trouble in the log", () => {
  it('names the channel, why, when it is tried again, and what a person can do', () => {
    const { trouble, said } = troubleOf({ name: 'mail', setting: 'SMTP_URL' });
    for (let i = 0; i < 3; i += 1)
      trouble.wait(new ChannelError('the mail server cannot be reached', 'transient'));
    trouble.over('said');
    expect(said).toEqual([
      'Alerts by mail do not get through: the mail server cannot be reached. They are kept, and tried again in 1 s, later each time, each minute at last. If that goes on, see whether it can be reached from here, and whether SMTP_URL is right.',
      'Alerts by mail go through again, after 3 tries that failed; what waited is said now.',
    ]);
  });

  it('asks nothing of anybody where the channel asks for silence', () => {
    const { trouble, said } = troubleOf(discord);
    trouble.wait(new ChannelError('Discord asks for silence (429)', 'throttled', 30_000));
    expect(said).toEqual([
      'Alerts by discord do not get through: Discord asks for silence (429). They are kept, and tried again in 30 s. Nothing is to be done.',
    ]);
  });

  it('says of one that is gone that a person must mend it, and that it is tried each hour', () => {
    const { trouble, said } = troubleOf(discord);
    trouble.wait(new ChannelError('Discord answered 404, code 10015', 'dead'));
    trouble.wait(new ChannelError('Discord answered 404, code 10015', 'dead'));
    trouble.over('elsewhere');
    expect(said).toEqual([
      'Alerts by discord are not taken any more: Discord answered 404, code 10015. A person must mend that, at the other end, or by another DISCORD_WEBHOOK_URL and a restart. Alerts are kept, and tried again every hour.',
      'No alert waits for discord any more: what this process could not say in 2 tries, another one has said, or it is over.',
    ]);
  });

  it('names no setting where the channel has none', () => {
    const { trouble, said } = troubleOf({ name: 'terminal' });
    trouble.wait(new ChannelError('gone', 'dead'));
    trouble.wait(new ChannelError('away', 'transient'));
    trouble.over('said');
    expect(said[0]).toContain('gone. A person must mend that. Alerts are kept');
  });
});
