/** A text in lines of at most `width` characters, `most` of them; what is left out is said by `…`. */
export function wrapped(text: string, width: number, most: number): readonly string[] {
  const room = Math.max(1, width);
  const lines: string[] = [];
  let rest = [...text];
  while (rest.length > room && lines.length < most - 1) {
    const space = rest.slice(0, room + 1).lastIndexOf(' ');
    // A word that is longer than a line is cut where it stands.
    const end = space > 0 ? space : room;
    lines.push(rest.slice(0, end).join(''));
    rest = rest.slice(space > 0 ? end + 1 : end);
  }
  const last = rest.length > room ? `${rest.slice(0, room - 1).join('')}…` : rest.join('');
  return [...lines, last];
}
