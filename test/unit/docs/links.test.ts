import { existsSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { describe, expect, it } from 'vitest';
import { filesBelow, pathOf, textOf, withoutCode } from './documents.ts';

const documents = ['README.md', ...filesBelow('docs', '.md')];

/** A heading's anchor, as GitHub makes it. */
const slug = (heading: string): string =>
  heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}_ -]/gu, '')
    .replaceAll(' ', '-');

function anchorsOf(path: string): ReadonlySet<string> {
  const text = textOf(path);
  const headings = [...withoutCode(text).matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) => slug(heading));
  const marks = [...text.matchAll(/<a id="([^"]+)">/g)].map(([, id = '']) => id);
  return new Set([...headings, ...marks]);
}

describe.each(documents)('%s', (path) => {
  const links = [...withoutCode(textOf(path)).matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = '']) => target);
  const own = links.filter((target) => !/^[a-z]+:/.test(target));

  it('has no link that leads nowhere', () => {
    const dead = own.filter((target) => {
      const [file = '', anchor] = target.split('#');
      const to = file === '' ? path : normalize(join(dirname(path), file));
      if (!existsSync(pathOf(to))) return true;
      return anchor !== undefined && to.endsWith('.md') && !anchorsOf(to).has(anchor);
    });
    expect(dead).toEqual([]);
  });
});
