import { budgetSentence, budgetTitle, doubtSentence, subjectOf } from '../../core/plan-words.ts';
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
  const doubt = doubtSentence(each);
  const isUnsure = verdict === 'fits' && doubt !== undefined;
  const tone = left === 0 ? 'bad' : isUnsure ? 'waiting' : tones[verdict];
  const whose = limit.per === 'egress' ? '' : `, ${subjectOf(each)}`;
  return html`<li id="limit-${each.broker}-${limit.name}" class="${tone}">
    <span class="name">${title}: ${budgetTitle(each)}${whose}</span>
    <span class="chip ${tone}">${left === 0 ? 'spent' : isUnsure ? 'unsure' : words[verdict]}</span>
    <progress
      class="${tone}"
      max="${budget.max}"
      value="${Math.min(used, budget.max)}"
      aria-hidden="true"
    ></progress>
    <span class="quiet">${used} of ${budget.max} used, ${left} left. ${frees(each, left, now)}</span>
    ${verdict === 'fits' ? undefined : html`<span class="why">${budgetSentence(each)}</span>`}
    ${doubt === undefined ? undefined : html`<span class="why">${doubt}</span>`}
  </li>`;
}

function frees({ freesAt }: PlannedBudget, left: number, now: number): Html | undefined {
  if (freesAt === undefined || freesAt <= now) return undefined;
  const lead = left === 0 ? 'Room again in ' : 'One more in ';
  return until(new Date(freesAt).toISOString(), now, { lead, past: 'Room again now' });
}
