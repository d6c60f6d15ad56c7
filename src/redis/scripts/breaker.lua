-- Shared by commit and settle: whether a broker answers at all. KEYS names: breaker, its probe, those
-- that failed of late; beside them stands `<breaker>:apart`, the accounts that share the one try while it is open. The probe belongs
-- to a lease, as a place on the ramp does (`isOwnPlace`). All by the server's
-- clock: one that is ahead by an hour must not hold everybody up for an hour.
-- includes ramp.lua, breaker-says.lua

-- Forgotten by itself once nobody has failed for so long.
local BREAKER_MEMORY_MS = 600000

-- The broker answered as itself, be it with a refusal.
local function answered(breaker, probe, failing, p, now)
  redis.call('ZREM', failing, p.name)
  if redis.call('EXISTS', breaker) == 0 then
    return
  end
  if isAmongFailing(breaker, p.name) then
    redis.call('DEL', breaker, probe, failing, breaker .. ':apart')
    return
  end
  -- One that had never failed was answered: the others need not wait any longer, and one of those that did may look at once.
  local holder = redis.call('GET', probe)
  if holder and isOwnPlace(holder, p.name, p.fence) then
    redis.call('DEL', probe)
  end
  if holdsAll(breaker) then
    redis.call('HSET', breaker, 'until', string.format('%.0f', now))
  end
  redis.call('HSET', breaker, 'answeredAt', string.format('%.0f', now))
end

-- So many accounts that had not failed before, within a minute and since anybody was answered: it is the broker again, and not
-- only those that failed first.
local function isTheWhole(breaker, trips, now)
  local answeredAt = tonumber(redis.call('HGET', breaker, 'answeredAt') or '0')
  -- The server's own clock was set back.
  if answeredAt > now then
    answeredAt = 0
  end
  local from = math.max(answeredAt, now - 60000)
  return redis.call('ZCOUNT', breaker .. ':apart', string.format('(%.0f', from), '+inf') >= trips
end

-- It did not. -> true where the breaker opened by it. From so many accounts in a minute on nobody calls it, but one at a time to see.
local function unanswered(breaker, probe, failing, p, now)
  local holder = redis.call('GET', probe)
  local isOurs = holder and isOwnPlace(holder, p.name, p.fence)
  local apart = breaker .. ':apart'
  local at = string.format('%.0f', now)
  redis.call('ZADD', failing, at, p.name)
  redis.call('ZREMRANGEBYSCORE', failing, '-inf', now - 60000)
  redis.call('PEXPIRE', failing, 60000)
  local opened = false
  if redis.call('EXISTS', breaker) == 1 or redis.call('ZCARD', failing) >= p.trips then
    opened = redis.call('HSETNX', breaker, 'since', at) == 1
    if opened then
      redis.call('DEL', apart)
      for _, name in ipairs(redis.call('ZRANGE', failing, 0, -1)) do
        redis.call('ZADD', apart, at, name)
      end
    elseif redis.call('ZADD', apart, 'NX', at, p.name) == 1 and isTheWhole(breaker, p.trips, now) then
      redis.call('HDEL', breaker, 'answeredAt')
    end
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
