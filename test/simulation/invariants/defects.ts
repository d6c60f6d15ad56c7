import type { World } from '../world.ts';
import { broken } from './rules.ts';

/** What Redis or the way to it says, where a write could not be made. */
const REDIS_TROUBLE =
  /READONLY|Connection is closed|Command timed out|isn't writeable|ECONN|NOSCRIPT|LOADING|OOM|MISCONF/;
const DEFECT = /\b(?:Type|Range|Reference|Syntax|Zod)Error\b/;

/** Nothing that only a defect of ours throws is caught, logged and forgotten. */
export function watchDefects(world: World): void {
  let found: string | undefined;
  world.onLog(({ by, fields }) => {
    const { event, error } = fields;
    const why = typeof error === 'string' ? error : '';
    const isDefect = event === 'refresh.defect' ? !REDIS_TROUBLE.test(why) : DEFECT.test(why);
    if (isDefect) found ??= `a defect of ${by}, in ${String(event)}: ${why}`;
  });
  world.onStep(() => {
    if (found !== undefined) broken(found);
  });
}
