-- Shared by acquire and note, and by breaker.lua: whether an open breaker holds an account back. While nobody was answered since it
-- opened it holds all; from then on only those in `<breaker>:apart`, which got no answer: some accounts of a broker may
-- fail while it answers the others.

local function isAmongFailing(breaker, name)
  return redis.call('ZSCORE', breaker .. ':apart', name) ~= false
end

local function holdsAll(breaker)
  return redis.call('HEXISTS', breaker, 'answeredAt') == 0
end

-- A token with less than that left waits for no try of another account: its own call shows as well whether the broker answers, once.
local DYING_MS = 60000
-- Where one that never failed was turned away since the last try, it comes first for so long: the same account that
-- fails must not use up every try. Also one that only rests is taken for such a one: with the pause that is 29 s, still less than 30.
local TURN_MS = 1000

-- -> 'closed' for this account, 'open' and how long yet, 'half-open' where it may be the one that tries; and, as a third,
--    whether it may call beside the one that tries
local function breakerSays(breaker, name, tokenLeftMs, now)
  if redis.call('EXISTS', breaker) == 0 then
    return 'closed', 0, false
  end
  local isOther = not isAmongFailing(breaker, name)
  local all = holdsAll(breaker)
  if isOther and not all then
    return 'closed', 0, false
  end
  local told = redis.call('HMGET', breaker, 'until', 'probedAt', 'turnedAway')
  local openUntil = tonumber(told[1] or '0')
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
  local isOthersTurn = all and tonumber(told[3] or '0') > tonumber(told[2] or '0') and othersTurn <= TURN_MS
  if not isOther and isOthersTurn and othersTurn > 0 then
    return 'open', othersTurn, false
  end
  return 'half-open', 0, isDying
end
