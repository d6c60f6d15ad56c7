import type { Redis } from 'ioredis';
import { until } from './poll.ts';
import type { ServiceBench } from './service.ts';

/* What a test of reports does, and what it looks at. */

export const operations = ({ simulator }: Pick<ServiceBench, 'simulator'>): readonly string[] =>
  simulator.calls().map(({ operation }) => operation);
export const generationOf = async ({ redis }: ServiceBench, name = 'DESK'): Promise<number> =>
  Number(await redis.hget(`meta:${name}`, 'generation'));
export const report = (redis: Redis, name: string, generation: number | string): Promise<string | null> =>
  redis.xadd('token-reports', '*', 'name', name, 'generation', String(generation), 'status', '401');
/** All that was reported so far is dealt with. */
export const settled = ({ redis }: ServiceBench): Promise<unknown> =>
  until(
    async () => {
      const groups = (await redis.xinfo('GROUPS', 'token-reports')) as unknown[][];
      const facts = (groups[0] ?? []).map(String);
      const last = (await redis.xrevrange('token-reports', '+', '-', 'COUNT', 1))[0]?.[0];
      const valueOf = (field: string): string | undefined => facts[facts.indexOf(field) + 1];
      return valueOf('pending') === '0' && (last === undefined || valueOf('last-delivered-id') === last);
    },
    { what: 'all reports to be dealt with' },
  );
export const counted = async ({ service }: ServiceBench): Promise<ReadonlyMap<string, number>> => {
  const text = await (await fetch(`${service.url}/metrics`)).text();
  const lines = text.matchAll(/^token_reports_total\{broker="(\w*)",outcome="(\w+)"\} (\d+)$/gm);
  return new Map([...lines].map(([, broker, outcome, n]) => [`${broker} ${outcome}`, Number(n)]));
};
export const eventsOf = (each: ServiceBench): readonly unknown[] => each.events.map(({ event }) => event);
