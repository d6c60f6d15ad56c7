import type { FastifyReply } from 'fastify';

/** A whole page and the content security policy that it needs. */
export interface Page {
  readonly markup: string;
  readonly csp: string;
}

/** Answers with a page. */
export function sendPage(reply: FastifyReply, status: number, page: Page): FastifyReply {
  return reply
    .code(status)
    .header('content-security-policy', page.csp)
    .type('text/html; charset=utf-8')
    .send(page.markup);
}
