-- Writes an attempt before its call goes out, if the breaker, every budget and the sign-in ramp let it,
-- and gives the lease its full time again, so that the call's deadline always lies inside it. All or
-- nothing: what is turned away has charged nothing.
-- includes budget.lua
-- KEYS lease record rampLevel rampUnderWay rampWaiting breaker breakerProbe ledger budget... leftBudget...
-- ARGV payload (JSON): { name, owner, now, ttlMs, attempt, seedSpent, seenRequest, passesBreaker, signIn,
--   proven, forced, open, ledger = {limit, max, ours, windowMs, paceMs} or nil, emergency, expiresAt,
--   budgets = {{limit, max, routine, windowMs, counts}} }
-- -> {1, 1 where the breaker is half-open} noted, {0} lease lost, {-1} the ramp is full (the lease is
--    given back), {-2, until, limit} a budget is spent, {-3, until} the breaker is open
local p = cjson.decode(ARGV[1])
local now = p.now
if redis.call('GET', KEYS[1]) ~= p.owner then
  return { 0 }
end

local halfOpen = 0
if not p.passesBreaker and redis.call('EXISTS', KEYS[6]) == 1 then
  local openUntil = tonumber(redis.call('HGET', KEYS[6], 'until') or '0')
  if openUntil > now then
    return { -3, openUntil }
  end
  local holder = redis.call('GET', KEYS[7])
  if holder and holder ~= p.name then
    -- One goes and tells the others; it has the time of its call.
    return { -3, now + math.max(1000, redis.call('PTTL', KEYS[7])) }
  end
  halfOpen = 1
end

for i, budget in ipairs(p.budgets) do
  local until_ = spentUntil(KEYS[8 + i], budget, p)
  if until_ then
    return { -2, until_, budget.limit }
  end
end

if p.signIn then
  local level = tonumber(redis.call('GET', KEYS[3]) or '1')
  local cap = level < p.open and level or math.huge
  if p.ledger then
    local held, narrow = ledgerSays(KEYS[8], p)
    if held then
      return { -2, held, p.ledger.limit }
    end
    if narrow then
      cap = 1
      redis.call('SET', KEYS[3] .. ':narrow', '1', 'PX', p.ledger.windowMs)
    else
      redis.call('DEL', KEYS[3] .. ':narrow')
    end
  end
  redis.call('ZREM', KEYS[4], p.name)
  redis.call('ZREMRANGEBYSCORE', KEYS[4], '-inf', now)
  if redis.call('ZCARD', KEYS[4]) >= cap then
    redis.call('ZADD', KEYS[5], 'NX', now, p.name)
    -- Given back here, not by the caller: who wakes it must find it free.
    redis.call('DEL', KEYS[1])
    return { -1 }
  end
  -- A place ends with its lease: a process that dies does not hold it for ever.
  redis.call('ZADD', KEYS[4], string.format('%.0f', now + p.ttlMs), p.name)
  redis.call('ZREM', KEYS[5], p.name)
end

if halfOpen == 1 then
  redis.call('SET', KEYS[7], p.name, 'PX', p.ttlMs)
end
for i, budget in ipairs(p.budgets) do
  charge(KEYS[8 + i], budget, p)
end
for i = 9 + #p.budgets, #KEYS do
  -- Who goes another way keeps nobody's place.
  redis.call('ZREM', KEYS[i] .. ':waiting', p.name)
end
redis.call('PEXPIRE', KEYS[1], p.ttlMs)
if p.attempt then
  redis.call('HSET', KEYS[2], 'attempt', p.attempt)
end
if redis.call('HGET', KEYS[2], 'request') == p.seenRequest then
  redis.call('HDEL', KEYS[2], 'request')
end
if p.seedSpent then
  redis.call('HSET', KEYS[2], 'seedSpent', p.seedSpent)
end
return { 1, halfOpen }
