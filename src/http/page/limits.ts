import { budgetSentence, budgetTitle, doubtSentence, subjectOf } from '../../core/plan-words.ts';
import type { FailedSignIn } from '../../core/ledger.ts';
import type { PlannedLedger } from '../../core/planned-ledger.ts';
import type { Plan, PlannedBudget, Verdict } from '../../core/plan.ts';
import { html, type Html } from './html.ts';
import type { Tone } from './layout.ts';
import { until } from './time.ts';

const tones: Readonly<Record<Verdict, Tone>> = { fits: 'good', tight: 'waiting', over: 'bad' };
const words: Readonly<Record<Verdict, string>> = { fits: 'fits', tight: 'tight', over: 'too small' };

/** Every limit of the brokers as a bar: what is used of it, what is left, and when there is room again. */
export function limitsSection(plan: Plan | undefined, titleOf: (broker: string) => string): Html | undefined {
  if (!plan || plan.budgets.length === 0) return undefined;
  const budgets = [...plan.budgets].sort((a, b) => (a.broker < b.broker ? -1 : a.broker > b.broker ? 1 : 0));
  return html`<h2>Limits</h2>
    <ul class="budgets">
      ${budgets.map((budget) => line(budget, titleOf(budget.broker), plan.from))}
    </ul>`;
}

function line(each: PlannedBudget, title: string, now: number): Html {
  const { budget, limit, used, verdict } = each;
  const left = Math.max(0, budget.max - used);
  // What nobody answered stops nobody, so that it spends no ledger, and there can be more of it than the limit.
  const isSpent = each.ledger ? countOf(each.ledger, 'refused') >= budget.max : left === 0;
  const doubt = doubtSentence(each);
  const isUnsure = verdict === 'fits' && doubt !== undefined;
  const tone = isSpent ? 'bad' : isUnsure ? 'waiting' : tones[verdict];
  const chipOf = (): string => {
    if (each.ledger && verdict === 'over') return 'holds logins back';
    return isSpent ? 'spent' : isUnsure ? 'unsure' : words[verdict];
  };
  const whose = limit.per === 'egress' ? '' : `, ${subjectOf(each)}`;
  return html`<li id="limit-${each.broker}-${limit.name}" class="${tone}">
    <span class="name">${title}: ${budgetTitle(each)}${whose}</span>
    <span class="chip ${tone}">${chipOf()}</span>
    <progress
      class="${tone}"
      max="${budget.max}"
      value="${Math.min(used, budget.max)}"
      aria-hidden="true"
    ></progress>
    <span class="quiet">${usedWords(each, left)} ${frees(each, left, now)}</span>
    ${verdict === 'fits' ? undefined : html`<span class="why">${budgetSentence(each)}</span>`}
    ${doubt === undefined ? undefined : html`<span class="why">${doubt}</span>`}
  </li>`;
}

const countOf = ({ failed }: PlannedLedger, as: FailedSignIn['as']): number =>
  failed.filter((each) => each.as === as).length;

/** What is used and left; of a ledger, what was refused and what nobody answered, each for itself. */
function usedWords({ budget, used, ledger }: PlannedBudget, left: number): string {
  const unanswered = ledger ? countOf(ledger, 'unknown') : 0;
  if (!ledger || unanswered === 0) return `${used} of ${budget.max} used, ${left} left.`;
  const refused = countOf(ledger, 'refused');
  const apart = [refused > 0 ? [`${refused} refused`] : [], `${unanswered} unanswered`].flat().join(', ');
  return used > budget.max
    ? `${apart}, which may have failed. The limit is ${budget.max}.`
    : `${used} of ${budget.max} used (${apart}), ${left} left.`;
}

function frees({ budget, used, freesAt }: PlannedBudget, left: number, now: number): Html | undefined {
  // The end of the oldest makes no room where there are more than may be.
  if (freesAt === undefined || freesAt <= now || used > budget.max) return undefined;
  const lead = left === 0 ? 'Room again in ' : 'One more in ';
  return until(new Date(freesAt).toISOString(), now, { lead, past: 'Room again now' });
}
