import type { IncomingMessage } from 'node:http';

/** A request's body as text; undefined where it is longer than `maxBytes`. Reads it to its end either way. */
export async function readBody(incoming: IncomingMessage, maxBytes: number): Promise<string | undefined> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of incoming) {
    const piece: unknown = chunk;
    if (!(piece instanceof Uint8Array)) continue;
    bytes += piece.length;
    if (bytes <= maxBytes) chunks.push(piece);
  }
  return bytes <= maxBytes ? Buffer.concat(chunks).toString('utf8') : undefined;
}
