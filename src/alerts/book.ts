import { z } from 'zod';
import { morningSchema } from './morning.ts';

/**
 * How bad an incident is: `critical` where a token is gone or only a person can help; `warning` where the next try
 * comes late in what is left of a token; `notice` while there is time, or nobody there whom it concerns.
 */
export const levels = ['notice', 'warning', 'critical'] as const;
export type Level = (typeof levels)[number];

/** Stands in a member list for the service (or a broker) as a whole, where no account is concerned. */
export const WHOLE = '';

/** Begins the member that stands for one process of the service: no account's name has it. */
const PLACE = ':';

/** Who fails where something is wrong with no account: the whole, or one process of it. */
export const wholeAt = (place: string | undefined): string => (place === undefined ? WHOLE : PLACE + place);

/** True of a member that is no account. */
export const isWhole = (name: string): boolean => name === WHOLE || name.startsWith(PLACE);

const memberSchema = z.readonly(
  z.object({
    name: z.string(),
    /** `moved`: fails for another cause now; `left`: not watched any more, or well again after it moved. */
    state: z.enum(['failing', 'back', 'moved', 'left']),
    /** When it failed, ms. */
    since: z.number(),
    /** The code of the cause it moved to. */
    movedTo: z.string().optional(),
    /** Where a person does for it what only a person can: one account's link is of no use to another's owner. */
    link: z.string().optional(),
    /** What is wrong with this one in particular. */
    why: z.string().optional(),
    /** True: its token was served all the same, so that this proves nothing. */
    served: z.boolean().optional(),
    /** Until when bots have its token, ms, as last said; null: they have none. */
    tokenUntil: z.number().nullable().optional(),
    /** When people are reminded of it, ms, in order; an hour at which nobody is there is none. */
    remindAt: z.readonly(z.array(z.number())).optional(),
  }),
);

const deliverySchema = z.readonly(
  z.object({
    /** The channel's id of the message that opened the incident; empty where it gave none. */
    message: z.string(),
    /** The incident's revision that the message shows. */
    revision: z.number(),
    at: z.number(),
    closed: z.boolean(),
    /** Reminders that were due by then have been said, ms. */
    remindedUntil: z.number().default(0),
  }),
);

const incidentSchema = z.readonly(
  z.object({
    id: z.string(),
    broker: z.string(),
    code: z.string(),
    level: z.enum(levels),
    reason: z.string(),
    /** When the service tries again by itself, ms, as last said; absent: not until a person acts. */
    nextAt: z.number().optional(),
    /** What happens next, where it is neither a try nor a person's turn. */
    next: z.string().optional(),
    openedAt: z.number(),
    /** True: it began at an hour at which nobody who is concerned is there, so that nobody is called. */
    hushed: z.boolean().optional(),
    /** True: people were called a moment ago for all in it, who have only moved here from another cause. */
    calledBefore: z.boolean().optional(),
    /** When it became worse last, ms: whoever is to be called was called for less, or not at all, until then. */
    callAt: z.number().optional(),
    /** True: it comes and goes; whoever is back may fail again within the minute, and nothing is said of that. */
    recurs: z.boolean().optional(),
    /** Everybody it ever touched, in the order they joined. */
    members: z.readonly(z.array(memberSchema)),
    /** Grows with everything that is worth saying. */
    revision: z.number(),
    changedAt: z.number(),
    /** `dispersed`: nobody is left in it, yet nobody recovered. Ahead of now where it recurs: it ends then if nobody fails again. */
    end: z.readonly(z.object({ how: z.enum(['recovered', 'dispersed']), at: z.number() })).optional(),
    /** What each channel has accepted, by channel name. */
    sent: z.readonly(z.record(z.string(), deliverySchema)),
  }),
);

const bookSchema = z.readonly(
  z.object({
    incidents: z.readonly(z.array(incidentSchema)),
    /** The latest morning's line. */
    morning: morningSchema.optional(),
  }),
);

export type Member = z.infer<typeof memberSchema>;
export type Delivery = z.infer<typeof deliverySchema>;
/** One cause (broker and code) and the accounts it touches, from its first failure to its last word. */
export type Incident = z.infer<typeof incidentSchema>;
/** All incidents that are open or still have something to say. Holds no secret. */
export type Book = z.infer<typeof bookSchema>;

export const emptyBook: Book = { incidents: [] };

/** A stored book, or undefined where the text is none. Never throws. */
export function readBook(text: string): Book | undefined {
  try {
    const parsed = bookSchema.safeParse(JSON.parse(text));
    return parsed.success ? parsed.data : undefined;
  } catch {
    return undefined;
  }
}

/** A book with every incident changed; the same book where none was. */
export function mapIncidents(book: Book, change: (incident: Incident) => Incident): Book {
  const incidents = book.incidents.map(change);
  const isSame = incidents.every((incident, index) => incident === book.incidents[index]);
  return isSame ? book : { ...book, incidents };
}

/** Where a person acts for each account that fails, in the order they joined; what concerns no account is WHOLE. */
export function linksOf(incident: Incident): readonly { readonly name: string; readonly link: string }[] {
  return incident.members.flatMap(({ name, state, link }) =>
    state === 'failing' && link !== undefined ? [{ name, link }] : [],
  );
}

/** What is wrong with single accounts, beside the reason that all share. */
export function whysOf(incident: Incident): readonly { readonly name: string; readonly why: string }[] {
  return incident.members.flatMap(({ name, state, why }) =>
    state === 'failing' && why !== undefined ? [{ name: name.replace(PLACE, ''), why }] : [],
  );
}

/** The processes that what is wrong with no account is said of now; WHOLE where it is said of all. */
export function placesFailing(
  { incidents }: Book,
  cause: { readonly broker: string; readonly code: string },
): readonly string[] {
  return incidents
    .filter(({ broker, code }) => broker === cause.broker && code === cause.code)
    .flatMap(({ members }) => members.filter(({ name, state }) => state === 'failing' && isWhole(name)))
    .map(({ name }) => name.replace(PLACE, ''));
}

/** The accounts of an incident in one state; the service as a whole is no account. */
export function namesIn(incident: Incident, state: Member['state']): readonly string[] {
  return incident.members
    .filter((member) => member.state === state && !isWhole(member.name))
    .map((member) => member.name);
}

/** The causes that accounts of an incident went on to fail for, and which did. */
export function movedTo(
  incident: Incident,
): readonly { readonly cause: string; readonly names: readonly string[] }[] {
  const moved = incident.members.filter(({ state }) => state === 'moved');
  return [...Map.groupBy(moved, (member) => member.movedTo ?? 'another cause')].map(([cause, members]) => ({
    cause,
    names: members.map(({ name }) => name),
  }));
}
