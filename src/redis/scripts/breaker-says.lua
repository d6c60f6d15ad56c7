-- Shared by acquire and note: whether an open breaker holds an account back.
-- includes breaker-pace.lua

-- A token with less than that left waits for no try of another account: a harmless call of its own shows as well whether the broker
-- answers, once. Some accounts of a broker may fail while it answers the others.
local DYING_MS = 60000
-- Whose turn it is has so long to come; then the next one may go.
local TURN_MS = 1000

-- -> 'closed', 'open' and how long yet, 'half-open' where the account may be the one that tries; and, as a third,
--    whether it may call beside the one that tries
local function breakerSays(breaker, name, tokenLeftMs, now)
  local told = redis.call('HGET', breaker, 'until')
  if not told then
    return 'closed', 0, false
  end
  local openUntil = tonumber(told)
  local triedAt = lastTried(breaker, name)
  local isDying = triedAt == 0 and tokenLeftMs > 0 and tokenLeftMs <= DYING_MS
  -- No pause is longer than a minute: past that, the server's own clock was set back.
  if openUntil > now and openUntil - now <= 60000 then
    if isDying then
      return 'half-open', 0, true
    end
    return 'open', waitOf(breaker, name, openUntil - now, now), false
  end
  local first = not isDying and redis.call('ZRANGE', breaker .. ':queue', 0, 0, 'WITHSCORES') or {}
  if first[1] and first[1] ~= name and tonumber(first[2]) < triedAt then
    -- One after the other, should those before it not come.
    local turnIn = openUntil + turnsBefore(breaker, name) * TURN_MS - now
    if openUntil <= now and turnIn > 0 then
      return 'open', math.min(LOOK_MS, turnIn), false
    end
  end
  return 'half-open', 0, isDying
end
