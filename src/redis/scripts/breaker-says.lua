-- Shared by acquire and note: whether an open breaker holds an account back.

-- A token with less than that left waits for no try of another account: a harmless call of its own shows as well whether the broker
-- answers, once. Some accounts of a broker may fail while it answers the others.
local DYING_MS = 60000
-- Where one that never failed was turned away since the last try, it comes first for so long: the same account that
-- fails must not use up every try. Also one that only rests is taken for such a one: with the pause that is 29 s, still less than 30.
local TURN_MS = 1000

local function isAmongFailing(breaker, name)
  return redis.call('SISMEMBER', breaker .. ':apart', name) == 1
end

-- -> 'closed', 'open' and how long yet, 'half-open' where the account may be the one that tries; and, as a third,
--    whether it may call beside the one that tries
local function breakerSays(breaker, name, tokenLeftMs, now)
  local told = redis.call('HMGET', breaker, 'until', 'probedAt', 'turnedAway')
  if not told[1] then
    return 'closed', 0, false
  end
  local openUntil = tonumber(told[1])
  local isOther = not isAmongFailing(breaker, name)
  local isDying = isOther and tokenLeftMs > 0 and tokenLeftMs <= DYING_MS
  -- No pause is longer than a minute: past that, the server's own clock was set back.
  if openUntil > now and openUntil - now <= 60000 then
    if isDying then
      return 'half-open', 0, true
    end
    if isOther then
      redis.call('HSET', breaker, 'turnedAway', string.format('%.0f', now))
    end
    return 'open', openUntil - now, false
  end
  local othersTurn = openUntil + TURN_MS - now
  local isOthersTurn = tonumber(told[3] or '0') > tonumber(told[2] or '0') and othersTurn <= TURN_MS
  if not isOther and isOthersTurn and othersTurn > 0 then
    return 'open', othersTurn, false
  end
  return 'half-open', 0, isDying
end
