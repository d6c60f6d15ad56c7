/**
 * Gives the process so many threads for file operations and lookups of names; what UV_THREADPOOL_SIZE says stands.
 * They are made when the first one is needed: to be called before that.
 */
export function widenThreadPool(threads: number): void {
  process.env['UV_THREADPOOL_SIZE'] ??= String(threads);
}
