/** Markup that is safe to send: made by `html`, which escapes whatever is put into it, or `ownFile`. */
export interface Html {
  readonly markup: string;
}

type Part = string | number | Html | undefined | readonly Part[];

/** Builds markup. Text is escaped, markup is kept, lists are joined, undefined is nothing. */
export function html(strings: TemplateStringsArray, ...parts: readonly Part[]): Html {
  return { markup: strings.map((text, index) => text + written(parts[index])).join('') };
}

/** A style or script of our own, in its element. Never for anything that came from outside. */
export function ownFile(element: 'style' | 'script', text: string): Html {
  return { markup: `<${element}>${text}</${element}>` };
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

function written(part: Part): string {
  if (part === undefined) return '';
  if (typeof part === 'number') return String(part);
  if (typeof part === 'string') return part.replaceAll(/[&<>"']/g, (character) => entities[character] ?? '');
  return 'markup' in part ? part.markup : part.map(written).join('');
}
