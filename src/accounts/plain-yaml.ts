/** A document of the plain kind that settings are kept in, or the line at which it is more than that; 1-based. */
export type YamlRead = { readonly document: Readonly<Record<string, unknown>> } | { readonly line: number };

interface Level {
  readonly indent: number;
  /** Undefined below a value: nothing may stand there. */
  readonly fields: Record<string, unknown> | undefined;
}

/** Without a prototype: a key may be called anything. */
const noFields = (): Record<string, unknown> => Object.create(null) as Record<string, unknown>;

/**
 * Reads the part of YAML that people write settings in: keys with a value on the same line, and keys with further
 * keys below them, indented. Lists, anchors, tags and texts over several lines are none of it. Every value is a text,
 * as it stands: a secret that looks like a number stays what it is.
 */
export function readPlainYaml(text: string): YamlRead {
  const document = noFields();
  const open: Level[] = [{ indent: -1, fields: document }];
  for (const [index, raw] of text.split(/\r?\n/).entries()) {
    if (/^\s*(?:#.*)?$|^---\s*$|^\.\.\.\s*$/.test(raw)) continue;
    const read = /^( *)("[^"]+"|'[^']+'|[\w.-]+) *:(?: +(.*))?$/.exec(raw);
    const value = read && scalarOf(read[3] ?? '');
    if (!read || value === undefined) return { line: index + 1 };
    const indent = read[1]?.length ?? 0;
    while ((open.at(-1)?.indent ?? -1) >= indent) open.pop();
    const parent = open.at(-1);
    const key = unquoted(read[2] ?? '');
    if (!parent?.fields || Object.hasOwn(parent.fields, key)) return { line: index + 1 };
    const fields = value === '' ? noFields() : undefined;
    parent.fields[key] = fields ?? value;
    open.push({ indent, fields });
  }
  return { document };
}

/** The text of a value; '' where none stands there; undefined where it is more than a plain one. */
function scalarOf(text: string): string | undefined {
  const quoted = /^("(?:[^"\\]|\\.)*"|'(?:[^']|'')*')\s*(?:#.*)?$/.exec(text)?.[1];
  if (quoted !== undefined) return unquoted(quoted);
  const bare = text.replace(/(?:^|\s+)#.*$/, '').trim();
  return /^[&*!|>%@`[\]{}"'-]/.test(bare) && !/^-\d/.test(bare) ? undefined : bare;
}

function unquoted(text: string): string {
  if (text.startsWith("'")) return text.slice(1, -1).replaceAll("''", "'");
  if (!text.startsWith('"')) return text;
  return text.slice(1, -1).replaceAll(/\\(.)/g, '$1');
}
