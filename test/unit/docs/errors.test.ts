import { describe, expect, it } from 'vitest';
import { brokers } from '../../../src/brokers/index.ts';
import { restReasons } from '../../../src/core/decision.ts';
import { errorKinds, ownCodes } from '../../../src/core/errors.ts';
import { observedReasons } from '../../../src/core/observation.ts';
import { faultCodes } from '../../../src/http/faults.ts';
import { below, found, rows, rowsByName, sorted, sourcesBelow, textOf } from './documents.ts';

const document = textOf('docs/errors.md');
const codesBelow = (heading: string): readonly string[] =>
  sorted(rowsByName(below(document, heading)).keys());

/** Codes that are written out where an error is made. */
const literal = /\bcode: '([a-z_]+)'/g;

/** What a broker's adapter can say: the list that its errors.ts exports. */
function codesOf(broker: string): ReadonlySet<string> {
  const list = found(textOf(`src/brokers/${broker}/errors.ts`), /ErrorCodes = \[([^\]]*)\]/g);
  return found([...list].join(), /'([a-z_]+)'/g);
}

describe('the codes in docs/errors.md', () => {
  it.each(brokers.map(({ name, title }) => [title, name] as const))('are those of %s', (title, name) => {
    const codes = codesOf(name);
    expect(codes.size).toBeGreaterThan(5);
    expect(codesBelow(title)).toEqual(sorted(codes));
  });

  it('are those of the way to a broker', () => {
    const http = textOf('src/brokers/http.ts');
    const codes = [...found(http, literal), ...found(http, /\bunknown\(\s*[\w.]+,\s*'([a-z_]+)'/g)];
    expect(codes.length).toBeGreaterThan(3);
    expect(codesBelow('Any broker: the way to it')).toEqual(sorted(codes));
  });

  it('are those of tending', () => {
    const own: readonly string[] = ownCodes;
    const written = found(sourcesBelow('src/tending'), literal);
    expect([...written].filter((code) => !own.includes(code))).toEqual([]);
    expect(written.size).toBeGreaterThan(4);
    expect(codesBelow("The service's own")).toEqual(sorted(own));
  });

  it('are those of HTTP', () => {
    expect(codesBelow('HTTP')).toEqual(sorted(Object.keys(faultCodes)));
  });

  it('are the reasons and causes besides', () => {
    const app = sourcesBelow('src/app');
    const reasons: readonly string[] = restReasons;
    const written = found(textOf('src/core/decide.ts'), /\brest\(\s*[^,]+,\s*(?:[\w.?]+ \?\? )?'([a-z_]+)'/g);
    expect([...written].filter((reason) => !reasons.includes(reason))).toEqual([]);
    const causes = [...found(app, literal), ...found(app, /\b(?:REFUSED|HELD) = '([a-z_]+)'/g)];
    expect(written.size).toBeGreaterThan(4);
    // A fresh account's reason is an empty one.
    const all = [...reasons, ...causes, ...observedReasons].filter(
      (reason) => reason !== 'fresh' && !codesBelow("The service's own").includes(reason),
    );
    expect(codesBelow('Reasons that are no errors')).toEqual(sorted(all));
  });
});

describe('an anchor in docs/errors.md', () => {
  const anchors = [...document.matchAll(/<a id="([^"]+)"><\/a>`([^`]+)`/g)];
  const ids = anchors.map(([, id]) => id ?? '');

  it('stands at every code', () => {
    const coded = rows(document).filter(([first = '']) => /`[a-z]+(?:_[a-z]+)*`$|`[A-Z_]+`$/.test(first));
    const without = coded.filter(([first = '']) => !first.startsWith('<a id=') && !isKind(first));
    expect(without).toEqual([]);
    expect(ids.length).toBeGreaterThan(80);
  });

  it('is its code, with the broker in front where it is a broker’s', () => {
    const names = brokers.map(({ name }) => name);
    const odd = anchors.filter(
      ([, id, code]) => id !== code && !names.some((name) => id === `${name}-${code}`),
    );
    expect(odd).toEqual([]);
  });

  it('is there once', () => {
    expect(ids.filter((id, index) => ids.indexOf(id) !== index)).toEqual([]);
  });
});

describe('the kinds in docs/errors.md', () => {
  const kinds = sorted(rowsByName(below(document, 'Kinds')).keys());

  it('are those of a broker’s error', () => {
    expect(kinds).toEqual(sorted(errorKinds));
  });

  it.each(['Any broker: the way to it', "The service's own", ...brokers.map(({ title }) => title)])(
    'are what the second column holds: %s',
    (heading) => {
      for (const [, kind = ''] of rowsByName(below(document, heading)).values()) {
        const named = [...found(kind, /`([a-z-]+)`/g)].filter((word) => !word.startsWith('TRADOVATE'));
        expect(named.length).toBeGreaterThan(0);
        expect(named.filter((word) => !kinds.includes(word))).toEqual([]);
      }
    },
  );
});

function isKind(cell: string): boolean {
  return ['`transient`', '`throttled`', '`refused`', '`needs-human`', '`outcome-unknown`'].includes(cell);
}
