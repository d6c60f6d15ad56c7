import type { Channel, Notice } from './channel.ts';
import { closeText, greetText, openText, remindText, type Text } from './discord-message.ts';

const LEAD = '  Discord would say:  ';

/**
 * Alerts on a terminal, in the words that Discord would get: what a notification shows, and what a person can do. An
 * edit says nothing anew there either.
 */
export function terminalChannel(print: (text: string) => void): Channel {
  const say = ({ content, embeds }: Text): void => {
    const advice = embeds.flatMap(({ fields }) => fields).filter(({ name }) => name.endsWith(' can do'));
    const lines = [...content.split('\n'), ...advice.map(({ name, value }) => `${name}: ${value}`)];
    print(`${LEAD}${lines.join(`\n${' '.repeat(LEAD.length)}`)}\n`);
  };
  return {
    name: 'terminal',
    calls: false,
    prepare: () => Promise.resolve(),
    async open(notice: Notice) {
      say(openText(notice));
      return notice.incident.id;
    },
    edit: () => Promise.resolve('edited'),
    remind: async (notice) => say(remindText(notice)),
    close: async (_, notice) => say(closeText(notice)),
    greet: async (morning) => say(greetText(morning)),
    stop: () => undefined,
  };
}
