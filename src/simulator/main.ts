import { parseArgs } from 'node:util';
import { startSimulator } from './index.ts';

/** The simulated brokers as a process of their own; the first line says where they are. */
const USAGE = 'usage: npm run simulator -- [--port 0] [--host 127.0.0.1] [--latency MS] [--calls]';

function options(): { port: number; host: string; latencyMs: number; quiet: boolean } | undefined {
  try {
    const { values } = parseArgs({
      options: {
        port: { type: 'string', default: '0' },
        host: { type: 'string', default: '127.0.0.1' },
        latency: { type: 'string', default: '0' },
        calls: { type: 'boolean', default: false },
      },
    });
    const [port, latencyMs] = [values.port, values.latency].map(Number);
    if (!isWhole(port, 65_535) || !isWhole(latencyMs, 600_000)) return undefined;
    return { port, host: values.host, latencyMs, quiet: !values.calls };
  } catch {
    return undefined;
  }
}

function isWhole(value: number | undefined, most: number): value is number {
  return value !== undefined && Number.isInteger(value) && value >= 0 && value <= most;
}

const given = options();
if (given === undefined) {
  process.stderr.write(`${USAGE}\n`);
  process.exitCode = 2;
} else {
  const simulator = await startSimulator(given);
  process.stdout.write(`${JSON.stringify({ url: simulator.url, settings: simulator.settings })}\n`);
  const stop = (): void => void simulator.stop();
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);
}
