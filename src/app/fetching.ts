import { Agent, setGlobalDispatcher } from 'undici';
import { lookup } from '../core/lookup.ts';

/**
 * Has `fetch`, by which alerts and the heartbeat go, look names up as calls to brokers do: a channel whose name does
 * not resolve, and which is tried again and again, must not take the threads by which brokers' names are found.
 */
export function shareLookupsOfFetch(): void {
  setGlobalDispatcher(new Agent({ connect: { lookup } }));
}
