import { moment } from '../core/day.ts';
import type { Channel, Notice } from './channel.ts';
import { closeText, greetText, openText, remindText, type Text } from './discord-message.ts';

/** The field that says when it is tried again. */
const NEXT = 'What happens next';
const TIME = /<t:(\d+):(\w)>/;
const LEAD = '  Discord would say:  ';
/** An edit is no message: it makes no sound, and changes what stands above. */
const CHANGED = "  Discord's message now says:  ";

/**
 * Alerts on a terminal, in the words that Discord would get: what a notification shows, and what a person can do. An
 * edit that changes nothing of that (a later time of the next try) is not printed.
 */
export function terminalChannel(print: (text: string) => void): Channel {
  /** What stands above of each message that is open, by its id. */
  const shown = new Map<string, string>();
  const say = (lead: string, words: readonly string[]): void => {
    print(`${lead}${words.join(`\n${' '.repeat(lead.length)}`)}\n`);
  };
  return {
    name: 'terminal',
    calls: false,
    prepare: () => Promise.resolve(),
    async open(notice: Notice) {
      const words = wordsOf(openText(notice));
      say(LEAD, words);
      shown.set(notice.incident.id, heart(words));
      return notice.incident.id;
    },
    async edit(message, notice) {
      const words = wordsOf(openText(notice));
      if (shown.get(message) !== heart(words)) say(CHANGED, words);
      if (notice.incident.end === undefined) shown.set(message, heart(words));
      else shown.delete(message);
      return 'edited';
    },
    remind: async (notice) => say(LEAD, wordsOf(remindText(notice))),
    async close(message, notice) {
      shown.delete(message);
      say(LEAD, wordsOf(closeText(notice)));
    },
    greet: async (morning) => say(LEAD, wordsOf(greetText(morning))),
    stop: () => undefined,
  };
}

function wordsOf({ content, embeds }: Text): readonly string[] {
  const fields = embeds.flatMap((embed) => embed.fields);
  const advice = fields.filter(
    ({ name, value }) => (name === NEXT && TIME.test(value)) || name.endsWith(' can do'),
  );
  return [...content.split('\n'), ...advice.map(({ name, value }) => `${name}: ${timed(value)}`)];
}

/** What of it makes an edit worth a line. */
const heart = (words: readonly string[]): string => words.filter((line) => !line.startsWith(NEXT)).join('\n');

/** Discord shows a time in the reader's own zone; a terminal has none. */
const timed = (text: string): string =>
  text.replaceAll(new RegExp(TIME, 'g'), (_, seconds: string, form: string) => {
    const at = Number(seconds) * 1_000;
    return form === 'T' ? `${new Date(at).toISOString().slice(11, 19)} UTC` : moment(at);
  });
