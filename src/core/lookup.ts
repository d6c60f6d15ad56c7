import dns from 'node:dns';
import type { LookupFunction } from 'node:net';

type Callback = Parameters<LookupFunction>[2];

/**
 * How many threads the process has for file operations and lookups. libuv lets at most half of them look names up, so
 * that 16 names may hang at once: more than all hosts that the settings know. A lookup that hangs holds its thread for
 * 10 s or more, also when nobody waits for it any longer.
 */
export const THREADS = 32;

/**
 * Looks names up so that all who ask for the same one while that is under way share it: a name that does not resolve
 * holds one thread, however many wait for it. Nothing is kept: how long an answer is good is for the system to say.
 */
export function sharedLookup(resolve: LookupFunction): LookupFunction {
  const underWay = new Map<string, Callback[]>();
  return (host, options, callback) => {
    const question = JSON.stringify([host, options.family, options.hints, options.all, options.order]);
    const others = underWay.get(question);
    if (others) return void others.push(callback);
    const all = [callback];
    underWay.set(question, all);
    try {
      resolve(host, options, (...answer) => {
        underWay.delete(question);
        for (const each of all) each(...answer);
      });
    } catch (error) {
      // A question that cannot be asked: nobody will answer it.
      underWay.delete(question);
      throw error;
    }
  };
}

/**
 * The one of this process, whose threads all share. By the system's resolver (getaddrinfo), not by a client of DNS,
 * which would need no thread: /etc/hosts, the names of containers and search domains have to count.
 */
export const lookup: LookupFunction = sharedLookup((host, options, callback) =>
  dns.lookup(host, options, callback),
);
