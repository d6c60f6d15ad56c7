-- Writes an attempt before its call goes out, if the breaker, every budget and the sign-in ramp let it,
-- and gives the lease its full time again, so that the call's deadline always lies inside it. All or
-- nothing: what is turned away has charged nothing.
-- includes budget.lua, ramp.lua, breaker-pace.lua, breaker-says.lua
-- KEYS lease record rampLevel rampUnderWay rampWaiting breaker breakerProbe ledger silence keySilence
--   budget... leftBudget...
-- ARGV payload (JSON): { name, owner, fence, member, now, ttlMs, attempt, seedSpent, seenRequest, passesBreaker,
--   passesSilence, reaches, signIn, proven, forced, open, ledger = {limit, max, ours, windowMs, paceMs} or nil, emergency, expiresAt,
--   budgets = {{limit, max, routine, windowMs, counts,
--   countsReads, cost}} }
-- -> {1, 1 where the breaker is half-open, 2 where nothing harmless need be answered first} noted, {0} lease lost, {-1} the ramp is full (the lease is
--    given back), {-2, until, limit} a budget is spent, {-3, until} the breaker is open, {-4, until} the
--    broker has asked for silence since the lease was taken

-- Until when one of another account tries, ms from now; nothing where nobody does. It has the time of its call, and no longer
-- than until the next try.
local function heldFor(breaker, probe, p, serverNow)
  local holder = redis.call('GET', probe)
  if not holder or holder == p.name or isOwnPlace(holder, p.name, p.fence) then
    return nil
  end
  local heldForMs = serverNow - tonumber(redis.call('HGET', breaker, 'probedAt') or '0')
  -- A call takes no minute: past that, or before it began, the server's clock was set.
  if heldForMs < 0 or heldForMs > 60000 then
    return nil
  end
  return math.max(1000, math.min(redis.call('PTTL', probe), paceOf(breaker, serverNow) - heldForMs))
end

local p = cjson.decode(ARGV[1])
local now = p.now
local t = redis.call('TIME')
local serverNow = t[1] * 1000 + math.floor(t[2] / 1000)
if redis.call('GET', KEYS[1]) ~= p.owner then
  return { 0 }
end

if not p.passesSilence then
  local silent = 0
  for i = 9, 10 do
    silent = math.max(silent, tonumber(redis.call('HGET', KEYS[i], 'until') or '0'))
  end
  if silent > serverNow then
    return { -4, now + silent - serverNow }
  end
end

local halfOpen = 0
local isBeside, isHarmless = false, false
local says, heldMs, mayCallBeside = 'closed', 0, false
if not p.passesBreaker then
  says, heldMs, mayCallBeside = breakerSays(KEYS[6], p.name, p.expiresAt - now, serverNow)
end
if says == 'open' then
  return { -3, now + heldMs }
end
if says == 'half-open' then
  local freeInMs = heldFor(KEYS[6], KEYS[7], p, serverNow)
  local seen = redis.call('HMGET', KEYS[6], 'until', 'since', 'triedAt', 'tries')
  local isEarly = tonumber(seen[1] or '0') > serverNow
  isBeside = mayCallBeside and (freeInMs or isEarly)
  if freeInMs and not isBeside then
    return { -3, now + waitOf(KEYS[6], p.name, freeInMs, serverNow) }
  end
  -- An odd answer to a harmless call must not forbid the real one for ever: it goes all the same after five minutes, then
  -- after ten more, twenty more, and each hour. More often, a long outage would cost a network one login in vain after the other.
  local patienceMs = math.min(3600000, 300000 * 2 ^ tonumber(seen[4] or '0'))
  local isLongAgo = math.abs(serverNow - tonumber(seen[3] or seen[2] or '0')) >= patienceMs
  halfOpen = isLongAgo and p.signIn and not isBeside and 2 or 1
  isHarmless = halfOpen == 1 and (p.reaches or not (p.attempt or p.signIn))
  local openForMs = serverNow - tonumber(seen[2] or '0')
  if not isHarmless and openForMs >= 0 and openForMs < LOOK_MS then
    return { -3, now + LOOK_MS - openForMs }
  end
  for _, budget in ipairs(p.budgets) do
    if halfOpen == 1 and p.reaches and budget.countsReads then
      budget.cost = budget.cost + 1
    end
  end
end

-- What a person allows once more waits for nobody's try.
local signIns = 'closed'
if p.signIn and not p.passesBreaker and not p.forced then
  local own, probe = ofSignIns(KEYS[6])
  local openMs
  signIns, openMs = breakerSays(own, p.name, 0, serverNow)
  if signIns == 'half-open' then
    local freeInMs = heldFor(own, probe, p, serverNow)
    if freeInMs then
      signIns, openMs = 'open', waitOf(own, p.name, freeInMs, serverNow)
    end
  end
  if signIns == 'open' then
    waitForTry(own, p.name)
    return { -3, now + openMs }
  end
end

for i, budget in ipairs(p.budgets) do
  local until_ = spentUntil(KEYS[10 + i], budget, p)
  if until_ then
    return { -2, until_, budget.limit }
  end
end

if p.signIn then
  -- One that a person allows once more was refused before, whatever it had been before that.
  local untried = not p.proven or p.forced
  local caps = KEYS[3] .. ':caps'
  local kind = untried and 'untried' or 'proven'
  if p.ledger then
    local held, cap = ledgerSays(KEYS[8], p, untried)
    if held then
      return { -2, held, p.ledger.limit }
    end
    redis.call('HSET', caps, 'ours', p.ledger.ours, kind, cap)
    redis.call('PEXPIRE', caps, p.ledger.windowMs)
  end
  if not enterRamp(KEYS[3], KEYS[4], KEYS[5], untried, p, serverNow) then
    -- Given back here, not by the caller: who wakes it must find it free.
    redis.call('DEL', KEYS[1])
    return { -1 }
  end
end

if halfOpen > 0 and not isBeside then
  redis.call('SET', KEYS[7], p.member, 'PX', p.ttlMs)
  -- Counted from here: a call that gets no answer takes its time as well.
  redis.call('HSET', KEYS[6], 'probedAt', string.format('%.0f', serverNow), 'isHarmless', isHarmless and '1' or '0')
  if halfOpen == 2 then
    redis.call('HSET', KEYS[6], 'triedAt', string.format('%.0f', serverNow))
    redis.call('HINCRBY', KEYS[6], 'tries', 1)
  end
  tries(KEYS[6], p.name)
end
if signIns == 'half-open' then
  local own, probe = ofSignIns(KEYS[6])
  redis.call('SET', probe, p.member, 'PX', p.ttlMs)
  redis.call('HSET', own, 'probedAt', string.format('%.0f', serverNow))
  tries(own, p.name)
end
for i, budget in ipairs(p.budgets) do
  charge(KEYS[10 + i], budget, p)
end
for i = 11 + #p.budgets, #KEYS do
  -- Who goes another way keeps nobody's place.
  redis.call('ZREM', KEYS[i] .. ':waiting', p.name)
end
redis.call('PEXPIRE', KEYS[1], p.ttlMs)
if p.attempt then
  -- By the server's clock: what comes of the call is not older, whatever ours says by then.
  redis.call('HSET', KEYS[2], 'attempt', p.attempt)
  redis.call('HSET', KEYS[2], 'notedAt', string.format('%.0f', serverNow))
end
if redis.call('HGET', KEYS[2], 'request') == p.seenRequest then
  redis.call('HDEL', KEYS[2], 'request')
end
if p.seedSpent then
  redis.call('HSET', KEYS[2], 'seedSpent', p.seedSpent)
end
return { 1, halfOpen }
