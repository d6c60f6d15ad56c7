import type { CommitResult } from '../core/store.ts';
import type { Fields } from './patience.ts';

/** What commit.lua says. */
export function committed(reply: unknown): CommitResult {
  const [outcome, second, ...reports] = Array.isArray(reply) ? (reply as readonly unknown[]) : [];
  if (outcome === 1) return { outcome: 'committed', woken: Number(second ?? 0), reports: strings(reports) };
  if (outcome === -1) return { outcome: 'claimed', by: String(second) };
  return { outcome: 'stale' };
}

export function strings(reply: unknown): readonly string[] {
  return Array.isArray(reply) ? reply.map(String) : [];
}

export function numbers(reply: unknown): readonly number[] {
  return strings(reply).map(Number);
}

/** A flat field-value reply as fields. */
export function pairs(flat: readonly string[]): Fields {
  const fields: Record<string, string> = {};
  for (let i = 0; i + 1 < flat.length; i += 2) fields[flat[i] ?? ''] = flat[i + 1] ?? '';
  return fields;
}

/** What TIME answers, ms. */
export function serverTime(reply: unknown, otherwise: number): number {
  const [seconds, microseconds] = Array.isArray(reply) ? reply.map(Number) : [];
  return seconds === undefined ? otherwise : seconds * 1000 + Math.floor((microseconds ?? 0) / 1000);
}
