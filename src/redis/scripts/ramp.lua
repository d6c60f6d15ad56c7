-- Shared by note, commit and settle: how many sign-ins of a network are under way. All of them are bounded by
-- its level; the untried ones besides, since each of them may be refused. Beside the three keys stand
-- `<level>:succeeded`, `<level>:caps` (what the ledger of failures leaves), `<under way>:untried`, `<waiting>:untried`.
-- A place is held by the server's clock: of a process that dies with its clock ahead it must not be held for longer.

-- A place belongs to one lease, `<name>:<fence>`: what an overtaken look says late frees no place of whoever holds the
-- account now. A lease may free those of earlier ones, whose calls it answers for. (Versions before that wrote the name
-- alone: such a place is freed by its own version, by the account's next sign-in, or ends with its lease.)
local function isOwnPlace(member, name, fence)
  if string.sub(member, 1, #name) ~= name then
    return false
  end
  local placed = string.match(string.sub(member, #name + 1), '^:(%d+)$')
  return placed ~= nil and tonumber(placed) <= tonumber(fence)
end

-- -> true where there was one
local function freePlaces(underWayKey, name, fence)
  local freed = false
  for _, member in ipairs(redis.call('ZRANGE', underWayKey, 0, -1)) do
    if isOwnPlace(member, name, fence) then
      redis.call('ZREM', underWayKey, member)
      freed = true
    end
  end
  return freed
end

-- First logins that worked speak for the next ones of the same batch, not for those that somebody adds later.
local BURST_MS = 60000

-- The most untried sign-ins at once: what a network may fail anyway, until so many of this batch have worked
-- that its passwords are hardly shifted by a row. From then on as many as have worked.
local function untriedCap(levelKey, ours, open)
  local succeeded = tonumber(redis.call('GET', levelKey .. ':succeeded') or '0')
  return succeeded >= open and succeeded or math.min(2 ^ succeeded, ours)
end

-- How many more may begin now; 1000 stands for as many as there are.
local function roomOnRamp(levelKey, underWayKey, untried, serverNow, open)
  local level = tonumber(redis.call('GET', levelKey) or '1')
  local caps = redis.call('HMGET', levelKey .. ':caps', 'ours', untried and 'untried' or 'proven')
  local cap = math.min(level < open and level or 1000, tonumber(caps[2] or '1000'))
  redis.call('ZREMRANGEBYSCORE', underWayKey, '-inf', serverNow)
  local room = cap - redis.call('ZCARD', underWayKey)
  if untried then
    local untriedKey = underWayKey .. ':untried'
    redis.call('ZREMRANGEBYSCORE', untriedKey, '-inf', serverNow)
    local most = untriedCap(levelKey, tonumber(caps[1] or '1000'), open)
    room = math.min(room, most - redis.call('ZCARD', untriedKey))
  end
  return room
end

-- Waiting goes by the end of the token; those whose token is dead come before all that live, by arrival. Who asks again
-- keeps its turn, and comes sooner once its token has died.
local DEAD = 10000000000000

local function queueFor(queue, p)
  local turn = p.expiresAt > p.now and p.expiresAt or p.now - DEAD
  local known = redis.call('ZSCORE', queue, p.name)
  if not known or turn < tonumber(known) then
    redis.call('ZADD', queue, string.format('%.0f', turn), p.name)
  end
end

-- -> true where a place is taken, false where the account waits for one
local function enterRamp(levelKey, underWayKey, waitingKey, untried, p, serverNow)
  for _, key in ipairs({ underWayKey, underWayKey .. ':untried' }) do
    freePlaces(key, p.name, p.fence)
    redis.call('ZREM', key, p.name)
  end
  local queue = untried and waitingKey .. ':untried' or waitingKey
  if roomOnRamp(levelKey, underWayKey, untried, serverNow, p.open) <= 0 then
    queueFor(queue, p)
    return false
  end
  -- A place ends with its lease: a process that dies does not hold it for ever.
  local ends = string.format('%.0f', serverNow + p.ttlMs)
  redis.call('ZADD', underWayKey, ends, p.member)
  if untried then
    redis.call('ZADD', underWayKey .. ':untried', ends, p.member)
  end
  redis.call('ZREM', waitingKey, p.name)
  redis.call('ZREM', waitingKey .. ':untried', p.name)
  return true
end

-- The next ones have to show anew that they are let in.
local function restartRamp(levelKey)
  redis.call('SET', levelKey, 1)
  redis.call('DEL', levelKey .. ':succeeded')
end

local function wake(queue, dueKey, room, now)
  local woken = room > 0 and redis.call('ZRANGE', queue, 0, room - 1) or {}
  for _, waiting in ipairs(woken) do
    redis.call('ZREM', queue, waiting)
    redis.call('ZADD', dueKey, 'XX', now, waiting)
  end
  return #woken
end

-- A sign-in under way has ended: the level doubles on a success and falls to one on a refusal, and those that
-- wait for a place are due now. -> how many were woken
local function leaveRamp(levelKey, underWayKey, waitingKey, dueKey, p, serverNow)
  local outcome, now, open = p.ramp, p.now, p.open
  if outcome == '' then
    return 0
  end
  freePlaces(underWayKey, p.name, p.fence)
  local wasUntried = freePlaces(underWayKey .. ':untried', p.name, p.fence)
  if outcome == 'success' then
    local level = tonumber(redis.call('GET', levelKey) or '1')
    redis.call('SET', levelKey, math.min(level * 2, open))
    if wasUntried then
      redis.call('INCR', levelKey .. ':succeeded')
      redis.call('PEXPIRE', levelKey .. ':succeeded', BURST_MS)
    end
  elseif outcome == 'refusal' then
    restartRamp(levelKey)
  end
  local woken = wake(waitingKey, dueKey, roomOnRamp(levelKey, underWayKey, false, serverNow, open), now)
  local room = roomOnRamp(levelKey, underWayKey, true, serverNow, open) - woken
  return woken + wake(waitingKey .. ':untried', dueKey, room, now)
end
