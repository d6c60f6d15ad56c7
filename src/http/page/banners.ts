import { heldUpBy } from '../../core/held-back.ts';
import type { AccountStatus } from '../../core/status.ts';
import { byBroker } from '../../core/summary.ts';
import { errorBeside, loginLink, reasonOf } from './account.ts';
import { askForApproval, refreshNow, tryAgain } from './actions.ts';
import { addressOf, type Filter } from './filter.ts';
import { html, type Html } from './html.ts';
import { moment, until } from './time.ts';
import { awaitsPerson, byMoney, byTone, isKeptWaiting, mayBeHastened, toneOf } from './verdict.ts';

export interface BannerFacts {
  readonly accounts: readonly AccountStatus[];
  readonly titleOf: (broker: string) => string;
  /** Ms since the epoch. */
  readonly now: number;
}

/** So many persons' errands are called out; more of them are a list. */
const BANNERS = 5;
/** So many accounts of a broker that a person may hasten have a banner each; more of them are one trouble. */
const HASTENED = 2;

/** What stands above the list: what waits for a person, and what goes on by itself and is badly off. */
export function banners(facts: BannerFacts, filter: Filter): readonly Html[] {
  const { accounts, titleOf, now } = facts;
  const errands = accounts.filter(awaitsPerson).sort(byTone);
  const shown = errands.slice(0, errands.length > BANNERS + 1 ? BANNERS : BANNERS + 1);
  const others = errands.length - shown.length;
  // They need nobody, but somebody may not want to wait: only where there is room.
  const hastened = Object.values(byBroker(accounts.filter((account) => mayBeHastened(account, now))))
    .filter(({ length }) => length <= HASTENED)
    .flat()
    .sort(byTone)
    .slice(0, Math.max(0, BANNERS - shown.length));
  const all = addressOf(
    { ...filter, text: '', broker: undefined, account: undefined, page: 1 },
    { state: 'person' },
  );
  const called: readonly Raised[] = [
    ...shown.map((account) => {
      const title = titleOf(account.broker);
      const ask = askForApproval(account, filter, { id: 'call', look: 'button' });
      const button = account.person_needed
        ? loginLink(account, 'login', ask ? 'button minor' : 'button', `Log in at ${title}`)
        : tryAgain(account, filter, 'try');
      return raised(
        [account],
        banner(account, { title, now }, html`<div class="calls">${ask} ${button}</div>`),
      );
    }),
    ...hastened.map((account) => {
      const button = refreshNow(account, filter, { id: 'hasten', look: 'button' });
      const title = titleOf(account.broker);
      return raised([account], banner(account, { title, now }, html`<div class="calls">${button}</div>`));
    }),
    ...troubles(facts, new Set(hastened), filter),
  ];
  return [
    ...called.toSorted(byWeight).map(({ shows }) => shows),
    ...(others > 0
      ? [
          html`<p class="banner waiting" id="banner-others">
            <span>${others} more need you. <a href="${all}">Show all ${errands.length}</a></span>
          </p>`,
        ]
      : []),
  ];
}

/** A banner, and whom it concerns. */
interface Raised {
  readonly accounts: readonly AccountStatus[];
  readonly isBad: boolean;
  readonly shows: Html;
}

const raised = (accounts: readonly AccountStatus[], shows: Html): Raised => ({
  accounts,
  isBad: accounts.some((each) => toneOf(each) === 'bad'),
  shows,
});

/** Red first, and of one colour what more hangs on. */
const byWeight = (left: Raised, right: Raised): number =>
  Number(right.isBad) - Number(left.isBad) || byMoney(left.accounts, right.accounts);

interface Beside {
  readonly title: string;
  readonly now: number;
}

/** A call to the person an account waits for, or who may not want to wait for it. */
function banner(account: AccountStatus, { title, now }: Beside, button: Html): Html {
  const { tone, heading } = headingOf(account, title);
  const error = errorBeside(account, title);
  return html`<section id="banner-${account.broker}-${account.name}" class="banner ${tone}">
    <div>
      <h2>${heading}</h2>
      <p>${reasonOf(account, title) ?? account.message}</p>
      ${error === undefined ? undefined : html`<p>Last error: ${error}</p>`}
      <p>${botsHave([account], now)}</p>
      ${costOf(account)}
      ${awaitsPerson(account) ? undefined : goesOn([account], now, '; the button has it try at once')}
    </div>
    ${button}
  </section>`;
}

/** What a press of the button costs: it is not free, and a changed file does not need it. */
function costOf({ state, person_needed: isPersons }: AccountStatus): Html | undefined {
  return state === 'stopped' && !isPersons
    ? html`<p class="quiet">
        A changed credentials file is taken up by itself. The button tells what one more try of what the file
        says would cost, before anything is sent: a few wrong passwords bar every login of the network.
      </p>`
    : undefined;
}

function headingOf(
  { name, state, person_needed: isPersons }: AccountStatus,
  title: string,
): { readonly tone: 'bad' | 'waiting'; readonly heading: string } {
  if (state === 'stopped') return { tone: 'bad', heading: `${name} at ${title} is stopped` };
  return isPersons || state === 'awaiting_approval'
    ? { tone: 'waiting', heading: `${name} waits for your login at ${title}` }
    : { tone: 'bad', heading: `${name} at ${title} has no token` };
}

/** What keeps the accounts of a broker from their next token that needs nobody: one banner a broker. */
function troubles(
  { accounts, titleOf, now }: BannerFacts,
  elsewhere: ReadonlySet<AccountStatus>,
  filter: Filter,
): readonly Raised[] {
  const held = accounts.filter((each) => isKeptWaiting(each) && !elsewhere.has(each));
  return Object.entries(byBroker(held)).flatMap(([broker, theirs]) => {
    const isBad = theirs.some((each) => toneOf(each) === 'bad');
    // One that fails and has a token still is a line of the list: it may be well the next time.
    if (!isBad && theirs.length === 1) return [];
    const shows = trouble([...theirs].sort(byTone), { title: titleOf(broker), now }, isBad, filter);
    return shows ? [raised(theirs, shows)] : [];
  });
}

function trouble(
  accounts: readonly AccountStatus[],
  { title, now }: Beside,
  isBad: boolean,
  filter: Filter,
): Html | undefined {
  const [first] = accounts;
  if (!first) return undefined;
  const heading =
    accounts.length === 1
      ? `${first.name} at ${title} has no token`
      : `${String(accounts.length)} accounts at ${title} ${accounts.some(({ valid }) => valid) ? 'wait for their next' : 'have no'} token`;
  const newest = [...accounts].sort((a, b) => failedAt(b) - failedAt(a))[0] ?? first;
  const cause = newest.last_error?.message ?? reasonOf(newest, title) ?? newest.message;
  // What a limit or a silence says besides: until when, and what can be done.
  const hold =
    accounts.find((each) => heldUpBy(each.reason) !== undefined && each.detail !== null)?.detail ?? cause;
  const isSaid = cause.startsWith(hold.split('. ')[0] ?? hold);
  const more = accounts.some(({ reason }) => reason === 'broker_silence')
    ? `. Let nothing else on this network call ${title} before that`
    : `. If it lasts, look at the status page of ${title} and at your network`;
  const hastened = accounts.find((each) => mayBeHastened(each, now));
  const how = { id: 'hasten', look: 'button', words: `Try ${hastened?.name ?? ''} now` };
  return html`<section id="trouble-${first.broker}" class="banner ${isBad ? 'bad' : 'waiting'}">
    <div>
      <h2>${heading}</h2>
      <p>${cause}</p>
      ${isSaid ? undefined : html`<p>${hold}</p>`}
      <p>${botsHave(accounts, now)}</p>
      ${goesOn(accounts, now, more)}
    </div>
    ${hastened && html`<div class="calls">${refreshNow(hastened, filter, how)}</div>`}
  </section>`;
}

const failedAt = ({ last_error: error }: AccountStatus): number => (error ? Date.parse(error.at) : 0);

/** What bots have of these accounts, and until when. */
function botsHave(accounts: readonly AccountStatus[], now: number): Html {
  const ends = accounts.flatMap(({ valid, expiry_time: end }) => (valid && end !== null ? [end] : [])).sort();
  const without = accounts.length - ends.length;
  const [first] = ends;
  if (first === undefined)
    return html`Bots have no token${accounts.length > 1 ? ' for any of them' : undefined}.`;
  const time = html`${until(first, now, { lead: 'for another ', past: 'that has ended' })} (${moment(first)})`;
  if (accounts.length === 1) return html`Bots have a token ${time}.`;
  return without === 0
    ? html`Bots have a token for each of them, the first ${time}.`
    : html`Bots have no token for ${without} of them; of the others the first is good ${time}.`;
}

/** When the service goes on by itself. */
function goesOn(accounts: readonly AccountStatus[], now: number, more: string): Html | undefined {
  const next = accounts.flatMap((each) => each.next_refresh ?? []).sort()[0];
  if (next === undefined) return undefined;
  return html`<p class="quiet">
    The service tries again by itself ${until(next, now, { lead: 'in ', past: 'now' })}
    (${moment(next)})${more}.
  </p>`;
}
