/** A first sentence that says enough; without one, as much as a notification shows. */
export function headlineOf(text: string): string {
  return cut(/^.{20,}?[.:;](?= )/s.exec(text)?.[0].replace(/[:;]$/, '.') ?? text, HEADLINE);
}

const HEADLINE = 160;
const SHORT_NAMES = 10;

/** A broker's own words may hold the one that closes an incident; whoever waits for it must not be misled. */
export function unclosing(text: string): string {
  return text.replaceAll(/recovered/gi, 'restored');
}

/** For the line that a notification shows. */
export function shortNames(names: readonly string[]): string {
  const more = names.length - SHORT_NAMES;
  return `${names.slice(0, SHORT_NAMES).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}

export function countOfAccounts(count: number): string {
  return count === 1 ? '1 account' : `${count} accounts`;
}

export function cut(text: string, limit: number): string {
  // A cut through a surrogate pair would make Discord refuse the whole message.
  return text.length <= limit ? text : `${text.slice(0, limit - 1)}…`.toWellFormed();
}
