-- Shared by commit and settle: whether a broker answers at all. KEYS names: breaker, its probe, those
-- that failed of late; beside them stands `<breaker>:apart`, who got no answer while it was open. The probe belongs to a lease, as
-- a place on the ramp does (`isOwnPlace`). All by the server's
-- clock: one that is ahead by an hour must not hold everybody up for an hour.
-- includes ramp.lua

-- Longer than the pace of logins that nobody answers (a minute for a network): three that fail must fit into it.
local FAILING_MS = 240000
-- Forgotten by itself once nobody has failed for so long.
local BREAKER_MEMORY_MS = 600000

-- The broker answered as itself, be it with a refusal: it is there, and who gets no answer has a trouble of its own.
local function answered(breaker, probe, failing)
  redis.call('DEL', breaker, probe, failing, breaker .. ':apart')
end

-- It did not. -> true where the breaker opened by it. From so many accounts on, with nobody answered between them, nobody calls it,
-- but one at a time to see.
local function unanswered(breaker, probe, failing, p, now)
  local holder = redis.call('GET', probe)
  local isOurs = holder and isOwnPlace(holder, p.name, p.fence)
  local apart = breaker .. ':apart'
  local at = string.format('%.0f', now)
  redis.call('ZADD', failing, at, p.name)
  redis.call('ZREMRANGEBYSCORE', failing, '-inf', now - FAILING_MS)
  redis.call('PEXPIRE', failing, FAILING_MS)
  local opened = false
  if redis.call('EXISTS', breaker) == 1 or redis.call('ZCARD', failing) >= p.trips then
    opened = redis.call('HSETNX', breaker, 'since', at) == 1
    if opened then
      redis.call('DEL', apart)
      redis.call('SADD', apart, unpack(redis.call('ZRANGE', failing, 0, -1)))
    else
      redis.call('SADD', apart, p.name)
    end
    -- Who called beside the one that tries puts no try off.
    if opened or isOurs then
      local from = isOurs and redis.call('HGET', breaker, 'probedAt') or now
      redis.call('HSET', breaker, 'until', string.format('%.0f', from + p.pauseMs))
    end
    redis.call('PEXPIRE', breaker, BREAKER_MEMORY_MS)
    redis.call('PEXPIRE', apart, BREAKER_MEMORY_MS)
  end
  if isOurs then
    redis.call('DEL', probe)
  end
  return opened
end
