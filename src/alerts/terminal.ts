import type { Channel, Notice } from './channel.ts';
import { closeText, greetText, openText, remindText, type Text } from './discord-message.ts';

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
      shown.set(notice.incident.id, words.join('\n'));
      return notice.incident.id;
    },
    async edit(message, notice) {
      const words = wordsOf(openText(notice));
      if (shown.get(message) !== words.join('\n')) say(CHANGED, words);
      if (notice.incident.end === undefined) shown.set(message, words.join('\n'));
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
  const advice = embeds.flatMap(({ fields }) => fields).filter(({ name }) => name.endsWith(' can do'));
  return [...content.split('\n'), ...advice.map(({ name, value }) => `${name}: ${value}`)];
}
