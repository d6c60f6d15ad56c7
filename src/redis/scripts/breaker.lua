-- Shared by commit and settle: whether a broker answers at all. KEYS names: breaker, its probe, those
-- that failed of late. The probe belongs to a lease, as a place on the ramp does (`isOwnPlace`). All by the server's
-- clock: one that is ahead by an hour must not hold everybody up for an hour.
-- includes ramp.lua, breaker-pace.lua

-- Longer than the pace of logins that nobody answers (a minute for a network): three that fail must fit into it.
local FAILING_MS = 240000
-- Who waited for it is looked at now; one look takes as many.
local MOST_WOKEN = 1000

-- The broker answered as itself, be it with a refusal: it is there, and who gets no answer has a trouble of its own.
local function answered(breaker, probe, failing, dueKey, p)
  local queue = breaker .. ':queue'
  if redis.call('EXISTS', breaker) == 1 then
    for _, waiting in ipairs(redis.call('ZRANGE', queue, 0, MOST_WOKEN - 1)) do
      if waiting ~= p.name then
        redis.call('ZADD', dueKey, 'XX', string.format('%.0f', p.now), waiting)
      end
    end
  end
  -- `:apart` is what versions before this one kept there.
  redis.call('DEL', breaker, probe, failing, queue, breaker .. ':tried', breaker .. ':apart')
end

-- It did not. -> true where the breaker opened by it. From so many accounts on, with nobody answered between them, nobody calls it,
-- but one at a time to see: the first at once, by a harmless call.
local function unanswered(breaker, probe, failing, p, now)
  local holder = redis.call('GET', probe)
  local isOurs = holder and isOwnPlace(holder, p.name, p.fence)
  local tried = breaker .. ':tried'
  local at = string.format('%.0f', now)
  redis.call('ZADD', failing, at, p.name)
  redis.call('ZREMRANGEBYSCORE', failing, '-inf', now - FAILING_MS)
  -- Of a clock that was set back since.
  redis.call('ZREMRANGEBYSCORE', failing, '(' .. at, '+inf')
  redis.call('PEXPIRE', failing, FAILING_MS)
  local opened = false
  if redis.call('EXISTS', breaker) == 1 or redis.call('ZCARD', failing) >= p.trips then
    opened = redis.call('HSETNX', breaker, 'since', at) == 1
    if opened then
      redis.call('DEL', tried, breaker .. ':queue')
      local failed = redis.call('ZRANGE', failing, 0, -1, 'WITHSCORES')
      for i = 1, #failed, 2 do
        redis.call('ZADD', tried, failed[i + 1], failed[i])
      end
      redis.call('HSET', breaker, 'until', at)
    else
      redis.call('ZADD', tried, at, p.name)
      -- Who called beside the one that tries puts no try off.
      if isOurs then
        local from = redis.call('HGET', breaker, 'probedAt') or now
        redis.call('HSET', breaker, 'until', string.format('%.0f', from + paceOf(breaker, now)))
      end
    end
    redis.call('PEXPIRE', breaker, BREAKER_MEMORY_MS)
    redis.call('PEXPIRE', tried, BREAKER_MEMORY_MS)
  end
  if isOurs then
    redis.call('DEL', probe)
  end
  return opened
end

-- The same of sign-ins alone.
local function answeredSignIn(breaker, dueKey, p)
  local own, probe, failing = ofSignIns(breaker)
  answered(own, probe, failing, dueKey, p)
end

local function unansweredSignIn(breaker, p, now)
  local own, probe, failing = ofSignIns(breaker)
  unanswered(own, probe, failing, p, now)
end

-- It ended without a password on its way: the next one may try.
local function freeSignIn(breaker, p)
  local _, probe = ofSignIns(breaker)
  local holder = redis.call('GET', probe)
  if holder and isOwnPlace(holder, p.name, p.fence) then
    redis.call('DEL', probe)
  end
end
