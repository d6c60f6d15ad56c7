import type { Mutation } from './mutation.ts';

const scripts = 'src/redis/scripts';
const modes = 'test/integration/failure-modes';

/** The protections, each of which is broken in turn. `npm run test:mutations` */
export const mutations: readonly Mutation[] = [
  {
    breaks: 'the fence of a commit',
    edits: [
      {
        file: `${scripts}/commit.lua`,
        from: 'if isOvertaken(record, p.fence, p.owner) then',
        to: 'if false then',
      },
    ],
    project: 'integration',
    tests: ['test/integration/fence.test.ts', `${modes}/04`],
  },
  {
    breaks: 'the fence of a settlement',
    edits: [
      {
        file: `${scripts}/settle.lua`,
        from: 'if isOvertaken(KEYS[2], p.fence, p.owner) then',
        to: 'if false then',
      },
    ],
    project: 'integration',
    tests: ['test/integration/fence.test.ts'],
  },
  {
    breaks: 'the fence: of two holders under one either counts',
    edits: [
      {
        file: `${scripts}/fence.lua`,
        from: 'return holder and holder ~= owner',
        to: 'return false and holder',
      },
    ],
    project: 'integration',
    tests: ['test/integration/fence.test.ts'],
  },
  {
    breaks: 'the journal: an attempt is not written before its call',
    edits: [
      {
        file: `${scripts}/note.lua`,
        from: "redis.call('HSET', KEYS[2], 'attempt', p.attempt)",
        to: "redis.call('HLEN', KEYS[2])",
      },
    ],
    project: 'system',
    tests: ['test/system/five-minutes.test.ts'],
    named: 'in the middle of a rotation.* on another machine',
  },
  {
    breaks: 'the journal: an attempt that is found open is not looked at',
    edits: [
      {
        file: 'src/tending/keeper.ts',
        from: 'if (record.attempt) return closeOpenAttempt(account, held, record);',
        to: 'if (record.attempt === null) return closeOpenAttempt(account, held, record);',
      },
    ],
    project: 'integration',
    tests: [`${modes}/05`],
  },
  {
    breaks: 'the journal: a single-use renewal without an answer is repeated',
    edits: [
      {
        file: 'src/core/consequence.ts',
        from: 'if (policy.renewalIsSingleUse) return { ...otherwise, proofDueAt: now };',
        to: 'if (policy.renewalIsSingleUse) return later;',
      },
    ],
    project: 'integration',
    tests: [`${modes}/05`],
  },
  {
    breaks: 'the ledger of failed sign-ins',
    edits: [
      {
        file: `${scripts}/note.lua`,
        from: 'local held, cap = ledgerSays(KEYS[8], p, untried)',
        to: 'local held, cap = nil, 1000',
      },
    ],
    project: 'integration',
    tests: ['test/integration/budgets.test.ts', `${modes}/08`],
  },
  {
    breaks: 'the verdict on refused credentials',
    edits: [
      {
        file: 'src/core/decide.ts',
        from: 'const refused = isRefused(record.refused, situation.fingerprints);',
        to: 'const refused = isRefused([], situation.fingerprints);',
      },
    ],
    project: 'integration',
    tests: [`${modes}/07`],
  },
  {
    breaks: 'the breaker: a page with 200 in the place of an answer is one',
    edits: [
      {
        file: 'src/tending/charges.ts',
        from: 'error.unreadable || error.status === undefined',
        to: 'error.status === undefined',
      },
    ],
    project: 'simulation',
    tests: ['test/simulation/days/host-away.test.ts'],
    named: 'is sent few passwords',
  },
  {
    breaks: 'the ledger: logins of a network that nobody answers are not paced',
    edits: [
      {
        file: `${scripts}/budget.lua`,
        from: 'unknownAt[#unknownAt] + (p.proven and ledger.paceMs or slowMs)',
        to: '0',
      },
    ],
    project: 'simulation',
    tests: ['test/simulation/aimed.test.ts'],
    named: 'logins that nobody answers',
  },
  {
    breaks: 'the mirror: what another process was told of a network is not learned',
    edits: [
      {
        file: 'src/app/upkeep.ts',
        from: 'map(parts.keeper.learnNetwork)',
        to: 'map(() => Promise.resolve())',
      },
    ],
    project: 'simulation',
    tests: ['test/simulation/disks-apart.test.ts'],
  },
  {
    breaks: 'the ledger: a refusal beside open questions holds first logins up for an hour',
    edits: [{ file: `${scripts}/budget.lua`, from: '#all <= ledger.max - 2', to: 'false' }],
    project: 'simulation',
    tests: ['test/simulation/days/first-logins.test.ts'],
    named: 'keep the others waiting',
  },
  {
    breaks: 'the mirror: a refusal of before outlives a login that worked',
    edits: [
      {
        file: 'src/app/keepsake.ts',
        from: 'worksSince(account, record, credentials, known) ? credentials : []',
        to: 'worksSince(account, record, credentials, known) ? [] : []',
      },
    ],
    project: 'unit',
    tests: ['test/unit/app/keepsake.test.ts'],
  },
  {
    breaks: 'the pace: a sign-in that was found open counts twice',
    edits: [
      {
        file: 'src/core/policy.ts',
        from: 'Math.min(sentAt, now)])].toSorted',
        to: 'Math.min(now, now)])].toSorted',
      },
    ],
    project: 'unit',
    tests: ['test/unit/core/consequence.test.ts'],
  },
  {
    breaks: 'the patience: a wait of an hour is cut by who has another clock',
    edits: [
      {
        file: 'src/redis/patience.ts',
        from: 'Math.min(byThisClock, now + longestMs)',
        to: 'Math.min(byThisClock, now + Math.min(longestMs, LONGEST_WAIT_MS))',
      },
    ],
    project: 'simulation',
    tests: ['test/simulation/account-silence.test.ts'],
  },
  {
    breaks: 'the alerts: what a lost reply left open is said once more',
    edits: [
      {
        file: 'src/alerts/store.ts',
        from: 'last === unsure.revision) drop(unsure.changes);',
        to: 'last === unsure.revision) drop(new Set());',
      },
    ],
    project: 'unit',
    tests: ['test/unit/alerts/store.test.ts'],
  },
  {
    breaks: 'the pace of sign-ins that nobody answers',
    edits: [
      {
        file: 'src/core/policy.ts',
        from: 'const UNKNOWN_SIGN_INS_PER_DAY = 3;',
        to: 'const UNKNOWN_SIGN_INS_PER_DAY = 1_000;',
      },
    ],
    project: 'unit',
    tests: ['test/unit/core/policy.test.ts'],
  },
  {
    breaks: 'the re-read: a record is kept from one lease to the next',
    edits: [
      {
        file: 'src/redis/store.ts',
        from: '  const seenRequests = new WeakMap<Lease, string>();',
        to: '  const seenRequests = new WeakMap<Lease, string>();\n  const kept = new Map<string, ReturnType<typeof readRecord>>();',
      },
      {
        file: 'src/redis/store.ts',
        from: 'const { record, unreadable } = readRecord(name, fields, seal);',
        to: "const now = readRecord(name, fields, seal);\n      const { record, unreadable } = (fields['attempt'] === undefined && kept.get(name)) || now;\n      if (record.session) kept.set(name, { record, unreadable });",
      },
    ],
    project: 'integration',
    tests: [`${modes}/01`],
  },
  {
    breaks: 'the lease: it is given to who asks',
    edits: [
      {
        file: `${scripts}/acquire.lua`,
        from: "not redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2])",
        to: "not redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])",
      },
    ],
    project: 'integration',
    tests: [`${modes}/01`, `${modes}/03`],
  },
  {
    breaks: 'the lease: the work goes on when it is lost',
    edits: [
      {
        file: 'src/tending/lease.ts',
        from: "return lost.abort(new Error('the lease is lost'));",
        to: 'return;',
      },
    ],
    project: 'simulation',
    tests: ['test/simulation/lost-lease.test.ts'],
  },
  {
    breaks: 'the lease: it is renewed for as long as a look hangs',
    edits: [{ file: 'src/tending/lease.ts', from: 'heldMs < mostMs;', to: 'heldMs >= 0;' }],
    project: 'unit',
    tests: ['test/unit/tending/hanging-look.test.ts'],
  },
  {
    breaks: 'the mirror: a disk that hangs is waited for',
    edits: [
      {
        file: 'src/mirror/patience.ts',
        from: 'for (let part = 0; part < PARTS && !answered.signal.aborted; part += 1)',
        to: 'for (; !answered.signal.aborted; )',
      },
    ],
    project: 'unit',
    tests: ['test/unit/mirror/patience.test.ts'],
  },
  {
    breaks: 'the mirror: a refresh token goes out before the disk knows',
    edits: [
      {
        file: 'src/tending/attempts.ts',
        from: 'policy.renewalIsSingleUse) await keepsake.spend(',
        to: 'policy.renewalIsSingleUse) void keepsake.spend(',
      },
    ],
    project: 'simulation',
    tests: ['test/simulation/power.test.ts'],
    named: 'refresh token',
  },
  {
    breaks: 'the mirror: a silence of one account is not kept',
    edits: [
      {
        file: 'src/app/keepsake.ts',
        from: "trouble?.kind === 'throttled' && retryAt",
        to: "trouble?.code === 'nothing' && retryAt",
      },
    ],
    project: 'simulation',
    tests: ['test/simulation/account-silence.test.ts'],
  },
  {
    breaks: 'the mirror: a silence and a refusal are written within a second',
    edits: [
      {
        file: 'src/app/network-keepsake.ts',
        from: 'if (toKeep.length > 0) await mirror.keep(...toKeep);',
        to: 'if (toKeep.length > 0) mirror.note(...toKeep);',
      },
    ],
    project: 'simulation',
    tests: ['test/simulation/power.test.ts'],
    named: 'hour',
  },
  {
    breaks: 'the mirror: that an API key is refused is not brought back',
    edits: [
      {
        file: 'src/app/network-keepsake.ts',
        from: 'refusedKey: await restoreKey(network, refusedKey)',
        to: 'refusedKey',
      },
    ],
    project: 'simulation',
    tests: ['test/simulation/rows/ig-key.test.ts'],
    named: 'FLUSHALL',
  },
  {
    breaks: 'the mirror: that an API key works again leaves no word',
    edits: [
      {
        file: 'src/redis/key-words.ts',
        from: 'allowKey: (network) => say(network, WORKS),',
        to: 'allowKey: async (network) => void (await redis.del(...wordKeys(network))),',
      },
    ],
    project: 'simulation',
    tests: ['test/simulation/rows/ig-key.test.ts'],
    named: 'mended',
  },
  {
    breaks: 'the lease: released whoever holds it',
    edits: [
      {
        file: `${scripts}/release.lua`,
        from: "if redis.call('GET', KEYS[1]) ~= ARGV[1] then",
        to: 'if false then',
      },
    ],
    project: 'integration',
    tests: ['test/integration/fence.test.ts', `${modes}/03`],
  },
  {
    breaks: 'the lease: a commit ends it whoever holds it',
    edits: [
      {
        file: `${scripts}/commit.lua`,
        from: "if redis.call('GET', KEYS[1]) == p.owner then",
        to: 'if true then',
      },
    ],
    project: 'integration',
    tests: [`${modes}/03`],
  },
  {
    breaks: 'the lease: shorter than its call, and not renewed',
    edits: [
      {
        file: 'src/tending/lease.ts',
        from: 'export const LEASE_SHARE = 1.5;',
        to: 'export const LEASE_SHARE = 0.5;',
      },
      {
        file: `${scripts}/extend.lua`,
        from: "return redis.call('PEXPIRE', KEYS[1], ARGV[2])",
        to: 'return 1',
      },
    ],
    project: 'integration',
    tests: [`${modes}/02`],
  },
  {
    breaks: 'the budgets',
    edits: [
      {
        file: `${scripts}/note.lua`,
        from: '  if until_ then',
        to: '  if false then',
      },
    ],
    project: 'integration',
    tests: ['test/integration/budgets.test.ts'],
  },
  {
    breaks: 'the silence that a broker asked for',
    edits: [
      {
        file: `${scripts}/acquire.lua`,
        from: "silent = math.max(silent, tonumber(redis.call('HGET', KEYS[i], 'until') or '0'))",
        to: 'silent = 0',
      },
      // Looked at again right before a call.
      {
        file: `${scripts}/note.lua`,
        from: 'if silent > serverNow then',
        to: 'if silent > serverNow + 1e15 then',
      },
    ],
    project: 'integration',
    tests: [`${modes}/09`],
    named: 'nobody behind the address',
  },
  {
    breaks: 'the mirror: what is known of an account',
    edits: [
      {
        file: 'src/app/keepsake.ts',
        from: 'if (!known) return record;',
        to: 'if (!known || known.refused.length >= 0) return record;',
      },
    ],
    project: 'integration',
    tests: [`${modes}/07`],
  },
  {
    breaks: 'the mirror: what is known of a network',
    edits: [
      {
        file: 'src/app/network-keepsake.ts',
        from: 'for (const { key, known } of silences) {',
        to: 'for (const { key, known } of silences.slice(2)) {',
      },
    ],
    project: 'integration',
    tests: [`${modes}/09`],
    named: 'nobody behind the address',
  },
  {
    breaks: 'an answer that Redis does not take: it is not held',
    edits: [
      {
        file: 'src/tending/open-attempts.ts',
        from: 'const answer = keepsake.heldFor(account, startedAt);',
        to: 'const answer = keepsake.heldFor(account, -startedAt);',
      },
    ],
    project: 'system',
    tests: ['test/system/faults/losses.test.ts'],
    named: 'held on disk',
  },
  {
    breaks: 'an answer that Redis does not take: it is not stored again',
    edits: [
      {
        file: 'src/tending/insist.ts',
        from: 'if (clock.now() >= until || isForbidden(error)) throw error;',
        to: 'if (clock.now() >= until - INSIST_MS || isForbidden(error)) throw error;',
      },
      {
        file: 'src/tending/open-attempts.ts',
        from: 'const answer = keepsake.heldFor(account, startedAt);',
        to: 'const answer = keepsake.heldFor(account, -startedAt);',
      },
    ],
    project: 'integration',
    tests: ['test/integration/outage.test.ts'],
    named: 'what IG answered is not lost',
  },
  {
    breaks: 'the TTL: keys outlive the cap',
    edits: [
      {
        file: 'src/redis/payloads.ts',
        from: 'Math.min(expiresAt, commit.ttlCapMs === undefined ? Infinity : now + commit.ttlCapMs),',
        to: 'Math.min(expiresAt, commit.ttlCapMs === undefined ? Infinity : now + 10 * commit.ttlCapMs),',
      },
    ],
    project: 'integration',
    tests: ['test/integration/ttl.test.ts'],
    named: 'at most ttlSeconds',
  },
  {
    breaks: 'the TTL: keys outlive their token',
    edits: [
      {
        file: `${scripts}/publish.lua`,
        from: "local keyUntil = string.format('%.0f', math.min(endsAt, p.keyUntil, serverNow + (p.keyUntil - p.now)))",
        to: "local keyUntil = string.format('%.0f', 10000 + math.min(endsAt, p.keyUntil, serverNow + (p.keyUntil - p.now)))",
      },
    ],
    project: 'integration',
    tests: ['test/integration/ttl.test.ts', 'test/integration/expiry.test.ts'],
  },
  {
    breaks: 'the withdrawal of a token that died early',
    edits: [{ file: `${scripts}/settle.lua`, from: 'if p.withdraw then', to: 'if false then' }],
    project: 'integration',
    tests: [`${modes}/14`],
  },
  {
    breaks: 'the proof before a token is published',
    edits: [
      {
        file: 'src/tending/obtain.ts',
        from: "if (!probe) return 'not-asked';",
        to: "if (probe) return 'alive';\n  if (!probe) return 'not-asked';",
      },
    ],
    project: 'integration',
    tests: [`${modes}/14`],
  },
  {
    breaks: 'the sweep of accounts without a next action',
    edits: [
      {
        file: 'src/app/upkeep.ts',
        from: 'if (lost.length === 0) return;',
        to: 'if (lost.length >= 0) return;',
      },
    ],
    project: 'integration',
    tests: [`${modes}/11`],
  },
  {
    breaks: 'what other processes found out, on this one’s disk',
    edits: [
      {
        file: 'src/app/upkeep.ts',
        from: 'await sweepFindings(served);',
        to: 'await sweepFindings(served.slice(served.length));',
      },
    ],
    project: 'system',
    tests: ['test/system/faults/losses.test.ts'],
    named: 'a STATE_DIR each',
  },
  {
    breaks: 'the put-back: what a Redis that came back has lost waits for the sweep',
    edits: [
      {
        file: 'src/app/put-back.ts',
        from: 'await putBack(parts, enabled);',
        to: 'await putBack(parts, enabled.slice(enabled.length));',
      },
    ],
    project: 'simulation',
    tests: ['test/simulation/rolled-back.test.ts'],
    named: 'costs no login where only one of three',
  },
  {
    breaks: 'the put-back: a look begins before the others had Redis back',
    edits: [
      {
        file: 'src/app/looks.ts',
        from: 'await parts.settled();',
        to: 'await Promise.resolve(parts.settled);',
      },
    ],
    project: 'simulation',
    tests: ['test/simulation/rolled-back.test.ts'],
    named: 'costs no login where only one of three',
  },
  {
    breaks: 'the fence: an account that begins anew is taken without a look at the disk',
    edits: [
      {
        file: 'src/tending/lease.ts',
        from: 'if (acquired?.isNew) {',
        to: "if (acquired?.isNew && name === '') {",
      },
    ],
    project: 'simulation',
    tests: ['test/simulation/losses.test.ts'],
  },
  {
    breaks: 'the fence: after the look at the disk it stays what it was',
    edits: [
      {
        file: 'src/tending/lease.ts',
        from: 'const anew = await acquire();',
        to: 'const anew = acquired;',
      },
    ],
    project: 'simulation',
    tests: ['test/simulation/losses.test.ts'],
  },
  {
    breaks: 'the fence: what other processes may have been given counts not where Redis forgot',
    edits: [
      {
        file: `${scripts}/acquire.lua`,
        from: 'least = math.max(least, tonumber(ARGV[5]))',
        to: 'least = least + 0',
      },
    ],
    project: 'simulation',
    tests: ['test/simulation/losses.test.ts'],
  },
  {
    breaks:
      'the fence: what those before a process may have been given counts not where it runs ahead of the clock',
    edits: [
      {
        file: `${scripts}/acquire.lua`,
        from: 'least = math.max(least, tonumber(ARGV[6]))',
        to: 'least = least + 0',
      },
    ],
    project: 'simulation',
    tests: ['test/simulation/losses.test.ts'],
    named: 'goes back in time',
  },
  {
    breaks: 'the fence: what may have been given counts as given, though Redis knows the account',
    edits: [
      {
        file: 'src/mirror/open.ts',
        from: 'reservedAtStart = memory.reservedElsewhere();',
        to: 'memory.apply({ generation: (reservedAtStart = memory.reservedElsewhere()) }, 0);',
      },
    ],
    project: 'simulation',
    tests: ['test/simulation/losses.test.ts'],
    named: 'after a deploy',
  },
  {
    breaks: 'the breaker: it never opens',
    edits: [
      {
        file: `${scripts}/breaker.lua`,
        from: "redis.call('ZCARD', failing) >= p.trips",
        to: "redis.call('ZCARD', failing) >= p.trips + 1000",
      },
    ],
    project: 'simulation',
    tests: ['test/simulation/breaker.test.ts'],
  },
  {
    breaks: 'the breaker: no answer closes it',
    edits: [
      {
        file: `${scripts}/breaker.lua`,
        from: "redis.call('DEL', breaker, probe, failing, queue, breaker .. ':tried', breaker .. ':apart')",
        to: "redis.call('DEL', failing)",
      },
    ],
    project: 'simulation',
    tests: ['test/simulation/breaker.test.ts', 'test/simulation/days/partly.test.ts'],
  },
  {
    breaks: 'the breaker: whoever comes first tries',
    edits: [
      {
        file: `${scripts}/breaker-says.lua`,
        from: 'if openUntil <= now and turnIn > 0 then',
        to: 'if false then',
      },
    ],
    project: 'simulation',
    tests: ['test/simulation/breaker.test.ts'],
  },
  {
    breaks: 'the breaker: who waits is not woken',
    edits: [
      {
        file: `${scripts}/breaker.lua`,
        from: "redis.call('ZADD', dueKey, 'XX', string.format('%.0f', p.now), waiting)",
        to: 'local _ = dueKey',
      },
    ],
    project: 'simulation',
    tests: ['test/simulation/breaker.test.ts'],
  },
  {
    breaks: 'the breaker: an answered harmless call does not close it',
    edits: [
      {
        file: `${scripts}/settle.lua`,
        from: "if p.answer == 'up' or p.reached then",
        to: "if p.answer == 'up' then",
      },
    ],
    project: 'simulation',
    tests: ['test/simulation/breaker.test.ts'],
  },
  {
    breaks: 'the breaker: a late answer to the harmless call is none',
    edits: [{ file: 'src/tending/obtain.ts', from: 'const REACH = 5 / 6;', to: 'const REACH = 1 / 3;' }],
    project: 'simulation',
    tests: ['test/simulation/days/after-outage.test.ts'],
    named: 'slowly after an outage',
  },
  {
    breaks: 'the breaker of sign-ins: it holds nobody back',
    edits: [
      {
        file: `${scripts}/note.lua`,
        from: "if signIns == 'open' then",
        to: 'if false then',
      },
    ],
    project: 'simulation',
    tests: ['test/simulation/breaker.test.ts'],
  },
  {
    breaks: 'the breaker of sign-ins: any answer closes it',
    edits: [
      {
        file: `${scripts}/settle.lua`,
        from: "if p.signIn == 'sent' and p.answer == 'up' then",
        to: "if p.answer == 'up' then",
      },
    ],
    project: 'simulation',
    tests: ['test/simulation/breaker.test.ts'],
  },
  {
    breaks: 'the ramp: after an outage all sign in at once',
    edits: [{ file: `${scripts}/settle.lua`, from: 'restartRamp(KEYS[4])', to: 'local _ = restartRamp' }],
    project: 'simulation',
    tests: ['test/simulation/breaker.test.ts'],
  },
  {
    breaks: 'the silence: a shorter one cuts a longer one off',
    edits: [
      { file: `${scripts}/silence.lua`, from: 'if left > 0 and isLonger then', to: 'if left > 0 then' },
    ],
    project: 'simulation',
    tests: ['test/simulation/store.test.ts'],
  },
  {
    breaks: 'what is spent: another process’ take-back counts for all',
    edits: [
      {
        file: 'src/mirror/renewals.ts',
        from: 'const spent: Spent = new Map();\n    for',
        to: 'const spent = said;\n    for',
      },
    ],
    project: 'unit',
    tests: ['test/unit/mirror/spent-elsewhere.test.ts'],
  },
  {
    breaks: 'the silence of a network that a broker turns away',
    edits: [
      {
        file: 'src/core/consequence.ts',
        from: 'if (isBarred(error)) return { scope,',
        to: "if (isBarred(error) && code === '') return { scope,",
      },
    ],
    project: 'simulation',
    tests: ['test/simulation/rows/upstox-barred.test.ts'],
  },
  {
    breaks: 'the order of sessions: one that is put back counts as new',
    edits: [
      {
        file: 'src/core/session.ts',
        from: 'session?.origin ?? session?.generation ?? 0;',
        to: 'session?.generation ?? 0;',
      },
    ],
    project: 'simulation',
    tests: ['test/simulation/two-sessions.test.ts'],
    named: 'the older|neither',
  },
  {
    breaks: 'the reports: one proof follows the other without a gap',
    edits: [
      {
        file: `${scripts}/report.lua`,
        from: 'before.at > p.now and before.at or before.at + p.gapMs)',
        to: 'before.at)',
      },
    ],
    project: 'integration',
    tests: ['test/integration/note-report.test.ts'],
  },
  {
    breaks: 'the reports: a dead token is replaced as often as somebody ends it',
    edits: [
      {
        file: `${scripts}/report.lua`,
        from: 'at = math.max(at, diedAt + p.replacementGapMs)',
        to: 'at = math.max(at, diedAt)',
      },
    ],
    project: 'integration',
    tests: ['test/integration/note-report.test.ts', 'test/integration/reports.test.ts'],
    named: 'five minutes',
  },
  {
    breaks: 'the reports: each report of a generation is another proof',
    edits: [
      {
        file: `${scripts}/report.lua`,
        from: 'if before.at + p.restMs > p.now then',
        to: 'if false then',
      },
      {
        file: `${scripts}/report.lua`,
        from: 'if not p.probed or (provenAt < before.at and proofDueAt > 0) then',
        to: 'if false then',
      },
    ],
    project: 'integration',
    tests: ['test/integration/note-report.test.ts'],
  },
  {
    breaks: 'the reports: a flood pushes out what is not read yet',
    edits: [
      {
        file: 'src/redis/reports.ts',
        from: "await redis.xtrim(STREAM, 'MINID', '~', kept);",
        to: "await redis.xtrim(STREAM, 'MAXLEN', '~', MOST_KEPT);",
      },
    ],
    project: 'integration',
    tests: ['test/integration/reports-stream.test.ts'],
    named: 'loses nobody else',
  },
  {
    breaks: 'the reports: what another process has not dealt with is trimmed',
    edits: [
      {
        file: 'src/redis/reports.ts',
        from: "await redis.xtrim(STREAM, 'MINID', '~', kept);",
        to: "await redis.xtrim(STREAM, 'MINID', '~', last);",
      },
    ],
    project: 'integration',
    tests: ['test/integration/reports-stream.test.ts'],
    named: 'keeps what another process',
  },
  {
    breaks: 'the reports: what a process that died left is not taken over',
    edits: [
      {
        file: 'src/app/reports.ts',
        from: 'await judge(await stream.takeOver());',
        to: 'await stream.takeOver();',
      },
    ],
    project: 'integration',
    tests: ['test/integration/reports-stream.test.ts'],
    named: 'is taken over',
  },
  {
    breaks: 'the machine that slept: what was noted before is sent after it',
    edits: [
      {
        file: 'src/tending/attempts.ts',
        from: 'if (quiet || clock.now() - startedAt > timeoutMs) throw heldUp();',
        to: 'if (quiet) throw heldUp();',
      },
    ],
    project: 'simulation',
    tests: ['test/simulation/stopped.test.ts'],
  },
  {
    breaks: 'two versions: a session with a field of a later one is none',
    edits: [
      {
        file: 'src/redis/record.ts',
        from: 'const grantSchema = z.object({',
        to: 'const grantSchema = z.strictObject({',
      },
    ],
    project: 'system',
    tests: ['test/system/faults/shapes.test.ts'],
    named: 'a later one:',
  },
  {
    breaks: 'two versions: a mirror with a field of a later one is none',
    edits: [
      {
        file: 'src/mirror/mirror.ts',
        from: 'const account: z.ZodType<AccountFacts> = z.object({',
        to: 'const account: z.ZodType<AccountFacts> = z.strictObject({',
      },
    ],
    project: 'system',
    tests: ['test/system/faults/shapes.test.ts'],
    named: 'a later one:',
  },
  {
    breaks: 'two versions: alerts with a field of a later one are none',
    edits: [
      {
        file: 'src/alerts/book.ts',
        from: 'const memberSchema = z.readonly(\n  z.object({',
        to: 'const memberSchema = z.readonly(\n  z.strictObject({',
      },
    ],
    project: 'system',
    tests: ['test/system/faults/shapes.test.ts'],
    named: 'a later one:',
  },
  {
    breaks: 'the ring: an older key opens nothing',
    edits: [
      {
        file: 'src/redis/seal.ts',
        from: 'const key = ring.find((candidate) => candidate.id === id);',
        to: 'const key = first.id === id ? first : undefined;',
      },
    ],
    project: 'integration',
    tests: ['test/integration/keyring.test.ts'],
    named: 'can be dropped',
  },
  {
    breaks: 'the ring: what an older key sealed is not sealed anew',
    edits: [
      {
        file: 'src/redis/reseal.ts',
        from: 'seal.isCurrent(sealed)) continue;',
        to: 'seal.open(sealed, `${field} ${name}`) !== undefined) continue;',
      },
    ],
    project: 'integration',
    tests: ['test/integration/keyring.test.ts'],
    named: 'can be dropped',
  },
  {
    breaks: 'the ring: an entry that no key opens is not put aside',
    edits: [
      {
        file: 'src/redis/reseal.ts',
        from: 'const done = await run(',
        to: 'if (opened === undefined) continue;\n        const done = await run(',
      },
    ],
    project: 'integration',
    tests: ['test/integration/keyring.test.ts'],
    named: 'is lost for one entry',
  },
  {
    breaks: 'the ring: a refused password is not noted under its first key',
    edits: [
      {
        file: 'src/tending/outcomes.ts',
        from: 'refused: underFirstKey(record.refused, parts.fingerprints(account.credentials)),',
        to: 'refused: record.refused,',
      },
    ],
    project: 'integration',
    tests: ['test/integration/keyring.test.ts'],
    named: 'can be dropped',
  },
  {
    breaks: 'the keycheck: it stays under a key that is to leave the ring',
    edits: [{ file: 'src/redis/world.ts', from: "if (fits === 'current') return;", to: 'if (fits) return;' }],
    project: 'integration',
    tests: ['test/integration/keyring.test.ts'],
    named: 'can be dropped',
  },
  {
    breaks: 'the keycheck: any key is taken',
    edits: [
      { file: 'src/redis/world.ts', from: 'if (!parts.newKey) {', to: 'if (parts.newKey === undefined) {' },
    ],
    project: 'system',
    tests: ['test/system/start.test.ts'],
    named: 'refuses another SECRET_KEY',
  },
  {
    breaks: 'the drain at SIGTERM: what is under way is not waited for',
    edits: [{ file: 'src/app/start.ts', from: 'schedule.stop(GRACE_MS)', to: 'schedule.stop(0)' }],
    project: 'system',
    tests: ['test/system/faults/deploys.test.ts'],
    named: 'that ends a process with SIGTERM',
  },
  {
    breaks: 'the ramp: first logins are bounded as all others are',
    edits: [
      {
        file: `${scripts}/ramp.lua`,
        from: "room = math.min(room, most - redis.call('ZCARD', untriedKey))",
        to: 'room = math.min(room, most + 1000)',
      },
    ],
    project: 'simulation',
    tests: ['test/simulation/days/first-logins.test.ts'],
    named: 'of a batch that works',
  },
];
