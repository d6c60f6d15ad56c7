-- Shared by acquire, note, commit and settle: in which order, and how far apart, accounts try whether a broker that did not answer
-- is back. Beside the breaker stand `<breaker>:tried`, who got no answer while it was open, and when last, and
-- `<breaker>:queue`, who waits for a try, by the same instant: nobody has two tries while somebody waits for the first.

-- Nobody who waits looks less often, and no account's tries that are no harmless calls are closer.
local LOOK_MS = 28000
-- Harmless ones are as close as it takes that each who waits has a turn within LOOK_MS, and no closer than this.
local LEAST_PACE_MS = 5000
-- At first: a token of a minute that fails at its renewal has half a minute left. Whoever is away for longer is called less often.
local FIRST_PACE_MS = 8000
local FIRST_MS = 600000
local LATER_PACE_MS = 10000
-- Forgotten by itself once nobody has failed for so long.
local BREAKER_MEMORY_MS = 600000

-- When an account got no answer last while it was open; 0 for never.
local function lastTried(breaker, name)
  return tonumber(redis.call('ZSCORE', breaker .. ':tried', name) or '0')
end

-- Sign-ins have a breaker of their own beside that of all calls: they may fail where all else is answered, and nothing else
-- shows whether they are back.
local function ofSignIns(breaker)
  local own = breaker .. ':sign-ins'
  return own, own .. ':probe', own .. ':failing'
end

local function paceOf(breaker, now)
  local queue = breaker .. ':queue'
  local about = redis.call('HMGET', breaker, 'isHarmless', 'since')
  if about[1] == '1' then
    local fair = math.floor(LOOK_MS / (redis.call('ZCARD', queue) + 1))
    local isNew = now - tonumber(about[2] or '0') < FIRST_MS
    if isNew then
      return math.max(LEAST_PACE_MS, math.min(FIRST_PACE_MS, fair))
    end
    return math.max(LATER_PACE_MS, fair)
  end
  -- Some may be answered while others are not: all of them come once, and soon.
  local first = redis.call('ZRANGE', queue, 0, 0, 'WITHSCORES')
  local isFirstRound = not first[2] or tonumber(first[2]) < tonumber(about[2] or '0')
  return isFirstRound and LEAST_PACE_MS or LOOK_MS
end

local function waitForTry(breaker, name)
  local queue = breaker .. ':queue'
  redis.call('ZADD', queue, string.format('%.0f', lastTried(breaker, name)), name)
  redis.call('PEXPIRE', queue, BREAKER_MEMORY_MS)
end

-- Whoever tries waits no longer; and whose turn it was, and who did not come, keeps nobody from the next one as well.
local function tries(breaker, name)
  local queue = breaker .. ':queue'
  redis.call('ZREM', queue, name)
  local first = redis.call('ZRANGE', queue, 0, 0, 'WITHSCORES')
  if first[1] and tonumber(first[2]) < lastTried(breaker, name) then
    redis.call('ZREM', queue, first[1])
  end
end

-- How many of those that wait come before one.
local function turnsBefore(breaker, name)
  local queue = breaker .. ':queue'
  return redis.call('ZRANK', queue, name)
    or redis.call('ZCOUNT', queue, '-inf', string.format('%.0f', lastTried(breaker, name)))
end

-- How long one waits who is turned away, and may come `freeInMs` from now if it is the first of those that wait.
local function waitOf(breaker, name, freeInMs, now)
  return math.min(LOOK_MS, freeInMs + turnsBefore(breaker, name) * paceOf(breaker, now))
end
