import type { Channel, Notice } from './channel.ts';

/** A channel of a simulated run: each of its messages says so first, the one that closes as well. */
export function simulatedChannel(channel: Channel): Channel {
  const marked = (notice: Notice): Notice => ({
    ...notice,
    incident: { ...notice.incident, broker: `SIMULATED ${notice.incident.broker}` },
  });
  return {
    name: channel.name,
    setting: channel.setting,
    calls: channel.calls,
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
