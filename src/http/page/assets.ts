import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';

export interface Asset {
  readonly text: string;
  readonly type: string;
  readonly etag: string;
}

/** The pages' files, read once at the start. */
export interface Assets {
  /** By the name under /assets. */
  readonly files: ReadonlyMap<string, Asset>;
  /** The style and script that notices carry in themselves, and their hashes for the policy. */
  readonly notice: {
    readonly style: string;
    readonly script: string;
    readonly hashes: { readonly style: string; readonly script: string };
  };
}

const types: Readonly<Record<string, string>> = {
  'base.css': 'text/css; charset=utf-8',
  'dashboard.css': 'text/css; charset=utf-8',
  'accounts.css': 'text/css; charset=utf-8',
  'dashboard.js': 'text/javascript; charset=utf-8',
  'plan.css': 'text/css; charset=utf-8',
  'panel.css': 'text/css; charset=utf-8',
  'panel.js': 'text/javascript; charset=utf-8',
  'morph.js': 'text/javascript; charset=utf-8',
  'countdown.js': 'text/javascript; charset=utf-8',
  'sign-in.js': 'text/javascript; charset=utf-8',
  'good.svg': 'image/svg+xml',
  'waiting.svg': 'image/svg+xml',
  'bad.svg': 'image/svg+xml',
};

/** Reads the files beside this one. */
export async function readAssets(): Promise<Assets> {
  const files = new Map<string, Asset>();
  for (const [name, type] of Object.entries(types)) {
    const text = await read(name);
    files.set(name, { text, type, etag: `"${sha256(text).slice(0, 22)}"` });
  }
  const style = await read('base.css');
  const script = await read('notice.js');
  const hashes = { style: `'sha256-${sha256(style)}'`, script: `'sha256-${sha256(script)}'` };
  return { files, notice: { style, script, hashes } };
}

const read = (name: string): Promise<string> => readFile(new URL(name, import.meta.url), 'utf8');

const sha256 = (text: string): string => createHash('sha256').update(text).digest('base64');
