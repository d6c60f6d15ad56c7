/** A line for a person. */
export function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** The one object that a command prints with `--json`. */
export function printJson(value: object): void {
  print(JSON.stringify(value, null, 2));
}

/** What a person needs beside an answer for a program. */
export function printAside(line: string): void {
  process.stderr.write(`${line}\n`);
}
