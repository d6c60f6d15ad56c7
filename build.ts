/**
 * `npm run build`: what is published, as JavaScript, in dist: Node strips no types under node_modules. The client is
 * compiled, with its types, for Node 20 and later; the rest is what runs from src as well: its types are stripped as Node does it.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, globSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createRequire, stripTypeScriptTypes } from 'node:module';
import { dirname, extname, join } from 'node:path';

const [sources, target] = ['src', 'dist'].map((folder) => join(import.meta.dirname, folder)) as [
  string,
  string,
];
/** Scripts of Redis, and what pages are made of. */
const assets = ['.lua', '.css', '.js', '.svg'];
/** A file of ours in an import, whether of types or at run time. */
const imported = /(\bfrom\s+|\bimport\s*\(?\s*)'(\.{1,2}\/[^']+)\.ts'/g;

rmSync(target, { recursive: true, force: true });
cpSync(sources, target, {
  recursive: true,
  filter: (path) => statSync(path).isDirectory() || assets.includes(extname(path)),
});
for (const file of globSync('**/*.ts', { cwd: sources, exclude: ['client/**', '**/*.d.ts'] })) {
  const code = stripTypeScriptTypes(readFileSync(join(sources, file), 'utf8'));
  const built = join(target, file.replace(/ts$/, 'js'));
  mkdirSync(dirname(built), { recursive: true });
  writeFileSync(built, code.replace(imported, "$1'$2.js'"));
}
const compiler = createRequire(import.meta.url).resolve('typescript/bin/tsc');
const { status } = spawnSync(process.execPath, [compiler, '-p', 'tsconfig.client.json'], {
  cwd: import.meta.dirname,
  stdio: 'inherit',
});
process.exitCode = status ?? 1;
