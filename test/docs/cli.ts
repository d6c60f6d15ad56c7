import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { cliPage, type Recorded } from './cli-page.ts';

// Writes docs/cli.md anew.
const page = join(import.meta.dirname, '../../docs/cli.md');
const recorded = JSON.parse(
  await readFile(join(import.meta.dirname, 'cli-examples.json'), 'utf8'),
) as Recorded;
await writeFile(page, cliPage(recorded));
