-- Shared by note and settle: the broker's limits, counted over rolling windows. A budget is a zset of
-- the calls in its window (score: when); beside it wait those it turned away (score: when their token dies).

-- Until when a call has to wait (ms), or nothing where there is room. Those whose token dies earlier go
-- first, and the reserve is for those whose token is dead or nearly so.
local function spentUntil(key, budget, p)
  redis.call('ZREMRANGEBYSCORE', key, '-inf', p.now - budget.windowMs)
  local used = redis.call('ZCARD', key)
  local cap = p.emergency and budget.max or budget.routine
  local waiting = key .. ':waiting'
  local ahead = 0
  if used > 0 and redis.call('EXISTS', waiting) == 1 then
    redis.call('ZREMRANGEBYSCORE', waiting, '-inf', p.now)
    if p.expiresAt > p.now then
      ahead = redis.call('ZCOUNT', waiting, '-inf', '(' .. string.format('%.0f', p.expiresAt))
    end
  end
  -- What costs more than there ever is goes alone, when all is free.
  local cost = math.min(budget.cost, cap)
  if cap - used - ahead >= cost then
    return nil
  end
  if p.expiresAt > p.now then
    redis.call('ZADD', waiting, string.format('%.0f', p.expiresAt), p.name)
    redis.call('PEXPIRE', waiting, budget.windowMs)
  end
  -- There is room once so many of the oldest calls have left the window.
  local last = used + ahead + cost - cap - 1
  local oldest = redis.call('ZRANGE', key, last, last, 'WITHSCORES')
  local freeAt = oldest[2] and tonumber(oldest[2]) + budget.windowMs + 1 or p.now + budget.windowMs
  return math.max(freeAt, p.now + 250)
end

local function charge(key, budget, p)
  redis.call('ZREM', key .. ':waiting', p.name)
  if budget.counts == 'every-call' then
    for call = 1, budget.cost do
      redis.call('ZADD', key, string.format('%.0f', p.now), call == 1 and p.member or p.member .. ':' .. call)
    end
    redis.call('PEXPIRE', key, budget.windowMs)
  end
end

-- For so long each of those whose turn comes sooner is waited for.
local OTHERS_TURN_MS = 4000

-- The failed sign-ins of a network. Members: `r:` refused, `u:` outcome unknown. The last of an hour's
-- failures are kept for logins that are known to be good: those can hardly fail, an untried one can.
-- What is under way may fail as well, so that after a failure less goes at once.
-- -> until when to wait (ms) or nothing, how many sign-ins may be under way
local function ledgerSays(key, p, untried)
  local ledger = p.ledger
  redis.call('ZREMRANGEBYSCORE', key, '-inf', p.now - ledger.windowMs)
  local entries = redis.call('ZRANGE', key, 0, -1, 'WITHSCORES')
  -- A success shows that this network is not barred, whatever became of what nobody answered.
  local succeededAt = tonumber(redis.call('GET', key .. ':success') or '0')
  -- By this clock it is still to come: what nobody answers until then would be excused before it was.
  if succeededAt > p.now then
    succeededAt = 0
  end
  local refusedAt, unknownAt, all = {}, {}, {}
  local lastUnknownOf = {}
  for i = 1, #entries, 2 do
    local at = tonumber(entries[i + 1])
    if string.sub(entries[i], 1, 2) == 'r:' then
      refusedAt[#refusedAt + 1] = at
      all[#all + 1] = at
    elseif at > succeededAt then
      unknownAt[#unknownAt + 1] = at
      all[#all + 1] = at
      local name = string.match(entries[i], '^u:(.*):%d+$')
      if name then
        lastUnknownOf[name] = at
      end
    end
  end
  local most = ledger.ours
  if p.proven or p.forced then
    most = math.max(1, ledger.max - 1)
  end
  if #refusedAt >= most then
    return refusedAt[#refusedAt - most + 1] + ledger.windowMs + 1
  end
  local slowMs = ledger.windowMs / ledger.max
  if untried and not p.forced and #refusedAt > 0 and #all >= ledger.ours then
    -- One goes all the same after a while, so long as one more may fail after it: an answer shows that what nobody
    -- answered was no failure. Else it is looked at again, as that may show any day.
    local nextAt = #all <= ledger.max - 2 and all[#all] + slowMs
      or math.min(all[#all - ledger.ours + 1] + ledger.windowMs, p.now + slowMs) + 1
    if nextAt > p.now then
      return nextAt
    end
    return nil, 1
  end
  -- Never stopped for what nobody answered, only paced: a long outage needs no person.
  if #all >= ledger.ours and #unknownAt > 0 and not p.forced then
    local nextAt = unknownAt[#unknownAt] + (p.proven and ledger.paceMs or slowMs)
    -- Who was left without an answer longest ago goes first, and who never was: some may be answered while others are not.
    for name, at in pairs(lastUnknownOf) do
      if name ~= p.name and at < (lastUnknownOf[p.name] or 0) then
        nextAt = nextAt + OTHERS_TURN_MS
      end
    end
    if nextAt > p.now then
      return nextAt
    end
  end
  if untried and #all > 0 or #unknownAt >= ledger.ours then
    return nil, 1
  end
  return nil, #refusedAt > 0 and math.max(1, most - #refusedAt) or 1000
end

-- A failed call is counted where only failures are.
local function countFailure(key, member, windowMs, now)
  redis.call('ZADD', key, string.format('%.0f', now), member)
  redis.call('PEXPIRE', key, string.format('%.0f', windowMs))
end
