import { findTool } from './fetched-tool.ts';

/** Prometheus' promtool of this machine, or why there is none. */
export const findPromtool = (): ReturnType<typeof findTool> =>
  findTool({
    command: 'promtool',
    variable: 'PROMTOOL',
    package: 'prometheus',
    path: 'usr/bin/promtool',
    probe: ['--version'],
  });
