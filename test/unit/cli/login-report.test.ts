import { describe, expect, it } from 'vitest';
import { asMarkdown, reportOf, type ReportParts } from '../../../src/cli/login-report.ts';
import type { Question, TranscribedCall } from '../../../src/core/transcript.ts';
import { brokers } from '../../../src/brokers/index.ts';

const NOW = Date.UTC(2026, 10, 21, 12);

const login: TranscribedCall = {
  method: 'POST',
  path: '/authorize',
  sent: ['login', 'password'],
  status: 200,
  tookMs: 412,
  headers: ['content-type'],
  fields: {
    'd.access_token': { type: 'string', length: 700 },
    'd.expiration': { type: 'number', instant: { written: 'seconds', inSeconds: 4800 } },
    expires_in: { type: 'string', length: 2, seconds: 60 },
  },
  body: 'json',
};
const refused: TranscribedCall = {
  ...login,
  status: undefined,
  fields: {},
  headers: [],
  body: 'empty',
  error: 'timeout',
};

const questions: readonly Question[] = [
  {
    id: 'unit',
    text: 'In which unit is the expiry?',
    settledBy: ([first]) => first?.fields['d.expiration']?.instant?.written,
  },
  { id: 'lock', text: 'How long does a lock last?', settledBy: () => undefined, findOut: 'Wait for one.' },
  {
    id: 'stumbles',
    text: 'What is there?',
    settledBy: () => {
      throw new Error('made up');
    },
  },
];

const parts = (changes: Partial<ReportParts> = {}): ReportParts => ({
  version: '1.2.3',
  broker: { title: 'Alpha', questions },
  environment: 'demo',
  simulated: false,
  outcome: { outcome: 'signed-in', message: 'USER_A is logged in.', expiresAt: NOW + 4_800_000 },
  calls: [login],
  now: NOW,
  ...changes,
});

describe('the report of a first login', () => {
  it('says what came of it, and which questions it settled', () => {
    expect(reportOf(parts())).toEqual({
      version: '1.2.3',
      madeAt: '2026-11-21T12:00:00.000Z',
      broker: 'Alpha',
      environment: 'demo',
      simulated: false,
      outcome: 'signed-in',
      tokenLivesSeconds: 4800,
      settled: [{ id: 'unit', text: 'In which unit is the expiry?', answer: 'seconds' }],
      open: [
        { id: 'lock', text: 'How long does a lock last?', findOut: 'Wait for one.' },
        { id: 'stumbles', text: 'What is there?' },
      ],
      calls: [login],
    });
  });

  it('is a page for people', () => {
    const page = asMarkdown(reportOf(parts()));
    expect(page).toContain('# First login: Alpha, demo');
    expect(page).toContain('logged in; the token lives 4800 s (80 min).');
    expect(page).toContain(
      '| POST `/authorize` | 200 | 412 ms | json | `d.expiration`: 4800 s, `expires_in`: 60 s | good |',
    );
    expect(page).toContain('- **unit**: In which unit is the expiry?\n  Answer: seconds');
    expect(page).toContain(
      '### Not settled by this login\n\n- **lock**: How long does a lock last?\n  How to find out: Wait for one.\n- **stumbles**',
    );
  });

  it('ends with all of it for machines', () => {
    const report = reportOf(parts());
    const [, json = ''] = /```json\n([^]*)```\n$/.exec(asMarkdown(report)) ?? [];
    expect(JSON.parse(json)).toEqual(report);
  });

  it('says how it failed by its code, not by a message, which may hold a user’s id', () => {
    const outcome = { outcome: 'failed', code: 'someone_else', message: 'It is AB0001.' } as const;
    const report = reportOf(parts({ outcome, calls: [refused] }));
    const page = asMarkdown(report);
    expect(report).toMatchObject({ outcome: 'failed', code: 'someone_else' });
    expect(page).toContain('Outcome: failed (`someone_else`).');
    expect(page).toContain('| POST `/authorize` | none | 412 ms | empty | – | `timeout` |');
    expect(page).not.toContain('AB0001');
  });

  it('is written of no call, too', () => {
    const page = asMarkdown(reportOf(parts({ calls: [] })));
    expect(page).toContain('## Calls\n\nNone was made.');
    expect(page).toContain('### Settled by this login\n\nNone.');
  });
});

describe.each(brokers.map((broker) => [broker.title, broker] as const))(
  'the questions of %s',
  (_, broker) => {
    it('have a name each, and words', () => {
      const ids = broker.questions.map(({ id }) => id);
      expect(ids.length).toBeGreaterThan(5);
      expect(new Set(ids).size).toBe(ids.length);
      for (const { id, text } of broker.questions) {
        expect(id).toMatch(/^[a-z][a-z\d]*(?:-[a-z\d]+)*$/);
        expect(text.length).toBeGreaterThan(10);
      }
    });

    it('are all open where no call was made', () => {
      for (const { id, settledBy } of broker.questions) expect([id, settledBy([])]).toEqual([id, undefined]);
    });
  },
);
