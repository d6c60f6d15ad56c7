import type { RawEntry } from '../../src/core/broker.ts';
import type { Dice } from './random.ts';
import type { World } from './world.ts';

const MINUTE_MS = 60_000;

/** A person who sees an alert and logs in after a while, or does not get to it at first. */
export function employPerson(world: World, dice: Dice): void {
  for (const entry of world.entries()) {
    const { broker, name, clientId, approval } = entry;
    if (broker !== 'upstox' || typeof name !== 'string') continue;
    if (approval === 'request')
      world.command('upstox', 'notifier', `${String(clientId)} ${world.webhookUrl(name) ?? ''}`);
    const look = (): void => {
      world.timeline.after(dice.whole(1, 20) * MINUTE_MS, look);
      if (world.state(name)['state'] !== 'awaiting_approval') return;
      if (!world.openIncidents().some(({ accounts }) => accounts.includes(name))) return;
      if (approval === 'request' && dice.chance(0.7)) {
        world.note(`person: approves ${name}`);
        try {
          world.command('upstox', 'approve', String(clientId));
        } catch {
          // Nothing was asked.
        }
        return;
      }
      const as = dice.chance(0.85) ? 'user' : dice.pick(['other', 'cancel'] as const);
      world.note(`person: logs in for ${name} as ${as}`);
      world.logIn(name, as).then(
        (said) => world.note(`person: is told: ${said}`),
        (error: unknown) => world.note(`person: sees ${String(error)}`),
      );
    };
    world.timeline.after(dice.whole(1, 10) * MINUTE_MS, look);
  }
}

/** The broker knows another password than the file, until somebody mends one of them. */
export function misspell(
  world: World,
  username: string,
  dice: Dice,
  from: number,
  until: number,
  rearmed: (name: string) => void,
): void {
  const broker = username.startsWith('IG') ? 'ig' : 'tradovate';
  world.setPassword(broker, username, 'made-up-another-one');
  const at = dice.whole(from, until);
  if (dice.chance(0.3)) return;
  if (dice.chance(0.5)) {
    world.timeline.at(at, async () => {
      world.note(`person: corrects the password of ${username} in the file`);
      world.writeEntries(world.entries().map((entry) => corrected(entry, username)));
      for (const replica of world.replicas()) {
        world.timeline.after(dice.whole(0, 30_000), () =>
          replica.life.isAlive() ? replica.reload() : undefined,
        );
      }
    });
    return;
  }
  // Whoever sees it stopped still asks again, whatever came of the last time: the process that was asked may have died
  // before it answered, and somebody may just have removed the key that says how the account stands.
  const lookLater = (): void => {
    world.timeline.after(dice.whole(15, 30) * MINUTE_MS, () => {
      if (world.token(username) !== undefined) return undefined;
      if (world.state(username)['state'] === 'stopped') return mend();
      return lookLater();
    });
  };
  const mend = async (): Promise<void> => {
    world.note(`person: sets the password of ${username} at the broker and asks for another try`);
    world.setPassword(broker, username, undefined);
    rearmed(username);
    lookLater();
    await world.requestRefresh(username, true).catch(() => false);
  };
  world.timeline.at(at, mend);
}

const corrected = (entry: RawEntry, username: string): RawEntry =>
  entry.username === username ? { ...entry, password: 'made-up-another-one' } : entry;
