/** A JSON document, or where its text stops being JSON; 1-based, columns in UTF-16 units. */
export type JsonRead =
  { readonly document: unknown } | { readonly line: number; readonly column: number; readonly hint: string };

/**
 * `JSON.parse` whose failure tells the place and nothing of the text: the engine's own message
 * quotes what it was given, and that is a file of passwords.
 */
export function readJson(text: string): JsonRead {
  try {
    return { document: JSON.parse(text) };
  } catch {
    const { offset, hint } = findFault(text);
    const before = text.slice(0, offset).split('\n');
    return { line: before.length, column: (before.at(-1)?.length ?? 0) + 1, hint };
  }
}

type Expected = 'value' | 'value or ]' | 'key' | 'key or }' | ':' | ', or end';

const space = /[ \t\r\n]*/y;
const escape = String.raw`\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})`;
const plain = String.raw`[^"\\\u0000-\u001f]*`;
const string = new RegExp(`"${plain}(?:${escape}${plain})*"`, 'y');
const scalar = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null/y;

/** Walks the text by the grammar of RFC 8259 to the first place where it breaks it. */
function findFault(text: string): { readonly offset: number; readonly hint: string } {
  const open: ('[' | '{')[] = [];
  let expected: Expected = 'value';
  let at = 0;
  const take = (pattern: RegExp): boolean => {
    pattern.lastIndex = at;
    const found = pattern.test(text);
    if (found) at = pattern.lastIndex;
    return found;
  };
  for (;;) {
    take(space);
    const next = text[at];
    if (next === undefined) return { offset: at, hint: 'the text ends too early' };
    const inside = open.at(-1);
    if (expected === ':') {
      if (next !== ':') return { offset: at, hint: 'a colon is missing here' };
      at += 1;
      expected = 'value';
    } else if (expected === ', or end') {
      if (inside === undefined) return { offset: at, hint: 'something follows the end of the document' };
      if (next === ',') expected = inside === '[' ? 'value' : 'key';
      else if (next === (inside === '[' ? ']' : '}')) open.pop();
      else return { offset: at, hint: 'a comma or a closing bracket is missing here' };
      at += 1;
    } else if ((next === ']' && expected === 'value or ]') || (next === '}' && expected === 'key or }')) {
      open.pop();
      at += 1;
      expected = ', or end';
    } else if (expected.startsWith('key')) {
      if (!take(string)) return { offset: at, hint: hintFor(next, 'the name of a field in double quotes') };
      expected = ':';
    } else if (next === '[' || next === '{') {
      open.push(next);
      at += 1;
      expected = next === '[' ? 'value or ]' : 'key or }';
    } else {
      if (!take(string) && !take(scalar)) return { offset: at, hint: hintFor(next, 'a value') };
      expected = ', or end';
    }
  }
}

function hintFor(next: string, wanted: string): string {
  switch (next) {
    case '"':
      return 'this string is not closed, or holds a line break or a bad escape';
    case ']':
    case '}':
      return 'a comma too many stands before this bracket';
    case '/':
    case '#':
      return 'JSON knows no comments';
    case "'":
      return 'JSON wants double quotes';
    default:
      return `${wanted} is missing here`;
  }
}
