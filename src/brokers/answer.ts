import type { HttpAnswer } from '../core/broker.ts';

/** A page instead of an answer: a firewall's, a proxy's, a maintenance page. Says nothing about an account. */
export function isHtml(answer: HttpAnswer): boolean {
  const type = answer.headers['content-type'] ?? '';
  return /^text\/html\b/i.test(type) || /^\s*<(?:!doctype|html)\b/i.test(answer.body);
}
