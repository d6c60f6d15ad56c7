import { states } from '../../core/state.ts';
import type { Filter } from './filter.ts';
import { html, type Html } from './html.ts';

const common = [
  ['', 'Any state'],
  ['person', 'Needs a person'],
  ['trouble', 'Wants an eye'],
] as const;

/** The search: a form that leads to an address, which the page's script goes to while somebody types. */
export function searchForm(
  filter: Filter,
  brokers: readonly string[],
  titleOf: (broker: string) => string,
): Html {
  const stateOptions = [...common, ...states.map((state) => [state, state.replaceAll('_', ' ')] as const)];
  const brokerOptions = [
    ['', 'Any broker'] as const,
    ...brokers.map((each) => [each, titleOf(each)] as const),
  ];
  return html`<form id="search" role="search" method="get" action="/dashboard" data-keep>
    <label for="q"
      ><span>Find</span
      ><input
        id="q"
        name="q"
        type="search"
        value="${filter.text}"
        placeholder="Name, sub-account, reason"
        autocomplete="off"
        spellcheck="false"
    /></label>
    ${choice('broker', 'Broker', brokerOptions, filter.broker)}
    ${choice('state', 'State', stateOptions, filter.state)}
    <button class="button minor">Find</button>
  </form>`;
}

function choice(
  name: string,
  label: string,
  options: readonly (readonly [string, string])[],
  chosen: string | undefined,
): Html {
  return html`<label for="${name}"
    ><span>${label}</span
    ><select id="${name}" name="${name}">
      ${options.map(
        ([value, words]) =>
          html`<option value="${value}" ${value === (chosen ?? '') ? html`selected` : undefined}>
            ${words}
          </option>`,
      )}
    </select></label
  >`;
}
