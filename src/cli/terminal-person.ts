import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import type { Person } from '../app/browser-login.ts';

/** A person who reads what is said and pastes into `input`. */
export function terminalPerson(say: (line: string) => void, input: Readable): Person {
  return {
    show(link, way, rung) {
      if (rung !== undefined) say(rung);
      say('Only a person can get this token. Open this link and log in (within 10 min):');
      say(`  ${link}`);
      if (way === 'here') {
        say('The browser comes back here by itself. Where it cannot, paste the address it ends at.');
      } else if (way === 'service') {
        say('The browser comes back to the running service, which hands the login on to this command.');
        say('Where it ends at an error, paste the whole address it ends at.');
      } else {
        say(`The way back is not heard here: ${way.unheard}.`);
        say('Whatever page the browser ends at: paste its whole address here.');
      }
    },
    refuse: say,
    async *lines(signal) {
      const reader = createInterface({ input, signal });
      try {
        yield* reader;
      } finally {
        reader.close();
      }
    },
  };
}
