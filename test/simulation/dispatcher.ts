import { Dispatcher } from 'undici';

type Send = (options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler) => void;

/** undici's seam: the service's HTTP function runs over it as it runs over sockets. */
export class SimulatedDispatcher extends Dispatcher {
  readonly #send: Send;

  constructor(send: Send) {
    super();
    this.#send = send;
  }

  override dispatch(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): boolean {
    this.#send(options, handler);
    return true;
  }

  override close(callback?: () => void): Promise<void> {
    callback?.();
    return Promise.resolve();
  }

  override destroy(first?: Error | (() => void) | null, callback?: () => void): Promise<void> {
    if (typeof first === 'function') first();
    callback?.();
    return Promise.resolve();
  }
}

/** What a handler gives a call up with. */
export function makeController(): Dispatcher.DispatchController {
  let reason: Error | null = null;
  return {
    get aborted() {
      return reason !== null;
    },
    get paused() {
      return false;
    },
    get reason() {
      return reason;
    },
    abort: (why) => {
      reason ??= why;
    },
    pause: () => undefined,
    resume: () => undefined,
  };
}
