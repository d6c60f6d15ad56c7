import type { Channel, Notice } from './channel.ts';

/** A channel of a simulated run: each of its messages says so first, the one that closes as well. */
export function simulatedChannel(channel: Channel): Channel {
  const marked = ({ incident, now }: Notice): Notice => ({
    incident: { ...incident, broker: `SIMULATED ${incident.broker}` },
    now,
  });
  return {
    name: channel.name,
    prepare: () => channel.prepare(),
    open: (notice) => channel.open(marked(notice)),
    edit: (message, notice) => channel.edit(message, marked(notice)),
    remind: (notice) => channel.remind(marked(notice)),
    close: (message, notice) => channel.close(message, marked(notice)),
    greet: (morning, now) =>
      channel.greet(
        {
          ...morning,
          brokers: morning.brokers.map((each) => ({ ...each, broker: `SIMULATED ${each.broker}` })),
        },
        now,
      ),
    stop: () => channel.stop(),
  };
}
