import type { StrangersLogin, Stage } from '../../support/rows/stage.ts';
import type { BrokerCall } from '../broker-net.ts';
import type { World } from '../world.ts';

/** A stage in a simulated world, and what goes with it. */
export interface WorldStage {
  readonly stage: Stage;
  /** Lets time pass until the work is done, and for as long as it has asked for. */
  drive(work: void | Promise<void>): Promise<void>;
  /** Takes back what was arranged, but for what time and the service have done. */
  heal(): void;
}

/** Commands that end what other commands have begun. */
const remedies: Readonly<Record<string, readonly (readonly [command: string, argument?: string])[]>> = {
  tradovate: [['forget-penalties'], ['approve-devices']],
  ig: [['clear-answers'], ['maintenance', 'off'], ['unlock'], ['forget-calls']],
};

/**
 * What rows arrange their signals with. Before the account has a token, time that they let pass passes;
 * after that only the broker's clock stands elsewhere while it answers the next call.
 *
 * @param isJudged true for the calls that the row is about
 */
export function makeStage(
  world: World,
  broker: string,
  name: string,
  isJudged: (call: BrokerCall) => boolean,
): WorldStage {
  const touched = new Set<string>();
  const isServed = (): boolean => world.token(name) !== undefined;
  let passesUntil = 0;
  const pass = (ms: number): Promise<void> => {
    passesUntil = world.now() + ms;
    return new Promise((resolve) => void world.timeline.after(ms, resolve));
  };

  /** When the next call shall come by the broker's clock: so long after its token's birth, or at an instant. */
  let wanted: { readonly ageMs: number } | { readonly at: number } | undefined;
  const want = (when: typeof wanted): void => {
    wanted = when;
  };
  let skewMs = 0;
  world.onCall((call, what) => {
    if (!isJudged(call)) return;
    if (what === 'arrived' && wanted) {
      const born = world.calls().findLast(({ status, n }) => status === 200 && n < call.n)?.startedAt ?? 0;
      skewMs = 'at' in wanted ? wanted.at - call.startedAt : wanted.ageMs - (call.startedAt - born);
      wanted = undefined;
      world.clock.shift(skewMs);
    } else if (what !== 'arrived' && skewMs !== 0) {
      world.clock.shift(-skewMs);
      skewMs = 0;
    }
  });

  async function sendLogin(_broker: string, login: StrangersLogin): Promise<void> {
    const account = world.replicas()[0]?.account(login.username);
    const signIn = account?.connection.signIn;
    if (!signIn) throw new Error(`no entry for ${login.username}`);
    // The broker takes another password meanwhile: on the wire that is a wrong one.
    const isWrong = login.password.includes('wrong');
    if (isWrong) world.setPassword(broker, login.username, 'made-up another');
    await signIn({ signal: new AbortController().signal }).catch(() => undefined);
    if (isWrong) world.setPassword(broker, login.username, undefined);
  }

  return {
    stage: {
      clock: {
        now: world.clock.now,
        shift: (ageMs) => (isServed() ? want({ ageMs }) : pass(ageMs)),
        set: (at) => (isServed() ? want({ at }) : pass(at - world.clock.now())),
      },
      setting: () => 'http://brokers.simulated',
      fault: (rule) => world.fault(rule),
      setSwitch: (of, switchName, value) => {
        // Which of its environments a simulator plays is no trouble that ends.
        if (switchName !== 'environment') touched.add(switchName);
        world.setSwitch(of, switchName, value);
      },
      setPassword: world.setPassword,
      command: world.command,
      sendLogin,
    },
    async drive(work) {
      const state = { isDone: false };
      const done = Promise.resolve(work).finally(() => {
        state.isDone = true;
      });
      await Promise.resolve();
      while (!state.isDone || world.now() < passesUntil) {
        // Reading a file is real work, and needs the machine's own event loop: hundreds of its turns, in which no renewal
        // shall fall due.
        await world.runFor(Math.max(5, passesUntil - world.now()));
        await new Promise(setImmediate);
      }
      await done;
    },
    heal() {
      world.clearFaults();
      for (const each of touched) world.setSwitch(broker, each, undefined);
      for (const [command, argument] of remedies[broker] ?? []) world.command(broker, command, argument);
    },
  };
}
