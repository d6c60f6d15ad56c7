-- Shared by commit and settle: whether a broker answers at all. KEYS names: breaker, its probe, those
-- that failed of late. The probe belongs to a lease, as a place on the ramp does (`isOwnPlace`). All by the server's
-- clock: one that is ahead by an hour must not hold everybody up for an hour.

-- The broker answered as itself, be it with a refusal.
local function answered(breaker, probe, failing, name)
  redis.call('ZREM', failing, name)
  if redis.call('DEL', breaker) == 1 then
    redis.call('DEL', probe, failing)
  end
end

-- It did not. -> true where the breaker opened by it. From so many accounts in a minute on nobody calls it, but one at a time to see.
local function unanswered(breaker, probe, failing, p, now)
  local holder = redis.call('GET', probe)
  local isOurs = holder and isOwnPlace(holder, p.name, p.fence)
  redis.call('ZADD', failing, string.format('%.0f', now), p.name)
  redis.call('ZREMRANGEBYSCORE', failing, '-inf', now - 60000)
  redis.call('PEXPIRE', failing, 60000)
  local opened = false
  if redis.call('EXISTS', breaker) == 1 or redis.call('ZCARD', failing) >= p.trips then
    opened = redis.call('HSETNX', breaker, 'since', string.format('%.0f', now)) == 1
    local from = isOurs and redis.call('HGET', breaker, 'probedAt') or now
    redis.call('HSET', breaker, 'until', string.format('%.0f', from + p.pauseMs))
    -- Forgotten by itself once nobody has called for so long.
    redis.call('PEXPIRE', breaker, 600000)
  end
  if isOurs then
    redis.call('DEL', probe)
  end
  return opened
end
